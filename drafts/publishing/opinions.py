"""What people say of drafts: members' approvals, testers' reports. Read once for several drafts, in a few queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from drafts.access.roles import Act, may
from drafts.models import Approval, Draft, File, Report, Says
from drafts.models.files import IN_DRAFT
from drafts.models.standing import role_of_rank


class Standing(StrEnum):
    """Whether an approval counts, and if not, why."""

    COUNTS = "counts"
    VOID = "void"
    WITHDRAWN = "withdrawn"
    NO_MEMBER = "no-member"
    UPLOADED = "uploaded"
    PUBLISHES = "publishes"


@dataclass(frozen=True, slots=True)
class Opinions:
    """What was said of one draft. ``publisher``: the person who would publish it, by id, where that is known."""

    draft: Draft
    fingerprint: str = ""
    approvals: tuple[Approval, ...] = ()
    reports: tuple[Report, ...] = ()
    uploaders: frozenset[int] = frozenset()
    publisher: int | None = None
    changed_at: datetime | None = None

    @property
    def needed(self) -> int:
        return int(self.draft.project.approvals_needed)

    @property
    def yes(self) -> list[Approval]:
        """Return the approvals that count now, of as many people."""
        return [
            one for one in self.approvals if one.says == Says.YES and self.standing(one) == Standing.COUNTS
        ]

    @property
    def no(self) -> list[Approval]:
        """Return who wants changes, and is a member still."""
        return [
            one
            for one in self.approvals
            if one.says == Says.CHANGES and self.standing(one) == Standing.COUNTS
        ]

    @property
    def missing(self) -> int:
        """Return how many people's yes is missing."""
        return max(0, self.needed - len(self.yes))

    @property
    def current(self) -> list[Report]:
        """Return the reports that speak of these very files, without those that were taken off the page."""
        return [one for one in self.reports if one.fingerprint == self.fingerprint and not one.revoked_at]

    @property
    def unanswered(self) -> list[Report]:
        """Return the reports that say these very files are broken, and that nobody answered."""
        return [one for one in self.current if not one.works and not one.answered_at]

    def standing(self, one: Approval) -> Standing:
        """Say whether an approval counts now."""
        if one.withdrawn_at:
            return Standing.WITHDRAWN
        if one.voided_at or one.fingerprint != self.fingerprint:
            return Standing.VOID
        role = role_of_rank(getattr(one, "rank", 0))
        if role is None or not may(role, Act.APPROVE) or not one.user.is_active:
            return Standing.NO_MEMBER
        return self._own(one.user_id) if one.says == Says.YES else Standing.COUNTS

    def _own(self, user_id: int) -> Standing:
        if self.draft.project.own_approval_counts:
            return Standing.COUNTS
        if user_id in self.uploaders:
            return Standing.UPLOADED
        return Standing.PUBLISHES if user_id == self.publisher else Standing.COUNTS

    def waits_for(self, user_id: int) -> bool:
        """Say whether this person's yes is missing: it would count, and was not given."""
        said = {one.user_id for one in self.approvals if self.standing(one) == Standing.COUNTS}
        counts = self.draft.project.own_approval_counts or user_id not in self.uploaders
        return bool(self.missing and counts and user_id not in said and user_id != self.publisher)


def opinions(
    drafts: Sequence[Draft], uploads: Mapping[int, Sequence[File]], publisher: int | None = None
) -> dict[int, Opinions]:
    """Read what was said of drafts; ``uploads`` by draft id, superseded ones too."""
    approvals: dict[int, list[Approval]] = {draft.pk: [] for draft in drafts}
    reports: dict[int, list[Report]] = {draft.pk: [] for draft in drafts}
    approved = [draft for draft in drafts if draft.approvals_said]
    reported = [draft for draft in drafts if draft.reports_said]
    rows = Approval.objects.with_roles().filter(draft__in=approved).select_related("user")
    for one in rows.order_by("pk") if approved else ():
        approvals[one.draft_id].append(one)
    said = Report.objects.filter(draft__in=reported).select_related("link", "answered_by")
    for report in said.order_by("-pk") if reported else ():
        reports[report.draft_id].append(report)
    staged_by = uploaders([draft for draft in drafts if draft.project.approvals_needed])
    return {
        draft.pk: Opinions(
            draft=draft,
            fingerprint=_fingerprint(draft, uploads[draft.pk], approvals[draft.pk] or reports[draft.pk]),
            approvals=tuple(approvals[draft.pk]),
            reports=tuple(reports[draft.pk]),
            uploaders=staged_by.get(draft.pk, frozenset()),
            publisher=publisher if publisher is not None else draft.publishing_by_id,
            changed_at=_changed(uploads[draft.pk]),
        )
        for draft in drafts
    }


def _fingerprint(draft: Draft, uploads: Sequence[File], needed: Sequence[object]) -> str:
    return draft.fingerprint_of(file for file in uploads if file.state in IN_DRAFT) if needed else ""


def _changed(uploads: Sequence[File]) -> datetime | None:
    moments = [file.staged_at for file in uploads] + [file.ended_at for file in uploads if file.ended_at]
    return max(moments, default=None)


def uploaders(drafts: Sequence[Draft]) -> dict[int, frozenset[int]]:
    """Return who staged any file that is in a draft: by session, or whose token did."""
    if not drafts:
        return {}
    rows = File.objects.live().filter(draft__in=drafts)
    found: dict[int, set[int]] = {}
    for draft_id, *people in rows.values_list(
        "draft_id", "staged_by_user_id", "staged_by_token__created_by_id"
    ).distinct():
        found.setdefault(draft_id, set()).update(person for person in people if person)
    return {draft_id: frozenset(people) for draft_id, people in found.items()}
