"""A store that misbehaves: what is published is right all the same, what is refused leaves nothing, and people are told."""

from datetime import UTC, datetime, timedelta

import pytest
from django.conf import settings as django_settings
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client

from drafts.intake import purge
from drafts.models import BurntName, Draft, DraftState, EvidenceLog, File, Job, JobState, Kind
from drafts.operations import doctor
from drafts.storage import METADATA, StorageDown, StorageFull, new_object_id, storage
from tests import bodies, stored, wheels
from tests.conftest import do_jobs, draft_url, publish, totp_code
from tests.fault_proxy import Fault
from tests.stored import NAME, everything, kept, link_to
from tests.test_jobs import due_now

pytestmark = [
    pytest.mark.services,
    pytest.mark.django_db,
]
WHEEL = wheels.wheel()
OTHER = wheels.wheel(salt="other")


def writes(method: str, _path: str) -> bool:
    return method in {"PUT", "POST"}


def reads(method: str, path: str) -> bool:
    return method == "GET" and "list-type" not in path and "uploads" not in path


def of_public(method: str, path: str) -> bool:
    return reads(method, path) and "/public/" in path


@pytest.mark.parametrize("kind", ["503", "lost", "sent"])
def test_an_upload_that_the_store_does_not_take_leaves_nothing(ci, proxy, kind):
    """It is true that a store which is down, or which gets other bytes, means 503 in words: no row, no bytes, no event."""
    before = everything()
    proxy.faults.append(Fault(kind, writes))
    response = ci.upload(WHEEL)
    assert (response.status_code, bodies.codes(response)) == (503, {"storage-down"})
    assert int(response["Retry-After"]) > 0
    assert (File.objects.count(), Draft.objects.count()) == (0, 0)
    proxy.faults.clear()
    assert everything() == before
    assert ci.upload(WHEEL).status_code == 200


def test_a_slow_store_is_given_up(ci, proxy):
    proxy.faults.append(Fault("slow", writes, seconds=1.5))
    assert ci.upload(WHEEL).status_code == 503
    assert File.objects.count() == 0


def test_a_full_store_says_so(ci, proxy):
    before = everything()
    proxy.faults.append(Fault("507", writes))
    response = ci.upload(WHEEL)
    assert (response.status_code, bodies.codes(response)) == (507, {"storage-full"})
    assert File.objects.count() == 0
    assert everything() == before


def test_an_upload_whose_metadata_is_not_taken_leaves_nothing(ci, proxy):
    before = everything()
    proxy.faults.append(Fault("503", lambda method, path: method == "PUT" and path.endswith(METADATA)))
    assert ci.upload(WHEEL).status_code == 503
    assert File.objects.count() == 0
    assert everything() == before


@pytest.mark.parametrize("kind", ["503", "lost"])
def test_one_hiccup_is_not_noticed(ci, proxy, kind):
    proxy.faults.append(Fault(kind, writes, times=1))
    assert ci.upload(WHEEL).status_code == 200
    assert proxy.faults[0].seen == 1


def test_a_store_that_is_down_while_it_must_forget_is_swept_later(ci, proxy, monkeypatch):
    """It is true that an answer does not change because bytes could not be deleted, and that the sweep takes them."""
    assert ci.upload(WHEEL).status_code == 200
    before = everything()
    proxy.faults.append(Fault("503", lambda method, _path: method == "DELETE"))
    assert ci.upload(WHEEL).status_code == 200  # the same bytes again: nothing of them is kept
    assert proxy.faults[0].seen
    proxy.faults.clear()
    assert len(everything() - before) == 1
    monkeypatch.setattr("drafts.intake.rules.grace", lambda: timedelta(days=-1))
    purge.orphans()
    file = File.objects.get()
    assert not (everything() - before)
    assert file.object_id in everything()


def decide(draft: Draft, mikes: Client) -> Job:
    fields = {"fingerprint": draft.fingerprint(), "code": totp_code("mike")}
    assert mikes.post(draft_url(draft, "publish"), fields).status_code == 302
    return Job.objects.get(kind=Kind.PUBLISH)


def nothing_is_public() -> None:
    assert (File.objects.published().count(), BurntName.objects.filter(permanent=True).count()) == (0, 0)
    assert Client().get("/simple/sampleproject/").status_code == 404


def test_a_wrong_byte_at_the_destination_is_found(draft, mike, mikes, proxy):
    """It is true that the public copy is hashed, not the staged one, and that a copy nobody was told of is deleted."""
    before = everything()
    proxy.faults.append(Fault("got", of_public))
    publish(draft, mike, mikes)
    assert draft.state == DraftState.ERROR
    assert "does not have the bytes that were reviewed" in draft.error
    assert proxy.faults[0].seen
    nothing_is_public()
    assert everything() == before
    assert not File.objects.exclude(public_id=None).exists()
    proxy.faults.clear()
    publish(draft, mike, mikes)
    assert draft.state == DraftState.PUBLISHED


def test_a_copy_that_is_wrong_at_its_destination_is_found(draft, mikes):
    """It is true that what somebody put in the way at the public address does not count as the copy."""
    decide(draft, mikes)
    file = draft.files.get(filetype="bdist_wheel")
    key = f"public/{file.public_id}/{file.filename}"
    storage()._client.put_object(Bucket=django_settings.PRESSCHECK_S3_BUCKET, Key=key, Body=bytes(file.size))
    do_jobs()
    draft.refresh_from_db()
    assert draft.state == DraftState.ERROR
    nothing_is_public()
    assert file.public_id not in everything()


@pytest.mark.parametrize(
    ("kind", "hits"),
    [("503", writes), ("lost", writes), ("503", of_public), ("lost", of_public), ("cut", of_public)],
    ids=["copying, 503", "copying, lost", "hashing, 503", "hashing, lost", "hashing, cut"],
)
def test_publishing_waits_for_a_store_that_is_down(draft, mikes, proxy, kind, hits):
    """It is true that nothing shows while the store is down, and that all of it shows once it is back."""
    proxy.faults.append(Fault(kind, hits))
    job = decide(draft, mikes)
    do_jobs()
    job.refresh_from_db()
    draft.refresh_from_db()
    assert proxy.faults[0].seen
    assert (draft.state, job.state, job.failures) == (DraftState.PROCESSING, JobState.WAITING, 1)
    assert "StorageDown" in job.error
    nothing_is_public()
    proxy.faults.clear()
    due_now()
    do_jobs()
    draft.refresh_from_db()
    assert draft.state == DraftState.PUBLISHED
    assert File.objects.published().count() == 2


def test_a_copy_without_a_row_is_swept_after_a_day(draft, mike, mikes, monkeypatch):
    publish(draft, mike, mikes)
    public = set(File.objects.published().values_list("public_id", flat=True))
    orphan = kept(b"bytes", public=True)
    storage().promote(orphan)
    storage().delete(orphan.object_id)
    purge.orphans()
    assert orphan.public_id in everything()
    written = dict(storage().public_objects())[orphan.public_id]
    assert abs(written - datetime.now(UTC)) < timedelta(minutes=5)
    monkeypatch.setattr("drafts.intake.rules.grace", lambda: timedelta(days=-1))
    purge.orphans()
    assert orphan.public_id not in everything()
    assert public <= everything()


def test_readers_are_told_that_the_store_is_down(draft, proxy):
    """It is true that what must be read from the store is 503 with Retry-After, and that the rest goes on."""
    file = draft.files.get(filetype="bdist_wheel")
    path = link_to(draft, file)
    proxy.faults.append(Fault("503"))
    response = Client().get(path + ".metadata")
    assert response.status_code == 503
    assert int(response["Retry-After"]) > 0
    assert "no-store" in response["Cache-Control"]
    assert Client().head(path).status_code == 200
    assert Client().get(path.partition("/files/")[0] + "/simple/sampleproject/").status_code == 200


WRONG = {
    "it is down": ({}, Fault("503"), "does not answer|answered 503"),
    "bytes do not come back": ({}, Fault("got", reads), "do not come back"),
    "no such bucket": ({"PRESSCHECK_S3_BUCKET": "there-is-none"}, None, "no such bucket"),
    "a wrong secret": ({"AWS_SECRET_ACCESS_KEY": "wrong"}, None, "credentials"),
    "nobody there": ({"PRESSCHECK_S3_ENDPOINT": "http://127.0.0.1:9"}, None, "does not answer"),
}


@pytest.mark.parametrize(("changed", "fault", "words"), WRONG.values(), ids=WRONG.keys())
def test_the_doctor_says_what_is_wrong_with_the_store(proxy, settings, changed, fault, words):
    assert all(check.is_well for check in doctor.services() if check.name == "storage")
    for name, value in changed.items():
        setattr(settings, name, value)
    proxy.faults += [fault] if fault else []
    [check] = [check for check in doctor.services() if check.name == "storage"]
    assert not check.is_well
    assert any(word in check.problem for word in words.split("|"))
    assert Client().get("/readyz").status_code == 503


def test_something_else_that_answers_is_no_store(ci, proxy):
    """It is true that the page of a network's own gate, where an answer of the store should be, is a store that is down."""
    assert ci.upload(WHEEL).status_code == 200
    proxy.faults.append(Fault("page"))
    with pytest.raises(StorageDown):
        list(storage().objects())


def test_a_store_that_is_full_is_told_apart(proxy):
    proxy.faults.append(Fault("507"))
    writer = storage().create(new_object_id(), NAME)
    writer.write(b"x")
    with pytest.raises(StorageFull):
        writer.commit()
    writer.abort()


@pytest.mark.parametrize("published", [False, True], ids=["staged", "published"])
@pytest.mark.parametrize(
    "kind", ["got", "cut", "503", "lost", "slow"], ids=["other bytes", "half", "503", "reset", "silence"]
)
def test_metadata_is_sent_as_it_was_kept_or_not_at_all(draft, mike, mikes, proxy, kind, published):
    """It is true that what installers decide by is hashed before it goes out, and never half of it is sent."""
    file = draft.files.get(filetype="bdist_wheel")
    path = link_to(draft, file)
    if published:
        publish(draft, mike, mikes)
        file.refresh_from_db()
        path = f"/files/{file.public_id}/{file.filename}"
    proxy.faults.append(Fault(kind, reads, seconds=1.5))
    response = Client().get(path + ".metadata")
    assert (response.status_code, "immutable" in response["Cache-Control"]) == (503, False)
    assert int(response["Retry-After"]) > 0
    assert proxy.faults[0].seen
    proxy.faults.clear()
    assert stored.fetched(Client().get(path + ".metadata")) == wheels.core_metadata("sampleproject", "1.0")


@pytest.mark.parametrize("kind", ["503", "lost", "sent"])
def test_a_person_is_told_and_nothing_is_kept(draft, mikes, proxy, kind):
    """It is true that uploads and logs from the browser leave neither rows nor bytes when the store is away."""
    before, files = everything(), File.objects.count()
    proxy.faults.append(Fault(kind, writes))
    content = SimpleUploadedFile(OTHER.filename, OTHER.data)
    page = mikes.post(draft_url(draft, "file-upload"), {"content": content}, follow=True)
    assert "Not staged: the store of files" in page.content.decode()
    answer = mikes.post(draft_url(draft, "evidence-add"), {"log": f"{OTHER.sha256}  {OTHER.filename}\n"})
    assert answer.status_code == 503
    assert int(answer["Retry-After"]) > 0
    assert (File.objects.count(), EvidenceLog.objects.count()) == (files, 0)
    proxy.faults.clear()
    assert everything() == before


def test_a_log_that_is_there_already_is_no_failure_when_its_bytes_stay(draft, mikes, proxy):
    """It is true that a log pasted twice is one log, also while the store deletes nothing; the sweep takes the rest."""
    fields = {"log": f"{OTHER.sha256}  {OTHER.filename}\n"}
    assert mikes.post(draft_url(draft, "evidence-add"), fields).status_code == 302
    before = everything()
    proxy.faults.append(Fault("503", lambda method, _path: method == "DELETE"))
    assert mikes.post(draft_url(draft, "evidence-add"), fields).status_code == 302
    assert proxy.faults[0].seen
    proxy.faults.clear()
    assert EvidenceLog.objects.count() == 1
    (left,) = everything() - before
    storage().delete(left)
