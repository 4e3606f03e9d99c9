"""CI's copy is put back: an upload that replaced it goes, and what CI logged is staged again, byte for byte."""

import pytest

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.evidence import copies
from drafts.evidence.add import paste
from drafts.evidence.verdicts import comparison
from drafts.intake import putback
from drafts.models import Changed, File, Inspection, NotEditable
from drafts.storage import opened, storage
from tests import bodies, wheels
from tests.conftest import draft_url, publish
from tests.pressing import browser_of

pytestmark = pytest.mark.django_db
WHEEL = wheels.wheel(files={"sampleproject/core.py": "x = 1\n"})
TAMPERED = wheels.wheel(files={"sampleproject/core.py": "import os\nx = 1\n"})
SYSTEM = Actor.system("tests")


@pytest.fixture
def swapped(ci, rita):
    """A draft whose wheel was replaced after CI's log had named it."""
    ci.upload(WHEEL)
    file = File.objects.get()
    log = f"{WHEEL.sha256}  {WHEEL.filename}\n".encode()
    paste(draft=file.draft, data=log, label="run 8812", user=rita, by=SYSTEM)
    ci.upload(TAMPERED)
    return file.draft


def back(draft, **changes: str):
    arguments = {"filename": WHEEL.filename, "seen": TAMPERED.sha256, **changes}
    return putback.put_back(draft=draft, by=SYSTEM, **arguments)


def test_the_page_says_what_differs_and_puts_it_back(swapped, mike):
    """It is true that the blocker names who, when and which member, and one click ends it."""
    browser = browser_of(mike)
    page = browser.get(draft_url(swapped)).content.decode()
    assert "Do not publish: 1 of 1 file is not what CI logged (pasted)." in page
    assert "2 of 5 members differ: sampleproject/core.py, sampleproject-1.0.dist-info/RECORD." in page
    assert "It replaced CI&#x27;s copy" in page
    where = draft_url(swapped, "file-put-back", WHEEL.filename)
    assert where in page
    assert browser.post(where, {"seen": TAMPERED.sha256}).status_code == 302
    file = swapped.files.live().get()
    assert file.sha256 == WHEEL.sha256
    assert str(comparison(swapped).files[WHEEL.filename].verdict) == "match"


def test_it_is_said_of_large_files_too(swapped, mike, monkeypatch):
    """It is true that inspections' lists are compared, whatever the files' size, and no archive is opened for it."""
    monkeypatch.setattr(copies, "_AT_ONCE", 0)
    page = browser_of(mike).get(draft_url(swapped)).content.decode()
    assert "2 of 5 members differ: sampleproject/core.py, sampleproject-1.0.dist-info/RECORD." in page


def test_before_they_were_looked_into_small_files_are_read(swapped, mike, monkeypatch):
    Inspection.objects.all().delete()
    page = browser_of(mike).get(draft_url(swapped)).content.decode()
    assert "2 of 5 members differ: sampleproject/core.py" in page


def test_bytes_stager_and_record_are_right(swapped, ci, mike):
    """It is true that the file is CI's again, under a new address, and the event says who put it back."""
    before = swapped.files.live().get()
    browser_of(mike).post(draft_url(swapped, "file-put-back", WHEEL.filename), {"seen": TAMPERED.sha256})
    file = swapped.files.live().get()
    assert (file.staged_by_token, file.handle != before.handle) == (ci.row, True)
    with opened(file.kept) as kept:
        assert kept.read() == WHEEL.data
    event = AuditEvent.objects.get(event="file:put-back")
    assert (event.actor_label, event.digest, event.details["before"]) == (
        "mike",
        WHEEL.sha256,
        TAMPERED.sha256,
    )
    assert File.objects.get(pk=before.pk).superseded_by == file


def test_no_bytes_are_lost_or_left_without_a_row(swapped):
    """It is true that the objects stay the same ones: rows change, bytes lie where they lay."""
    stored = bodies.stored()
    back(swapped)
    assert bodies.stored() == stored
    rows = File.objects.with_bytes()
    assert {row.sha256 for row in rows} == {WHEEL.sha256, TAMPERED.sha256}
    for row in rows:
        with storage().open(row.object_id, row.filename) as kept:
            assert len(kept.read()) == row.size


def test_it_publishes_what_ci_built(swapped, mike):
    back(swapped)
    publish(swapped, mike)
    assert (swapped.state, File.objects.published().get().sha256) == ("published", WHEEL.sha256)


def test_forth_and_back_again(swapped, ci):
    """It is true that it can be replaced and put back once more."""
    back(swapped)
    ci.upload(TAMPERED)
    back(swapped)
    assert swapped.files.live().get().sha256 == WHEEL.sha256


def test_a_page_that_is_stale_puts_nothing_back(swapped, ci):
    """It is true that the act is for the bytes that were seen."""
    ci.upload(wheels.wheel(salt="once more"))
    with pytest.raises(Changed):
        back(swapped)
    assert not AuditEvent.objects.filter(event="file:put-back").exists()


def test_what_nobody_logged_is_not_put_back(ci, draft):
    """It is true that an earlier upload which no log names is no copy of CI's."""
    ci.upload(wheels.wheel(salt="other"))
    with pytest.raises(putback.NoCopy):
        putback.put_back(
            draft=draft, filename=WHEEL.filename, by=SYSTEM, seen=wheels.wheel(salt="other").sha256
        )


def test_a_copy_whose_bytes_are_gone_is_not_put_back(swapped):
    File.objects.superseded().update(purged_at="2026-01-01T00:00:00Z")
    with pytest.raises(putback.NoCopy):
        back(swapped)


def test_what_is_not_there_is_not_put_back(swapped):
    with pytest.raises(putback.NoCopy):
        back(swapped, filename="other-1.0-py3-none-any.whl")


def test_a_draft_that_is_being_published_stays(swapped, mike):
    type(swapped).objects.update(state="processing", publishing_fingerprint="0" * 64, publishing_by=mike)
    with pytest.raises(NotEditable):
        back(swapped)


def test_a_reviewer_cannot(swapped, rita):
    where = draft_url(swapped, "file-put-back", WHEEL.filename)
    assert browser_of(rita).post(where, {"seen": TAMPERED.sha256}).status_code == 403
    assert where not in browser_of(rita).get(draft_url(swapped)).content.decode()


def test_equal_contents_are_called_equal(ci, rita, mike):
    """It is true that a rebuild whose members are the same is told apart from one with other contents."""
    import zipfile

    ci.upload(WHEEL)
    draft = File.objects.get().draft
    paste(draft=draft, data=f"{WHEEL.sha256}  {WHEEL.filename}\n".encode(), label="log", user=rita, by=SYSTEM)
    ci.upload(wheels.wheel(files={"sampleproject/core.py": "x = 1\n"}, compression=zipfile.ZIP_STORED))
    page = browser_of(mike).get(draft_url(draft)).content.decode()
    assert "Their contents are equal, member by member: only times, order or compression" in page
    assert 'data-evidence="mismatch"' in page
