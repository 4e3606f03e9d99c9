"""Rows, constraints, named querysets, and the job table."""

from drafts.models.approvals import Approval, Says
from drafts.models.builders import Builder
from drafts.models.ci import CiKind, CiRun, CiSource, FetchState, Provenance
from drafts.models.counts import Count
from drafts.models.decisions import Decision, DecisionKind
from drafts.models.drafts import Changed, Draft, DraftState, NotEditable
from drafts.models.evidence import (
    AttestationSearch,
    Attested,
    EvidenceLog,
    LoggedDigest,
    PrintedBy,
    ProvenanceObject,
)
from drafts.models.files import Attestations, BurntName, File, FileState
from drafts.models.handovers import Handover, HandoverNotice
from drafts.models.inspections import Finding, Inspection, InspectionState, Remembered, Severity
from drafts.models.invitations import Invitation
from drafts.models.jobs import Job, JobState, Kind
from drafts.models.looks import Look
from drafts.models.loosenings import Loosening, LooseningState
from drafts.models.memberships import Membership
from drafts.models.operating import EdgePurge, OperatorLook, ReadOnly
from drafts.models.orders import StandingOrder
from drafts.models.outbox import NewsChoice, Outgoing
from drafts.models.projects import (
    EvidenceDemand,
    ExpectedFiles,
    LinkForCi,
    Project,
    ProjectStatus,
    PublishFromCi,
    Role,
)
from drafts.models.publishers import Publisher, PublisherKind, RunClaims, SpentIdentity
from drafts.models.receipts import Receipt, ReceiptKey
from drafts.models.releases import IndexPage, Release
from drafts.models.reports import Fetch, Report
from drafts.models.resolutions import Resolution
from drafts.models.runhooks import Heard, RunHook, RunMessage
from drafts.models.spaces import Space
from drafts.models.targets import (
    LookBack,
    Push,
    PushedFile,
    PushedFileState,
    PushState,
    Target,
    TargetKind,
    Uploader,
)
from drafts.models.teams import Group, GroupProject, Team, TeamMember, TeamRole
from drafts.models.tokens import DraftLink, IndexToken, Token, TokenKind
from drafts.models.trains import Train, TrainLink, TrainState
from drafts.models.uploads import UploadPart, UploadSession
from drafts.models.webhooks import Delivery, DeliveryState, Webhook

__all__ = [
    "Approval",
    "AttestationSearch",
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
    "Delivery",
    "DeliveryState",
    "Draft",
    "DraftLink",
    "DraftState",
    "EdgePurge",
    "EvidenceDemand",
    "EvidenceLog",
    "ExpectedFiles",
    "Fetch",
    "FetchState",
    "File",
    "FileState",
    "Finding",
    "Group",
    "GroupProject",
    "Handover",
    "HandoverNotice",
    "Heard",
    "IndexPage",
    "IndexToken",
    "Inspection",
    "InspectionState",
    "Invitation",
    "Job",
    "JobState",
    "Kind",
    "LinkForCi",
    "LoggedDigest",
    "Look",
    "LookBack",
    "Loosening",
    "LooseningState",
    "Membership",
    "NewsChoice",
    "NotEditable",
    "OperatorLook",
    "Outgoing",
    "PrintedBy",
    "Project",
    "ProjectStatus",
    "Provenance",
    "ProvenanceObject",
    "PublishFromCi",
    "Publisher",
    "PublisherKind",
    "Push",
    "PushState",
    "PushedFile",
    "PushedFileState",
    "ReadOnly",
    "Receipt",
    "ReceiptKey",
    "Release",
    "Remembered",
    "Report",
    "Resolution",
    "Role",
    "RunClaims",
    "RunHook",
    "RunMessage",
    "Says",
    "Severity",
    "Space",
    "SpentIdentity",
    "StandingOrder",
    "Target",
    "TargetKind",
    "Team",
    "TeamMember",
    "TeamRole",
    "Token",
    "TokenKind",
    "Train",
    "TrainLink",
    "TrainState",
    "UploadPart",
    "UploadSession",
    "Uploader",
    "Webhook",
]
