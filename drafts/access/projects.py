"""The acts on projects: making one with the people on it, its policy, its quota."""

import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from django.db import transaction
from packaging.utils import InvalidName, canonicalize_name

from accounts import audit
from accounts.audit import Actor
from accounts.models import User
from accounts.stepup import Proof, Purpose
from drafts.access import members
from drafts.access.roles import Act
from drafts.models import (
    Changed,
    EvidenceDemand,
    ExpectedFiles,
    File,
    Inspection,
    Kind,
    LinkForCi,
    Membership,
    Project,
    PublishFromCi,
    Role,
    jobs,
)
from drafts.models.drafts import EDITABLE

_LONGEST_NAME = 200


class Event(StrEnum):
    """What can happen to a project."""

    CREATED = "project:created"
    POLICY = "project:policy-changed"
    QUOTA = "project:quota-changed"


class BadProject(Exception):
    """A project cannot be made like that; the text says why."""


@transaction.atomic
def create(
    *,
    name: str,
    by: Actor,
    owner: str,
    maintainers: Sequence[str] = (),
    reviewers: Sequence[str] = (),
) -> Project:
    """Make a project; people are named by e-mail address. The name is normalised (PEP 503). Raises BadProject."""
    normal = _normal(name)
    roles = dict(_roles(owner, maintainers, reviewers))
    project, is_new = Project.objects.get_or_create(name=normal)
    if not is_new:
        raise BadProject(f"there is a project {normal} already")
    Membership.objects.bulk_create(
        Membership(project=project, user=user, role=role) for user, role in roles.items()
    )
    audit.record(
        Event.CREATED, on=project, by=by, members={user.email: str(role) for user, role in roles.items()}
    )
    return project


def _normal(name: str) -> str:
    try:
        normal = canonicalize_name(name.strip(), validate=True)
    except InvalidName as error:
        raise BadProject(
            f"'{name}' is not a project name: letters, digits and . _ - between them (PEP 508)"
        ) from error
    if len(normal) > _LONGEST_NAME:
        raise BadProject(f"the name is longer than {_LONGEST_NAME} characters")
    return normal


def _roles(owner: str, maintainers: Sequence[str], reviewers: Sequence[str]) -> Iterator[tuple[User, Role]]:
    named = [
        (owner, Role.OWNER),
        *((one, Role.MAINTAINER) for one in maintainers),
        *((one, Role.REVIEWER) for one in reviewers),
    ]
    seen: set[User] = set()
    for email, role in named:
        user = User.objects.filter(email=email.strip().lower()).first()
        if user is None:
            raise BadProject(f"there is no person with the address {email}: make one with adduser first")
        if user in seen:
            raise BadProject(f"{email} is named twice: a person has one role on a project")
        seen.add(user)
        yield user, role


@dataclass(frozen=True, slots=True)
class Policy:
    """What owners decide of a project: what CI is told, which versions are taken, which evidence and files are waited for."""

    link_for_ci: LinkForCi = LinkForCi.NEVER
    publish_from_ci: PublishFromCi = PublishFromCi.REFUSE
    local_versions: bool = False
    evidence_demand: EvidenceDemand = EvidenceDemand.NOTHING
    expected_files: ExpectedFiles = ExpectedFiles.LAST
    expected_patterns: tuple[str, ...] = ()
    direct_urls: bool = False

    @classmethod
    def of(cls, project: Project) -> "Policy":
        return cls(
            LinkForCi(project.link_for_ci),
            PublishFromCi(project.publish_from_ci),
            project.local_versions,
            EvidenceDemand(project.evidence_demand),
            ExpectedFiles(project.expected_files),
            tuple(project.expected_patterns),
            project.direct_urls,
        )

    @property
    def spelled(self) -> str:
        """Return the policy as one word, equal for equal policies."""
        patterns = hashlib.sha256("\n".join(self.expected_patterns).encode()).hexdigest()
        said = (self.link_for_ci, self.publish_from_ci, int(self.local_versions), self.evidence_demand)
        return ".".join(map(str, (*said, self.expected_files, patterns, int(self.direct_urls))))

    def as_details(self) -> dict[str, Any]:
        """Return it as an audit event keeps it."""
        return {**asdict(self), "expected_patterns": list(self.expected_patterns)}


def policy_purpose(project: Project, policy: Policy) -> Purpose:
    """Return what a proof must be for to give a project this policy."""
    return Purpose(act="settings", on=f"project:{project.pk}", fingerprint=policy.spelled)


@transaction.atomic
def set_policy(*, project: Project, policy: Policy, seen: str, by: Actor, proof: Proof) -> bool:
    """Give a project another policy than the one that was ``seen`` (spelled). False when it has it already.

    Raises ProofRefused, NotYours, Changed.
    """
    project = Project.objects.lock(project.pk)
    proof.demand(policy_purpose(project, policy))
    members.demand(project=project, user=proof.user, act=Act.POLICY)
    before = Policy.of(project)
    if before == policy:
        return False
    if before.spelled != seen:
        raise Changed(f"the settings of {project} changed after the page was shown")
    Project.objects.filter(pk=project.pk).update(**policy.as_details())
    if before.direct_urls != policy.direct_urls:
        _inspect_again(project)
    audit.record(
        Event.POLICY,
        on=project,
        by=by,
        method=proof.method,
        before=before.as_details(),
        after=policy.as_details(),
    )
    return True


def _inspect_again(project: Project) -> None:
    """Have files inspected again that name addresses, and nothing published of them before."""
    for file in File.objects.live().filter(draft__project=project, draft__state__in=EDITABLE):
        if any("@" in text for text in file.core_metadata.get("requires_dist", ())):
            Inspection.objects.filter(file=file).delete()  # the object that it kept is swept
            jobs.enqueue(kind=Kind.INSPECT, subject=file.subject)


@transaction.atomic
def set_quota(*, project: Project, quota: int | None, by: Actor) -> bool:
    """Give a project its own quota in bytes, or (None) the server's. False when it has it already."""
    project = Project.objects.lock(project.pk)
    before = project.quota
    if before == quota:
        return False
    Project.objects.filter(pk=project.pk).update(quota=quota)
    audit.record(Event.QUOTA, on=project, by=by, before=before, after=quota)
    return True
