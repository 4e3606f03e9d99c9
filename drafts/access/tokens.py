"""The acts on tokens: make one, revoke one."""

from datetime import timedelta
from enum import StrEnum

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
from drafts.models import Draft, DraftLink, Project, Token, TokenKind

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


def make_purpose(project: Project) -> Purpose:
    """Return what a proof must be for to make a token on a page."""
    return Purpose(act="make a token", on=f"project:{project.pk}")


def revoke_purpose(token: Token) -> Purpose:
    """Return what a proof must be for to revoke this token on a page."""
    return Purpose(act="revoke a token", on=f"token:{token.pk}")


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
def revoke_as_owner(*, token: Token, by: Actor, proof: Proof) -> bool:
    """Revoke a token on a page, with a second factor given at that very act. Raises ProofRefused, NotYours."""
    project = Project.objects.lock(token.project_id)
    proof.demand(revoke_purpose(token))
    members.demand(project=project, user=proof.user, act=Act.TOKENS)
    if not end(token):
        return False
    audit.record(Event.REVOKED, on=token, by=by, method=proof.method)
    return True


def end(token: Token) -> bool:
    """Write that a token is revoked, for an act that holds the project's lock and records the event."""
    now = timezone.now()
    if Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=now) == 0:
        return False
    DraftLink.objects.filter(builder__token=token, revoked_at=None).update(revoked_at=now)
    if token.draft is not None:
        token.draft.bump()
    return True
