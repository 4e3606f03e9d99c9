"""Digests of files, read out of whatever a CI job printed."""

from drafts.evidence.logs.logged import Logged
from drafts.evidence.logs.reading import parse

__all__ = ["Logged", "parse"]
