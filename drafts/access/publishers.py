"""The acts on trusted publishers: trust a job, trust it no more."""

import re
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.stepup import Proof, Purpose
from drafts import outbound
from drafts.access import members, orders
from drafts.access.roles import Act
from drafts.models import CiSource, Kind, Project, Publisher, PublisherKind, Token, jobs
from drafts.models.publishers import GITHUB_ISSUER, GITLAB_ISSUER
from drafts.outbound.addresses import parse

MOST = 20
ISSUERS = {PublisherKind.GITHUB: GITHUB_ISSUER, PublisherKind.GITLAB: GITLAB_ISSUER}
_REPOSITORY = {
    PublisherKind.GITHUB: re.compile(r"[A-Za-z0-9-]{1,39}/[A-Za-z0-9._-]{1,100}"),
    PublisherKind.GITLAB: re.compile(r"[A-Za-z0-9_.-]+(/[A-Za-z0-9_.-]+){1,20}"),
}
_WORKFLOW = {
    PublisherKind.GITHUB: re.compile(r"[A-Za-z0-9_.-]{1,190}\.ya?ml"),
    PublisherKind.GITLAB: re.compile(r"[A-Za-z0-9_./-]{1,190}\.ya?ml"),
}
_ENVIRONMENT = re.compile(r"[^\x00-\x1f\x7f]{0,255}")
_ID = re.compile(r"[0-9]{0,20}")
_CLAIM = re.compile(r"[A-Za-z0-9_./:-]{1,100}")
_MOST_RULES, _LONGEST_VALUE = 10, 500
_OURS = frozenset({"iss", "aud", "exp", "iat", "nbf", "jti"})


class Event(StrEnum):
    """What can happen to a trusted publisher."""

    ADDED = "publisher:added"
    REMOVED = "publisher:removed"
    IDENTIFIED = "publisher:identified"


class BadPublisher(Exception):
    """It cannot be trusted like that; the text says why. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an owner typed. Empty: issuer (the provider's own), environment (any), ids (as the first run has them)."""

    kind: str
    repository: str = ""
    workflow: str = ""
    environment: str = ""
    issuer: str = ""
    owner_id: str = ""
    repository_id: str = ""
    rules: dict[str, str] = field(default_factory=dict)


def add_purpose(project: Project) -> Purpose:
    """Return what a proof must be for to trust a publisher."""
    return Purpose(act="add a trusted publisher", on=f"project:{project.pk}")


def remove_purpose(publisher: Publisher) -> Purpose:
    """Return what a proof must be for to trust this publisher no more."""
    return Purpose(act="remove a trusted publisher", on=f"publisher:{publisher.pk}")


def check_shape(wanted: Wanted) -> None:
    """Raise BadPublisher, before a code is spent, unless everything has the form it must have."""
    if wanted.kind not in set(PublisherKind):
        raise BadPublisher("Choose where the job runs.")
    _check_issuer(wanted)
    if wanted.kind == PublisherKind.OIDC:
        _check_rules(wanted.rules)
        return
    if not _REPOSITORY[PublisherKind(wanted.kind)].fullmatch(wanted.repository):
        raise BadPublisher(
            "Name the repository as its address spells it: owner/name, or group/name at GitLab."
        )
    if not _WORKFLOW[PublisherKind(wanted.kind)].fullmatch(wanted.workflow):
        raise BadPublisher("Name the workflow file: release.yml at GitHub, .gitlab-ci.yml at GitLab.")
    if not _ENVIRONMENT.fullmatch(wanted.environment):
        raise BadPublisher("An environment's name has at most 255 characters, on one line.")
    if not (_ID.fullmatch(wanted.owner_id) and _ID.fullmatch(wanted.repository_id)):
        raise BadPublisher("Ids are numbers. Leave them empty, and the first run that matches says them.")


def _check_issuer(wanted: Wanted) -> None:
    if not wanted.issuer and wanted.kind != PublisherKind.OIDC:
        return
    try:
        address = parse(wanted.issuer)
    except outbound.Forbidden as error:
        raise BadPublisher(f"The issuer: {error}") from error
    if "?" in wanted.issuer or "#" in wanted.issuer or len(address.url) > 300:  # noqa: PLR2004
        raise BadPublisher("An issuer is an address without a query, at most 300 characters long.")


def _check_rules(rules: dict[str, str]) -> None:
    if not rules.get("sub"):
        raise BadPublisher("Say at least which subject (sub) the tokens must have, exactly.")
    if len(rules) > _MOST_RULES:
        raise BadPublisher(f"At most {_MOST_RULES} claims are looked at.")
    for name, value in rules.items():
        if not _CLAIM.fullmatch(name) or name in _OURS:
            raise BadPublisher(
                f"'{name[:60]}' is not a claim to choose: iss, aud and the times are always looked at."
            )
        if not value or len(value) > _LONGEST_VALUE:
            raise BadPublisher(f"The claim {name} needs a value of at most {_LONGEST_VALUE} characters.")


@transaction.atomic
def add(*, project: Project, wanted: Wanted, by: Actor, proof: Proof) -> Publisher:
    """Trust a job, with a second factor given at that very act. Raises BadPublisher, ProofRefused, NotYours."""
    project = Project.objects.lock(project.pk)
    proof.demand(add_purpose(project))
    members.demand(project=project, user=proof.user, act=Act.PUBLISHERS)
    check_shape(wanted)
    publisher = _row(project, wanted)
    publisher.added_by = proof.user
    trusted = project.publishers.trusted()
    if trusted.count() >= MOST:
        raise BadPublisher(f"{project} trusts {MOST} publishers, which is the most: remove one first.")
    publisher.spell()
    if trusted.filter(spelled=publisher.spelled).exists():
        raise BadPublisher(f"{project} trusts {publisher} already.")
    publisher.save()
    orders.terms_changed(project)
    if publisher.issuer == ISSUERS.get(PublisherKind(publisher.kind)) and not (
        publisher.owner_id and publisher.repository_id
    ):
        jobs.enqueue(kind=Kind.FIND_OWNER, subject=f"publisher:{publisher.pk}", is_new=True)
    audit.record(Event.ADDED, on=publisher, by=by, method=proof.method, **_details(publisher))
    return publisher


def _row(project: Project, wanted: Wanted) -> Publisher:
    kind = PublisherKind(wanted.kind)
    issuer = wanted.issuer or ISSUERS[kind]
    if kind == PublisherKind.OIDC:
        return Publisher(project=project, kind=kind, issuer=issuer, rules=wanted.rules)
    repository_id = wanted.repository_id
    if issuer == ISSUERS[kind] and not repository_id:
        repository_id = _seen_id(project, wanted)
    return Publisher(
        project=project,
        kind=kind,
        issuer=issuer,
        repository=wanted.repository,
        workflow=wanted.workflow,
        environment=wanted.environment,
        owner_id=wanted.owner_id,
        repository_id=repository_id,
    )


def _seen_id(project: Project, wanted: Wanted) -> str:
    """Return the repository's id where this server asked the provider for it already (stage from a run)."""
    source = CiSource.objects.filter(
        project=project, kind=wanted.kind, api="", repository__iexact=wanted.repository
    ).first()
    return str(source.repository_id) if source and source.repository_id else ""


def _details(publisher: Publisher) -> dict[str, Any]:
    names = ("kind", "issuer", "repository", "workflow", "environment", "owner_id", "repository_id", "rules")
    return {name: value for name in names if (value := getattr(publisher, name))}


@transaction.atomic
def remove(*, publisher: Publisher, by: Actor, proof: Proof) -> int | None:
    """Trust a job no more, and revoke what it minted, at once. Returns how many tokens were good until now.

    None when it was removed before. Raises ProofRefused, NotYours.
    """
    project = Project.objects.lock(publisher.project_id)
    proof.demand(remove_purpose(publisher))
    members.demand(project=project, user=proof.user, act=Act.PUBLISHERS)
    now = timezone.now()
    if Publisher.objects.trusted().filter(pk=publisher.pk).update(removed_at=now) == 0:
        return None
    minted = Token.objects.filter(publisher=publisher, revoked_at=None)
    good = minted.filter(expires_at__gt=now).count()
    minted.update(revoked_at=now)
    orders.terms_changed(project)
    audit.record(Event.REMOVED, on=publisher, by=by, method=proof.method, revoked=good)
    return good
