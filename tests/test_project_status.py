"""A project's status (PEP 792): owners say active, deprecated or archived, and installers, people and uploads hear it."""

import json

import pytest
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from drafts.access.members import NotYours
from drafts.dist.windows import Standing, State
from drafts.index import windows
from drafts.models import Draft, IndexPage, Project, ProjectStatus
from drafts.publishing import status
from tests import wheels
from tests.conftest import SYSTEM, do_jobs, draft_url, publish, totp_code
from tests.inspected import inspect_now
from tests.proofs import proof_of

pytestmark = pytest.mark.django_db
JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}
PAGE = reverse("project-status", args=["sampleproject"])
HERE = reverse("project", args=["sampleproject"])


@pytest.fixture
def alices(alice):
    """alice's browser, signed in."""
    client = Client()
    client.force_login(alice)
    return client


def choose(client: Client, chosen: str, reason: str = "", **form: str):
    return client.post(PAGE, {"status": chosen, "reason": reason, "code": totp_code("alice"), **form})


def told() -> dict:
    return json.loads(Client().get("/simple/sampleproject/", headers=JSON).content)["project-status"]


@pytest.mark.parametrize("chosen", ["deprecated", "archived"])
def test_installers_and_people_read_it_with_its_reason(draft, mike, mikes, alices, chosen):
    publish(draft, mike, mikes)
    before = IndexPage.objects.get()
    assert choose(alices, chosen, "  use <new>\n instead ").status_code == 302
    assert told() == {"status": chosen, "reason": "use <new> instead"}
    html = Client().get("/simple/sampleproject/").content.decode()
    assert f'content="{chosen}"' in html
    assert 'content="use &lt;new&gt; instead"' in html
    assert html.count("<a ") == 2, "files stay"
    assert IndexPage.objects.get().serial == before.serial + 1
    page = mikes.get(HERE).content.decode()
    assert f'data-status="{chosen}"' in page
    assert "use &lt;new&gt; instead" in page
    for address in (
        "/projects/sampleproject/releases/1.0/",
        "/releases/sampleproject/1.0/",
        "/releases/sampleproject/",
    ):
        words = mikes.get(address).content.decode()
        assert ("open until" in words) == (chosen == "deprecated"), address
        assert ("not open for files: the project is archived" in words) == (chosen == "archived"), address
    choose(alices, "active", "forgotten")
    assert told() == {"status": "active"}
    assert "data-status" not in mikes.get(HERE).content.decode()
    events = AuditEvent.objects.filter(event="project:status-changed").order_by("seq")
    assert [(row.details["before"], row.details["after"]) for row in events] == [
        ("active", chosen),
        (chosen, "active"),
    ]


def test_a_draft_link_says_it_too(draft, alices):
    from drafts.access import links

    inspect_now()
    choose(alices, "deprecated", "old")
    base = f"/draft/{links.token(links.make(draft=draft, by=SYSTEM))}/simple/sampleproject/"
    page = json.loads(Client().get(base, headers=JSON).content)
    assert (page["project-status"], len(page["files"])) == ({"status": "deprecated", "reason": "old"}, 2)


def sent(ci, way: str) -> tuple[int, str]:
    """Send a file to a new release by one of the ways in; returns the status and the first code."""
    if way == "legacy":
        answer = ci.upload(wheels.wheel(version="2.0"))
    elif way == "the same draft":
        answer = ci.upload(wheels.wheel(build="7"))
    else:
        body = {"meta": {"api-version": "2.0"}, "name": "sampleproject", "version": "2.0"}
        headers = {"Authorization": ci.basic, "Accept": "application/vnd.pypi.upload.v2+json"}
        kind = "application/vnd.pypi.upload.v2+json"
        answer = Client().post("/upload/", json.dumps(body), content_type=kind, headers=headers)
    errors = json.loads(answer.content or b"{}").get("errors") or [{}]
    return answer.status_code, errors[0].get("code", "")


@pytest.mark.parametrize("way", ["legacy", "the same draft", "upload 2.0"])
@pytest.mark.parametrize("chosen", ["active", "deprecated", "archived"])
def test_what_is_archived_takes_no_upload(draft, ci, alices, chosen, way):
    """It is true that archived alone refuses, by every way in, with its code, and that nothing is kept."""
    choose(alices, chosen, "gone")
    before = (AuditEvent.objects.count(), Draft.objects.count(), draft.files.count())
    code, word = sent(ci, way)
    if chosen == "archived":
        assert (code, word) == (403, "project-archived")
        assert (AuditEvent.objects.count(), Draft.objects.count(), draft.files.count()) == before
    else:
        assert code in {200, 201}


@pytest.mark.parametrize("chosen", ["active", "deprecated", "archived"])
def test_the_project_page_offers_no_upload_that_would_be_refused(project, mikes, alices, chosen):
    choose(alices, chosen, "gone")
    page = mikes.get(HERE).content.decode()
    assert ("Stage files from this browser" in page) == (chosen != "archived")
    Project.objects.update(quarantined_at=timezone.now(), quarantine_reason="stolen")
    assert "Stage files from this browser" not in mikes.get(HERE).content.decode()


def test_what_is_archived_is_not_published(draft, mike, mikes, alices):
    inspect_now()
    choose(alices, "archived", "gone")
    page = mikes.get(draft_url(draft)).content.decode()
    assert 'data-blocker="project-archived"' in page
    publish(draft, mike, mikes)
    assert draft.state == "open"
    choose(alices, "active")
    publish(draft, mike, mikes)
    assert draft.state == "published"


@pytest.mark.promise
def test_a_publish_that_was_pressed_before_is_stopped(draft, mike, mikes, alices):
    inspect_now()
    mikes.post(draft_url(draft, "publish"), {"fingerprint": draft.fingerprint(), "code": totp_code("mike")})
    choose(alices, "archived")
    do_jobs()
    draft.refresh_from_db()
    assert (draft.state, "archived after Publish" in draft.error) == ("error", True)


def test_a_project_that_was_never_published_stays_unseen(draft, alices):
    choose(alices, "deprecated", "old")
    assert Client().get("/simple/sampleproject/").status_code == 404
    assert IndexPage.objects.count() == 0


def test_the_others_are_told(draft, alices, django_capture_on_commit_callbacks):
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        choose(alices, "archived", "gone")
        do_jobs()
    assert [letter.to for letter in mail.outbox if "archived" in letter.subject] == [["mike@example.org"]]


REFUSALS = {
    "a status that is none": ({"status": "quarantined"}, 400),
    "no status": ({"status": ""}, 400),
    "no code": ({"code": ""}, 403),
    "a wrong code": ({"code": "000000"}, 403),
}


@pytest.mark.parametrize(("form", "code"), REFUSALS.values(), ids=REFUSALS.keys())
def test_it_takes_a_known_status_and_a_second_factor(draft, alices, form, code):
    assert (
        choose(alices, **{"chosen": "archived", **form}).status_code == code if "status" not in form else True
    )
    answer = alices.post(PAGE, {"status": "archived", "reason": "", "code": totp_code("alice"), **form})
    assert answer.status_code == code
    assert Project.objects.get().status == "active"


@pytest.mark.promise
def test_only_an_owner_sets_it(draft, mike):
    project = Project.objects.get()
    proof = proof_of(mike, status.purpose(project, ProjectStatus.ARCHIVED, ""))
    with pytest.raises(NotYours):
        status.change(project=project, status=ProjectStatus.ARCHIVED, reason="", by=SYSTEM, proof=proof)
    assert Project.objects.get().status == "active"


@pytest.mark.parametrize(
    ("state", "words"),
    [(State.OPEN, "not open for files: the project is archived"), (State.CLOSED, "closed since ")],
)
def test_a_release_that_is_closed_stays_so_in_an_archived_project(state, words):
    archived = Project(status=ProjectStatus.ARCHIVED)
    assert windows.shown(archived, Standing(state, since=timezone.now())).startswith(words)
