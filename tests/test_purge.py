"""Bytes go for good a day after what they belonged to, and never while anything published speaks of them."""

import os
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.evidence.add import paste
from drafts.intake import deleting, purge, stage
from drafts.models import Draft, DraftState, File, Job, Kind, jobs
from drafts.storage import new_object_id, storage
from tests import bodies, wheels
from tests.conftest import do_jobs, draft_url, publish, totp_code

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
DAY = timedelta(days=1)


def a_day_later() -> None:
    """The grace of every purge is over."""
    assert Job.objects.filter(kind=Kind.PURGE, not_before__gt=timezone.now() + DAY * 0.99).exists()
    assert do_jobs() == 0
    Job.objects.update(not_before=timezone.now())
    do_jobs()


def objects_of(draft: Draft) -> set[str]:
    logs = set(draft.evidence.values_list("object_id", flat=True))
    return logs | set(draft.files.values_list("object_id", flat=True))


def test_the_bytes_of_a_canceled_draft_go_a_day_later(draft, rita, ci):
    """It is true that all bytes stay for the grace and then go, superseded files and logs too; rows stay."""
    ci.upload(wheels.wheel(salt="new"))
    log = f"{wheels.wheel().sha256}  {wheels.wheel().filename}".encode()
    paste(draft=draft, data=log, label="x", user=rita, by=SYSTEM)
    doomed, files = objects_of(draft), File.objects.count()
    assert len(doomed) == 4
    stage.cancel(draft=draft, by=SYSTEM)
    assert doomed <= bodies.stored()
    a_day_later()
    assert not doomed & bodies.stored()
    assert File.objects.count() == files
    assert not File.objects.with_bytes().exists()
    assert AuditEvent.objects.filter(event="draft:purged").count() == 1


def test_purging_never_takes_what_is_published(draft, mike, mikes, ci, rita):
    """It is true that after publishing only superseded bytes go; files and the logs they were judged by stay."""
    old = draft.files.get(filetype="bdist_wheel")
    ci.upload(wheels.wheel(salt="new"))
    log = f"{wheels.wheel(salt='new').sha256}  {old.filename}".encode()
    paste(draft=draft, data=log, label="x", user=rita, by=SYSTEM)
    kept = objects_of(draft) - {old.object_id}
    publish(draft, mike, mikes)
    assert draft.state == DraftState.PUBLISHED
    assert old.object_id not in bodies.stored()
    assert kept <= bodies.stored()
    for job in Job.objects.filter(kind=Kind.PURGE):
        Job.objects.filter(pk=job.pk).update(state="waiting", not_before=timezone.now())
    do_jobs()
    assert kept <= bodies.stored()
    assert Client().get("/simple/sampleproject/").status_code == 200


def test_a_deleted_file_goes_a_day_later(draft):
    file = draft.files.get(filetype="bdist_wheel")
    deleting.delete_file(draft=draft, filename=file.filename, by=SYSTEM, seen=file.sha256)
    assert file.object_id in bodies.stored()
    a_day_later()
    assert file.object_id not in bodies.stored()
    assert draft.files.live().get().object_id in bodies.stored()


def test_purging_twice_is_harmless(draft):
    stage.cancel(draft=draft, by=SYSTEM)
    a_day_later()
    Job.objects.update(state="waiting")
    do_jobs()
    assert Job.objects.get(kind=Kind.PURGE).state == "done"


def test_a_purge_of_a_live_draft_takes_nothing(draft):
    """It is true that a purge which is rung for the wrong draft finds nothing to do."""
    jobs.enqueue(kind=Kind.PURGE, subject=draft.subject)
    for file in draft.files.all():
        jobs.enqueue(kind=Kind.PURGE, subject=file.subject)
    do_jobs()
    assert objects_of(draft) <= bodies.stored()
    assert File.objects.with_bytes().count() == 2


def age(object_id: str, hours: float) -> None:
    folder = storage().local_path(object_id, "x").parent
    moment = (timezone.now() - timedelta(hours=hours)).timestamp()
    os.utime(folder, (moment, moment))


@pytest.mark.embedded  # a folder's times are set back
def test_objects_without_a_row_go_when_they_are_old(draft):
    """It is true that the orphans' sweep takes what no row speaks of, only after a day, and nothing else."""
    purge.orphans()
    young, old = new_object_id(), new_object_id()
    for object_id, hours in ((young, 23.9), (old, 24.1)):
        writer = storage().create(object_id, "x-1.0.tar.gz")
        writer.write(b"x")
        writer.commit()
        age(object_id, hours)
    for object_id in objects_of(draft):
        age(object_id, 99)
    assert purge.orphans() == 1
    assert old not in bodies.stored()
    assert objects_of(draft) | {young} <= bodies.stored()
    storage().delete(young)


@pytest.mark.embedded  # a folder's times are set back
def test_bytes_whose_purge_died_half_way_are_orphans(draft, monkeypatch):
    """It is true that a worker which dies after the rows and before the bytes leaves nothing for ever."""
    stage.cancel(draft=draft, by=SYSTEM)
    Job.objects.update(not_before=timezone.now())
    doomed = objects_of(draft)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(type(storage()), "delete", lambda _self, _object_id: None)
        do_jobs()
    assert doomed <= bodies.stored()
    for object_id in doomed:
        age(object_id, 25)
    assert purge.orphans() >= 2
    assert not doomed & bodies.stored()


@pytest.mark.embedded  # a folder's times are set back
def test_a_draft_being_published_keeps_its_bytes(draft, mikes):
    mikes.post(draft_url(draft, "publish"), {"fingerprint": draft.fingerprint(), "code": totp_code("mike")})
    for object_id in objects_of(draft):
        age(object_id, 99)
    purge.orphans()
    assert objects_of(draft) <= bodies.stored()
