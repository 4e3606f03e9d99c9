"""A project's tokens as its owners see them: what each may do, and how far that goes."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from django.db.models import Count, Q
from django.urls import reverse

from drafts.models import Group, Project, Token
from drafts.models.files import IN_DRAFT

_PREFIX = {"upload": "pcu_", "evidence": "pce_", "read": "pcr_"}


@dataclass(frozen=True, slots=True)
class TokenRow:
    """One token. ``over``: why it is good for nothing any more, else empty."""

    label: str
    kind: str
    prefix: str
    limits: tuple[str, ...]
    by: str
    created_at: datetime
    expires_at: datetime
    last_used_at: datetime | None
    over: str
    files: int
    files_url: str
    revoke_url: str
    leaked: bool = False


def rows(project: Project) -> tuple[TokenRow, ...]:
    """Return all tokens that people made for a project, those that are good first, newest first."""
    live = Count("files", filter=Q(files__state__in=IN_DRAFT))
    made = project.tokens.filter(publisher=None)
    staged = dict(made.annotate(staged=live).values_list("pk", "staged"))
    tokens = made.select_related("project", "created_by", "draft__project", "group")
    return tuple(
        sorted(
            (row(token, staged[token.pk]) for token in tokens.order_by("-pk")), key=lambda row: bool(row.over)
        )
    )


def row(token: Token, staged: int) -> TokenRow:
    """Return one token, which staged so many files that are still there."""
    where = [token.project.name, token.pk]
    return TokenRow(
        label=token.label,
        kind=token.kind,
        prefix=_PREFIX[token.kind],
        limits=limits(token),
        by=str(token.created_by or "the command line"),
        created_at=token.created_at,
        expires_at=token.expires_at,
        last_used_at=token.last_used_at,
        over=_over(token),
        files=staged,
        files_url=reverse("token-files", args=where) if token.kind == "upload" else "",
        revoke_url=""
        if token.revoked_at and (token.leaked_at or token.kind != "upload")
        else _revoke_url(token),
        leaked=token.leaked_at is not None,
    )


def of_group(group: Group, owned: Collection[int]) -> tuple[TokenRow, ...]:
    """Return a group's secrets, each as one line with what it staged in the projects that somebody owns."""
    live = Count("files", filter=Q(files__state__in=IN_DRAFT))
    made = group.tokens.select_related("project", "created_by", "draft", "group").annotate(staged=live)
    secrets: dict[str, list[Token]] = {}
    for token in made.order_by("-pk"):
        secrets.setdefault(token.token_sha256, []).append(token)
    lines = (_line(group, tokens, owned) for tokens in secrets.values())
    return tuple(sorted(lines, key=lambda line: bool(line.over)))


def _line(group: Group, tokens: Sequence[Token], owned: Collection[int]) -> TokenRow:
    best = next((token for token in tokens if token.is_valid), tokens[0])
    good = [token.project.name for token in tokens if token.is_valid]
    used = [token.last_used_at for token in tokens if token.last_used_at]
    staged = sum(getattr(token, "staged", 0) for token in tokens if token.project_id in owned)
    line = row(best, staged)
    files = reverse("group-token-files", args=[group.name, best.pk]) if best.kind == "upload" else ""
    said = (f"good for {', '.join(sorted(good))}", *line.limits[1:]) if good else line.limits
    return replace(line, limits=said, last_used_at=max(used, default=None), files_url=files)


def _revoke_url(token: Token) -> str:
    """Return where it is revoked; a group's on the group's page, for all its projects."""
    if token.group is not None:
        return reverse("group-token-revoke", args=[token.group.name, token.pk])
    return reverse("token-revoke", args=[token.project.name, token.pk])


def limits(token: Token) -> tuple[str, ...]:
    """Say in words what narrows a token."""
    said = (
        f"good for all projects of the group {token.group}" if token.group else "",
        "adds files, replaces none" if token.add_only else "",
        f"version {', '.join(token.versions)}" if token.versions and not token.draft_id else "",
        f"ends with the draft of {token.draft.version}" if token.draft else "",
        f"files like {', '.join(token.patterns)}" if token.patterns else "",
        f"from {', '.join(token.addresses)}" if token.addresses else "",
    )
    return tuple(filter(None, said))


def _over(token: Token) -> str:
    if token.revoked_at:
        return "revoked: it leaked" if token.leaked_at else "revoked"
    if token.draft is not None and not token.draft.is_live:
        return "ended with its draft"
    return "" if token.is_valid else "expired"
