"""Testers speak back: works or broken, bound to the files, without an account; and fetched is not tested."""

import pytest
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.access import fetches, links
from drafts.models import Draft, Fetch, Project, Report
from drafts.publishing import reports
from drafts.publishing.policy import blockers
from tests import wheels
from tests.approving import browser
from tests.conftest import draft_url, publish
from tests.inspected import inspect_now

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
PIP = (
    'pip/26.3 {"cpu":"arm64","implementation":{"name":"CPython","version":"3.13.1"},"python":"3.13.1",'
    '"system":{"name":"Darwin","release":"24"}}'
)


@pytest.fixture
def token(draft) -> str:
    """A link to the draft, whose files are inspected."""
    inspect_now()
    return links.token(links.make(draft=draft, by=SYSTEM, label="Tom"))


def send(token: str, **form: str):
    return Client().post(f"/draft/{token}/report", {"result": "works", **form})


def codes() -> list[str]:
    return [str(one.code) for one in blockers(Draft.objects.get())]


def test_a_tester_says_that_it_works(token, draft, mike):
    """It is true that no account is needed, one event is left, and members read it."""
    page = Client().get(f"/draft/{token}/").content.decode()
    assert 'action="report"' in page
    assert draft.fingerprint() in page
    said = send(token, note="ran <b>my</b> tests", name="Tom", where="CPython 3.13, Windows")
    assert (said.status_code, said["Cache-Control"]) == (201, "private, no-store")
    row = Report.objects.get()
    assert (row.works, row.fingerprint, row.name) == (True, draft.fingerprint(), "Tom")
    event = AuditEvent.objects.get(event="report:made")
    assert (event.actor_kind, event.actor_label) == ("link", "Tom")
    page = browser(mike).get(draft_url(draft)).content.decode()
    assert "ran &lt;b&gt;my&lt;/b&gt; tests" in page
    assert "works 1, broken 0" in page


def test_a_script_says_which_bytes_it_installed(token, draft):
    """It is true of Basic authentication too, which keeps the token out of logs."""
    import base64

    auth = "Basic " + base64.b64encode(f"draft:{token}".encode()).decode()
    form = {"result": "broken", "sha256": wheels.wheel().sha256}
    assert Client().post("/draft/report", form, headers={"Authorization": auth}).status_code == 201
    assert Report.objects.get().sha256 == wheels.wheel().sha256


REFUSED = {
    "neither works nor broken": ({"result": "maybe"}, 400, b"result=works or result=broken"),
    "a digest that is none": ({"sha256": "abc"}, 400, b"64 hexadecimal"),
    "another file's digest": ({"sha256": "0" * 64}, 409, b"no file of the draft has this SHA-256"),
    "files that changed": ({"fingerprint": "0" * 64}, 409, b"changed after the page was shown"),
}


@pytest.mark.parametrize(("form", "status", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_report_is_refused_in_words(token, form, status, words):
    before = AuditEvent.objects.count()
    said = send(token, **form)
    assert said.status_code == status
    assert words in said.content
    assert (Report.objects.count(), AuditEvent.objects.count()) == (0, before)


@pytest.mark.promise
def test_a_link_that_opens_nothing_takes_no_report(token, draft, mike):
    """It is true of wrong, revoked and published: a link reads one draft, and speaks of that one while it lives."""
    wrong = token[:-1] + ("a" if token[-1] != "a" else "b")
    assert send(wrong).status_code == 404
    publish(draft, mike)
    assert send(token).status_code == 409
    links.revoke(link=draft.links.get(), by=SYSTEM)
    assert send(token).status_code == 404
    assert not Report.objects.exists()


def test_reports_through_one_link_are_limited(token, draft):
    """It is true that more than twenty within an hour are refused, and another link still speaks."""
    for _ in range(reports.PER_LINK_AND_HOUR):
        assert send(token).status_code == 201
    said = send(token)
    assert (said.status_code, said["Retry-After"]) == (429, "3600")
    other = links.token(links.make(draft=draft, by=SYSTEM, label="other"))
    assert send(other).status_code == 201


def test_what_is_broken_waits_for_an_answer_where_the_project_says_so(token, draft, mike, rita):
    assert send(token, result="broken", note="import fails").status_code == 201
    assert codes() == []
    Project.objects.update(answer_reports=True)
    assert codes() == ["reports-unanswered"]
    (one,) = blockers(Draft.objects.get())
    assert "1 of 1 such report without an answer: somebody with the link for Tom" in one.sentence
    path = draft_url(draft, "report-answer", Report.objects.get().pk)
    assert browser(rita).post(path, {"answer": "no"}).status_code == 403
    browser(mike).post(path, {"answer": " "})
    assert codes() == ["reports-unanswered"]
    browser(mike).post(path, {"answer": "needs a newer libc"})
    assert codes() == []
    assert "needs a newer libc" in browser(mike).get(draft_url(draft)).content.decode()


def test_a_report_of_other_files_waits_for_nobody(token, draft, ci, mike):
    """It is true that it stays on the page, and says so."""
    Project.objects.update(answer_reports=True)
    send(token, result="broken")
    ci.upload(wheels.wheel(build="1"))
    inspect_now()
    assert codes() == []
    assert b"of files that changed since" in browser(mike).get(draft_url(draft)).content


def test_spam_is_taken_off_the_page(token, draft, mike):
    Project.objects.update(answer_reports=True)
    send(token, result="broken", note="buy a watch")
    browser(mike).post(draft_url(draft, "report-revoke", Report.objects.get().pk))
    assert codes() == []
    page = browser(mike).get(draft_url(draft)).content.decode()
    assert page.count("buy a watch") == 1  # in the history, which keeps what was said


AGENTS = {
    PIP: "pip 26.3, CPython 3.13, macOS arm64",
    'uv/0.13.8 {"python":"3.12.1","cpu":"x86_64","system":{"name":"Linux"}}': "uv 0.13.8, 3.12, Linux x86_64",
    "uv/0.13.8": "uv 0.13.8",
    "pip/26 [1, 2]": "pip 26",
    'pip/1 {"python": ["x"], "system": 3}': "pip 1",
    'pip/<b> {"cpu": "<script>"}': "pip b, script",
    "Mozilla/5.0 (X11)": "another client",
    "": "another client",
}


@pytest.mark.parametrize(("said", "agent"), AGENTS.items())
def test_what_fetched_is_read_from_what_installers_say(said, agent):
    assert fetches.agent(said) == agent


def test_what_was_fetched_is_counted_and_is_not_tested(token, draft, mike):
    """It is true that files are counted by installer, metadata and HEAD are not, and the page keeps the words apart."""
    file = draft.files.get(filetype="bdist_wheel")
    path = f"/draft/{token}/files/{file.handle}/{file.filename}"
    Client().get(f"/draft/{token}/simple/sampleproject/")
    for _ in range(2):
        list(Client().get(path, headers={"User-Agent": PIP}).streaming_content)
    Client().head(path, headers={"User-Agent": PIP})
    list(Client().get(f"{path}.metadata", headers={"User-Agent": PIP}))
    row = Fetch.objects.get()
    assert (row.agent, row.count) == (AGENTS[PIP], 2)
    send(token, where="CPython 3.12, Linux")
    page = browser(mike).get(draft_url(draft)).content.decode()
    assert "pip 26.3, CPython 3.13, macOS arm64" in page
    assert "1 file, 2×" in page
    assert "Fetched is not tested" in page


def test_what_nobody_knows_cannot_fill_the_table(draft):
    """It is true that after sixty agents the others are counted together."""
    for number in range(fetches.MOST_AGENTS + 5):
        fetches.count(draft=draft, filename="a", user_agent=f"pip/{number}")
    assert Fetch.objects.count() == fetches.MOST_AGENTS + 1
    assert Fetch.objects.get(agent=fetches.OTHERS).count == 5


def test_a_report_after_the_end_is_none(token, draft):
    Draft.objects.update(expires_at=timezone.now())
    assert send(token).status_code == 404


MAKERS = {
    "alice": "an owner",
    "mike": "a maintainer",
    "rita": "a reviewer",
    "charlie": "a former member",
    "": "Presscheck",
}


@pytest.mark.parametrize("name", MAKERS)
def test_the_page_says_what_role_made_the_link(draft, alice, mike, rita, charlie, name):
    """It is true that a tester learns for whom a link is and who vouches for it, and nobody's address."""
    user = {"alice": alice, "mike": mike, "rita": rita, "charlie": charlie}.get(name)
    token = links.token(links.make(draft=draft, by=Actor.system("tests"), user=user, label="a laptop"))
    page = Client().get(f"/draft/{token}/").content.decode()
    assert f"This link was made for a laptop by {MAKERS[name]}." in page
    assert "@example.org" not in page
