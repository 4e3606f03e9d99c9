"""The acts of setting evidence aside, so that wrong evidence cannot block for ever, and of counting it again."""

from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.stepup import Proof, Purpose
from drafts.access import members
from drafts.access.roles import Act
from drafts.models import Draft, EvidenceLog

LONGEST = 2000


class Event(StrEnum):
    """What is on record of it."""

    SET_ASIDE = "evidence:set-aside"
    COUNTED_AGAIN = "evidence:counted-again"


class NoReason(Exception):
    """Evidence is set aside with a reason, which the record keeps."""


def purpose(log: EvidenceLog) -> Purpose:
    """Return what a proof must be for to set this log aside, or to count it again."""
    return Purpose(act="set evidence aside", on=log.subject, fingerprint=log.sha256)


def check(reason: str) -> str:
    """Return the reason as it is kept, before a code is spent. Raises NoReason."""
    kept = reason.strip()[:LONGEST]
    if not kept:
        raise NoReason("Say why this log does not count: the record of the release keeps the reason.")
    return kept


@transaction.atomic
def set_aside(*, log: EvidenceLog, reason: str, by: Actor, proof: Proof) -> bool:
    """Let a log count for nothing from now on; it stays listed, with the reason. False when it was so before.

    Raises NoReason, ProofRefused, NotYours, NotEditable.
    """
    draft = _lock(log, proof)
    reason = check(reason)
    aside = EvidenceLog.objects.filter(pk=log.pk, set_aside_at=None)
    if not aside.update(set_aside_at=timezone.now(), set_aside_by=proof.user, set_aside_reason=reason):
        return False
    _record(Event.SET_ASIDE, draft, log, by, proof, reason)
    return True


@transaction.atomic
def count_again(*, log: EvidenceLog, by: Actor, proof: Proof) -> bool:
    """Take back that a log was set aside. False when it was not. Raises ProofRefused, NotYours, NotEditable."""
    draft = _lock(log, proof)
    aside = EvidenceLog.objects.filter(pk=log.pk).exclude(set_aside_at=None)
    if not aside.update(set_aside_at=None, set_aside_by=None, set_aside_reason=""):
        return False
    _record(Event.COUNTED_AGAIN, draft, log, by, proof, "")
    return True


def _lock(log: EvidenceLog, proof: Proof) -> Draft:
    assert log.draft is not None
    draft = Draft.objects.lock(log.draft)
    proof.demand(purpose(log))
    members.demand(project=draft.project, user=proof.user, act=Act.SET_ASIDE)
    draft.must_be_editable()
    return draft


def _record(event: Event, draft: Draft, log: EvidenceLog, by: Actor, proof: Proof, reason: str) -> None:
    draft.bump()
    audit.record(
        event, on=draft, by=by, digest=log.sha256, label=log.label, reason=reason, method=proof.method
    )
