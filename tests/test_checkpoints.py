"""Checkpoints: what an operator does to the record behind everybody's back is found by whoever kept one of them."""

import base64
import json
from collections.abc import Callable
from datetime import timedelta
from importlib import import_module
from io import StringIO
from types import SimpleNamespace

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core import mail
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts import audit
from accounts.models import AuditChain, AuditCheckpoint, AuditEvent
from drafts.access import links
from drafts.models import Receipt, ReceiptKey
from drafts.publishing import checkpoints
from drafts.publishing.checkpoints import form
from drafts.publishing.receipt import keys
from drafts.publishing.receipt.envelope import seal
from tests.conftest import SYSTEM, make_ci, publish

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
LIST = "/.well-known/presscheck-audit"


@pytest.fixture
def published(draft, mike, mikes):
    """sampleproject 1.0, published: with a receipt, and the first checkpoint."""
    publish(draft, mike, mikes)
    return draft


@pytest.fixture
def kept(published, tmp_path):
    """What others kept before anything was forged, by name: files for ``--against``."""
    another()
    name = AuditCheckpoint.objects.latest("number")
    texts = {
        "a receipt": json.dumps(Receipt.objects.get().envelope),
        "a checkpoint": json.dumps(name.envelope),
        "the list": Client().get(LIST).content.decode(),
        "a mail": f"Dear owner,\n\n{checkpoints.line(name)}\n\n-- \n",
    }
    for index, text in enumerate(texts.values()):
        (tmp_path / f"{index}.kept").write_text(text)
    return {what: tmp_path / f"{index}.kept" for index, what in enumerate(texts)}


def another() -> AuditCheckpoint:
    """Sign the heads as they are now."""
    with transaction.atomic():
        return checkpoints.make()


def verify(*arguments: str) -> list[str]:
    """What verify_audit prints; empty when all holds."""
    out = StringIO()
    try:
        call_command("verify_audit", *arguments, stdout=out)
    except CommandError as error:
        return [*out.getvalue().splitlines(), str(error)]
    return out.getvalue().splitlines()


def without_triggers() -> None:
    """Do what whoever has the database does first."""
    by_hand = SimpleNamespace(connection=connection, execute=connection.cursor().execute)
    for name in ("0002_append_only", "0005_checkpoints"):
        import_module(f"accounts.migrations.{name}").drop(None, by_hand)


def rehash(scope: str) -> None:
    """Write every hash of a chain anew, and its head: what the triggers and the walk along the chain cannot see."""
    previous, seq = "", 0
    for row in AuditEvent.objects.filter(scope=scope).order_by("seq"):
        seq += 1
        row.seq, row.previous = seq, previous
        row.hash = previous = audit.chained_hash(row)
        row.save()
    AuditChain.objects.filter(scope=scope).update(seq=seq, hash=previous)


def rewritten(scope: str) -> None:
    AuditEvent.objects.filter(scope=scope, seq=2).update(actor_label="somebody else")
    rehash(scope)


def left_out(scope: str) -> None:
    AuditEvent.objects.filter(scope=scope, seq=3).delete()
    rehash(scope)


def set_back(scope: str) -> None:
    """Restore a backup of before the publish."""
    AuditEvent.objects.filter(scope=scope, seq__gt=3).delete()
    rehash(scope)
    AuditCheckpoint.objects.all().delete()


def set_back_and_grown(scope: str) -> None:
    """Restore a backup, and let the record grow to where it was, with other events and checkpoints."""
    set_back(scope)
    with transaction.atomic():
        for number in range(9):
            audit.record(links.Event.MADE, on=_on(scope), by=SYSTEM, number=number)
    for _ in range(3):
        another()


def _on(scope: str) -> audit.Subject:
    return audit.Subject(scope, "project", "1", "sampleproject")


def deleted(scope: str) -> None:
    AuditEvent.objects.filter(scope=scope).delete()
    AuditChain.objects.filter(scope=scope).delete()


def resigned(scope: str) -> None:
    """Rewrite the record, and sign every checkpoint anew with the server's own key."""
    rewritten(scope)
    AuditCheckpoint.objects.all().delete()
    with transaction.atomic():
        checkpoints.make()
        checkpoints.make(full=True)


FORGERIES = {
    "a row rewritten, and all hashes after it, and the head": (rewritten, "rewritten"),
    "an event left out, and all that follow renumbered": (left_out, "rewritten"),
    "an older backup restored": (set_back, "set back"),
    "an older backup restored, and grown again": (set_back_and_grown, "fork"),
    "a whole chain deleted": (deleted, "chain is gone"),
    "the record rewritten and signed anew": (resigned, "fork"),
}
KEPT = ["a receipt", "a checkpoint", "the list", "a mail"]


@pytest.mark.parametrize("what", KEPT)
@pytest.mark.parametrize(("forge", "words"), FORGERIES.values(), ids=FORGERIES.keys())
def test_who_kept_something_finds_it(published, kept, forge: Callable[[str], None], words, what):
    """It is true that each forgery leaves a record that looks whole by itself, and is found by whatever was kept."""
    scope = published.project.audit_subject.scope
    assert verify("--against", str(kept[what])) == []
    without_triggers()
    forge(scope)
    assert list(audit.verify()) == []
    said = verify("--against", str(kept[what]))
    assert words in " ".join(said)


@pytest.mark.parametrize("what", KEPT)
def test_an_honest_record_grows(published, ci, mike, mikes, kept, what):
    """It is true that what is kept stays good however much comes after, and after keys were replaced."""
    make_ci(published.project)
    keys.rotate(by=SYSTEM)
    another()
    assert verify("--against", str(kept[what])) == []
    assert verify() == []


def test_a_key_that_the_server_does_not_know_proves_nothing(published, tmp_path):
    """It is true that a checkpoint of a stranger's key is refused in words, and not taken for a sign of forgery."""
    said = json.loads(base64.b64decode(AuditCheckpoint.objects.get().envelope["payload"]))
    forged = seal(said, Ed25519PrivateKey.generate(), form.PAYLOAD_TYPE)
    (tmp_path / "forged").write_text(json.dumps(forged))
    assert "has no key" in verify("--against", str(tmp_path / "forged"))[-1]


def test_a_kept_list_of_keys_counts_and_not_the_servers(published, kept, tmp_path):
    """It is true that a server which swapped its keys is found with the list that was kept before."""
    (tmp_path / "keys").write_text(Client().get("/.well-known/presscheck.json").content.decode())
    arguments = ("--against", str(kept["a checkpoint"]), "--keys", str(tmp_path / "keys"))
    assert verify(*arguments) == []
    (tmp_path / "keys").write_text('{"receipt_keys": []}')
    assert "has no key" in verify(*arguments)[-1]


def test_a_revoked_key_proves_nothing(published, kept):
    keys.revoke(key=ReceiptKey.objects.get(until=None).key_id, reason="stolen", by=SYSTEM)
    assert "was revoked" in verify("--against", str(kept["a checkpoint"]))[-1]
    assert verify() == []


OWN = {
    "heads changed": {"heads": {"site": [1, "0" * 64]}},
    "a root changed": {"root": "0" * 64},
    "a name changed": {"sha256": "0" * 64},
    "a link changed": {"previous": "0" * 64},
    "an envelope swapped": {"envelope": {"payloadType": "x"}},
}


@pytest.mark.parametrize("changed", OWN.values(), ids=OWN.keys())
def test_a_checkpoint_that_was_changed_is_found_without_anything_kept(published, changed):
    another()
    without_triggers()
    AuditCheckpoint.objects.filter(number=2).update(**changed)
    assert "checkpoints #2" in " ".join(verify())


def test_a_checkpoint_that_is_missing_is_found(published):
    another()
    without_triggers()
    AuditCheckpoint.objects.filter(number=1).delete()
    assert "checkpoint 1 is missing" in verify()[0]


REFUSED = {
    "update": lambda: AuditCheckpoint.objects.update(root="0" * 64),
    "delete": lambda: AuditCheckpoint.objects.all().delete(),
    "save": lambda: AuditCheckpoint.objects.get().save(),
}


@pytest.mark.parametrize("act", REFUSED.values(), ids=REFUSED.keys())
def test_the_database_refuses_to_change_one(published, act):
    before = list(AuditCheckpoint.objects.values())
    with pytest.raises(DatabaseError), transaction.atomic():
        act()
    assert list(AuditCheckpoint.objects.values()) == before


def test_anybody_can_keep_the_list(published, settings):
    """It is true that it goes on from any number, and that a full page is kept longer by caches."""
    from drafts.publishing.checkpoints import views

    another()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(views, "PAGE", 1)
        first = Client().get(LIST)
        second = Client().get(first.json()["next"])
        last = Client().get(second.json()["next"])
    numbers = [
        json.loads(base64.b64decode(one.json()["checkpoints"][0]["payload"]))["number"]
        for one in (first, second)
    ]
    assert (numbers, last.json()) == ([1, 2], {"checkpoints": [], "next": None})
    assert [one["Cache-Control"] for one in (first, last)] == ["max-age=86400, public", "max-age=60, public"]
    for wrong in ("-1", "x", "1" * 19, "²"):
        assert Client().get(LIST, {"after": wrong}).status_code == 404
    settings.INDEX_IS_PRIVATE = True
    assert Client().get(LIST).status_code == 401


def test_what_is_signed_says_nothing_of_projects(draft, mike, mikes):
    """It is true that a draft which nobody knows of leaves no trace in it: no name, no count, no digest that tells."""
    with transaction.atomic():
        one, other = checkpoints.make(), checkpoints.make()
    text = json.dumps([one.envelope, other.envelope]) + Client().get(LIST).content.decode()
    payload = base64.b64decode(one.envelope["payload"]).decode()
    assert set(json.loads(payload)) == {"type", "server", "number", "at", "previous", "root", "key"}
    assert one.root != other.root, "the same heads, and nobody can tell"
    assert "sampleproject" not in text + payload
    assert "project:" not in payload


def test_the_day_has_one(published):
    """It is true that the scheduler signs the heads in full once a day, however often it tries."""
    assert checkpoints.daily() is not None
    assert checkpoints.daily() is None
    with pytest.MonkeyPatch.context() as patch:
        later = timezone.now() + timedelta(days=1)
        patch.setattr(timezone, "now", lambda: later)
        made = checkpoints.daily()
        assert made is not None
        assert made.full
        assert checkpoints.daily() is None
    event = AuditEvent.objects.filter(event="audit:checkpoint").latest("seq")
    assert (event.scope, event.digest, event.details) == ("site", made.sha256, {"broken": []})


def test_owners_are_mailed_its_name(draft, mike, mikes, django_capture_on_commit_callbacks):
    mail.outbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        publish(draft, mike, mikes)
    (letter,) = [one for one in mail.outbox if "receipt" in one.subject]
    assert letter.to == ["alice@example.org"]
    assert checkpoints.line(AuditCheckpoint.objects.get()) in " ".join(letter.body.split())
