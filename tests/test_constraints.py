"""The database refuses impossible rows: each constraint, named as a sentence, broken once."""

from datetime import timedelta

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction

from accounts.audit import Actor
from drafts.evidence.add import paste
from drafts.models import (
    Draft,
    Job,
    jobs,
)
from tests.breaches import OF_PEOPLE
from tests.breaches_of_ci import OF_CI
from tests.breaches_of_drafts import OF_DRAFTS
from tests.least_rows import NOW, again

pytestmark = pytest.mark.django_db

BREACHES = {**OF_DRAFTS, **OF_PEOPLE, **OF_CI}
OURS = ("accounts", "drafts")


def test_every_constraint_is_broken_below():
    """It is true that a constraint which nobody breaks in a test does not exist."""
    names = [
        constraint.name
        for label in OURS
        for model in apps.get_app_config(label).get_models()
        for constraint in model._meta.constraints
    ]
    assert sorted(names) == sorted(BREACHES)


@pytest.fixture
def rows(draft, rita):
    """A draft with files and a log, all as they may be."""
    log = f"{'0' * 64}  sampleproject-1.0.tar.gz\n".encode()
    paste(draft=draft, data=log, label="log", user=rita, by=Actor.system("tests"))
    return draft


@pytest.mark.parametrize(("name", "breach"), BREACHES.items(), ids=BREACHES.keys())
def test_the_database_refuses(rows, name, breach):
    """It is true that the row is refused for this sentence and no other."""
    constraint = next(
        c
        for label in OURS
        for m in apps.get_app_config(label).get_models()
        for c in m._meta.constraints
        if c.name == name
    )
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        breach()
    if isinstance(constraint, models.CheckConstraint):
        assert name in str(caught.value)
    elif not constraint.condition:
        assert all(field in str(caught.value) for field in constraint.fields) or "append-only" in str(
            caught.value
        )


def test_an_ended_draft_makes_room_for_the_next(rows):
    """It is true that the constraint on drafts speaks of live ones alone."""
    Draft.objects.update(state="canceled", ended_at=NOW)
    again(Draft.objects.get(), handle="x", state="open", ended_at=None)
    assert Draft.objects.count() == 2


def test_a_lease_that_is_over_is_still_a_lease(rows):
    jobs.enqueue(kind=jobs.Kind.PURGE, subject="draft:1")
    mine = Job.objects.filter(kind=jobs.Kind.PURGE)
    assert mine.update(state="running", lease_until=NOW - timedelta(hours=1)) == 1
