"""Promise 9, for publishing: a worker that is killed at any step loses nothing, and nothing is published twice."""

import pytest
from django.test import Client

from accounts.models import AuditEvent
from drafts.models import Draft, DraftState, File, Job, Kind
from drafts.publishing import flip
from drafts.storage import storage
from tests.conftest import do_jobs, draft_url, totp_code
from tests.dying import dies, done_again, overtaken, rung_eight_times
from tests.test_jobs import broken, due_now, lease_over

pytestmark = [pytest.mark.django_db, pytest.mark.promise]


@pytest.fixture
def decided(draft, mike) -> Job:
    """A publish that was decided and waits for a worker."""
    client = Client()
    client.force_login(mike)
    fields = {"fingerprint": draft.fingerprint(), "code": totp_code("mike")}
    assert client.post(draft_url(draft, "publish"), fields).status_code == 302
    return Job.objects.get(kind=Kind.PUBLISH)


def published_once(draft: Draft) -> None:
    draft.refresh_from_db()
    assert draft.state == DraftState.PUBLISHED
    assert File.objects.published().count() == 2
    assert AuditEvent.objects.filter(event="draft:published").count() == 1
    assert draft.project.page.serial == 1
    assert Client().get("/simple/sampleproject/").content.count(b"<a ") == 2


STEPS = {
    "while promoting": lambda: (type(storage()), "promote"),
    "while hashing": lambda: (type(storage()), "open_public"),
    "after hashing": lambda: (Draft, "fingerprint"),
    "before the flip": lambda: (flip, "_flip"),
    "inside the flip, before the page": lambda: (flip.pages, "store"),
    "inside the flip, at its last write": lambda: (flip.audit, "record"),
}


@pytest.mark.parametrize("step", STEPS.values(), ids=STEPS.keys())
def test_a_worker_killed_while_publishing_loses_nothing(draft, decided, step):
    """It is true that a publish whose worker dies at any step shows nothing, and is finished once by the next."""
    dies(decided, flip.work, *step())
    draft.refresh_from_db()
    assert draft.state == DraftState.PROCESSING
    assert Client().get("/simple/sampleproject/").status_code == 404
    assert do_jobs() == 0  # the lease still runs
    lease_over(decided)
    do_jobs()
    published_once(draft)


def test_a_publish_job_that_runs_again_publishes_once(draft, decided):
    done_again(decided)
    published_once(draft)


@pytest.mark.django_db(transaction=True)
def test_a_publish_job_that_is_rung_eight_times_publishes_once(draft, decided):
    rung_eight_times(decided, flip.work)
    published_once(draft)


def test_a_slow_worker_that_was_overtaken_publishes_nothing(draft, decided):
    """It is true that of two workers on one publish the first is fenced, and the second's work stands."""
    overtaken(decided, lambda slow: flip._flip(draft, slow))
    published_once(draft)


def test_a_publish_that_cannot_succeed_is_handed_back(draft, decided):
    """It is true that after six unforeseen errors the draft is editable again, with the reason in words."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(flip.pages, "store", lambda _project: broken(decided))
        for _ in range(6):
            draft.refresh_from_db()
            assert draft.state == DraftState.PROCESSING
            due_now()
            do_jobs()
    draft.refresh_from_db()
    assert draft.state == DraftState.ERROR
    assert "the disk made a noise" in draft.error
    assert File.objects.published().count() == 0
    assert draft.burnt_names.count() == 0


def test_a_publish_that_kills_every_worker_is_handed_back(draft, decided, monkeypatch):
    """It is true that a job whose workers die each time does not run for ever: the draft says so and can be mended."""
    monkeypatch.setattr(flip, "ATTEMPTS", 3)
    for _ in range(3):
        dies(decided, flip.work, type(storage()), "open_public")
        lease_over(decided)
    do_jobs()
    draft.refresh_from_db()
    assert draft.state == DraftState.ERROR
    assert "died each time" in draft.error
    assert Client().get("/simple/sampleproject/").status_code == 404
