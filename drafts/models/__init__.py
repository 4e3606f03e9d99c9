"""Rows, constraints, named querysets, and the job table."""

from drafts.models.builders import Builder
from drafts.models.ci import CiKind, CiRun, CiSource, FetchState, Provenance
from drafts.models.counts import Count
from drafts.models.drafts import Changed, Draft, DraftState, NotEditable
from drafts.models.evidence import EvidenceLog, LoggedDigest
from drafts.models.files import Attestations, BurntName, File, FileState
from drafts.models.jobs import Job, JobState, Kind
from drafts.models.projects import (
    IndexPage,
    LinkForCi,
    Membership,
    Project,
    PublishFromCi,
    Release,
    Role,
)
from drafts.models.tokens import DraftLink, Token, TokenKind
from drafts.models.uploads import UploadPart, UploadSession

__all__ = [
    "Attestations",
    "Builder",
    "BurntName",
    "Changed",
    "CiKind",
    "CiRun",
    "CiSource",
    "Count",
    "Draft",
    "DraftLink",
    "DraftState",
    "EvidenceLog",
    "FetchState",
    "File",
    "FileState",
    "IndexPage",
    "Job",
    "JobState",
    "Kind",
    "LinkForCi",
    "LoggedDigest",
    "Membership",
    "NotEditable",
    "Project",
    "Provenance",
    "PublishFromCi",
    "Release",
    "Role",
    "Token",
    "TokenKind",
    "UploadPart",
    "UploadSession",
]
