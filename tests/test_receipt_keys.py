"""The keys that sign receipts: rotated, revoked, encrypted at rest, and published."""

import base64
import hashlib
import json
from io import StringIO

import pytest
from django.core.management import call_command

from accounts.models import AuditEvent
from drafts.management.refusals import Refused
from drafts.models import Draft, ReceiptKey
from drafts.publishing.receipt import keys
from drafts.publishing.receipt.envelope import PublicKey, covered, key_id
from tests import wheels
from tests.conftest import draft_url, publish, sign_in
from tests.test_receipts import folder, in_the_docs, published, save_keys, verified

__all__ = ["folder", "published"]
pytestmark = pytest.mark.django_db


def test_after_a_rotation_old_and_new_receipts_are_genuine(folder, ci, mike, rita):
    before = ReceiptKey.objects.get()
    call_command("rotate_receipt_key", stdout=StringIO())
    save_keys(folder)
    assert verified(folder, "--keys", str(folder / "presscheck.json"))
    assert in_the_docs(folder).returncode == 0
    for built in (wheels.wheel(version="2.0"), wheels.sdist(version="2.0")):
        assert ci.upload(built).status_code == 200
    newer = Draft.objects.get(version="2.0")
    publish(newer, mike)
    (folder / "receipt.json").write_bytes(sign_in(rita).get(draft_url(newer, "receipt")).content)
    assert before.key_id not in verified(folder)
    before.refresh_from_db()
    assert before.private_sealed == ""


def test_the_receipts_of_a_revoked_key_count_no_more(folder):
    key = ReceiptKey.objects.get().key_id
    call_command(
        "rotate_receipt_key", "--revoke", key, "--reason", "the backup was stolen", stdout=StringIO()
    )
    save_keys(folder)
    for options in ((), ("--keys", str(folder / "presscheck.json"))):
        with pytest.raises(Refused, match=r"was revoked at .*: the backup was stolen"):
            verified(folder, *options)
    assert in_the_docs(folder).returncode
    (told,) = json.loads((folder / "presscheck.json").read_text())["receipt_keys"]
    assert (told["id"], bool(told["revoked"]), bool(told["until"])) == (key, True, True)
    assert [one.event for one in AuditEvent.objects.filter(on_id=key).order_by("seq")] == [
        "receipt-key:made",
        "receipt-key:revoked",
    ]


def test_a_key_that_nobody_can_open_any_more_is_replaced(folder, ci, mike, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another secret of many characters", []
    row, _ = keys.current()
    assert ReceiptKey.objects.count() == 2
    assert row.until is None
    save_keys(folder)
    assert verified(folder)


def test_the_private_half_lies_encrypted(published):
    row, private = keys.current()
    raw = private.private_bytes_raw()
    assert row.key_id == key_id(private.public_key().public_bytes_raw())
    assert raw.hex() not in row.private_sealed
    assert base64.b64encode(raw).decode() not in row.private_sealed


def test_there_is_no_key_to_revoke_by_another_name():
    with pytest.raises(Refused, match="no receipt key nobody"):
        call_command("rotate_receipt_key", "--revoke", "nobody")


def test_a_key_as_it_is_published_is_read_again(published):
    (key,) = keys.listed()
    assert PublicKey.of(key.values) == key
    assert hashlib.sha256(key.public).hexdigest()[:32] == key.id
    assert covered(b"x") == b"DSSEv1 28 application/vnd.in-toto+json 1 x"
