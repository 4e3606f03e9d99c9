"""Bytes of files that are on their way: counted, found by the sweeps, backed up, and gone with what they belonged to."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.utils import timezone

from accounts.audit import Actor
from drafts.intake import purge, quota, stage
from drafts.models import Draft, File, UploadPart, UploadSession
from drafts.operations import backup, scrub, sweeps
from drafts.storage import storage
from tests import bodies, wheels
from tests.conftest import do_jobs
from tests.uploading import speaker

pytestmark = pytest.mark.django_db
WHEEL = wheels.wheel()
__all__ = ["speaker"]  # a fixture
SYSTEM = Actor.system("tests")


@pytest.fixture
def before(ci):
    """What lies in storage before."""
    return bodies.stored()


@pytest.fixture
def file(before, speaker):
    """An upload whose bytes are there, and which is pending."""
    file = speaker.announce(speaker.join(), WHEEL).json()
    speaker.send(file, WHEEL.data)
    return file


def test_what_is_announced_counts_towards_the_quota(project, speaker, ci, settings):
    """It is true that room is reserved by the announcement, given back when it comes to nothing, and counted once."""
    project.quota = WHEEL.size * 3  # a fifth is for maintainers: two files fit
    project.save(update_fields=["quota"])
    session = speaker.join()
    other, third = wheels.wheel(build="2"), wheels.wheel(build="3")
    first = speaker.announce(session, WHEEL, size=WHEEL.size).json()
    assert speaker.announce(session, other).status_code == 202
    for answer in (speaker.announce(session, third), ci.upload(third)):
        assert (answer.status_code, bodies.codes(answer) & {"over-quota", "file-too-large"} != set()) == (
            413,
            True,
        )
    speaker.send(first, WHEEL.data)
    assert speaker.complete(first).status_code == 201
    assert speaker.announce(session, third).status_code == 413
    pending = speaker.join()["files"][other.filename]["link"]
    assert speaker.ask("DELETE", pending).status_code == 204
    assert speaker.announce(session, third).status_code == 202
    assert quota.kept_bytes(project) == WHEEL.size


def test_a_draft_takes_no_end_of_announcements(speaker, settings):
    settings.UPLOADS_UNDER_WAY_LIMIT = 3
    session = speaker.join()
    answers = [speaker.announce(session, wheels.wheel(build=str(n))) for n in range(1, 5)]
    assert [answer.status_code for answer in answers] == [202, 202, 202, 429]
    assert bodies.codes(answers[-1]) == {"too-many-announced"}


def age(object_id: str) -> None:
    folder = storage().local_path(object_id, "x").parent
    moment = (timezone.now() - timedelta(hours=99)).timestamp()
    os.utime(folder, (moment, moment))


@pytest.mark.embedded
def test_the_orphans_sweep_leaves_what_is_on_its_way(file, before):
    """It is true that old bytes of a pending upload stay, and go once no row speaks of them."""
    object_id = UploadPart.objects.get().object_id
    age(object_id)
    purge.orphans()
    assert bodies.stored() - before == {object_id}
    UploadPart.objects.all().delete()
    purge.orphans()
    assert object_id not in bodies.stored()


def ways_out(speaker, file):
    return {
        "deleted": lambda: speaker.delete(file),
        "its draft canceled": lambda: stage.cancel(draft=Draft.objects.get(), by=SYSTEM),
        "its draft expired": lambda: (
            Draft.objects.update(expires_at=timezone.now()),
            sweeps.expire_drafts(),
        ),
    }


@pytest.mark.parametrize("way", ["deleted", "its draft canceled", "its draft expired"])
def test_bytes_go_with_their_upload(file, speaker, before, way):
    """It is true that bytes nobody can stage any more go at once, and their rows before them."""
    assert len(bodies.stored() - before) == 1
    ways_out(speaker, file)[way]()
    do_jobs()
    assert bodies.stored() == before
    assert not UploadPart.objects.exists()
    assert speaker.status(file).json()["status"] == "canceled"


def test_a_purge_that_comes_too_early_takes_nothing(file, before):
    from drafts.models import Kind, jobs

    jobs.enqueue(kind=Kind.PURGE, subject=UploadSession.objects.get().subject)
    do_jobs()
    assert len(bodies.stored() - before) == 1
    assert UploadPart.objects.count() == 1


@pytest.mark.embedded
def test_stored_parts_are_hashed_again(file):
    """It is true that bytes on their way which changed in storage are found, like those of a file."""
    part = UploadPart.objects.get()
    assert part.object_id not in {one.object_id for one in scrub.differences(scrub.Share())}
    storage().local_path(part.object_id, part.stored_as).write_bytes(b"x")
    found = [one for one in scrub.differences(scrub.Share()) if one.object_id == part.object_id]
    assert [one.is_wrong for one in found] == [True]


@pytest.mark.embedded
def test_a_completion_reads_what_was_hashed_on_its_way(file, speaker):
    """It is true that bytes which vanished end in an error that names the file, and stage nothing."""
    part = UploadPart.objects.get()
    storage().local_path(part.object_id, part.stored_as).unlink()
    answer = speaker.complete(file)
    assert (answer.status_code, bodies.codes(answer)) == (500, {"upload-broke"})
    assert not File.objects.exists()


@pytest.mark.embedded
@pytest.mark.django_db(transaction=True)
def test_a_backup_holds_what_is_on_its_way(file, tmp_path):
    backup.make(tmp_path / "backup", say=lambda _line: None)
    part = UploadPart.objects.get()
    kept = Path(tmp_path / "backup" / "objects" / part.object_id / part.stored_as)
    assert kept.read_bytes() == WHEEL.data
