"""Every blocker, made to occur: its words, its owner and its link are the same on the page, for CI and at the act."""

import re
from html import unescape
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.test import Client

from drafts.models import Draft, DraftState
from drafts.publishing.policy import Code, blockers
from tests import blocked
from tests.blocked import Cast
from tests.conftest import draft_url
from tests.pressing import browser_of, press

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
HERE = "/projects/sampleproject/drafts/1.0/"
PROJECT = "/projects/sampleproject/"

# code: how it comes about, its words (numbers, causes), who clears it, where
EVERY = {
    Code.NO_FILES: (blocked.no_files, "No files: nothing is staged yet", "CI", f"{HERE}#files"),
    Code.FILE_NOT_READY: (
        blocked.not_ready,
        r"Not ready: 1 of 2 files is still on the way: sampleproject-1\.0\.tar\.gz \(processing\)",
        "CI",
        f"{HERE}#files",
    ),
    Code.FILE_FAILED: (
        blocked.failed,
        "Upload failed: .*-7-py3-none-any.whl did not become part .* CI can send it again",
        "CI, or you",
        f"{HERE}#files",
    ),
    Code.BUILDER_FILES: (
        blocked.builder,
        "builder Ann Other: 2 of 2 files are missing",
        "maintainer",
        f"{HERE}#builders",
    ),
    Code.EXPECTED_MISSING: (
        blocked.expected,
        "Missing: 1 of 2 files that CI announced is not here: .*win_amd64",
        "CI, or you",
        f"{HERE}#blockers",
    ),
    Code.EVIDENCE_MISMATCH: (
        blocked.differs,
        "Not CI's bytes: The staged bytes are not what CI logged",
        "you",
        f"{HERE}#blockers",
    ),
    Code.EVIDENCE_CONFLICT: (
        blocked.conflict,
        "Logs disagree: One log says what is staged",
        "you",
        f"{HERE}#evidence",
    ),
    Code.EVIDENCE_MISSING: (
        blocked.evidence_missing,
        "Evidence missing: no log names 2 of 2 files",
        "CI, or you",
        f"{HERE}#evidence",
    ),
    Code.EVIDENCE_WEAK: (
        blocked.evidence_weak,
        "Evidence too weak: 2 of 2 files match by evidence of rank pasted",
        "CI, or you",
        f"{HERE}#evidence",
    ),
    Code.NAME_PUBLISHED: (
        blocked.name_published,
        r"Published already: sampleproject-1\.0-py3-none-any\.whl is on the index with other bytes",
        "you",
        f"{HERE}#files",
    ),
    Code.BEING_INSPECTED: (
        blocked.being_inspected,
        "Being inspected: 1 of 2 files inspected",
        "Presscheck",
        f"{HERE}#findings",
    ),
    Code.NOT_INSPECTED: (
        blocked.not_inspected,
        r"Could not be inspected: .*tar\.gz\. It took too long\. Inspect it again",
        "you",
        f"{HERE}files/sampleproject-1.0.tar.gz/",
    ),
    Code.FINDING_REFUSED: (
        blocked.refused,
        r"sampleproject-1\.0-1-py3-none-any\.whl: .*sampleproject/more\.py",
        "you",
        f"{HERE}#findings",
    ),
    Code.CREDENTIAL_LEAKED: (
        blocked.leaked,
        "-1-py3-none-any.whl: .*Revoke what leaked",
        "you",
        f"{HERE}#findings",
    ),
    Code.STAGED_BY_LEAKED: (
        blocked.token_leaked,
        r"Staged by a token that leaked: 2 of 2 files were staged by token \"release\.yml\", which strangers had: .*\.whl, ",
        "you",
        f"{HERE}#blockers",
    ),
    Code.NOT_AS_LAST_TIME: (
        blocked.lost,
        r"Missing wheel: Windows would build from source on CPython 3\.13\. 1\.0 had .*win_amd64",
        "CI, or you",
        "/projects/sampleproject/drafts/1.1/#blockers",
    ),
    Code.PATTERN_MISSING: (
        blocked.pattern,
        r"Missing file: no file matches \*-win_amd64\.whl",
        "CI, or you",
        f"{HERE}#blockers",
    ),
    Code.ENVIRONMENT_CHANGED: (
        blocked.adds,
        "Another file than today: 1 of 40 environments",
        "you",
        f"{HERE}#blockers",
    ),
    Code.NEW_FILE: (blocked.adds, "New kind of file: sampleproject-1.0-cp313", "you", f"{HERE}#blockers"),
    Code.SOURCES_DIFFER: (
        blocked.other_sources,
        r"Other sources: .*differ from the published sampleproject 1\.0 in 1 file",
        "you",
        f"{HERE}#blockers",
    ),
    Code.SOURCES_UNKNOWN: (
        blocked.unknown_sources,
        "Sources not compared: .*Was the version meant to change",
        "you",
        f"{HERE}#blockers",
    ),
    Code.RELEASE_CLOSED: (
        blocked.closed,
        r"Release closed: sampleproject 1\.0 is published and .* reopen it for 7 days",
        "you",
        f"{PROJECT}releases/1.0/",
    ),
    Code.APPROVALS_MISSING: (
        blocked.approvals,
        r"Approvals missing: 1 of 2 approvals, by alice\. The approval of rita is void: files changed since",
        "a reviewer",
        f"{HERE}#approvals",
    ),
    Code.CHANGES_WANTED: (
        blocked.changes_wanted,
        r"Changes wanted: rita says: The changelog is missing\. Only rita can take this back",
        "rita",
        f"{HERE}#approvals",
    ),
    Code.SOAK: (blocked.soak, "Time to look: 6 h of 24 h since", "the clock", f"{HERE}#history"),
    Code.REPORTS_UNANSWERED: (
        blocked.reports,
        "A tester says it is broken: 1 of 1 such report without an answer: .*Tom",
        "you",
        f"{HERE}#testers",
    ),
    Code.PROJECT_ARCHIVED: (
        blocked.archived,
        r"Archived: sampleproject is archived \(Use another\.\)",
        "owner",
        f"{PROJECT}#status",
    ),
    Code.PROJECT_QUARANTINED: (
        blocked.quarantined,
        r"In quarantine: the operators .* took sampleproject off it: Malware\.",
        "operator",
        f"{PROJECT}#status",
    ),
    Code.RELEASE_QUARANTINED: (
        blocked.held,
        r"In quarantine: the operators .* took sampleproject 1\.0 off it, and nobody would get these files: It ships a key logger\.",
        "operator",
        f"{PROJECT}releases/1.0/",
    ),
    Code.READ_ONLY: (
        blocked.read_only,
        "Read-only: nothing changes on this server now: The disk is being replaced",
        "operator",
        f"{HERE}#blockers",
    ),
    Code.IN_TRAIN: (blocked.train, r"In a train: .*the train 2026\.11, all or none", "you", "/trains/"),
    Code.TARGET_NOT_READY: (
        blocked.target,
        r"Upstream index not ready: PyPI does not answer\. Presscheck looks again every few minutes",
        "you",
        f"{PROJECT}#upstream",
    ),
    Code.TARGET_ATTESTATIONS: (
        blocked.attestations,
        r"PyPI will show no attestations for these files: 0\.9 has them there",
        "you",
        f"{HERE}#blockers",
    ),
}


def test_every_blocker_has_its_row():
    """It is true of all but the one that only the act meets: what ended, or is being published, has no button."""
    assert set(EVERY) == set(Code) - {Code.ENDED}


def test_every_blocker_is_documented():
    rows = re.findall(r"^\| (`[^|]*) \|", (settings.BASE_DIR / "docs/blockers.md").read_text(), re.MULTILINE)
    assert {one for row in rows for one in re.findall(r"`([a-z-]+)`", row)} == set(Code)


@pytest.mark.parametrize("code", EVERY, ids=str)
def test_page_ci_and_act_say_the_same(draft, ci, alice, mike, rita, code):
    """It is true that each gives the sentence, the owner and the link, and that reviewers may open the link too."""
    happen, words, owner, where = EVERY[code]
    cast = Cast(draft, ci, alice, mike, rita)
    happen(cast)
    draft = Draft.objects.select_related("project").get(pk=cast.draft.pk)
    (found,) = [one for one in blockers(draft, publisher=mike.pk) if one.code == code]
    assert re.search(words, found.sentence)
    assert (found.owner, found.link.startswith(where)) == (owner, True), found.link
    for reader in (mike, rita):
        _leads_there(browser_of(reader), draft, found)
    told = Client().get(f"/upload/{draft.handle}/", headers={"Authorization": cast.ci.basic}).json()
    (one,) = [one for one in told["meta"]["_presscheck"]["blockers"] if one["code"] == code]
    assert (one["message"], one["owner"]) == (found.sentence, found.owner)
    assert one["link"].endswith(found.link)
    _the_act_refuses(browser_of(mike), draft, found)


def _leads_there(client: Client, draft: Draft, found) -> None:
    page = client.get(draft_url(draft)).content.decode()
    shown = page.partition(f'data-blocker="{found.code}"')[2].partition("</li>")[0]
    assert f'class="owner">{found.owner}<' in shown
    assert found.detail in unescape(shown)
    there = client.get(found.link)
    assert there.status_code == 200
    if fragment := urlsplit(found.link).fragment:
        assert f'id="{fragment}"' in there.content.decode()


def _the_act_refuses(client: Client, draft: Draft, found) -> None:
    answer = press(client, draft, code="000000")
    text = unescape(answer.content.decode())
    if found.code == Code.READ_ONLY:
        assert (answer.status_code, "The disk is being replaced." in text) == (503, True)
    else:
        assert answer.status_code == 409
        said = text.partition('id="publish-error"')[2].partition("</ul>")[0]
        assert f'href="{found.link}"' in said
        assert found.sentence in said
    draft.refresh_from_db()
    assert draft.state == DraftState.OPEN
