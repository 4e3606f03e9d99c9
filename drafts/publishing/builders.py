"""What a draft waits for from invited builders: read once for several drafts, for the policy and for pages."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drafts.models import Builder, Draft, File
from drafts.models.files import IN_DRAFT


@dataclass(frozen=True, slots=True)
class Waiting:
    """One invitation that nobody took back, and how many of its files are in the draft."""

    builder: Builder
    arrived: int

    @property
    def missing(self) -> int:
        """Return how many files publishing still waits for."""
        return max(0, (self.builder.expected or 0) - self.arrived)

    @property
    def patterns(self) -> str:
        return ", ".join(self.builder.token.patterns)


def waiting(drafts: Sequence[Draft], uploads: Mapping[int, Sequence[File]]) -> dict[int, tuple[Waiting, ...]]:
    """Return the invitations by draft id, in one query; ``uploads`` by draft id, superseded ones too."""
    found: dict[int, list[Waiting]] = {draft.pk: [] for draft in drafts}
    rows = Builder.objects.invited().filter(draft__in=drafts).select_related("token", "invited_by")
    for builder in rows.order_by("pk"):
        found[builder.draft_id].append(Waiting(builder, _arrived(builder, uploads[builder.draft_id])))
    return {draft_id: tuple(each) for draft_id, each in found.items()}


def _arrived(builder: Builder, uploads: Sequence[File]) -> int:
    """Count the names that the builder staged and that are in the draft, also where a maintainer replaced the bytes."""
    theirs = {file.filename for file in uploads if file.staged_by_token_id == builder.token_id}
    return len(theirs & {file.filename for file in uploads if file.state in IN_DRAFT})
