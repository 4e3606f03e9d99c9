"""Receipts of publishing: what they say, who can check them, and every way to forge one."""

import ast
import base64
import json
import re
import subprocess
import sys
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
import rfc8785
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from django.core.management import call_command
from django.test import Client

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.management.refusals import Refused
from drafts.models import Draft, Job, Kind, Receipt, ReceiptKey, jobs
from drafts.publishing.receipt import keys
from drafts.publishing.receipt.envelope import seal, spelled
from tests import wheels
from tests.conftest import do_jobs, draft_url, publish, sign_in

pytestmark = pytest.mark.django_db
DOCS = Path(__file__).resolve().parent.parent / "docs" / "receipts.md"
OPERATOR = Actor.system("command line")


@pytest.fixture
def published(draft, mike) -> Draft:
    """sampleproject 1.0, published by mike."""
    publish(draft, mike, note="At last")
    return draft


@pytest.fixture
def folder(published, rita, tmp_path) -> Path:
    """What rita has: the receipt, the server's list of keys, and the files in dist."""
    receipt = sign_in(rita).get(draft_url(published, "receipt"))
    (tmp_path / "receipt.json").write_bytes(receipt.content)
    save_keys(tmp_path)
    (tmp_path / "dist").mkdir()
    for built in (wheels.wheel(), wheels.sdist()):
        built.write(tmp_path / "dist")
    return tmp_path


def save_keys(folder: Path) -> None:
    (folder / "presscheck.json").write_bytes(Client().get("/.well-known/presscheck.json").content)


def verified(folder: Path, *options: str) -> str:
    """What ``verify_receipt`` says of the receipt in a folder. Raises Refused."""
    out = StringIO()
    call_command("verify_receipt", str(folder / "receipt.json"), *options, stdout=out)
    return out.getvalue()


def in_the_docs(folder: Path) -> subprocess.CompletedProcess[str]:
    """Run the script of docs/receipts.md on it, as somebody without Presscheck would."""
    script = re.search(r"```python\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL).group(1)
    assert len(ast.parse(script).body) <= 10
    command = [sys.executable, "-c", script, "receipt.json"]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


def said(folder: Path) -> dict:
    return json.loads(base64.b64decode(json.loads((folder / "receipt.json").read_text())["payload"]))


def test_a_receipt_says_what_was_published_by_whom_and_on_what_evidence(folder, published, mike):
    event = AuditEvent.objects.get(event="draft:published")
    statement = said(folder)
    subjects = {one["name"]: one["digest"]["sha256"] for one in statement["subject"]}
    assert subjects == {built.filename: built.sha256 for built in (wheels.wheel(), wheels.sdist())}
    about = statement["predicate"]
    assert (about["project"], about["version"]) == ("sampleproject", "1.0")
    assert about["publishedBy"]["name"] == str(mike)
    assert about["fingerprint"] == published.fingerprint()
    assert about["note"] == "At last"
    assert about["evidence"] == event.details["evidence"]
    assert about["audit"] == {"scope": event.scope, "seq": event.seq, "hash": event.hash}
    assert about["publishedAt"] <= about["signedAt"]


def test_a_receipt_is_genuine_to_everybody(folder):
    assert verified(folder).startswith("genuine: sampleproject 1.0, 2 files, published by")
    everything = ("--keys", str(folder / "presscheck.json"), "--files", str(folder / "dist"))
    assert verified(folder, *everything) == verified(folder)
    script = in_the_docs(folder)
    assert (script.returncode, script.stdout, script.stderr) == (0, "", "")


def test_it_is_on_the_page_of_the_published_draft_for_its_members_alone(published, rita, charlie):
    page = sign_in(rita).get(draft_url(published)).content.decode()
    assert "Download the signed receipt" in page
    assert sign_in(charlie).get(draft_url(published, "receipt")).status_code == 404
    assert Client().get(draft_url(published, "receipt")).status_code == 302


def test_a_draft_that_is_not_published_has_none(draft, rita):
    assert "signed receipt" not in sign_in(rita).get(draft_url(draft)).content.decode()
    assert sign_in(rita).get(draft_url(draft, "receipt")).status_code == 404


def other_statement(envelope: dict, change) -> dict:
    """The envelope with its statement changed and its signature kept."""
    statement = json.loads(base64.b64decode(envelope["payload"]))
    change(statement)
    return {**envelope, "payload": base64.b64encode(rfc8785.dumps(statement)).decode()}


def signed_by_a_stranger(envelope: dict, named: str = "") -> dict:
    """The same statement, signed with a key that somebody made; ``named`` as a key of the server."""
    forged = seal(json.loads(base64.b64decode(envelope["payload"])), Ed25519PrivateKey.generate())
    forged["signatures"][0]["keyid"] = named or forged["signatures"][0]["keyid"]
    return forged


def other_digest(statement: dict) -> None:
    statement["subject"][0]["digest"]["sha256"] = "0" * 64


def other_evidence(statement: dict) -> None:
    statement["predicate"]["evidence"] = []


FORGED = {
    "another digest": (lambda e: other_statement(e, other_digest), "was changed, or is forged"),
    "other evidence": (lambda e: other_statement(e, other_evidence), "was changed, or is forged"),
    "a stranger's key": (signed_by_a_stranger, "has no key"),
    "a stranger's key under the server's name": (
        lambda e: signed_by_a_stranger(e, e["signatures"][0]["keyid"]),
        "was changed, or is forged",
    ),
    "another type": (lambda e: {**e, "payloadType": "text/plain"}, "something else"),
    "no signature": (lambda e: {**e, "signatures": []}, "not a receipt"),
    "two signatures": (lambda e: {**e, "signatures": e["signatures"] * 2}, "not a receipt"),
    "a broken signature": (
        lambda e: {**e, "signatures": [{**e["signatures"][0], "sig": "QUJD"}]},
        "was changed, or is forged",
    ),
    "a key that is a list": (
        lambda e: {**e, "signatures": [{**e["signatures"][0], "keyid": ["a"]}]},
        "has no key",
    ),
    "nothing": (lambda _: {}, "not a receipt"),
    "a list": (lambda _: [], "not a receipt"),
}


@pytest.mark.promise
@pytest.mark.parametrize(("forge", "reason"), FORGED.values(), ids=FORGED.keys())
def test_a_forged_receipt_is_not_genuine(forge, reason, folder):
    envelope = json.loads((folder / "receipt.json").read_text())
    (folder / "receipt.json").write_text(json.dumps(forge(envelope)))
    with pytest.raises(Refused, match=reason):
        verified(folder)
    with pytest.raises(Refused, match=reason):
        verified(folder, "--keys", str(folder / "presscheck.json"))
    if reason != "something else":  # the script does not look at what it does not sign
        assert in_the_docs(folder).returncode


def test_a_file_with_other_bytes_is_named(folder):
    (folder / "dist" / wheels.wheel().filename).write_bytes(b"other")
    with pytest.raises(Refused, match="does not have the bytes"):
        verified(folder, "--files", str(folder / "dist"))
    assert in_the_docs(folder).returncode


@pytest.mark.promise
def test_a_key_that_signed_something_else_makes_no_receipt(folder):
    """It is true that a statement of another type is no receipt, though the server's own key signed it."""
    row, private = keys.current()
    envelope = seal({"_type": "x", "predicate": {"signedAt": spelled(row.valid_from)}}, private)
    (folder / "receipt.json").write_text(json.dumps(envelope))
    with pytest.raises(Refused, match="not a receipt"):
        verified(folder)


# How the key's time is moved, and what is said of a receipt that is not within it.
TIMES = {
    "a key of the future": (
        {"valid_from": timedelta(hours=1), "until": timedelta(hours=2)},
        "nothing before",
    ),
    "a key that had ended": (
        {"valid_from": -timedelta(hours=2), "until": -timedelta(hours=1)},
        "nothing after",
    ),
}


@pytest.mark.promise
@pytest.mark.parametrize(("moved", "reason"), TIMES.values(), ids=TIMES.keys())
def test_a_receipt_of_another_time_than_its_keys_is_not_genuine(moved, reason, folder):
    key = ReceiptKey.objects.get()
    now = key.valid_from
    ReceiptKey.objects.update(**{name: now + by for name, by in moved.items()})
    save_keys(folder)
    with pytest.raises(Refused, match=reason):
        verified(folder)
    assert in_the_docs(folder).returncode


def test_a_receipt_waits_for_its_worker_and_is_written_once(published):
    receipt = Receipt.objects.get()
    jobs.enqueue(kind=Kind.RECEIPT, subject=published.subject)
    do_jobs()
    assert Receipt.objects.get().envelope == receipt.envelope
    assert AuditEvent.objects.filter(event="draft:receipt").count() == 1
    assert not Job.objects.live().filter(kind=Kind.RECEIPT).exists()


@pytest.mark.promise
def test_publishing_and_the_receipts_job_are_one_transaction(draft, mike, monkeypatch):
    """It is true that a worker which dies after publishing left the job that writes the receipt."""
    from drafts.publishing.receipt import job as receipt

    def dies(_job: Job) -> None:
        raise MemoryError

    monkeypatch.setattr(receipt, "work", dies)
    publish(draft, mike)
    assert draft.state == "published"
    assert not Receipt.objects.exists()
    assert Job.objects.live().filter(kind=Kind.RECEIPT, subject=draft.subject).exists()
    monkeypatch.undo()
    Job.objects.update(not_before=draft.opened_at)
    do_jobs()
    assert Receipt.objects.filter(draft=draft).exists()


def test_what_is_no_receipt_or_no_list_of_keys_is_named(folder):
    with pytest.raises(Refused, match="cannot be read"):
        call_command("verify_receipt", str(folder / "nothing.json"))
    with pytest.raises(Refused, match="no list of keys"):
        verified(folder, "--keys", str(folder / "receipt.json"))
