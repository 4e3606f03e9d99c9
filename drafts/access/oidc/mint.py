"""The act of minting: one identity token becomes one upload secret, good for every project that trusts the job."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor, ActorKind, Origin
from drafts import secrets
from drafts.access.oidc import identity as identities
from drafts.access.oidc import runs
from drafts.access.oidc.errors import Code, NotExchanged
from drafts.access.oidc.identity import Identity
from drafts.access.oidc.runs import Run
from drafts.models import Project, Publisher, Space, SpentIdentity, Token, TokenKind


class Event(StrEnum):
    """What a trusted publisher can do besides staging."""

    MINTED = "publisher:minted"
    BURNT = "publisher:burnt"


@dataclass(frozen=True, slots=True)
class Minted:
    """The secret, shown this once, until when it is good, and for which projects."""

    text: str
    expires_at: datetime
    projects: tuple[str, ...]


def exchange(token: str, origin: Origin) -> Minted:
    """Verify an identity token and mint for it. Raises NotExchanged."""
    trusted = Publisher.objects.trusted()
    identity = identities.verify(token, lambda issuer: trusted.filter(issuer=issuer).exists())
    matching = _matching(identity)
    return mint(identity=identity, publishers=matching, origin=origin)


def _matching(identity: Identity) -> list[Publisher]:
    """Return the publishers that the job is, of all projects. Raises NotExchanged when it is none.

    Anybody makes a sandbox and names any repository there: one that a project of the index names tells them nothing.
    """
    runs.must_not_be_of_strangers(identity)
    run = runs.described(identity)
    rows = Publisher.objects.trusted().filter(
        Q(repository="") | Q(repository__iexact=run.repository), issuer=identity.issuer
    )
    differing = {
        row: runs.differs(row, runs.READERS[row.kind](identity), identity)
        for row in rows.select_related("project")
    }
    of_index = {row: why for row, why in differing.items() if row.project.space == Space.INDEX}
    if any(row.repository or not why for row, why in of_index.items()):
        differing = of_index
    found = [row for row, why in differing.items() if not why]
    known = {row.project_id for row in found}
    for row, why in differing.items():
        if row.repository and row.project_id not in known:
            _note_refusal(row, why)
    if not found:
        raise NotExchanged(
            Code.PUBLISHER,
            f"valid token, but no corresponding publisher: no project of this index trusts {runs.spelled(run)}. "
            "An owner adds it on the project's page, and reads there why a run of the same repository was refused",
        )
    return found


def _note_refusal(publisher: Publisher, why: str) -> None:
    """Let the owners see that a run of their repository's name was refused (not an act: a mark)."""
    Publisher.objects.filter(pk=publisher.pk).update(refused_at=timezone.now(), refused_why=why[:300])


@transaction.atomic
def mint(*, identity: Identity, publishers: list[Publisher], origin: Origin) -> Minted:
    """Write one secret's tokens, one for each project, and spend the identity. One event in each project's chain.

    Raises NotExchanged when the identity was spent before, or a publisher is trusted no more.
    """
    projects = {one: Project.objects.lock(one) for one in sorted({row.project_id for row in publishers})}
    publishers = _still_matching(identity, publishers)
    _spend(identity)
    now = timezone.now()
    until = now + timedelta(minutes=settings.MINTED_TOKEN_MINUTES)
    text, digest = secrets.new_token(secrets.Prefix.UPLOAD)
    tokens = [_token(publisher, identity, digest, until) for publisher in publishers]
    Publisher.objects.filter(pk__in=[row.pk for row in publishers]).update(last_used_at=now)
    for token in tokens:
        said = {name: value for name, value in (token.claims or {}).items() if value and name != "publisher"}
        by = Actor(ActorKind.PUBLISHER, str(token.publisher_id), str(token.publisher), origin)
        audit.record(Event.MINTED, on=token, by=by, minutes=settings.MINTED_TOKEN_MINUTES, run=said)
    return Minted(text, until, tuple(projects[token.project_id].name for token in tokens))


def _still_matching(identity: Identity, publishers: list[Publisher]) -> list[Publisher]:
    """Return the publishers as they are under the locks, one of each project: the one that says most. Raises NotExchanged."""
    rows = Publisher.objects.trusted().select_related("project").filter(pk__in=[row.pk for row in publishers])
    chosen: dict[int, Publisher] = {}
    for row in rows.order_by("project_id", "pk"):
        if runs.differs(row, runs.READERS[row.kind](identity), identity):
            continue
        if row.project_id not in chosen or (row.environment and not chosen[row.project_id].environment):
            chosen[row.project_id] = row
    if not chosen:
        raise NotExchanged(
            Code.PUBLISHER, "valid token, but no corresponding publisher: it was removed a moment ago"
        )
    return list(chosen.values())


def _spend(identity: Identity) -> None:
    try:
        with transaction.atomic():
            SpentIdentity.objects.create(digest=identity.digest, until=identity.until)
    except IntegrityError as error:
        raise NotExchanged(Code.REUSED, "invalid token: already used") from error


def _token(publisher: Publisher, identity: Identity, digest: str, until: datetime) -> Token:
    run = runs.READERS[publisher.kind](identity)
    _fix_ids(publisher, run)
    return Token.objects.create(
        project=publisher.project,
        kind=TokenKind.UPLOAD,
        label=str(publisher)[:200],
        token_sha256=digest,
        publisher=publisher,
        claims=run.claims(publisher).values,
        expires_at=until,
    )


def _fix_ids(publisher: Publisher, run: Run) -> None:
    """Keep the ids that the first run has: from then on another owner of the same name is another one."""
    publisher.owner_id = publisher.owner_id or run.owner_id[:40]
    publisher.repository_id = publisher.repository_id or run.repository_id[:40]
    publisher.save(update_fields=["owner_id", "repository_id"])


def burn(text: str, origin: Origin) -> int:
    """End a minted secret before its time, on the word of whoever holds it. Returns for how many projects it was good."""
    digest = secrets.token_digest(text)
    rows = Token.objects.valid().filter(token_sha256=digest).exclude(publisher=None)
    ended = 0
    for token in rows.select_related("publisher").order_by("project_id"):
        ended += _burn(token=token, by=token.as_actor(origin))
    return ended


@transaction.atomic
def _burn(*, token: Token, by: Actor) -> bool:
    """End one of a secret's tokens; what it completed goes on being looked at. False when it was over."""
    Project.objects.lock(token.project_id)
    now = timezone.now()
    if Token.objects.valid().filter(pk=token.pk).update(expires_at=now) == 0:
        return False
    audit.record(Event.BURNT, on=token, by=by)
    return True


def forget_spent() -> int:
    """Delete identities that would be refused as expired by now. Returns how many."""
    return SpentIdentity.objects.filter(until__lt=timezone.now() - identities.LEEWAY).delete()[0]
