"""Promise 4: the bytes that are published are the bytes whose SHA-256 was shown; they are hashed again on the way out."""

import hashlib
import json

import pytest
from django.test import Client

from accounts.models import AuditEvent
from drafts.models import BurntName, DraftState, File, IndexPage, Job, JobState
from tests import stored, wheels
from tests.conftest import do_jobs, draft_url, publish, totp_code

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}


def one_bit(data: bytes) -> bytes:
    changed = bytearray(data)
    changed[len(data) // 2] ^= 1
    return bytes(changed)


TAMPERED = {
    "one bit": one_bit,
    "cut": lambda data: data[:-1],
    "grown": lambda data: data + b"\0",
    "emptied": lambda _: b"",
    "another wheel": lambda _: wheels.wheel(salt="evil").data,
    "gone": lambda _: None,
}


@pytest.mark.parametrize("metadata", [False, True], ids=["file", "METADATA"])
@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED.keys())
def test_bytes_that_changed_in_storage_are_not_published(draft, mike, mikes, tamper, metadata, mailoutbox):
    """It is true that one changed file keeps the whole draft back, in words, and gives it back to its maintainers, with an alarm."""
    file = draft.files.get(filetype="bdist_wheel")
    stored.change(file, tamper, metadata=metadata)
    publish(draft, mike, mikes)
    assert draft.state == DraftState.ERROR
    assert file.filename in draft.error
    assert (IndexPage.objects.count(), File.objects.published().count(), BurntName.objects.count()) == (
        0,
        0,
        0,
    )
    assert Client().get("/simple/sampleproject/").status_code == 404
    assert not File.objects.exclude(public_id=None).exists()
    assert list(AuditEvent.objects.order_by("-pk").values_list("event", flat=True)[:2]) == [
        "draft:publishing-failed",
        "draft:publishing",
    ]
    assert Job.objects.get(kind="publishing.publish").state == JobState.FAILED
    page = mikes.get(draft_url(draft)).content.decode()
    assert "nothing was published" in page or "is not in the store" in page
    do_jobs()
    (alarm,) = [
        one for one in mailoutbox if "not those that were reviewed" in one.subject and one.to == [mike.email]
    ]
    assert file.filename in alarm.body


def test_a_draft_that_failed_is_mended_and_published(draft, mike, mikes, ci):
    """It is true that the names are free again: a whole file replaces the broken one, and all is published."""
    file = draft.files.get(filetype="bdist_wheel")
    stored.change(file, one_bit)
    publish(draft, mike, mikes)
    assert draft.state == DraftState.ERROR
    assert ci.upload(wheels.wheel(salt="whole")).status_code == 200
    publish(draft, mike, mikes)
    assert draft.state == DraftState.PUBLISHED
    assert draft.error == ""
    assert File.objects.published().get(filetype="bdist_wheel").sha256 == wheels.wheel(salt="whole").sha256


def test_a_row_that_changed_after_the_click_is_not_published(draft, mikes):
    """It is true that the fingerprint of the click decides, not what the rows say when the job runs."""
    fields = {"fingerprint": draft.fingerprint(), "code": totp_code("mike")}
    mikes.post(draft_url(draft, "publish"), fields)
    file = draft.files.get(filetype="sdist")
    evil = wheels.sdist(salt="evil")
    stored.change(file, lambda _: evil.data)
    File.objects.filter(pk=file.pk).update(sha256=evil.sha256, size=evil.size)
    do_jobs()
    draft.refresh_from_db()
    assert draft.state == DraftState.ERROR
    assert File.objects.published().count() == 0


def test_what_is_served_has_the_digests_that_were_shown(draft, mike, mikes):
    """It is true that page, index and bytes agree on every digest, METADATA's too."""
    shown = mikes.get(draft_url(draft, "evidence-sums")).content.decode()
    publish(draft, mike, mikes)
    files = json.loads(Client().get("/simple/sampleproject/", headers=JSON).content)["files"]
    assert len(files) == 2
    for file in files:
        data = stored.fetched(Client().get(file["url"]))
        assert hashlib.sha256(data).hexdigest() == file["hashes"]["sha256"]
        assert f"{file['hashes']['sha256']}  {file['filename']}" in shown
        metadata = stored.fetched(Client().get(file["url"] + ".metadata"))
        assert hashlib.sha256(metadata).hexdigest() == file["core-metadata"]["sha256"]
