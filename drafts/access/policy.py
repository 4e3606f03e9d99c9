"""A project's policy: what its owners decide, and the act that changes it."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, fields, replace
from datetime import timedelta
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.stepup import Proof, Purpose
from drafts.access import letters, members, orders, windows
from drafts.access.roles import Act
from drafts.dist.windows import Series, Window, WindowMode
from drafts.models import (
    Changed,
    EvidenceDemand,
    ExpectedFiles,
    File,
    Inspection,
    Kind,
    LinkForCi,
    Loosening,
    LooseningState,
    Project,
    PublishFromCi,
    jobs,
)
from drafts.models.drafts import EDITABLE


class Event(StrEnum):
    """What can happen to a policy."""

    CHANGED = "project:policy-changed"
    LOOSENING = "project:policy-loosening-asked"


WAIT = timedelta(hours=24)
_RANKS = list(EvidenceDemand)
_WINDOWS = list(Window)
_SERIES = list(Series)


def _more_days(before: int, after: int) -> bool:
    """Say whether a limit in days is wider, or gone (0)."""
    return before not in (after, 0) and (after == 0 or after > before)


def _closed_by_less(before: Series, after: Series) -> bool:
    """Say whether newer releases may close fewer older ones. Lines may ask more or less: only the project knows."""
    if Series.LINES in (before, after):
        return after not in (before, Series.ALL)
    return _SERIES.index(after) > _SERIES.index(before)


# What asks less than before, by setting: said of the value before and the value after.
LOOSER: dict[str, Callable[[Any, Any], bool]] = {
    "evidence_demand": lambda before, after: _RANKS.index(after) < _RANKS.index(before),
    # What waits for other files may wait for fewer: which of the two asks more depends on the release.
    "expected_files": lambda before, after: before not in {ExpectedFiles.NOTHING, after},
    "direct_urls": lambda before, after: after > before,
    "expected_patterns": lambda before, after: not set(before) <= set(after),
    "window": lambda before, after: _WINDOWS.index(after) > _WINDOWS.index(before),
    "window_first_days": _more_days,
    "window_last_days": _more_days,
    "window_newer": lambda before, after: before > after,
    "window_series": _closed_by_less,
    "window_series_lines": lambda before, after: before != after,
    "window_mode": lambda before, after: after == WindowMode.TELL != before,
    "approvals_needed": lambda before, after: after < before,
    "own_approval_counts": lambda before, after: after > before,
    "soak_hours": lambda before, after: after < before,
    "answer_reports": lambda before, after: after < before,
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
    window: Window = Window.LIMITS
    window_first_days: int = 14
    window_last_days: int = 0
    window_newer: bool = False
    window_series: Series = Series.MINOR
    window_series_lines: tuple[str, ...] = ()
    window_mode: WindowMode = WindowMode.REFUSE
    approvals_needed: int = 0
    own_approval_counts: bool = False
    soak_hours: int = 0
    answer_reports: bool = False
    draft_days: int = 0

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
        return {
            name: list(value) if isinstance(value, tuple) else value for name, value in asdict(self).items()
        }


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of other settings: what changed at once, and what waits because it asks less."""

    is_changed: bool
    waits: Loosening | None

    def __bool__(self) -> bool:
        return self.is_changed or self.waits is not None


def purpose(project: Project, policy: Policy) -> Purpose:
    """Return what a proof must be for to give a project this policy."""
    return Purpose(act="settings", on=f"project:{project.pk}", fingerprint=policy.spelled)


@transaction.atomic
def set_policy(*, project: Project, policy: Policy, seen: str, by: Actor, proof: Proof) -> Outcome:
    """Give a project another policy than the one that was ``seen`` (spelled); an empty outcome when it has it already.

    What asks more, or neither more nor less, changes at once. What asks less waits (``drafts.access.loosening``), and
    takes the place of what waited before. Raises ProofRefused, NotYours, Changed.
    """
    project = Project.objects.lock(project.pk)
    proof.demand(purpose(project, policy))
    members.demand(project=project, user=proof.user, act=Act.POLICY)
    before = Policy.of(project)
    if before == policy:
        return Outcome(is_changed=False, waits=None)
    if before.spelled != seen:
        raise Changed(f"the settings of {project} changed after the page was shown")
    less = before.loosened(policy)
    now = replace(policy, **{name: getattr(before, name) for name in less})
    write(project, before, now)
    waits = _wait(project, now, {name: policy.as_details()[name] for name in less}, proof)
    audit.record(
        Event.CHANGED if now != before else Event.LOOSENING,
        on=project,
        by=by,
        method=proof.method,
        before=before.as_details(),
        after=now.as_details(),
        **({"waits": waits.after, "until": waits.due_at.isoformat()} if waits else {}),
    )
    return Outcome(now != before, waits)


def write(project: Project, before: Policy, after: Policy) -> None:
    """Write a policy into the project's row, for an act that holds its lock and records the event."""
    if after != before:
        Project.objects.filter(pk=project.pk).update(**after.as_details())
        windows.note(project)
        orders.terms_changed(project)
    if before.direct_urls != after.direct_urls:
        _inspect_again(project)


def _wait(project: Project, before: Policy, after: dict[str, Any], proof: Proof) -> Loosening | None:
    """Let what asks less wait in the place of what waited; every owner is told of both."""
    superseded = project.loosenings.all().end(LooseningState.SUPERSEDED, by=str(proof.user))
    if not after:
        if superseded:
            letters.to_owners(project, letters.superseded(project, proof.user))
        return None
    row: Loosening = project.loosenings.create(
        before=before.as_details(), after=after, asked_by=proof.user, due_at=timezone.now() + WAIT
    )
    jobs.enqueue(kind=Kind.LOOSEN, subject=row.subject, not_before=row.due_at)
    letters.to_owners(project, letters.loosening(row, replaces=superseded))
    return row


def _inspect_again(project: Project) -> None:
    """Have files inspected again that name addresses, and nothing published of them before."""
    for file in File.objects.live().filter(draft__project=project, draft__state__in=EDITABLE):
        if any("@" in text for text in file.core_metadata.get("requires_dist", ())):
            Inspection.objects.filter(file=file).delete()  # the object that it kept is swept
            jobs.enqueue(kind=Kind.INSPECT, subject=file.subject)
