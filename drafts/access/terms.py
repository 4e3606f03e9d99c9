"""On which terms a standing order was given: the project's members, trusted publishers and policy, as digests."""

import hashlib
import json
from dataclasses import dataclass
from datetime import datetime

from django.db.models import Q

from accounts.models import AuditEvent
from drafts.access.policy import Policy
from drafts.models import Project, Publisher, StandingOrder, standing

# What changes the terms, by the beginnings of events' names: also when it was changed back since.
_CHANGES = (
    "project:policy",
    "member:",
    "publisher:added",
    "publisher:removed",
    "team:",
    "group:",
    "invitation:accepted",
    "project:handed-over",
)


@dataclass(frozen=True, slots=True)
class Terms:
    """Digests that are equal as long as nothing changed."""

    members: str
    publishers: str
    policy: str

    @classmethod
    def of(cls, project: Project) -> "Terms":
        members = sorted((one.user.pk, str(one.role)) for one in standing.standings(project))
        trusted = Publisher.objects.filter(project=project, removed_at=None).order_by("pk")
        return cls(
            _digest(list(members)),
            _digest(list(trusted.values_list("pk", "spelled"))),
            Policy.of(project).spelled,
        )

    @property
    def spelled(self) -> str:
        return _digest([self.members, self.publishers, self.policy])


def _digest(rows: list[object]) -> str:
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def differences(order: StandingOrder) -> list[str]:
    """Name what changed since an order was given; empty when its terms still hold."""
    now = Terms.of(order.project)
    found = [
        word
        for word, before, after in (
            ("the members", order.members, now.members),
            ("the trusted publishers", order.publishers, now.publishers),
            ("the settings", order.policy, now.policy),
        )
        if before != after
    ]
    if not found and (event := _event_since(order.project, order.given_at)):
        found.append(f"the members, publishers or settings, and were changed back ({event})")
    return found


def _event_since(project: Project, moment: datetime) -> str:
    wanted = Q()
    for start in _CHANGES:
        wanted |= Q(event__startswith=start)
    rows = AuditEvent.objects.filter(wanted, scope=f"project:{project.pk}", at__gte=moment)
    return str(rows.values_list("event", flat=True).first() or "")
