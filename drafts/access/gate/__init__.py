"""One gate to each object. Strangers get 404, members without the right 403, credentials 401 or 403."""

from drafts.access.gate.circles import GroupOwner, TeamMate, group, group_owner, team
from drafts.access.gate.credentials import (
    Credential,
    NoCredential,
    NotAllowed,
    NotFromHere,
    arriving,
    draft_file,
    evidence_credential,
    session,
    upload_credential,
)
from drafts.access.gate.draft_links import POINTER_LIFETIME, DraftAccess, count_use, draft_link
from drafts.access.gate.linked import linked_file
from drafts.access.gate.operators import Operator, operator, operators
from drafts.access.gate.people import Member, draft, member, people, release, run, standstill, user_of
from drafts.access.gate.presented import presented_token
from drafts.access.gate.trains import Passenger, open_drafts, train

__all__ = [
    "POINTER_LIFETIME",
    "Credential",
    "DraftAccess",
    "GroupOwner",
    "Member",
    "NoCredential",
    "NotAllowed",
    "NotFromHere",
    "Operator",
    "Passenger",
    "TeamMate",
    "arriving",
    "count_use",
    "draft",
    "draft_file",
    "draft_link",
    "evidence_credential",
    "group",
    "group_owner",
    "linked_file",
    "member",
    "open_drafts",
    "operator",
    "operators",
    "people",
    "presented_token",
    "release",
    "run",
    "session",
    "standstill",
    "team",
    "train",
    "upload_credential",
    "user_of",
]
