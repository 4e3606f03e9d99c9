"""What CI is told: the review page always, the draft link only where the project says so. Build logs are public."""

import json
import logging
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.access import links
from drafts.intake import stage, told
from drafts.models import Draft, DraftLink, LinkForCi, Project, PublishFromCi
from tests import bodies, wheels
from tests.conftest import make_ci, publish
from tests.racing import race

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
TOKEN = re.compile(r"pcd_[0-9A-Za-z]+")


def let(choice: LinkForCi) -> None:
    """Set what the project lets CI have."""
    Project.objects.update(link_for_ci=choice)


def asked(ci, draft: Draft) -> dict:
    """What the session's address answers this credential."""
    response = Client().get(f"/upload/{draft.handle}/", headers={"Authorization": ci.basic})
    assert response.status_code == 200
    return json.loads(response.content)


def told_link(body: dict) -> tuple[bool, bool]:
    return "stage" in body["links"], "session-token" in body


@pytest.mark.promise
def test_by_default_ci_is_told_no_link(ci, caplog, capfd):
    """It is true that the whole answer to an upload, headers and logs, holds no draft token; it names the review page."""
    caplog.set_level(logging.DEBUG)
    built = [wheels.wheel(), wheels.wheel(salt="1"), wheels.wheel(salt="1"), wheels.sdist()]
    for file in built:
        response = ci.upload(file)
        assert response.status_code == 200
        links.make(draft=Draft.objects.get(), by=SYSTEM, label="upload session")
        said = response.content.decode() + repr(bodies.headers(response)) + response.reason_phrase
        assert "pcd_" not in said
        assert "/draft/" not in said
        body = json.loads(response.content)
        assert body["meta"]["_presscheck"]["review-url"].endswith("/projects/sampleproject/drafts/1.0/")
        assert "/projects/sampleproject/drafts/1.0/" in body["notices"][0]
        assert told_link(body) == (False, False)
    draft = Draft.objects.get()
    assert told_link(asked(ci, draft)) == (False, False)
    written = caplog.text + "".join(capfd.readouterr())
    tokens = [links.token(link) for link in draft.links.all()]
    assert tokens
    assert not [token for token in tokens if token in written]
    assert not draft.links.filter(for_ci=True).exists()


@pytest.mark.parametrize(
    ("choice", "longest"), [(LinkForCi.DAY, timedelta(hours=24)), (LinkForCi.FULL, links.LIFETIME)]
)
def test_where_the_project_says_so_ci_gets_one_link(ci, choice, longest):
    """It is true that each answer carries the same link, labelled CI, whose stage installers can read."""
    let(choice)
    started = timezone.now()
    first = json.loads(ci.upload(wheels.wheel()).content)
    second = json.loads(ci.upload(wheels.sdist()).content)
    link = DraftLink.objects.get()
    assert (link.label, link.for_ci, link.created_by) == ("CI", True, None)
    assert started + longest <= link.expires_at <= timezone.now() + longest
    token = links.token(link)
    for body in (first, second, asked(ci, link.draft)):
        assert body["session-token"] == token
        assert body["links"]["stage"].endswith(f"/draft/{token}/simple/")
    assert Client().get(f"/draft/{token}/simple/sampleproject/").status_code == 200
    event = AuditEvent.objects.get(event="link:made")
    assert (event.actor_kind, event.details["for_ci"]) == ("token", True)


@pytest.mark.promise
def test_the_link_is_not_made_again_once_a_person_revoked_it(ci):
    """It is true that after a revocation CI is told nothing, however often it asks, and the old link opens nothing."""
    let(LinkForCi.FULL)
    token = json.loads(ci.upload(wheels.wheel()).content)["session-token"]
    links.revoke(link=DraftLink.objects.get(), by=SYSTEM)
    for body in (json.loads(ci.upload(wheels.sdist()).content), asked(ci, Draft.objects.get())):
        assert told_link(body) == (False, False)
    assert DraftLink.objects.count() == 1
    assert Client().get(f"/draft/{token}/simple/sampleproject/").status_code == 404


def test_a_link_of_a_day_ends_after_a_day(ci):
    """It is true that it is not given again, and opens nothing."""
    let(LinkForCi.DAY)
    token = json.loads(ci.upload(wheels.wheel()).content)["session-token"]
    DraftLink.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert told_link(asked(ci, Draft.objects.get())) == (False, False)
    assert DraftLink.objects.count() == 1
    assert Client().get(f"/draft/{token}/simple/sampleproject/").status_code == 404


def test_an_owner_takes_it_back(ci):
    """It is true that the setting counts at each answer."""
    let(LinkForCi.FULL)
    ci.upload(wheels.wheel())
    let(LinkForCi.NEVER)
    assert told_link(asked(ci, Draft.objects.get())) == (False, False)


def test_a_draft_that_ended_is_told_without_a_link(draft, ci, mike):
    """It is true that a session's record holds no link, and none is made for it."""
    let(LinkForCi.FULL)
    stage.cancel(draft=draft, by=SYSTEM)
    assert told_link(asked(ci, draft)) == (False, False)
    assert not DraftLink.objects.exists()


def test_a_draft_that_is_published_is_told_without_a_link(draft, ci, mike):
    let(LinkForCi.FULL)
    assert told_link(asked(ci, draft)) == (True, True)
    publish(draft, mike)
    assert told_link(asked(ci, draft)) == (False, False)


def test_a_link_whose_key_was_retired_is_left_out(ci):
    """It is true that an answer does not fail for a link that cannot be spelled any more."""
    let(LinkForCi.FULL)
    ci.upload(wheels.wheel())
    DraftLink.objects.update(key_id="0" * 16)
    assert told_link(asked(ci, Draft.objects.get())) == (False, False)


@pytest.mark.promise
@pytest.mark.django_db(transaction=True)
def test_two_first_answers_make_one_link(project):
    """It is true that however many answers come first, there is one link, one event, and all carry the same token."""
    ci = make_ci(project)
    assert ci.upload(wheels.wheel()).status_code == 200
    let(LinkForCi.FULL)
    draft = Draft.objects.get()
    tokens = race([lambda: asked(ci, draft)["session-token"]] * 4)
    assert len(set(tokens)) == 1
    assert DraftLink.objects.count() == 1
    assert AuditEvent.objects.filter(event="link:made").count() == 1


def test_what_a_publish_call_is_answered(project):
    """It is true that it is refused unless the project lets CI wait."""
    assert told.publish_status(project) == 403
    project.publish_from_ci = PublishFromCi.WAIT
    assert told.publish_status(project) == 202


def test_the_snippets_for_ci_hold_no_draft_link(client):
    page = client.get("/help/ci/").content.decode()
    assert not TOKEN.search(page)
    assert "/draft/" not in page
