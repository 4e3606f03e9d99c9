"""Digests of files, read out of whatever a CI job printed."""

from drafts.evidence.logs.logged import Logged
from drafts.evidence.logs.reading import parse

__all__ = ["READER", "Logged", "parse"]

READER = 1  # raised when a text may be read otherwise than before: what is kept is then read again (evidence.again)
