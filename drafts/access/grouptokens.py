"""The acts on a group's tokens: one secret for every project of the group, which one act makes and one revokes."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.models import User
from accounts.stepup import Proof, Purpose
from drafts import secrets
from drafts.access import tokens
from drafts.access.limits import Limits
from drafts.access.members import NotYours
from drafts.access.roles import Act, may
from drafts.access.tokens import Event
from drafts.models import Changed, Group, Project, Token, TokenKind, standing

# What all rows of one secret say alike.
_SAME = (
    "group",
    "kind",
    "label",
    "token_sha256",
    "add_only",
    "versions",
    "patterns",
    "addresses",
    "expires_at",
)


@dataclass(frozen=True, slots=True)
class Terms:
    """What a group's token is to be for."""

    kind: TokenKind
    label: str
    days: int
    add_only: bool
    limits: Limits


def make_purpose(group: Group, projects: Sequence[Project]) -> Purpose:
    """Return what a proof must be for to make a token of a group of exactly these projects."""
    return Purpose("make a token", f"group:{group.pk}", " ".join(sorted(one.name for one in projects)))


def revoke_purpose(token: Token, *, leaked: bool = False) -> Purpose:
    """Return what a proof must be for to revoke this secret for all projects, or to say as well that it leaked."""
    act = "revoke a token that leaked" if leaked else "revoke a token"
    return Purpose(act, f"group token:{token.token_sha256}")


def _locked(pks: Iterable[int]) -> list[Project]:
    return [Project.objects.lock(pk) for pk in sorted(pks)]


@transaction.atomic
def make(
    *, group: Group, projects: Sequence[Project], terms: Terms, by: Actor, proof: Proof
) -> tuple[Token, str]:
    """Make one secret for a group's projects as the page named them. One event in each project's chain.

    Raises ProofRefused, NotYours unless the person owns them all, Changed when the group has other projects by now.
    """
    rows = _locked([project.pk for project in projects])
    proof.demand(make_purpose(group, projects))
    if not rows or {row.pk for row in rows} != set(group.members().values_list("pk", flat=True)):
        raise Changed(f"the group {group} has other projects by now")
    owned = _owned(proof.user)
    for project in rows:
        if project.pk not in owned:
            raise NotYours(f"{proof.user} cannot {Act.TOKENS} of {project}: an owner can change that")
    text, digest = secrets.new_token(tokens.PREFIX[terms.kind])
    made = Token.objects.bulk_create(_row(group, project, digest, terms, proof.user) for project in rows)
    said = {"kind": terms.kind, "days": terms.days, "add_only": terms.add_only, **terms.limits.as_details()}
    for token in made:
        audit.record(Event.MADE, on=token, by=by, group=group.name, method=proof.method, **said)
    return made[0], text


def _owned(user: User) -> set[int]:
    """Return the projects whose tokens a person may make and revoke, in one question for all of them."""
    return {pk for pk, role in standing.roles_of(user).items() if may(role, Act.TOKENS)}


def _row(group: Group, project: Project, digest: str, terms: Terms, user: User) -> Token:
    return Token(
        group=group,
        project=project,
        kind=terms.kind,
        label=terms.label.strip()[:200] or f"{terms.kind} token",
        token_sha256=digest,
        add_only=terms.add_only,
        versions=list(terms.limits.versions),
        patterns=list(terms.limits.patterns),
        addresses=list(terms.limits.addresses),
        created_by=user,
        expires_at=timezone.now() + timedelta(days=terms.days),
    )


@transaction.atomic
def revoke(*, token: Token, by: Actor, proof: Proof, leaked: bool = False) -> list[str]:
    """Revoke a group's secret for all projects, by an owner of any of them, and return their names.

    ``leaked``: strangers have it, as for one project's token. One event in the chain of each project for which something
    changed. Raises ProofRefused, NotYours, Changed.
    """
    projects = _locked(Token.objects.with_secret_of(token).values_list("project", flat=True))
    Group.objects.select_for_update().filter(pk=token.group_id or 0).first()  # nobody joins meanwhile
    rows = list(Token.objects.with_secret_of(token).select_related("project", "group"))
    if len(rows) != len(projects):
        raise Changed("a project joined the group a moment ago")
    proof.demand(revoke_purpose(token, leaked=leaked))
    if _owned(proof.user).isdisjoint(row.project_id for row in rows):
        raise NotYours(f"{proof.user} owns none of the projects that the token is good for")
    told = [(row, tokens.end(row), tokens.doubt(row) if leaked else {}) for row in rows]
    changed = [(row, ended, said) for row, ended, said in told if ended or said]
    for row, ended, said in changed:
        group = row.group.name if row.group else ""
        event = Event.REVOKED if ended else Event.LEAKED
        audit.record(event, on=row, by=by, group=group, method=proof.method, **said)
    return [row.project.name for row, _, _ in changed]


def leave(project: Project) -> list[str]:
    """End what secrets of its group are for a project, in the act that takes it out. Returns their labels."""
    rows = Token.objects.valid().filter(project=project).exclude(group=None)
    return [row.label for row in rows if tokens.end(row)]


def joined(group: Group, project: Project, user: User) -> list[str]:
    """Let a group's secrets count for a project that joins it, in that act. Returns their labels.

    A secret that was ended for the project stays ended: it left, or somebody was removed.
    """
    had = Token.objects.filter(project=project).exclude(group=None).values_list("token_sha256", flat=True)
    good = Token.objects.valid().filter(group=group).exclude(token_sha256__in=list(had))
    newest = {row.token_sha256: row for row in good.order_by("-pk")}
    Token.objects.bulk_create(
        Token(project=project, created_by=user, **{name: getattr(row, name) for name in _SAME})
        for row in newest.values()
    )
    return [row.label for row in newest.values()]
