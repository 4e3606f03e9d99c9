"""Who is held after Publish was pressed goes nowhere: archived by an owner, or put into quarantine, while an upstream index is written to."""

from contextlib import contextmanager

import pytest
from django.utils import timezone

from drafts.models import Draft, DraftState, Project, Push, PushState
from drafts.publishing import flip
from drafts.publishing.targets import ci, rows
from tests import wheels
from tests.conftest import draft_url, publish
from tests.sent_on import WHEEL, goes_on, is_hidden, loopback_is_allowed, target, there
from tests.upstreams import aimed, hook, refuses

__all__ = ["hook", "loopback_is_allowed", "target", "there"]
pytestmark = [pytest.mark.django_db, pytest.mark.promise]


def quarantined() -> None:
    Project.objects.update(quarantined_at=timezone.now(), quarantine_reason="Malware.")


def archived() -> None:
    Project.objects.update(status="archived")


def lifted() -> None:
    Project.objects.update(quarantined_at=None, quarantine_reason="", status="active")


def gone_on(draft: Draft) -> Draft:
    goes_on()
    draft.refresh_from_db()
    return draft


@contextmanager
def before_the_flip(monkeypatch, hold):
    """Hold the project when every file is upstream, in the moment before they show here."""
    flip_now = flip._flip

    def held(*arguments):
        hold()
        return flip_now(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(flip, "_flip", held)
        yield


@pytest.fixture(params=[quarantined, archived], ids=["in quarantine", "archived"])
def hold(request):
    return request.param


@pytest.fixture
def by_ci(there, hook, project, alice):
    """CI publishes sampleproject, asked by webhook."""
    return aimed(there, project, alice, uploader="ci", hook_url=f"{hook.url}/hook", secret=hook.secret)


def test_nothing_is_sent_of_a_project_that_is_held_meanwhile(target, there, draft, mike, hold):
    """It is true that who was decided before, and waited, goes nowhere."""
    there.down = 503
    publish(draft, mike)
    hold()
    there.down = 0
    gone_on(draft)
    assert (there.uploads, draft.state) == ([], DraftState.ERROR)
    assert "after Publish was pressed: sampleproject 1.0 was not published here" in draft.error


def test_nothing_more_is_sent_of_a_project_that_is_held_meanwhile(target, there, draft, mike, hold):
    """It is true that what is there stays there, and a person decides about the rest."""
    there.instead = [None, refuses(429, b"slow down")]
    publish(draft, mike)
    sent = list(there.uploads)
    hold()
    gone_on(draft)
    push = Push.objects.get()
    assert (push.state, draft.state, is_hidden()) == (PushState.STOPPED, DraftState.PROCESSING, True)
    assert "after Publish was pressed" in push.words
    goes_on()
    assert (set(there.files), there.uploads) == ({WHEEL}, sent)


def test_a_project_that_is_held_between_two_files_sends_one(target, there, draft, mike, hold, monkeypatch):
    settle_now = rows.settle

    def settled(*arguments):
        settle_now(*arguments)
        hold()

    monkeypatch.setattr(rows, "settle", settled)
    publish(draft, mike)
    assert there.uploads == [WHEEL]
    assert (Push.objects.get().state, draft.state) == (PushState.STOPPED, DraftState.PROCESSING)


def test_what_is_there_whole_waits_until_its_project_is_held_no_more(
    target, there, draft, mike, mikes, hold, monkeypatch
):
    """It is true of a project that is held when every file was confirmed, and before they show here."""
    with before_the_flip(monkeypatch, hold):
        publish(draft, mike)
    assert (Push.objects.get().state, draft.state, is_hidden()) == (
        PushState.STOPPED,
        DraftState.PROCESSING,
        True,
    )
    lifted()
    mikes.post(draft_url(draft, "upstream-resume"))
    gone_on(draft)
    assert (Push.objects.get().state, draft.state, len(there.uploads)) == (
        PushState.DONE,
        DraftState.PUBLISHED,
        2,
    )


# --- CI publishes -----------------------------------------------------------------------------------------


def test_ci_is_not_asked_for_a_project_that_was_held_while_its_files_were_hashed(
    by_ci, there, hook, draft, mike, monkeypatch
):
    hash_now = flip._hash

    def held(*arguments):
        hash_now(*arguments)
        quarantined()

    monkeypatch.setattr(flip, "_hash", held)
    publish(draft, mike)
    assert (draft.state, Push.objects.count(), hook.told) == (DraftState.ERROR, 0, [])
    assert "was put into quarantine after Publish was pressed" in draft.error


def test_ci_that_was_asked_gets_nothing_more_of_a_project_in_quarantine(
    by_ci, there, hook, draft, mike, mikes
):
    """It is true that the publish stops, because CI may be at it, and that what it did counts once the project is back."""
    publish(draft, mike)
    quarantined()
    assert gone_on(draft).state == DraftState.PROCESSING
    push = Push.objects.get()
    assert (push.state, ci.waits_for_ci(draft), is_hidden()) == (PushState.STOPPED, False, True)
    assert "was put into quarantine after Publish was pressed" in push.words
    there.files.update({one.filename: one.data for one in (wheels.wheel(), wheels.sdist())})
    assert gone_on(draft).state == DraftState.PROCESSING
    lifted()
    mikes.post(draft_url(draft, "upstream-resume"))
    assert gone_on(draft).state == DraftState.PUBLISHED


def test_ci_that_published_everything_is_not_asked_again(by_ci, there, hook, draft, mike, mikes, monkeypatch):
    """It is true of a project that was held when every file was confirmed, and before they showed here."""
    publish(draft, mike)
    there.files.update({one.filename: one.data for one in (wheels.wheel(), wheels.sdist())})
    with before_the_flip(monkeypatch, quarantined):
        gone_on(draft)
    assert (Push.objects.get().state, draft.state) == (PushState.STOPPED, DraftState.PROCESSING)
    lifted()
    mikes.post(draft_url(draft, "upstream-resume"))
    assert gone_on(draft).state == DraftState.PUBLISHED
    assert len(hook.told) == 1
