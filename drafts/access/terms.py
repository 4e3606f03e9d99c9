"""On which terms a standing order was given: members, trusted publishers and policy as digests, CI and target by what was done."""

import hashlib
import json
from collections.abc import Iterable
from dataclasses import dataclass

from django.db.models import Q

from accounts.models import AuditEvent
from drafts.access.policy import Policy
from drafts.models import Project, Publisher, StandingOrder, TeamRole, standing

# What changes the terms, by the beginnings of events' names: also when it was changed back since.
_CHANGES = {
    "the members": ("member:", "team:", "invitation:accepted", "project:handed-over"),
    "the trusted publishers": ("publisher:added", "publisher:removed"),
    "the settings": ("project:policy",),
}
# What an order rests on beside them: who is asked what CI logged, where files go, and with which projects.
_GROUND = {
    "where CI runs": ("ci:set", "ci:removed"),
    "the upstream target": ("target:set", "target:removed"),
    "the group of projects": ("group:",),
}


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
    differ = {
        "the members": order.members != now.members,
        "the trusted publishers": order.publishers != now.publishers,
        "the settings": order.policy != now.policy,
    }
    found = [word for word, differs in differ.items() if differs]
    undone = [word for word, events in _CHANGES.items() if not differ[word] and _happened(order, events)]
    found += [f"{word}, by an act that was undone or waits" for word in undone]
    return found + [word for word, events in _GROUND.items() if _happened(order, events)]


def _happened(order: StandingOrder, beginnings: Iterable[str]) -> bool:
    """Say whether there was such an event of the project, or of a team with a role on it, since an order was given."""
    wanted = Q()
    for start in beginnings:
        wanted |= Q(event__startswith=start)
    teams = TeamRole.objects.filter(project=order.project_id).values_list("team_id", flat=True)
    scopes = [f"project:{order.project_id}", *(f"team:{team}" for team in teams)]
    return AuditEvent.objects.filter(wanted, scope__in=scopes, at__gte=order.given_at).exists()
