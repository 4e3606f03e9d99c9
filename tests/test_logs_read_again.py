"""Logs that an older program read: this one reads them again, before anybody decides on what the older one made of them."""

import hashlib

import pytest
from django.core.management import call_command
from django.test import Client

from accounts.models import AuditEvent
from drafts.access import tokens
from drafts.evidence import again
from drafts.evidence.add import OBJECT_NAME, Text, paste, post
from drafts.evidence.logs import READER, parse
from drafts.evidence.verdicts import comparison
from drafts.models import Draft, EvidenceLog, LoggedDigest, TokenKind
from drafts.operations import tasks
from drafts.storage import storage
from tests import wheels
from tests.conftest import SYSTEM, publish

pytestmark = [pytest.mark.django_db, pytest.mark.state]
WHEEL, SDIST = wheels.wheel(), wheels.sdist()
IN_THE_COLOUR_OF_ITS_GROUND = f"\x1b[31mx\n\x1b[41m{WHEEL.sha256}  {WHEEL.filename}\x1b[0m\n".encode()


@pytest.fixture
def log(draft, rita):
    """A log that rita pasted, with one digest that no terminal shows."""
    return paste(draft=draft, data=IN_THE_COLOUR_OF_ITS_GROUND, label="build", user=rita, by=SYSTEM).log


def read_by_an_older_program() -> None:
    """Let what is kept be as a program kept it that saw no colours."""
    LoggedDigest.objects.update(hidden=False)
    EvidenceLog.objects.update(reader=READER - 1)


def verdict(draft) -> str:
    return str(comparison(draft).files[WHEEL.filename].verdict)


def _upgrade() -> None:
    call_command("prepare", verbosity=0)


@pytest.mark.promise
@pytest.mark.parametrize("reading", [_upgrade, tasks.expire], ids=["an upgrade", "the scheduler"])
def test_what_was_hidden_from_people_speaks_for_no_file(draft, log, reading):
    """It is true that a match which the older reading made of hidden text is none after the upgrade, on record."""
    read_by_an_older_program()
    assert verdict(draft) == "match"
    reading()
    assert verdict(draft) == "missing"
    log.refresh_from_db()
    assert (log.reader, log.found) == (READER, 1)
    event = AuditEvent.objects.get(event=again.Event.READ_AGAIN)
    assert (event.digest, event.details["hidden_before"], event.details["hidden"]) == (log.sha256, 0, 1)


def test_only_an_upgrade_reads_again_while_the_server_is_read_only(draft, log):
    """It is true that the scheduler changes nothing then, and that who upgrades does not publish on an older reading after."""
    read_by_an_older_program()
    call_command("readonly", reason="moving", verbosity=0)
    tasks.expire()
    assert verdict(draft) == "match"
    _upgrade()
    assert verdict(draft) == "missing"


def test_what_is_read_as_before_stays_and_is_on_no_record(draft, log):
    before = list(LoggedDigest.objects.values())
    EvidenceLog.objects.update(reader=READER - 1)
    assert (again.everything(), again.everything()) == (1, 0)
    assert list(LoggedDigest.objects.values()) == before
    assert not AuditEvent.objects.filter(event=again.Event.READ_AGAIN).exists()


def test_a_sidecar_keeps_the_name_that_its_file_gave_it(draft, rita):
    """It is true though the name of the file is kept nowhere."""
    name = f"{WHEEL.filename}.sha256"
    paste(draft=draft, data=f"{WHEEL.sha256}\n".encode(), label="sums", user=rita, by=SYSTEM, name=name)
    assert verdict(draft) == "match"
    EvidenceLog.objects.update(reader=READER - 1)
    assert again.everything() == 1
    assert verdict(draft) == "match"


def test_a_log_whose_text_is_gone_speaks_for_no_file(draft, log):
    read_by_an_older_program()
    storage().delete(log.object_id)
    again.everything()
    assert verdict(draft) == "missing"
    assert LoggedDigest.objects.get().hidden


def test_spoiled_text_is_not_read_and_holds_up_no_other_log(draft, log, rita):
    """It is true that other bytes than were kept put nothing in the place of what was read of those."""
    paste(draft=draft, data=b"\x1b[8m" + IN_THE_COLOUR_OF_ITS_GROUND, label="two", user=rita, by=SYSTEM)
    read_by_an_older_program()
    storage().delete(log.object_id)
    other = storage().create(log.object_id, OBJECT_NAME)
    other.write(b"spoiled")
    other.commit()
    before = list(log.digests.values())
    assert again.everything() == 1
    log.refresh_from_db()
    assert (log.reader, list(log.digests.values())) == (READER - 1, before)


def test_a_log_that_waits_for_its_release_is_read_again(project):
    token, _ = tokens.make(project=project, kind=TokenKind.EVIDENCE, by=SYSTEM)
    post(token=token, version_key="1", text=Text(IN_THE_COLOUR_OF_ITS_GROUND, "build"), by=SYSTEM)
    read_by_an_older_program()
    assert again.everything() == 1
    assert LoggedDigest.objects.get().hidden


def test_what_was_decided_on_stays_as_it_was_shown(draft, log, mike):
    """It is true that the record of a published release is not written anew."""
    LoggedDigest.objects.update(hidden=False)
    browser = Client()
    browser.force_login(mike)
    publish(draft, mike, browser)
    read_by_an_older_program()
    before = list(LoggedDigest.objects.values())
    assert Draft.objects.get().state == "published"
    assert again.everything() == 0
    assert list(LoggedDigest.objects.values()) == before


TEXTS = (
    IN_THE_COLOUR_OF_ITS_GROUND,
    f"\x1b[8m{WHEEL.sha256}  {WHEEL.filename}\x1b[0m\n{SDIST.sha256}  {SDIST.filename}\n".encode(),
    f"{WHEEL.sha256}  {WHEEL.filename}\rDone.\nSHA256 ({SDIST.filename}) = {SDIST.sha256}".encode(),
    f"dist/{WHEEL.filename}:\n--hash=sha256:{WHEEL.sha256}\n{SDIST.filename}\n  SHA256: {SDIST.sha256}".encode(),
    f"commit {'a' * 40}\n{'0' * 64}\n==> {WHEEL.filename}.sha256 <==\n{WHEEL.sha256}\n\u202e{SDIST.sha256}".encode(),
)
READ = {1: "4cca9f77badb3ca3"}


def test_a_reading_that_changed_has_a_new_number():
    """It is true that nobody changes how these texts are read without raising READER and adding its line here."""
    said = [
        (one.filename in {WHEEL.filename, SDIST.filename}, one.algorithm, one.line, one.form, one.hidden)
        for text in TEXTS
        for one in parse(text)
    ]
    assert READ[READER] == hashlib.sha256(repr(said).encode()).hexdigest()[:16], said
