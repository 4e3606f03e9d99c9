"""What can happen to a person's account, as the audit trail calls it."""

from enum import StrEnum


class Event(StrEnum):
    """What can happen to a person."""

    ADDED = "person:added"
    LET_IN = "person:signed-in-by-link"
    SIGNED_IN = "person:signed-in"
    SESSION_ENDED = "session:ended"
    PASSWORD_CHANGED = "password:changed"  # noqa: S105  a word, not a secret
    LOCKED = "act:locked"
    FACTOR_ADDED = "factor:added"
    FACTOR_REMOVED = "factor:removed"
    FACTOR_CONFIRMED = "factor:confirmed"
    CODES_MADE = "recovery-codes:made"
    CODE_USED = "recovery-codes:used"
    RECOVERY_OPENED = "recovery:opened"
    RECOVERY_STOPPED = "recovery:stopped"
    RECOVERED = "recovery:done"
    NAMED = "person:named"
    EMAIL_ASKED = "email:change-asked"
    EMAIL_CHANGED = "email:changed"
    EMAIL_KEPT = "email:change-stopped"
    CLOSED = "person:closed"
    OPENED = "person:opened-again"
