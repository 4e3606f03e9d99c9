"""Counters that only grow, for what leaves no row of its own."""

import logging
from typing import ClassVar

from django.db import DatabaseError, models
from django.db.models import F

log = logging.getLogger(__name__)


class Count(models.Model):
    """How often something of this name happened, on all hosts and in all processes together."""

    name = models.CharField(max_length=100, unique=True)
    value = models.PositiveBigIntegerField(default=0)

    objects: ClassVar = models.Manager()

    def __str__(self) -> str:
        return f"{self.name}: {self.value}"


def count(name: str) -> None:
    """Add one, by one UPDATE, so that none is lost. A database that does not answer loses the count, not the answer."""
    try:
        if not _add(name):
            Count.objects.bulk_create([Count(name=name)], ignore_conflicts=True)
            _add(name)
    except DatabaseError as error:
        log.warning("%s was not counted: %s", name, error)


def _add(name: str) -> int:
    return Count.objects.filter(name=name).update(value=F("value") + 1)
