"""The approvals of a draft as its page shows them: who said what, whether it counts, what changed since."""

from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from drafts.access.gate import Member
from drafts.access.roles import Act
from drafts.models import Approval, Says
from drafts.publishing import since
from drafts.publishing.opinions import Standing
from drafts.publishing.since import Difference
from drafts.review.sight import Sight

_SHOWN = 20
_WHY = {
    Standing.COUNTS: "",
    Standing.VOID: "void",
    Standing.WITHDRAWN: "taken back",
    Standing.NO_MEMBER: "not a member any more",
    Standing.UPLOADED: "does not count: uploaded files of it",
    Standing.PUBLISHES: "does not count when you publish",
}


@dataclass(frozen=True, slots=True)
class ApprovalRow:
    """What one member said. ``mark``: how it stands, for the sign before it; ``why`` it does not count."""

    who: str
    says: str
    mark: str
    why: str
    note: str
    at: datetime
    withdraw_url: str = ""


@dataclass(frozen=True, slots=True)
class ApprovalsSection:
    """Approvals in the publish panel. ``mine``: what the reader said of these files; ``changed``: since what is void.

    ``mine_at``: when the reader last said yes, to these files or to others; ``since_mine``: what changed since.
    """

    needed: int
    given: int
    rows: tuple[ApprovalRow, ...]
    mine: str
    changed: tuple[Difference, ...]
    own_counts: bool
    yes_url: str = ""
    changes_url: str = ""
    mine_at: datetime | None = None
    since_mine: tuple[Difference, ...] = ()

    @property
    def is_shown(self) -> bool:
        return bool(self.needed or self.rows or self.yes_url)


def section(who: Member, known: Sight) -> ApprovalsSection:
    """Return what was said of a draft, newest first, and where the reader says it."""
    draft, opinions = known.draft, known.opinions
    may_say = draft.is_editable and who.may(Act.APPROVE) and bool(known.files)
    said = [one for one in opinions.approvals if one.withdrawn_at is None]
    shown = sorted(said, key=lambda one: (one.voided_at is not None, -one.pk))[:_SHOWN]
    mine = next(
        (one for one in said if one.user_id == who.user.pk and opinions.standing(one) != Standing.VOID), None
    )
    mine_yes = max(
        (one for one in said if one.user_id == who.user.pk and one.says == Says.YES),
        key=lambda one: one.pk,
        default=None,
    )
    url = reverse("approve", args=[draft.project.name, draft.version])
    return ApprovalsSection(
        needed=opinions.needed,
        given=len(opinions.yes),
        rows=tuple(_row(who, known, one) for one in shown),
        mine=mine.says if mine else "",
        changed=_changed(known, said),
        own_counts=draft.project.own_approval_counts,
        yes_url=f"{url}?says={Says.YES}" if may_say and (mine is None or mine.says != Says.YES) else "",
        changes_url=f"{url}?says={Says.CHANGES}" if may_say else "",
        mine_at=mine_yes.at if mine_yes else None,
        since_mine=_since(known, mine_yes) if mine_yes and draft.is_editable else (),
    )


def _since(known: Sight, yes: Approval) -> tuple[Difference, ...]:
    """Return what is other than what a yes was said of; it costs nothing while the yes stands."""
    if known.opinions.standing(yes) != Standing.VOID:
        return ()
    return since.differences(known.draft, yes.fingerprint, known.uploads) or ()


def _row(who: Member, known: Sight, one: Approval) -> ApprovalRow:
    draft, standing = known.draft, known.opinions.standing(one)
    counts = standing == Standing.COUNTS
    own = draft.is_editable and one.user_id == who.user.pk and one.stands
    return ApprovalRow(
        who=str(one.user),
        says=one.says,
        mark=("ok" if one.says == Says.YES else "wait") if counts else "none",
        why=_WHY[standing],
        note=one.note,
        at=one.at,
        withdraw_url=reverse("approval-withdraw", args=[draft.project.name, draft.version, one.pk])
        if own and standing != Standing.VOID
        else "",
    )


def _changed(known: Sight, said: list[Approval]) -> tuple[Difference, ...]:
    """Return what changed since the newest word that is void; nothing once somebody looked at the files as they are."""
    newest = max(said, key=lambda one: one.pk, default=None)
    if newest is None or known.opinions.standing(newest) != Standing.VOID or not known.draft.is_live:
        return ()
    return since.differences(known.draft, newest.fingerprint, known.uploads) or ()
