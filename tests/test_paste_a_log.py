"""A member pastes a log of CI: its digests are read, compared with the staged bytes, and stand against them."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.evidence.add import paste
from drafts.intake import stage
from drafts.models import EvidenceLog, LoggedDigest
from drafts.storage import storage
from tests import bodies, wheels
from tests.conftest import draft_url, publish

pytestmark = pytest.mark.django_db
WHEEL, SDIST = wheels.wheel(), wheels.sdist()


@pytest.fixture
def ritas(rita):
    """rita's browser."""
    client = Client()
    client.force_login(rita)
    return client


def shown(client: Client, draft) -> dict[str, str]:
    """Each file's verdict, as scripts read it off the page."""
    page = client.get(draft_url(draft)).content.decode()
    rows = page.split('data-file="')[1:]
    return {row.split('"')[0]: row.split('data-evidence="')[1].split('"')[0] for row in rows}


def add(client: Client, draft, log: str, **form: str):
    return client.post(draft_url(draft, "evidence-add"), {"log": log, **form}, follow=True)


LOGS = {
    "the digest of the wheel": (f"{WHEEL.sha256}  dist/{WHEEL.filename}", "match"),
    "its BLAKE2b": (f"BLAKE2b ({WHEEL.filename}) = {WHEEL.blake2b_256}", "match"),
    "Windows lines": (f"build\r\n{WHEEL.sha256}  {WHEEL.filename}\r\nend\r\n", "match"),
    "another digest": (f"{'0' * 64}  {WHEEL.filename}", "mismatch"),
    "both": (f"{WHEEL.sha256}  {WHEEL.filename}\n{'0' * 64}  {WHEEL.filename}", "conflict"),
    "the sdist alone": (f"{SDIST.sha256}  {SDIST.filename}", "missing"),
}


@pytest.mark.parametrize(("log", "verdict"), LOGS.values(), ids=LOGS.keys())
def test_a_log_is_compared_with_the_staged_bytes(draft, ritas, log, verdict):
    """It is true that each file's row says what the log says of it."""
    assert set(shown(ritas, draft).values()) == {"none"}
    assert add(ritas, draft, log).status_code == 200
    assert shown(ritas, draft)[WHEEL.filename] == verdict


def test_a_log_is_kept_as_it_came(draft, ritas, rita):
    log = f"café ✓\n{WHEEL.sha256}  {WHEEL.filename}\n"
    add(ritas, draft, log, label="run 8812")
    row = EvidenceLog.objects.get()
    assert (row.label, row.added_by_user, row.size, row.cut) == ("run 8812", rita, len(log.encode()), False)
    with storage().open(row.object_id, "evidence.log") as kept:
        assert kept.read().replace(b"\r\n", b"\n") == log.encode()
    digest = LoggedDigest.objects.get()
    assert (digest.filename, digest.digest, digest.line) == (WHEEL.filename, WHEEL.sha256, 2)


def test_a_log_that_says_nothing_is_not_kept(draft, ritas):
    before = bodies.stored(), AuditEvent.objects.count()
    for log in ("", "all good, 12 passed", "0123456789abcdef"):
        assert b"No digest was found" in add(ritas, draft, log).content
    assert (bodies.stored(), AuditEvent.objects.count()) == before
    assert not EvidenceLog.objects.exists()


def test_the_same_log_again_is_known(draft, ritas, mike):
    log = f"{WHEEL.sha256}  {WHEEL.filename}"
    add(ritas, draft, log)
    before = bodies.stored(), AuditEvent.objects.count()
    assert b"was here already" in add(ritas, draft, log).content
    assert (bodies.stored(), AuditEvent.objects.count()) == before
    other = Client()
    other.force_login(mike)
    add(other, draft, log)
    assert EvidenceLog.objects.count() == 2


def test_a_long_log_is_cut_and_says_so(draft, rita, settings):
    settings.EVIDENCE_SIZE_LIMIT = 200
    first, last = f"{WHEEL.sha256}  {WHEEL.filename}\n", f"\n{SDIST.sha256}  {SDIST.filename}\n"
    data = (first + "." * 100 + last).encode()
    added = paste(draft=draft, data=data, label="", user=rita, by=Actor.system("tests"))
    assert (added.log.cut, added.log.size, added.digests) == (True, 200, 1)


def test_a_log_for_an_ended_draft_is_refused(draft, ritas):
    stage.cancel(draft=draft, by=Actor.system("tests"))
    before = bodies.stored()
    assert b"canceled" in add(ritas, draft, f"{WHEEL.sha256}  {WHEEL.filename}").content
    assert not EvidenceLog.objects.exists()
    assert bodies.stored() == before


def test_evidence_does_not_change_what_is_reviewed(draft, ritas):
    before = draft.fingerprint()
    add(ritas, draft, f"{WHEEL.sha256}  {WHEEL.filename}")
    assert draft.fingerprint() == before


def test_a_replaced_file_is_compared_anew(draft, ritas, ci):
    """It is true that a match does not outlive the bytes it spoke of."""
    add(ritas, draft, f"{WHEEL.sha256}  {WHEEL.filename}")
    ci.upload(wheels.wheel(salt="new"))
    assert shown(ritas, draft)[WHEEL.filename] == "mismatch"
    ci.upload(WHEEL)
    assert shown(ritas, draft)[WHEEL.filename] == "match"


def test_a_log_is_shown_as_text(draft, ritas):
    """It is true that nothing of a log reaches the page as markup."""
    add(
        ritas,
        draft,
        f"<script>alert(1)</script>\n{'0' * 64}  {WHEEL.filename}",
        label="<img src=x onerror=1>",
    )
    page = ritas.get(draft_url(draft)).content
    assert b"<script>alert" not in page
    assert b"<img src=x" not in page
    assert b"&lt;img src=x" in page


def test_the_drafts_own_checksums_are_a_log_that_matches(draft, ritas):
    sums = ritas.get(draft_url(draft, "evidence-sums")).content.decode()
    assert sorted(sums.split()[1::2]) == sorted([WHEEL.filename, SDIST.filename])
    add(ritas, draft, sums)
    assert set(shown(ritas, draft).values()) == {"match"}


def test_the_page_says_how_long_a_log_is_kept(draft, ritas):
    """It is true while the draft lives, after it was canceled, and when the text is gone."""
    add(ritas, draft, f"{WHEEL.sha256}  {WHEEL.filename}")
    until = draft.expires_at + timedelta(hours=24)
    assert (
        f"kept until {until:%d %B %Y}, for good if published" in ritas.get(draft_url(draft)).content.decode()
    )
    stage.cancel(draft=draft, by=Actor.system("tests"))
    draft.refresh_from_db()
    until = draft.ended_at + timedelta(hours=24)
    log = EvidenceLog.objects.get()
    where = draft_url(draft, "evidence-log", log.pk)
    assert f"kept until {until:%d %B %H:%M} UTC" in ritas.get(where).content.decode()
    EvidenceLog.objects.update(purged_at=until)
    assert "its text was deleted with what was not published" in ritas.get(where).content.decode()


@pytest.mark.state
def test_a_published_releases_log_is_kept_for_good(draft, ritas, mike):
    add(ritas, draft, f"{WHEEL.sha256}  {WHEEL.filename}")
    publish(draft, mike)
    assert "kept for good" in ritas.get(draft_url(draft)).content.decode()
