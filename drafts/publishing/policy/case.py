"""Everything that the rules look at, read once for one draft or for a whole queue."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from django.db.models import Q

from drafts.dist import windows as rules
from drafts.evidence import verdicts
from drafts.evidence.compare import Comparison
from drafts.index import windows
from drafts.inspection.changes import NOTHING, Before, befores
from drafts.inspection.standing import Noticed, Standing, standings
from drafts.models import (
    BurntName,
    Decision,
    DecisionKind,
    Draft,
    EvidenceLog,
    File,
    ReadOnly,
    Release,
    Target,
    Train,
    UploadSession,
    beside,
)
from drafts.models.files import IN_DRAFT
from drafts.publishing.builders import Waiting, waiting
from drafts.publishing.opinions import Opinions, opinions


@dataclass(frozen=True, slots=True)
class Case:
    """Everything a rule may look at, read once.

    ``files`` are in the draft, ``arriving`` are uploads on their way to it or failed; ``taken`` holds the names and
    identities that others burnt or reserved.
    """

    draft: Draft
    files: tuple[File, ...]
    arriving: tuple[UploadSession, ...]
    comparison: Comparison
    taken: frozenset[str]
    builders: tuple[Waiting, ...] = ()
    standing: Standing = field(default_factory=Standing)
    before: Before = NOTHING
    decisions: tuple[Decision, ...] = ()
    window: rules.Standing | None = None
    held: str = ""  # why the release to which the draft adds is in quarantine
    opinions: Opinions = field(kw_only=True)
    read_only: str = ""  # why nothing changes on this server now
    train: Train | None = None
    target: Target | None = None

    def decided(self, kind: DecisionKind) -> frozenset[str]:
        """Return what standing decisions of one kind cover."""
        return frozenset(what for one in self.decisions if one.kind == kind for what in one.what)


def cases(
    drafts: Sequence[Draft],
    uploads: Mapping[int, Sequence[File]],
    before: Mapping[int, Before] | None = None,
    noticed: Noticed | None = None,
    logs: Sequence[EvidenceLog] | None = None,
    *,
    publisher: int | None = None,
) -> dict[int, Case]:
    """Read what the rules look at, for several drafts in a few queries; ``uploads`` by draft id, superseded ones too.

    ``before``: what was there before each draft, ``noticed``: what was found in it, ``logs``: its evidence, where the
    caller has read it. ``publisher``: who would publish them, by id, where that is known.
    """
    live = [draft for draft in drafts if draft.is_live]
    comparisons = verdicts.comparisons(uploads, drafts, logs)
    arriving = _arriving([draft.pk for draft in beside.those_with("arriving", live)])
    taken = _taken(beside.those_with("taken", live), uploads)
    before = befores(drafts) if before is None else before
    decisions = _decisions(beside.those_with("decisions", drafts))
    builders = waiting(beside.those_with("builders", live), uploads)
    inspections = standings(drafts, uploads, noticed)
    open_or_closed = windows.of_drafts(drafts)
    held = _held(beside.those_with("held", live))
    said = opinions(drafts, uploads, publisher)
    still = ReadOnly.now() if live else None
    trains = _trains(drafts)
    targets = _targets(live)
    return {
        draft.pk: Case(
            draft=draft,
            files=tuple(file for file in uploads[draft.pk] if file.state in IN_DRAFT),
            arriving=tuple(arriving.get(draft.pk, ())),
            comparison=comparisons[draft.pk],
            taken=frozenset(taken.get(draft.pk, ())),
            builders=builders.get(draft.pk, ()),
            standing=inspections[draft.pk],
            before=before[draft.pk],
            decisions=tuple(decisions.get(draft.pk, ())),
            window=open_or_closed.get(draft.pk),
            held=held.get((draft.project_id, draft.version_key), ""),
            opinions=said[draft.pk],
            read_only=still.reason if still else "",
            train=trains.get(draft.train_id or 0),
            target=targets.get(draft.project_id),
        )
        for draft in drafts
    }


def _trains(drafts: Sequence[Draft]) -> dict[int, Train]:
    """Return the trains that drafts are in; where none is in one, nothing is asked."""
    known = {draft.train_id for draft in drafts if draft.train_id}
    return Train.objects.in_bulk(known) if known else {}


def _decisions(drafts: Sequence[Draft]) -> dict[int, list[Decision]]:
    found: dict[int, list[Decision]] = {}
    for decision in Decision.objects.standing().filter(draft__in=drafts).select_related("by").order_by("pk"):
        found.setdefault(decision.draft_id, []).append(decision)
    return found


def _held(drafts: Sequence[Draft]) -> dict[tuple[int, str], str]:
    """Return why releases are in quarantine, by project id and version."""
    rows = Release.objects.filter(
        project__in={draft.project_id for draft in drafts}, quarantined_at__isnull=False
    )
    return {(row.project_id, row.version_key): row.quarantine_reason for row in rows} if drafts else {}


def _targets(drafts: Sequence[Draft]) -> dict[int, Target]:
    """Return the upstream targets by project id."""
    projects = {draft.project_id for draft in drafts}
    return {row.project_id: row for row in Target.objects.standing().filter(project__in=projects)}


def _arriving(draft_ids: Sequence[int]) -> dict[int, list[UploadSession]]:
    rows = UploadSession.objects.in_the_way().filter(draft__in=draft_ids).select_related("staged_by_token")
    found: dict[int, list[UploadSession]] = {}
    for upload in rows.defer("attestations", "hashes", "digests", "sending").order_by("filename"):
        found.setdefault(upload.draft_id, []).append(upload)
    return found


def _taken(drafts: Sequence[Draft], uploads: Mapping[int, Sequence[File]]) -> dict[int, set[str]]:
    """Return the names, and of the same release the identities, that other drafts burnt or reserved, by draft id."""
    if not drafts:
        return {}
    names = {file.filename for draft in drafts for file in uploads[draft.pk]}
    spaces = {draft.project.space for draft in drafts}
    of_release = Q(
        project__in={draft.project_id for draft in drafts},
        version_key__in={draft.version_key for draft in drafts},
    )
    taken: dict[int, set[str]] = {draft.pk: set() for draft in drafts}
    for row in BurntName.objects.filter(Q(filename__in=names, space__in=spaces) | of_release):
        for draft in drafts:
            if row.draft_id == draft.pk or row.space != draft.project.space:
                continue
            taken[draft.pk].add(row.filename)
            if (row.project_id, row.version_key) == (draft.project_id, draft.version_key):
                taken[draft.pk].add(row.identity)
    return taken
