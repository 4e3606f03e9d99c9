"""It is true that the copies which readers get are what is hashed again, and that staged ones go a day after publishing."""

from datetime import timedelta

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from drafts.access import links
from drafts.intake import purge
from drafts.models import File, Inspection
from drafts.operations import scrub, sweeps, tasks
from drafts.storage import METADATA, StorageDown, storage
from tests import stored, wheels
from tests.conftest import do_jobs, draft_url, publish
from tests.fault_proxy import Fault
from tests.stored import everything, kept

pytestmark = [pytest.mark.services, pytest.mark.django_db]
WHEEL = wheels.wheel()


@pytest.fixture
def published(draft, mike, mikes):
    """The wheel of a published draft, in a store that holds nothing else; staged copies are kept still."""
    publish(draft, mike, mikes)
    files = draft.files.all()
    ours = {file.object_id for file in files} | {file.public_id for file in files}
    ours |= set(Inspection.objects.filter(file__in=files).values_list("object_id", flat=True))
    for one in everything() - ours:
        storage().delete(one)
        storage().delete_public(one)
    assert found() == []
    return files.get(filetype="bdist_wheel")


@pytest.fixture
def a_day_later(published):
    """The same when the staged copies' day is over, and the scheduler came."""
    age(published)
    assert sweeps.prune().counts["staged copies of what is published"] == 2
    return published


def age(file: File) -> None:
    then = timezone.now() - timedelta(hours=django_settings.PURGE_GRACE_HOURS, minutes=1)
    file.draft.files.update(published_at=then)


def found() -> list[scrub.Difference]:
    return list(scrub.differences(scrub.Share()))


def where(file: File, prefix: str, *, metadata: bool) -> dict[str, str]:
    one = file.kept_metadata if metadata else file.kept
    key = (
        f"public/{one.public_id}/{one.filename}"
        if prefix == "public"
        else f"staged/{one.object_id}/{one.stored_as}"
    )
    return {"Bucket": django_settings.PRESSCHECK_S3_BUCKET, "Key": key}


@pytest.mark.parametrize("metadata", [False, True], ids=["file", "metadata"])
@pytest.mark.parametrize("prefix", ["public", "staged"])
@pytest.mark.parametrize("sweep", [False, True], ids=["with the staged copy", "without it"])
def test_other_bytes_in_either_copy_are_found(published, prefix, metadata, sweep):
    if sweep and prefix == "public":
        age(published)
        assert purge.staged_copies() == 2
    place = where(published, prefix, metadata=metadata)
    storage()._client.put_object(**place, Body=b"x" * published.size)
    (one,) = found()
    assert (one.is_wrong, one.is_public) == (True, prefix == "public")
    assert place["Key"].endswith(f"{one.object_id}/{one.name}")
    assert one.reason.startswith("SHA-256 is ")
    assert str(one).startswith("public/") == (prefix == "public")


def test_a_public_copy_that_is_missing_is_found_and_its_staged_one_stays(published, caplog):
    storage()._client.delete_object(**where(published, "public", metadata=False))
    (one,) = found()
    assert (one.object_id, one.reason, one.is_public) == (published.public_id, "missing", True)
    age(published)
    assert purge.staged_copies() == 1
    assert "is not whole: the staged one stays" in caplog.text
    assert published.object_id in everything()


def test_a_public_copy_without_a_row_is_told(published, monkeypatch):
    orphan = kept(b"bytes", public=True)
    storage().promote(orphan)
    storage().delete(orphan.object_id)
    assert found() == []
    monkeypatch.setattr(scrub, "grace", lambda: timedelta(days=-1))
    (one,) = found()
    assert (one.object_id, one.is_wrong, one.is_public) == (orphan.public_id, False, True)
    storage().delete_public(orphan.public_id)


def of_public(method: str, path: str) -> bool:
    return method == "GET" and "/public/" in path


def test_a_store_that_lies_is_seen(published, proxy):
    """It is true that other bytes of the right length do not pass for what was published."""
    proxy.faults.append(Fault("got", of_public))
    reasons = [(one.is_public, one.reason[:10]) for one in found()]
    assert reasons == [(True, "SHA-256 is")] * 4
    assert proxy.faults[0].seen


def test_one_object_that_is_not_given_does_not_hide_the_others(published, proxy):
    name = published.kept.filename
    proxy.faults.append(Fault("cut", lambda method, path: of_public(method, path) and path.endswith(name)))
    storage()._client.delete_object(**where(published, "public", metadata=True))
    reasons = sorted(one.reason for one in found())
    assert len(reasons) == 2
    assert reasons[0].startswith("cannot be read: the store of files ")
    assert reasons[1] == "missing"


def test_a_store_that_is_down_ends_the_night_in_words(published, proxy, monkeypatch, caplog):
    proxy.faults.append(Fault("503", lambda _method, path: "list-type" not in path and "uploads" not in path))
    with pytest.raises(StorageDown):
        found()
    monkeypatch.setattr(scrub.Share, "has", lambda _share, _id: True)
    tasks.scrub()
    assert "share was not read to its end: the store of files answered 503" in caplog.text


def test_staged_copies_stay_a_day(published):
    """It is true that an address of a staged copy which somebody was given before the flip still leads to bytes."""
    assert purge.staged_copies() == 0
    assert published.object_id in everything()


def test_nothing_reads_a_staged_copy_once_it_is_public(a_day_later, draft, ci, mike, mikes, tmp_path):
    """It is true that all who read a published file are given the public copy, and that nobody misses the staged one."""
    from drafts.operations import backup

    file = a_day_later
    assert not everything() & set(draft.files.values_list("object_id", flat=True))
    assert stored.fetched(Client().get(f"/files/{file.public_id}/{file.filename}")) == WHEEL.data
    page = mikes.get(draft_url(draft))
    assert page.status_code == 200
    assert stored.fetched(mikes.get(draft_url(draft, "file-download", file.filename))) == WHEEL.data
    assert ci.upload(wheels.wheel(version="2.0")).status_code == 200
    live = draft.project.drafts.live().get()
    base = f"/draft/{links.token(links.make(draft=live, by=Actor.system('tests')))}/files/{file.handle}"
    assert stored.fetched(Client().get(f"{base}/{file.filename}")) == WHEEL.data
    metadata = wheels.core_metadata("sampleproject", "1.0")
    assert stored.fetched(Client().get(f"{base}/{file.filename}.metadata")) == metadata
    backup.make(tmp_path / "backup", say=lambda _line: None)
    assert (tmp_path / "backup" / "objects" / file.object_id / file.filename).read_bytes() == WHEEL.data
    assert (tmp_path / "backup" / "objects" / file.object_id / METADATA).read_bytes() == metadata
    assert ci.upload(WHEEL).status_code == 200  # published already
    do_jobs()
    assert found() == []


@pytest.mark.parametrize("done", [0, 1, 2, 3])
def test_a_sweep_that_died_is_finished_by_the_next(published, proxy, done):
    """It is true that between any two deletions the sweep may end, and that the next one leaves nothing."""
    age(published)
    deletes = []

    def dies(method: str, path: str) -> bool:
        deletes.extend([path] if method == "DELETE" else [])
        return method == "DELETE" and len(deletes) > done

    proxy.faults.append(Fault("503", dies))
    with pytest.raises(StorageDown):
        purge.staged_copies()
    proxy.faults.clear()
    left = len([one for one in found() if one.is_wrong])
    assert left == 0
    purge.staged_copies()
    kept = Inspection.objects.values_list("object_id", flat=True)
    assert everything() - set(kept) == set(published.draft.files.values_list("public_id", flat=True))
    assert purge.staged_copies() == 0
