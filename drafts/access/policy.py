"""A project's policy: what its owners decide, and the act that changes it."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields
from enum import StrEnum
from typing import Any

from django.db import transaction

from accounts import audit
from accounts.audit import Actor
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
    Project,
    PublishFromCi,
    jobs,
)
from drafts.models.drafts import EDITABLE


class Event(StrEnum):
    """What can happen to a policy."""

    CHANGED = "project:policy-changed"


_RANKS = list(EvidenceDemand)
# What asks less than before, by setting: said of the value before and the value after.
LOOSER: dict[str, Callable[[Any, Any], bool]] = {
    "evidence_demand": lambda before, after: _RANKS.index(after) < _RANKS.index(before),
    "expected_files": lambda before, after: after == ExpectedFiles.NOTHING != before,
    "direct_urls": lambda before, after: after > before,
}


@dataclass(frozen=True, slots=True)
class Policy:
    """What owners decide of a project: what CI is told, which versions are taken, which evidence and files are waited for.

    Each field is a column of the project.
    """

    link_for_ci: LinkForCi = LinkForCi.NEVER
    publish_from_ci: PublishFromCi = PublishFromCi.REFUSE
    local_versions: bool = False
    evidence_demand: EvidenceDemand = EvidenceDemand.NOTHING
    expected_files: ExpectedFiles = ExpectedFiles.LAST
    expected_patterns: tuple[str, ...] = ()
    direct_urls: bool = False

    @classmethod
    def of(cls, project: Project) -> "Policy":
        return cls.read({field.name: getattr(project, field.name) for field in fields(cls)})

    @classmethod
    def read(cls, values: dict[str, Any]) -> "Policy":
        """Return the policy of plain values, each of its field's own type. Raises ValueError for a choice that is none."""
        plain = asdict(cls())
        return cls(**{name: type(plain[name])(values[name]) for name in plain})

    @property
    def spelled(self) -> str:
        """Return the policy as one word, equal for equal policies."""
        return hashlib.sha256(json.dumps(self.as_details(), sort_keys=True).encode()).hexdigest()

    def loosened(self, after: "Policy") -> list[str]:
        """Return the names of the settings that ask less ``after`` than here."""
        return [name for name, looser in LOOSER.items() if looser(getattr(self, name), getattr(after, name))]

    def as_details(self) -> dict[str, Any]:
        """Return it as an audit event keeps it."""
        return {**asdict(self), "expected_patterns": list(self.expected_patterns)}


def purpose(project: Project, policy: Policy) -> Purpose:
    """Return what a proof must be for to give a project this policy."""
    return Purpose(act="settings", on=f"project:{project.pk}", fingerprint=policy.spelled)


@transaction.atomic
def set_policy(*, project: Project, policy: Policy, seen: str, by: Actor, proof: Proof) -> bool:
    """Give a project another policy than the one that was ``seen`` (spelled). False when it has it already.

    Raises ProofRefused, NotYours, Changed.
    """
    project = Project.objects.lock(project.pk)
    proof.demand(purpose(project, policy))
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
        Event.CHANGED,
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
