"""Rows, constraints, named querysets, and the job table."""

from drafts.models.builders import Builder
from drafts.models.ci import CiKind, CiRun, CiSource, FetchState, Provenance
from drafts.models.counts import Count
from drafts.models.decisions import Decision, DecisionKind
from drafts.models.drafts import Changed, Draft, DraftState, NotEditable
from drafts.models.evidence import Attested, EvidenceLog, LoggedDigest, PrintedBy
from drafts.models.files import Attestations, BurntName, File, FileState
from drafts.models.inspections import Finding, Inspection, InspectionState, Remembered, Severity
from drafts.models.jobs import Job, JobState, Kind
from drafts.models.projects import (
    EvidenceDemand,
    ExpectedFiles,
    IndexPage,
    LinkForCi,
    Membership,
    Project,
    PublishFromCi,
    Release,
    Role,
)
from drafts.models.publishers import Publisher, PublisherKind, RunClaims, SpentIdentity
from drafts.models.receipts import Receipt, ReceiptKey
from drafts.models.resolutions import Resolution
from drafts.models.tokens import DraftLink, IndexToken, Token, TokenKind
from drafts.models.uploads import UploadPart, UploadSession

__all__ = [
    "Attestations",
    "Attested",
    "Builder",
    "BurntName",
    "Changed",
    "CiKind",
    "CiRun",
    "CiSource",
    "Count",
    "Decision",
    "DecisionKind",
    "Draft",
    "DraftLink",
    "DraftState",
    "EvidenceDemand",
    "EvidenceLog",
    "ExpectedFiles",
    "FetchState",
    "File",
    "FileState",
    "Finding",
    "IndexPage",
    "IndexToken",
    "Inspection",
    "InspectionState",
    "Job",
    "JobState",
    "Kind",
    "LinkForCi",
    "LoggedDigest",
    "Membership",
    "NotEditable",
    "PrintedBy",
    "Project",
    "Provenance",
    "PublishFromCi",
    "Publisher",
    "PublisherKind",
    "Receipt",
    "ReceiptKey",
    "Release",
    "Remembered",
    "Resolution",
    "Role",
    "RunClaims",
    "Severity",
    "SpentIdentity",
    "Token",
    "TokenKind",
    "UploadPart",
    "UploadSession",
]
