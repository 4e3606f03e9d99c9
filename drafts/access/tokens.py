"""The acts on tokens: make one, revoke one, say that one leaked."""

from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.models import User
from accounts.stepup import Proof, Purpose
from drafts import secrets
from drafts.access import members
from drafts.access.limits import Limits
from drafts.access.roles import Act
from drafts.models import Draft, DraftLink, File, Project, Token, TokenKind
from drafts.models.files import IN_DRAFT

PREFIX = {
    TokenKind.UPLOAD: secrets.Prefix.UPLOAD,
    TokenKind.EVIDENCE: secrets.Prefix.EVIDENCE,
    TokenKind.READ: secrets.Prefix.READ,
}


NO_LIMITS = Limits()


class Event(StrEnum):
    """What can happen to a token."""

    MADE = "token:made"
    REVOKED = "token:revoked"
    LEAKED = "token:leaked"


def make_purpose(project: Project) -> Purpose:
    """Return what a proof must be for to make a token on a page."""
    return Purpose(act="make a token", on=f"project:{project.pk}")


def revoke_purpose(token: Token, *, leaked: bool = False) -> Purpose:
    """Return what a proof must be for to revoke this token on a page, or to say as well that it leaked."""
    return Purpose(act="revoke a token that leaked" if leaked else "revoke a token", on=f"token:{token.pk}")


@transaction.atomic
def make(
    *,
    project: Project,
    kind: TokenKind,
    by: Actor,
    user: User | None = None,
    label: str = "",
    days: int = 90,
    add_only: bool = False,
    limits: Limits = NO_LIMITS,
) -> tuple[Token, str]:
    """Make a token and return it with its text, which is shown this once."""
    project = Project.objects.lock(project.pk)
    token, text = new(
        project=project, kind=kind, user=user, label=label, days=days, add_only=add_only, limits=limits
    )
    _record_made(token, by, days, limits)
    return token, text


@transaction.atomic
def make_as_owner(
    *,
    project: Project,
    kind: TokenKind,
    by: Actor,
    proof: Proof,
    label: str,
    days: int,
    add_only: bool,
    limits: Limits,
) -> tuple[Token, str]:
    """Make a token on a page, with a second factor given at that very act. Raises ProofRefused, NotYours."""
    project = Project.objects.lock(project.pk)
    proof.demand(make_purpose(project))
    members.demand(project=project, user=proof.user, act=Act.TOKENS)
    token, text = new(
        project=project,
        kind=kind,
        user=proof.user,
        label=label,
        days=days,
        add_only=add_only,
        limits=limits,
    )
    _record_made(token, by, days, limits, method=proof.method)
    return token, text


def _record_made(token: Token, by: Actor, days: int, limits: Limits, **more: str) -> None:
    terms = {"kind": token.kind, "days": days, "add_only": token.add_only, **limits.as_details()}
    audit.record(Event.MADE, on=token, by=by, **terms, **more)


def new(
    *,
    project: Project,
    kind: TokenKind,
    user: User | None,
    label: str,
    days: int,
    add_only: bool,
    limits: Limits,
    draft: Draft | None = None,
) -> tuple[Token, str]:
    """Write the row of a token, for an act that holds the project's lock and records the event."""
    text, digest = secrets.new_token(PREFIX[kind])
    token = Token.objects.create(
        project=project,
        kind=kind,
        label=label.strip()[:200] or f"{kind} token",
        token_sha256=digest,
        add_only=add_only,
        versions=list(limits.versions),
        patterns=list(limits.patterns),
        addresses=list(limits.addresses),
        draft=draft,
        created_by=user,
        expires_at=timezone.now() + timedelta(days=days),
    )
    return token, text


@transaction.atomic
def revoke(*, token: Token, by: Actor) -> bool:
    """Revoke a token, at once; a builder's link goes with it. False when it was revoked before."""
    Project.objects.lock(token.project_id)
    if not end(token):
        return False
    audit.record(Event.REVOKED, on=token, by=by)
    return True


@transaction.atomic
def revoke_as_owner(*, token: Token, by: Actor, proof: Proof, leaked: bool = False) -> bool:
    """Revoke a token on a page, with a second factor given at that very act. Raises ProofRefused, NotYours.

    ``leaked``: strangers have it, so each file that it staged is confirmed or deleted before it is published. That can
    also be said of a token that was revoked before. False when there was nothing left to do.
    """
    project = Project.objects.lock(token.project_id)
    proof.demand(revoke_purpose(token, leaked=leaked))
    members.demand(project=project, user=proof.user, act=Act.TOKENS)
    ended = end(token)
    said = doubt(token) if leaked else {}
    if ended or said:
        audit.record(Event.REVOKED if ended else Event.LEAKED, on=token, by=by, method=proof.method, **said)
    return ended or bool(said)


def doubt(token: Token) -> dict[str, Any]:
    """Mark what a token staged that leaked: all that is in drafts, replaced uploads too, since they can be put back.

    Part of an act that revoked it and holds the project's lock. Returns what the event says; nothing if it was said before.
    """
    if Token.objects.filter(pk=token.pk, leaked_at=None).update(leaked_at=timezone.now()) == 0:
        return {}
    touched = Draft.objects.live().filter(files__staged_by_token=token).order_by("pk").distinct()
    drafts = [Draft.objects.lock(draft) for draft in touched]
    staged = File.objects.filter(draft__in=drafts, staged_by_token=token)
    count = staged.filter(state__in=IN_DRAFT).count()
    staged.update(leaked_at=timezone.now())
    for draft in drafts:
        draft.bump()
    return {"leaked": True, "files": count}


def end(token: Token) -> bool:
    """Write that a token is revoked, for an act that holds the project's lock and records the event."""
    now = timezone.now()
    if Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now) == 0:
        return False
    DraftLink.objects.filter(builder__token=token, revoked_at=None).update(revoked_at=now)
    if token.draft is not None:
        token.draft.bump()
    return True
