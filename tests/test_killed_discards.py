"""Promise 9, with real processes: SIGKILL at every effect of pasting a log, deleting a file, canceling a draft and purging its bytes."""

import pytest
from django.core.management import call_command
from django.utils import timezone

from accounts.models import AuditEvent
from drafts.models import DraftState, EvidenceLog, File, Job, Kind
from tests import bodies, wheels
from tests.conftest import draft_url, sign_in
from tests.inspected import inspect_now
from tests.killed import killer, pressed, seen, taken_over, until
from tests.killing import Order

__all__ = ["killer"]
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise, pytest.mark.timeout(480)]


def once(event: str) -> bool:
    """Whether an act is on record; twice is wrong whatever happened."""
    found = AuditEvent.objects.filter(event=event).count()
    assert found <= 1, event
    return bool(found)


def test_evidence_deletions_and_purges_that_are_killed_at_every_effect_are_whole_and_happen_once(
    killer, draft, rita, mike
):
    """It is true that rows, events and jobs come together or not at all, and that no row speaks of bytes that are gone."""
    inspect_now()
    reviewer, maintainer, steps = sign_in(rita), sign_in(mike), []
    built, sdist = wheels.wheel(), wheels.sdist()
    log = f"{built.sha256}  {built.filename}\n"

    def act(client, page: str, event: str, *more: str, **fields: str) -> None:
        order = until(lambda: once(event), lambda: pressed(client, draft_url(draft, page, *more), **fields))
        for step in killer.each(order):
            steps.append(step)
            canceled = File.objects.filter(state="canceled", filename=sdist.filename).exists()
            draft.refresh_from_db()
            assert EvidenceLog.objects.exists() == once("evidence:added"), step
            assert canceled == once("file:deleted"), step
            assert (draft.state == DraftState.CANCELED) == once("draft:canceled"), step

    act(reviewer, "evidence-add", "evidence:added", log=log)
    act(maintainer, "file-delete", "file:deleted", sdist.filename, seen=sdist.sha256)
    draft.refresh_from_db()
    act(maintainer, "draft-cancel", "draft:canceled", seen=draft.fingerprint())
    seen(
        steps,
        "before the commit of drafts.evidence.add",
        "before the commit of drafts.intake.deleting",
        "before the commit of drafts.intake.stage:cancel",
    )
    purged_at_every_effect(killer)
    call_command("verify_audit")


def purged_at_every_effect(killer) -> None:
    """Let the grace be over: rows say so before bytes go, and what a dead worker left behind has no row."""
    Job.objects.filter(kind=Kind.PURGE).update(not_before=timezone.now())
    jobs, steps = Job.objects.filter(kind=Kind.PURGE).count(), []
    for step in killer.each(lambda: taken_over(Order("jobs", kinds=(Kind.PURGE,)))):
        steps.append(step)
        there = bodies.stored()
        assert {file.object_id for file in File.objects.with_bytes()} <= there, step
        assert {log.object_id for log in EvidenceLog.objects.filter(purged_at=None)} <= there, step
    seen(
        steps,
        "claim",
        "before the commit of drafts.intake.purge:_purge_draft",
        "before the commit of drafts.intake.purge:_purge_file",
    )
    assert not File.objects.with_bytes().exists()
    purges = AuditEvent.objects.filter(event__in=("draft:purged", "file:purged"))
    assert (purges.count(), Job.objects.live().filter(kind=Kind.PURGE).count()) == (jobs, 0)
