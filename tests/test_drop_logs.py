"""Logs and checksum files dropped on the draft page: several at once, each read by itself, each shown in its context."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import connection
from django.test.utils import CaptureQueriesContext

from accounts.audit import Actor
from drafts.evidence.add import paste
from drafts.evidence.verdicts import comparison
from drafts.models import EvidenceLog, LoggedDigest
from drafts.storage import storage
from tests import bodies, wheels
from tests.conftest import draft_url
from tests.pressing import browser_of

pytestmark = pytest.mark.django_db
WHEEL, SDIST = wheels.wheel(), wheels.sdist()
SYSTEM = Actor.system("tests")
STAMP = "2025-06-05T04:43:58.3724525Z "


def drop(browser, draft, *files: tuple[str, bytes], **form: str):
    sent = [SimpleUploadedFile(name, data) for name, data in files]
    return browser.post(draft_url(draft, "evidence-add"), {"files": sent, **form}, follow=True)


def verdicts(draft) -> set[str]:
    return {str(one.verdict) for one in comparison(draft).files.values()}


def test_several_files_at_once(draft, rita):
    """It is true that each file is a log of its own, by its name, and all are compared together."""
    response = drop(
        browser_of(rita),
        draft,
        ("linux.log", f"{WHEEL.sha256}  {WHEEL.filename}\n".encode()),
        ("SHA256SUMS", f"{SDIST.sha256}  {SDIST.filename}\n".encode()),
        label="run 8812",
    )
    assert b"1 digests were read from linux.log and compared." in response.content
    assert sorted(EvidenceLog.objects.values_list("label", flat=True)) == [
        "run 8812 SHA256SUMS",
        "run 8812 linux.log",
    ]
    assert verdicts(draft) == {"match"}


def test_a_sidecar_names_its_file_by_its_own_name(draft, rita):
    """It is true that a digest alone belongs to the file that the sidecar is called after."""
    drop(
        browser_of(rita),
        draft,
        (f"{WHEEL.filename}.sha256", f"{WHEEL.sha256}\n".encode()),
        (f"{SDIST.filename}.sha256", f"{SDIST.sha256}\n".encode()),
    )
    assert verdicts(draft) == {"match"}


def test_a_file_that_says_nothing_does_not_keep_the_others(draft, rita):
    before = bodies.stored()
    response = drop(
        browser_of(rita),
        draft,
        ("empty.log", b"nothing here"),
        ("sums", f"{WHEEL.sha256}  {WHEEL.filename}\n".encode()),
    )
    assert b"empty.log: No digest was found" in response.content
    assert len(bodies.stored() - before) == EvidenceLog.objects.count() == 1


def test_pasted_text_and_files_come_together(draft, rita):
    drop(
        browser_of(rita),
        draft,
        ("sums", f"{SDIST.sha256}  {SDIST.filename}\n".encode()),
        log=f"{WHEEL.sha256}  {WHEEL.filename}\n",
    )
    assert verdicts(draft) == {"match"}


def test_a_person_has_a_limit_for_each_day(draft, rita, settings):
    settings.EVIDENCE_DAY_LIMIT = 150
    line = f"{WHEEL.sha256}  {WHEEL.filename}\n".encode()
    response = drop(browser_of(rita), draft, ("one", line), ("two", line + b"\n"))
    assert "MB of logs a day are kept from one person or token" in response.content.decode()
    assert EvidenceLog.objects.count() == 1


LOG = "\n".join(
    [
        f"{STAMP}##[group]Run python -m build",
        f"{STAMP}building",
        f"{STAMP}##[group]Run python -m pip hash dist/*",
        f"{STAMP}dist/{WHEEL.filename}:",
        f"{STAMP}--hash=sha256:{WHEEL.sha256}",
        f"{STAMP}<b>done</b>\u202e",
    ]
)


def test_a_line_stands_in_its_context_with_its_step(draft, rita):
    """It is true that the row names log, line and step, and shows the lines around, spelled out and escaped."""
    paste(draft=draft, data=LOG.encode(), label="run 8812", user=rita, by=SYSTEM)
    digest = LoggedDigest.objects.get()
    assert (digest.step, digest.line) == ("python -m pip hash dist/*", 5)
    page = browser_of(rita).get(draft_url(draft)).content.decode()
    assert "run 8812 › line 5" in page
    assert "step python -m pip hash dist/*" in page
    assert "&lt;b&gt;done&lt;/b&gt;⟨U+202E⟩" in page


def test_the_log_has_a_page_with_the_line_in_it(draft, rita, charlie):
    """It is true that a member reads what was kept around a line, and a stranger does not."""
    log = paste(draft=draft, data=LOG.encode(), label="run 8812", user=rita, by=SYSTEM).log
    where = draft_url(draft, "evidence-log", log.pk)
    page = browser_of(rita).get(f"{where}?line=5").content.decode()
    assert 'id="line-5" data-it' in page
    assert "&lt;b&gt;done&lt;/b&gt;⟨U+202E⟩" in page
    assert browser_of(charlie).get(where).status_code == 404
    for line in ("0", "x", "-1", "999999999999", "²", "99999"):
        assert browser_of(rita).get(where, {"line": line}).status_code == 200


def test_a_log_of_another_draft_is_not_found(draft, ci, rita):
    ci.upload(wheels.wheel(version="2.0"))
    log = paste(draft=draft, data=LOG.encode(), label="", user=rita, by=SYSTEM).log
    other = draft.project.drafts.get(version="2.0")
    assert browser_of(rita).get(draft_url(other, "evidence-log", log.pk)).status_code == 404


def test_a_log_whose_text_is_gone_says_so(draft, rita):
    log = paste(draft=draft, data=LOG.encode(), label="", user=rita, by=SYSTEM).log
    where = f"{draft_url(draft, 'evidence-log', log.pk)}?line=5"
    storage().delete(log.object_id)
    assert "The text cannot be read now." in browser_of(rita).get(where).content.decode()
    EvidenceLog.objects.update(purged_at="2026-01-01T00:00:00Z")
    assert "The text was deleted" in browser_of(rita).get(where).content.decode()


def test_the_page_asks_as_often_for_many_logs_as_for_one(draft, rita, ci):
    """It is true that the number of queries does not grow with logs, files or lines."""
    browser = browser_of(rita)

    def asked() -> int:
        with CaptureQueriesContext(connection) as queries:
            assert browser.get(draft_url(draft)).status_code == 200
        return len(queries)

    line = f"{WHEEL.sha256}  {WHEEL.filename}\n"
    paste(draft=draft, data=line.encode(), label="0", user=rita, by=SYSTEM)
    asked()
    before = asked()
    for number in range(1, 6):
        paste(draft=draft, data=(f"{number}\n" + line).encode(), label=str(number), user=rita, by=SYSTEM)
    for tag in ("cp312-cp312-win_amd64", "cp313-cp313-win_amd64"):
        ci.upload(wheels.wheel(tag=tag))
    assert asked() == before
