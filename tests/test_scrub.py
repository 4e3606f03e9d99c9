"""It is true that bytes which are not as their row says are found, and that nothing else is called wrong."""

import os
from datetime import timedelta
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from drafts.inspection.keeping import OBJECT_NAME
from drafts.models import EvidenceLog, File, Inspection
from drafts.operations import scrub, tasks
from drafts.operations.scrub import Share
from drafts.storage import METADATA, new_object_id, storage
from tests.conftest import draft_url

pytestmark = pytest.mark.django_db
WHOLE = Share()


@pytest.fixture
def log(draft, rita):
    browser = Client()
    browser.force_login(rita)
    file = draft.files.first()
    browser.post(draft_url(draft, "evidence-add"), {"log": f"{file.sha256}  {file.filename}\n"})
    return EvidenceLog.objects.get()


@pytest.fixture
def clean(draft, log):
    """A draft with files and a log whose bytes are as they should be; other tests' objects are set aside."""
    ids = {*File.objects.values_list("object_id", flat=True), log.object_id}
    ids |= set(Inspection.objects.values_list("object_id", flat=True))
    for object_id, _ in storage().objects():
        if object_id not in ids:
            storage().delete(object_id)
    assert found() == []
    return draft


def found(share: Share = WHOLE) -> list[scrub.Difference]:
    return list(scrub.differences(share))


def path(row, name: str) -> Path:
    return storage().local_path(row.object_id, name)


def spoil(where: Path) -> None:
    """Flip one bit, as a disk does: neither size nor name tells."""
    data = bytearray(where.read_bytes())
    data[len(data) // 2] ^= 1
    where.write_bytes(data)


SUBJECTS = {
    "file": lambda: (File.objects.first(), File.objects.first().filename),
    "metadata": lambda: (File.objects.first(), METADATA),
    "evidence": lambda: (EvidenceLog.objects.get(), "evidence.log"),
    "inspection": lambda: (Inspection.objects.first(), OBJECT_NAME),
}
DAMAGES = {
    "a bit": (spoil, "SHA-256 is "),
    "gone": (lambda where: where.unlink(), "missing"),
    "longer": (lambda where: where.write_bytes(where.read_bytes() + b"x"), ""),
}


@pytest.mark.embedded  # files of a folder are spoiled
@pytest.mark.parametrize("subject", SUBJECTS.values(), ids=SUBJECTS.keys())
@pytest.mark.parametrize(("damage", "words"), DAMAGES.values(), ids=DAMAGES.keys())
def test_a_damage_is_found(clean, subject, damage, words):
    row, name = subject()
    damage(path(row, name))
    (one,) = found()
    assert (one.object_id, one.name, one.is_wrong) == (row.object_id, name, True)
    assert one.reason.startswith(words)


@pytest.mark.embedded  # files of a folder are spoiled
@pytest.mark.parametrize(("days", "told"), [(0, False), (2, True)])
def test_an_orphan_is_told_when_it_is_no_upload_on_its_way(clean, days, told):
    object_id = new_object_id()
    writer = storage().create(object_id, "orphan")
    writer.write(b"x")
    writer.commit()
    then = (timezone.now() - timedelta(days=days)).timestamp()
    os.utime(storage().local_path(object_id, "orphan").parent, (then, then))
    assert [(one.object_id, one.is_wrong) for one in found()] == [(object_id, False)] * told
    storage().delete(object_id)


def test_what_was_purged_is_not_missed(clean):
    file = File.objects.first()
    storage().delete(file.object_id)
    assert len(found()) == 2
    File.objects.filter(pk=file.pk).update(purged_at=timezone.now())
    assert found() == []


def test_the_shares_are_the_whole_once():
    ids = [new_object_id() for _ in range(300)]
    shares = [Share(number, 7) for number in range(1, 8)]
    assert all([share.has(one) for share in shares].count(True) == 1 for one in ids)
    assert all(any(share.has(one) for one in ids) for share in shares)


@pytest.mark.parametrize("text", ["", "7", "0/7", "8/7", "1/0", "-1/7", "a/b", "1/7/2", "1.5/7"])
def test_what_is_no_share_is_refused(text):
    with pytest.raises(ValueError, match="is not a share"):
        Share.parse(text)


@pytest.mark.embedded  # files of a folder are spoiled
def test_a_week_of_nights_finds_what_differs(clean, monkeypatch, caplog):
    """It is true that each object has its night, and that what differs is an error line."""
    file = File.objects.first()
    spoil(path(file, file.filename))
    monday = timezone.now() - timedelta(days=timezone.now().weekday())
    for day in range(7):
        monkeypatch.setattr(tasks.timezone, "now", lambda day=day: monday + timedelta(days=day))
        tasks.scrub()
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert f"{file.object_id}/{file.filename}: SHA-256 is" in record.getMessage()


def test_the_scheduler_rings_for_it():
    assert "operations.scrub" in {entry["task"] for entry in settings.CELERY_BEAT_SCHEDULE.values()}
