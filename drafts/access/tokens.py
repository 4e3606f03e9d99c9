"""The acts on tokens: make one, revoke one."""

from datetime import timedelta
from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.models import User
from drafts import secrets
from drafts.models import Project, Token, TokenKind

_PREFIX = {
    TokenKind.UPLOAD: secrets.Prefix.UPLOAD,
    TokenKind.EVIDENCE: secrets.Prefix.EVIDENCE,
    TokenKind.READ: secrets.Prefix.READ,
}


class Event(StrEnum):
    """What can happen to a token."""

    MADE = "token:made"
    REVOKED = "token:revoked"


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
) -> tuple[Token, str]:
    """Make a token and return it with its text, which is shown this once."""
    project = Project.objects.lock(project.pk)
    text, digest = secrets.new_token(_PREFIX[kind])
    token = Token.objects.create(
        project=project,
        kind=kind,
        label=label or f"{kind} token",
        token_sha256=digest,
        add_only=add_only,
        created_by=user,
        expires_at=timezone.now() + timedelta(days=days),
    )
    audit.record(Event.MADE, on=token, by=by, kind=kind, days=days, add_only=add_only)
    return token, text


@transaction.atomic
def revoke(*, token: Token, by: Actor) -> bool:
    """Revoke a token, at once. False when it was revoked before."""
    Project.objects.lock(token.project_id)
    if Token.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now()) == 0:
        return False
    audit.record(Event.REVOKED, on=token, by=by)
    return True
