"""Five wrong codes lock an act for fifteen minutes: counted in a row, before a code is looked at."""

from datetime import timedelta

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from accounts import audit, letters, mail
from accounts.events import Event
from accounts.models import ActLock, User

TRIES = 5
LOCKED = timedelta(minutes=15)


class NotProven(Exception):
    """No proof: the text says what was wrong and what to do; nothing was changed."""


class ActLocked(NotProven):
    """Too many wrong codes for this act."""


def unlocked(user: User, act: str) -> ActLock:
    """Return the row that counts this person's tries at this act. Raises ActLocked."""
    lock, _ = ActLock.objects.get_or_create(user=user, act=act)
    now = timezone.now()
    if lock.locked_until and lock.locked_until > now:
        raise ActLocked(
            f"Five wrong codes locked this act until {lock.locked_until:%H:%M} UTC. Nothing was changed. "
            "If that was not you, tell the other owners of the project.",
        )
    if lock.locked_until:
        ActLock.objects.filter(pk=lock.pk, locked_until=lock.locked_until).update(
            failures=0, locked_until=None
        )
    return lock


def count(lock: ActLock) -> None:
    """Count a code as wrong before it is looked at: guesses that come at one moment are counted too."""
    tries = ActLock.objects.filter(pk=lock.pk, failures__lt=TRIES, locked_until=None)
    if tries.update(failures=F("failures") + 1) == 0:
        close(lock)
        raise ActLocked("Five wrong codes: this act is locked for 15 minutes. Nothing was changed.")


def forget(lock: ActLock) -> None:
    """Forget the wrong codes: the right one came."""
    ActLock.objects.filter(pk=lock.pk).update(failures=0, locked_until=None)


def close(lock: ActLock) -> bool:
    """Lock the act if its tries are used up, and tell the person by mail; False when not, or locked already."""
    if not _closed(lock):
        return False
    mail.send(letters.act_locked(lock.user, lock.act), to=[lock.user.email])
    return True


@transaction.atomic
def _closed(lock: ActLock) -> bool:
    used_up = ActLock.objects.filter(pk=lock.pk, failures__gte=TRIES, locked_until=None)
    if used_up.update(locked_until=timezone.now() + LOCKED) == 0:
        return False
    audit.record(Event.LOCKED, on=lock.user, by=audit.Actor.system("wrong codes"), act=lock.act)
    return True
