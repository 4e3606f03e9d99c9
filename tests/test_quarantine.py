"""Quarantine: operators take a release or a project off the index at once, and everybody is told alike (PEP 792)."""

import json

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from drafts.access import links, operators
from drafts.access.operators import NotOperator
from drafts.models import Draft, File, IndexPage, Project, Release
from drafts.publishing import quarantine
from drafts.publishing.policy import blockers
from tests import wheels
from tests.conftest import SYSTEM, do_jobs, draft_url, publish, totp_code
from tests.inspected import inspect_now
from tests.proofs import proof_of

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}
PAGE = reverse("operators-quarantine", args=["sampleproject"])
WHY = "It ships a key logger."


@pytest.fixture
def published(draft, mike, mikes):
    """sampleproject 1.0, published."""
    publish(draft, mike, mikes)
    return draft


def page(url: str = "/simple/sampleproject/") -> dict:
    return json.loads(Client().get(url, headers=JSON).content)


def files(url: str = "/simple/sampleproject/") -> list[str]:
    return sorted(file["filename"] for file in page(url)["files"])


def addresses() -> list[str]:
    """Every address of what is published."""
    paths = [f"/files/{file.public_id}/{file.filename}" for file in File.objects.published()]
    return [*paths, *(f"{path}.metadata" for path in paths)]


def answers() -> set[int]:
    found = set()
    for path in addresses():
        for method in ("get", "head"):
            response = getattr(Client(), method)(path)
            list(response.streaming_content) if response.streaming else None
            found.add(response.status_code)
    return found


def csv() -> bytes:
    response = Client().get("/insight/years.csv")
    return b"".join(response.streaming_content) if response.streaming else response.content


def press(client: Client, act: str, url: str = PAGE, **form: str):
    return client.post(url, {"act": act, "reason": WHY, "code": totp_code("olga"), **form})


@pytest.mark.promise
def test_a_project_in_quarantine_gives_out_nothing(published, olgas):
    """It is true that its page says why in both formats and lists nothing, and that no address gives out a byte."""
    names, both = files(), answers()
    before = IndexPage.objects.get()
    assert press(olgas, "begin").status_code == 302
    assert page()["project-status"] == {"status": "quarantined", "reason": WHY}
    assert (page()["files"], page()["versions"]) == ([], [])
    html = Client().get("/simple/sampleproject/").content.decode()
    assert '<meta name="pypi:project-status" content="quarantined">' in html
    assert f'<meta name="pypi:project-status-reason" content="{WHY}">' in html
    assert "<a " not in html
    assert answers() == {403}
    refused = Client().get(addresses()[0])
    assert refused["Cache-Control"] == "no-store"
    assert "in quarantine" in refused.content.decode()
    assert IndexPage.objects.get().etag != before.etag
    assert press(olgas, "lift").status_code == 302
    assert (files(), answers()) == (names, both)
    assert page()["project-status"] == {"status": "active"}


def test_a_release_in_quarantine_leaves_the_others(published, ci, mike, mikes, olgas):
    """It is true that one release goes off the page, and the project with its other files stays."""
    Project.objects.update(expected_files="nothing")
    assert ci.upload(wheels.wheel(version="1.1")).status_code == 200
    publish(Draft.objects.get(version="1.1"), mike, mikes)
    others = [wheels.wheel(version="1.1").filename]
    assert press(olgas, "begin", f"{PAGE}?version=1.0.0").status_code == 302
    assert (files(), page()["versions"]) == (others, ["1.1"])
    assert page()["project-status"] == {"status": "active"}
    held = File.objects.published().filter(release__version="1.0")
    assert {Client().get(f"/files/{file.public_id}/{file.filename}").status_code for file in held} == {403}
    assert WHY in mikes.get(reverse("release", args=["sampleproject", "1.0"])).content.decode()
    press(olgas, "lift", f"{PAGE}?version=1.0")
    assert len(files()) == 3


@pytest.mark.promise
def test_public_pages_know_nothing_of_a_release_in_quarantine(published, olgas):
    """It is true that its page, its receipt and its place in the list and in the figures are gone, and come back."""
    shown = ["/releases/sampleproject/1.0/", "/releases/sampleproject/1.0/receipt-1.json"]
    before = [Client().get(path).status_code for path in shown]
    figures = csv()
    assert before == [200, 200]
    press(olgas, "begin", f"{PAGE}?version=1.0")
    assert [Client().get(path).status_code for path in shown] == [404, 404]
    assert "1.0" not in Client().get("/releases/sampleproject/").content.decode().split("<main")[1]
    assert csv() != figures
    press(olgas, "lift", f"{PAGE}?version=1.0")
    assert [Client().get(path).status_code for path in shown] == before
    assert csv() == figures


def test_draft_links_hand_out_nothing_of_a_project_in_quarantine(published, ci, olgas):
    """It is true that what is staged, and what was published, is out of reach through a link as well."""
    ci.upload(wheels.wheel(version="2.0"))
    inspect_now()
    draft = Draft.objects.get(version="2.0")
    base = f"/draft/{links.token(links.make(draft=draft, by=SYSTEM))}"
    urls = [file["url"] for file in page(f"{base}/simple/sampleproject/")["files"]]
    press(olgas, "begin")
    for pages in ("simple", "only/simple"):
        assert page(f"{base}/{pages}/sampleproject/")["files"] == []
        assert page(f"{base}/{pages}/sampleproject/")["project-status"]["status"] == "quarantined"
    for url in urls:
        assert Client().get(f"{base}/{url.removeprefix('../../')}").status_code == 404


@pytest.mark.parametrize("why", ["Malware", "Malware."])
@pytest.mark.parametrize(
    ("held", "then"),
    [
        ({"quarantined_at": timezone.now(), "quarantine_reason": "WHY"}, "Ask the operators of this index."),
        ({"status": "archived", "status_reason": "WHY"}, "An owner can make it active again."),
    ],
    ids=["in quarantine", "archived"],
)
def test_a_reason_ends_as_a_sentence_before_what_to_do(project, ci, held, then, why):
    Project.objects.update(**{name: why if value == "WHY" else value for name, value in held.items()})
    assert f"takes no uploads: Malware. {then}" in ci.upload(wheels.wheel()).json()["detail"]


def test_uploads_are_refused_and_nothing_is_published(published, ci, mike, mikes, olgas):
    """It is true that a project in quarantine takes no file, and that its drafts cannot be published."""
    ci.upload(wheels.wheel(version="2.0"))
    press(olgas, "begin")
    answer = ci.upload(wheels.wheel(version="2.0", build="1"))
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (403, "project-quarantined")
    assert WHY in answer.content.decode()
    release = mikes.get("/projects/sampleproject/releases/1.0/").content.decode()
    assert ("not open for files: the project is quarantined" in release, "open until" in release) == (
        True,
        False,
    )
    draft = Draft.objects.get(version="2.0")
    publish(draft, mike, mikes)
    assert draft.state == "open"
    assert 'data-blocker="project-quarantined"' in mikes.get(draft_url(draft)).content.decode()


def held_after_the_click(draft, mikes, held, olga) -> None:
    """Press Publish, put it into quarantine before a worker begins, and let the worker begin."""
    form = {"fingerprint": draft.fingerprint(), "code": totp_code("mike")}
    assert mikes.post(draft_url(draft, "publish"), form).status_code == 302
    proof = proof_of(olga, quarantine.purpose(held, lift=False))
    assert quarantine.begin(held=held, reason=WHY, by=SYSTEM, proof=proof)
    do_jobs()
    draft.refresh_from_db()


@pytest.mark.promise
def test_a_publish_that_was_decided_before_shows_nothing(draft, mike, mikes, olga):
    """It is true that what was pressed before the quarantine ends in words, with its names free."""
    inspect_now()
    held_after_the_click(draft, mikes, Project.objects.get(), olga)
    assert (draft.state, File.objects.published().count()) == ("error", 0)


LATE = wheels.wheel(tag="cp313-cp313-win_amd64")


@pytest.fixture
def adding(published, ci, mikes) -> Draft:
    """A draft that adds a file to the published release, with every decision that it asks for."""
    assert ci.upload(LATE).status_code == 200
    inspect_now()
    draft = Draft.objects.live().get()
    for one in blockers(draft):
        form = {"kind": one.decision, "what": list(one.what), "reason": "meant so"}
        assert mikes.post(draft_url(draft, "decide"), form).status_code == 302
    return draft


@pytest.mark.promise
def test_nothing_is_added_to_a_release_in_quarantine(adding, ci, mike, mikes, olgas):
    """It is true that uploads wait in a draft, which is not published into what nobody gets, and is once that is lifted."""
    draft = adding
    press(olgas, "begin", f"{PAGE}?version=1.0")
    assert ci.upload(LATE).status_code == 200
    publish(draft, mike, mikes)
    assert (draft.state, File.objects.published().count()) == ("open", 2)
    said = mikes.get(draft_url(draft)).content.decode()
    assert 'data-blocker="release-quarantined"' in said
    assert WHY in said
    press(olgas, "lift", f"{PAGE}?version=1.0")
    publish(draft, mike, mikes)
    assert (draft.state, File.objects.published().count()) == ("published", 3)


@pytest.mark.promise
def test_an_addition_that_was_decided_before_the_quarantine_shows_nothing(adding, mikes, olga):
    draft = adding
    held_after_the_click(draft, mikes, Release.objects.get(), olga)
    assert (draft.state, File.objects.published().count()) == ("error", 2)
    assert "sampleproject 1.0 was put into quarantine after Publish was pressed" in draft.error
    assert "put into quarantine after Publish was pressed" in draft.error
    assert draft.burnt_names.count() == 0


def test_it_is_on_record_and_everybody_concerned_is_told(
    published, olgas, django_capture_on_commit_callbacks
):
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        press(olgas, "begin")
        do_jobs()
    told = [letter for letter in mail.outbox if WHY in " ".join(letter.body.split())]
    assert sorted(to for letter in told for to in letter.to) == [
        "alice@example.org",
        "mike@example.org",
    ]
    row = AuditEvent.objects.get(event="project:quarantined")
    assert (row.actor_label, row.details["reason"], row.details["files"]) == ("olga", WHY, 2)
    assert row.details["method"] == "totp"


REFUSALS = {
    "no reason": ({"reason": " "}, 403, "say why"),
    "no code": ({"code": ""}, 403, "six digits"),
    "a wrong code": ({"code": "000000"}, 403, "wrong"),
}


@pytest.mark.parametrize(("form", "status", "words"), REFUSALS.values(), ids=REFUSALS.keys())
def test_it_takes_a_reason_and_a_second_factor(published, olgas, form, status, words):
    answer = press(olgas, "begin", **form)
    assert (answer.status_code, words in answer.content.decode()) == (status, True)
    assert not Project.objects.get().is_quarantined


@pytest.mark.promise
def test_nobody_but_an_operator_holds_or_lifts(published, alice, mike):
    """It is true that an owner cannot, whatever the proof, and an operator who was one yesterday neither."""
    project = Project.objects.get()
    for user in (alice, mike):
        purpose = quarantine.purpose(project, lift=False)
        with pytest.raises(NotOperator):
            quarantine.begin(held=project, reason=WHY, by=SYSTEM, proof=proof_of(user, purpose))
    quarantine.begin(held=project, reason=WHY, by=SYSTEM)
    with pytest.raises(NotOperator):
        quarantine.lift(
            held=project, by=SYSTEM, proof=proof_of(alice, quarantine.purpose(project, lift=True))
        )
    with pytest.raises(Exception, match="second factor"):
        quarantine.lift(held=project, by=operators.Actor.person(alice))
    assert Project.objects.get().is_quarantined


def test_a_name_that_was_never_published_gets_no_page(project, olgas):
    press(olgas, "begin")
    assert Project.objects.get().is_quarantined
    assert Client().get("/simple/sampleproject/").status_code == 404
    assert Release.objects.count() == IndexPage.objects.count() == 0
