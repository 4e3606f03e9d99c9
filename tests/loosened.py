"""Settings that wait to ask less, in tests: whose they are, how they are asked for, and how a day passes."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.access import loosening
from drafts.access import policy as policies
from drafts.access.policy import Policy
from drafts.models import EvidenceDemand, Job, Kind, Loosening, Membership, Project
from tests.conftest import person
from tests.proofs import proof_of

STRICT = Policy(evidence_demand=EvidenceDemand.FETCHED)
CALM = Policy()


@pytest.fixture
def strict(project) -> Project:
    """The project with a demand that can be loosened, and owners since yesterday."""
    Project.objects.update(evidence_demand=EvidenceDemand.FETCHED)
    Membership.objects.update(since=timezone.now() - timedelta(days=1))
    project.refresh_from_db()
    return project


@pytest.fixture
def olga(strict):
    """Owns the project too, since yesterday."""
    from tests.conftest import SECRETS

    SECRETS.setdefault("olga", SECRETS["alice"])
    user = person("olga")
    since = timezone.now() - timedelta(days=1)
    Membership.objects.create(project=strict, user=user, role="owner", since=since)
    return user


def ask(project, owner, wanted=CALM):
    """Change the settings as their owner; returns what waits."""
    project.refresh_from_db()
    proof = proof_of(owner, policies.purpose(project, wanted))
    seen = Policy.of(project).spelled
    outcome = policies.set_policy(
        project=project, policy=wanted, seen=seen, by=Actor.person(owner), proof=proof
    )
    return outcome.waits


def say_yes(row, owner) -> str:
    return loosening.confirm(
        loosening=row, by=Actor.person(owner), proof=proof_of(owner, loosening.confirm_purpose(row))
    )


def now() -> Policy:
    return Policy.of(Project.objects.get())


def state() -> str:
    return Loosening.objects.latest("pk").state


def events() -> list[str]:
    rows = AuditEvent.objects.filter(event__startswith="project:policy").order_by("seq")
    return [row.event.removeprefix("project:policy-") for row in rows]


def pass_a_day() -> None:
    """Let the time of what waits come, and let the worker do its part."""
    from tests.conftest import do_jobs

    now = timezone.now()
    Loosening.objects.pending().update(due_at=now)
    Job.objects.live().filter(kind=Kind.LOOSEN).update(not_before=now)
    do_jobs()
