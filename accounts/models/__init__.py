"""Rows about people, their factors, their devices and sessions, recoveries, and the audit chain."""

from accounts.models.audit import AuditChain, AuditEvent, AuditOrigin
from accounts.models.devices import Device, Session
from accounts.models.factors import ActLock, FactorHold, PasskeyChallenge, TotpCounter
from accounts.models.people import SignInLink, User, UserManager
from accounts.models.recoveries import Recovery, RecoveryNotice

__all__ = [
    "ActLock",
    "AuditChain",
    "AuditEvent",
    "AuditOrigin",
    "Device",
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
