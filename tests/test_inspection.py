"""Every staged file is looked into by a job that may die, run twice, or meet a file that was replaced meanwhile."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.access import links
from drafts.dist import BadDistribution, Code
from drafts.inspection import inspect, members, reading
from drafts.intake import stage
from drafts.models import DraftState, File, Finding, Inspection, Job, JobState, Kind, jobs
from drafts.operations import scrub
from drafts.storage import NoSuchObject, storage
from tests import wheels
from tests.bodies import is_inspection
from tests.conftest import do_jobs, draft_url, publish
from tests.inspected import blockers, stage_one
from tests.pressing import assert_untouched, browser_of, press
from tests.stored import change, fetched

UNLISTED = {"extra": (("sampleproject/more.py", b"x = 1\n"),)}


def kept_objects() -> set[str]:
    return {object_id for object_id, _ in storage().objects() if is_inspection(object_id)}


@pytest.fixture
def lens(monkeypatch):
    """Puts something in the way of reading: ``lens(function)`` is called before each file is read."""

    def put(before) -> None:
        read = reading.read
        monkeypatch.setattr(reading, "read", lambda *told: (before(), read(*told))[1])

    return put


def test_every_staged_file_is_inspected(draft):
    for file in draft.files.all():
        assert file.inspection.state == "done"
        assert file.inspection.members == len(members.members(file))
        assert not file.refused
    assert blockers(draft) == {}


def test_nothing_is_published_before_somebody_looked_inside(inspections_wait, draft, mike):
    assert blockers(draft) == {"being-inspected": "Being inspected: 0 of 2 files inspected."}
    press(browser_of(mike), draft, code="000000")
    draft.refresh_from_db()
    assert draft.state == DraftState.OPEN
    jobs.run(Job.objects.filter(kind=Kind.INSPECT).first().pk, inspect.work)
    assert blockers(draft) == {"being-inspected": "Being inspected: 1 of 2 files inspected."}
    do_jobs()
    assert blockers(draft) == {}
    publish(draft, mike)
    assert draft.state == DraftState.PUBLISHED


def test_the_page_counts_inspected_files(inspections_wait, draft, mikes):
    page = mikes.get(draft_url(draft)).content.decode()
    assert "Not yet: Being inspected: 0 of 2 files inspected." in page


@pytest.mark.promise
def test_what_is_refused_is_not_published(ci, mike):
    file = stage_one(ci, **UNLISTED)
    draft = file.draft
    assert (file.refused, list(blockers(draft))) == (True, ["finding-refused"])
    press(browser_of(mike), draft, code="000000")
    assert_untouched(draft)
    assert AuditEvent.objects.filter(event="file:refused", digest=file.sha256).count() == 1


@pytest.mark.promise
def test_what_is_refused_is_not_handed_to_testers(ci, mike):
    good = stage_one(ci)
    bad = stage_one(ci, tag="py2-none-any", **UNLISTED)
    link = links.make(draft=good.draft, label="x", by=Actor.system("tests"), user=mike)
    url = links.url(link if not isinstance(link, tuple) else link[0])
    browser = Client()
    page = browser.get(f"{url}simple/sampleproject/").content.decode()
    assert good.filename in page
    assert bad.filename not in page
    assert bad.filename not in browser.get(url).content.decode()
    assert bad.sha256 not in browser.get(f"{url}requirements.txt").content.decode()
    assert len(fetched(browser.get(f"{url}files/{good.handle}/{good.filename}"))) == good.size
    assert browser.get(f"{url}files/{bad.handle}/{bad.filename}").status_code == 404
    assert browser.get(f"{url}files/{bad.handle}/{bad.filename}.metadata").status_code == 404


def test_a_better_build_of_a_refused_file_is_free(ci):
    bad = stage_one(ci, **UNLISTED)
    good = stage_one(ci)
    assert (bad.filename, good.refused) == (good.filename, False)
    assert blockers(good.draft) == {}


def test_a_job_that_runs_twice_says_everything_once(ci):
    file = stage_one(ci, **UNLISTED)
    found, objects = list(Finding.objects.values_list("code", "text")), len(kept_objects())
    for _ in range(2):
        jobs.run(jobs.enqueue(kind=Kind.INSPECT, subject=file.subject).pk, inspect.work)
    assert list(Finding.objects.values_list("code", "text")) == found
    assert Inspection.objects.count() == 1
    assert len(kept_objects()) >= objects
    assert members.members(file)


def test_a_worker_that_was_overtaken_writes_nothing(inspections_wait, ci, lens):
    file = stage_one(ci)
    job = Job.objects.get(kind=Kind.INSPECT)
    lens(lambda: Job.objects.filter(pk=job.pk).update(attempt=7))
    jobs.run(job.pk, inspect.work)
    assert not Inspection.objects.filter(file=file).exists()


def test_a_file_that_is_replaced_meanwhile_does_not_stop_its_inspection(inspections_wait, ci, lens):
    old = stage_one(ci)
    done = []

    def replaced() -> None:
        if not done:
            done.append(stage_one(ci, salt="x"))

    lens(replaced)
    jobs.run(Job.objects.get(kind=Kind.INSPECT).pk, inspect.work)
    assert Inspection.objects.get().file == old
    assert list(blockers(old.draft)) == ["being-inspected"]
    do_jobs()
    assert blockers(old.draft) == {}


def test_a_file_that_is_purged_meanwhile_leaves_no_bytes(inspections_wait, ci, lens):
    file = stage_one(ci)
    before = kept_objects()
    lens(lambda: File.objects.update(purged_at=timezone.now()))
    jobs.run(Job.objects.get(kind=Kind.INSPECT).pk, inspect.work)
    assert (Inspection.objects.count(), Job.objects.get(kind=Kind.INSPECT).state) == (0, JobState.DONE)
    assert kept_objects() == before
    del file


def test_what_was_kept_goes_with_the_file(draft):
    kept = set(Inspection.objects.values_list("object_id", flat=True))
    assert kept <= kept_objects()
    stage.cancel(draft=draft, by=Actor.system("tests"))
    Job.objects.update(not_before=timezone.now() - timedelta(days=1))
    do_jobs()
    assert not kept & kept_objects()
    assert not Inspection.objects.filter(purged_at=None).exists()


def test_what_was_kept_is_hashed_again_with_the_rest(draft):
    row = Inspection.objects.first()
    storage().delete(row.object_id)
    gone = [one for one in scrub.differences(scrub.Share()) if one.object_id == row.object_id]
    assert [one.reason for one in gone] == ["missing"]


FAULTS = {
    "bytes that cannot be read": (
        BadDistribution(Code.BAD_MEMBER_DATA, "It does not hold together."),
        1,
        "hold together",
    ),
    "bytes that are gone": (NoSuchObject("it is not in the store"), 1, "not in the store"),
    "an error of ours": (RuntimeError("x"), 4, "failed 4 times; the last time: RuntimeError"),
    "no memory": (MemoryError(), 4, "failed 4 times; the last time: MemoryError"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_inspected_blocks_and_says_why(inspections_wait, ci, lens, fault, mikes):
    error, times, words = FAULTS[fault]
    file = stage_one(ci)

    def fails() -> None:
        raise error

    lens(fails)
    for _ in range(times):
        assert blockers(file.draft).keys() == {"being-inspected"}
        Job.objects.update(not_before=timezone.now())
        jobs.run(Job.objects.get(kind=Kind.INSPECT).pk, inspect.work)
    assert words in blockers(file.draft)["not-inspected"]
    assert words in mikes.get(draft_url(file.draft, "file-page", file.filename)).content.decode()


def test_an_inspection_that_kills_its_workers_is_given_up(inspections_wait, ci):
    file = stage_one(ci)
    Job.objects.filter(kind=Kind.INSPECT).update(attempt=20)
    jobs.run(Job.objects.get(kind=Kind.INSPECT).pk, inspect.work)
    assert "its worker died each time" in blockers(file.draft)["not-inspected"]


def test_a_file_that_takes_too_long_is_given_up(inspections_wait, ci, settings):
    settings.INSPECTION_SECONDS = -1
    file = stage_one(ci)
    do_jobs()
    assert "took too long" in blockers(file.draft)["not-inspected"]


def test_a_file_is_inspected_again_by_a_maintainer(inspections_wait, ci, settings, mikes, rita):
    settings.INSPECTION_SECONDS = -1
    file = stage_one(ci)
    do_jobs()
    settings.INSPECTION_SECONDS = 60
    again = draft_url(file.draft, "file-inspect", file.filename)
    assert browser_of(rita).post(again).status_code == 403
    assert mikes.post(again).status_code == 302
    assert list(blockers(file.draft)) == ["being-inspected"]
    do_jobs()
    assert blockers(file.draft) == {}
    mikes.post(again)
    assert Job.objects.due().count() == 0


@pytest.mark.services
@pytest.mark.promise
def test_bytes_that_a_store_spoiled_say_nothing_of_the_file(inspections_wait, ci):
    """It is true that a store that lies for a while makes no file look refused: it is asked again."""
    assert ci.upload(wheels.wheel()).status_code == 200
    file = File.objects.get()
    change(file, lambda data: data[:-30] + bytes(30))
    job = Job.objects.get(kind=Kind.INSPECT)
    jobs.run(job.pk, inspect.work)
    job.refresh_from_db()
    file.refresh_from_db()
    assert (job.state, file.refused, Finding.objects.count()) == (JobState.WAITING, False, 0)
    assert "other bytes" in job.error
    change(file, lambda _data: wheels.wheel().data)
    Job.objects.update(not_before=timezone.now())
    do_jobs()
    assert Inspection.objects.get(file=file).state == "done"
