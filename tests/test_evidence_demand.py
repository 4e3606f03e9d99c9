"""What evidence a project demands for every file, and what blocks publishing without it."""

import pytest

from accounts.audit import Actor
from drafts.access import tokens
from drafts.evidence.add import Text, paste, post
from drafts.models import EvidenceDemand, Project, TokenKind
from drafts.publishing.policy import blockers
from tests import wheels
from tests.conftest import draft_url, publish
from tests.pressing import browser_of

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
WHEEL, SDIST = wheels.wheel(), wheels.sdist()
SYSTEM = Actor.system("tests")
BOTH = f"{WHEEL.sha256}  {WHEEL.filename}\n{SDIST.sha256}  {SDIST.filename}\n"
WHEEL_ALONE = BOTH.split("\n", 1)[0]


def given(how: str, draft, ci, mike, log: str) -> None:
    """Add evidence as this person or token would."""
    kinds = {"self": TokenKind.UPLOAD, "ci": TokenKind.EVIDENCE}
    if how == "pasted":
        paste(draft=draft, data=log.encode(), label="log", user=mike, by=SYSTEM)
    elif how:
        token = ci.row if how == "self" else tokens.make(project=draft.project, kind=kinds[how], by=SYSTEM)[0]
        post(token=token, version_key=draft.version_key, text=Text(log.encode(), "log"), by=SYSTEM)


# demand, how the evidence came, what it names -> codes of the blockers
RULES = [
    ("nothing", "", BOTH, []),
    ("nothing", "self", BOTH, []),
    ("pasted", "", BOTH, ["evidence-missing"]),
    ("pasted", "self", BOTH, ["evidence-weak"]),
    ("pasted", "pasted", BOTH, []),
    ("pasted", "pasted", WHEEL_ALONE, ["evidence-missing"]),
    ("pasted", "ci", BOTH, []),
    ("ci", "pasted", BOTH, ["evidence-weak"]),
    ("ci", "ci", BOTH, []),
    ("ci", "ci", WHEEL_ALONE, ["evidence-missing"]),
    ("ci", "pasted", WHEEL_ALONE, ["evidence-missing", "evidence-weak"]),
    ("fetched", "ci", BOTH, ["evidence-weak"]),
    ("attested", "ci", BOTH, ["evidence-weak"]),
    (
        "pasted",
        "pasted",
        f"{'0' * 64}  {WHEEL.filename}\n{SDIST.sha256}  {SDIST.filename}\n",
        ["evidence-mismatch"],
    ),
    ("pasted", "pasted", f"{WHEEL.sha256}\n{SDIST.sha256}\n", ["evidence-missing"]),
]


@pytest.mark.parametrize(("demand", "how", "log", "codes"), RULES)
def test_the_demand_blocks_what_does_not_meet_it(draft, ci, mike, demand, how, log, codes):
    """It is true that page and act ask for the same, and name each file that falls short."""
    Project.objects.update(evidence_demand=demand)
    given(how, draft, ci, mike, log)
    draft.refresh_from_db()
    assert [str(blocker.code) for blocker in blockers(draft)] == codes
    publish(draft, mike)
    assert draft.state == ("open" if codes else "published")


def test_the_blocker_says_how_many_and_which(draft, mike, rita):
    Project.objects.update(evidence_demand=EvidenceDemand.CI)
    paste(draft=draft, data=WHEEL_ALONE.encode(), label="log", user=rita, by=SYSTEM)
    page = browser_of(mike).get(draft_url(draft)).content.decode()
    assert "no log names 1 of 2 files with the digest that is staged" in page
    assert "Not yet: " in page
    assert "The project demands evidence of rank <em>ci</em> or better for every file." in page
    assert 'data-blocker="evidence-weak"' in page


def test_an_empty_draft_is_asked_for_files_first(project, ci):
    Project.objects.update(evidence_demand=EvidenceDemand.FETCHED)
    ci.upload(WHEEL)
    draft = project.drafts.get()
    draft.files.get().cancel()
    draft.refresh_from_db()
    assert [str(blocker.code) for blocker in blockers(draft)] == ["no-files"]
