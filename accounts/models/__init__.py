"""Rows about people, their factors, their devices and sessions, recoveries, and the audit chain."""

from accounts.models.audit import AuditChain, AuditCheckpoint, AuditEvent, AuditOrigin
from accounts.models.devices import Device, Session
from accounts.models.emails import EmailChange
from accounts.models.factors import ActLock, FactorHold, PasskeyChallenge, TotpCounter
from accounts.models.people import SignInLink, User, UserManager
from accounts.models.recoveries import Recovery, RecoveryNotice

__all__ = [
    "ActLock",
    "AuditChain",
    "AuditCheckpoint",
    "AuditEvent",
    "AuditOrigin",
    "Device",
    "EmailChange",
    "FactorHold",
    "PasskeyChallenge",
    "Recovery",
    "RecoveryNotice",
    "Session",
    "SignInLink",
    "TotpCounter",
    "User",
    "UserManager",
]
