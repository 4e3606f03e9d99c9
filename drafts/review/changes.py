"""The section on changes of the draft page: what is different, whom it moves, what maintainers decided."""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from django.urls import reverse

from drafts.dist.environments import Shadowing
from drafts.inspection.changes import Change, ChangeKind, audience, changes, entrypoints
from drafts.inspection.changes.members import summed
from drafts.inspection.changes.sources import SameSource, same_sources
from drafts.models import Decision, DecisionKind, File
from drafts.publishing.policy.environments import place
from drafts.review.coverage import GridView, grid_view
from drafts.review.installability import Installability, installability
from drafts.review.rows import Can
from drafts.review.sight import Sight
from drafts.review.templatetags.words import size

_NOUNS = {
    ChangeKind.DEPENDENCIES: ("dependency", "dependencies"),
    ChangeKind.METADATA: ("field", "fields"),
    ChangeKind.PLATFORMS: ("platform", "platforms"),
    ChangeKind.ENTRY_POINTS: ("entry point", "entry points"),
    ChangeKind.FILES: ("kind of file", "kinds of files"),
}
_DECISIONS = {
    DecisionKind.WITHOUT: "publish without",
    DecisionKind.CONFIRMED: "these bytes are right, though the token leaked",
    DecisionKind.ENVIRONMENTS: "let these environments move",
    DecisionKind.SOURCES: "publish with other sources",
    DecisionKind.NEW_FILES: "publish new kinds of files",
    DecisionKind.NO_ATTESTATIONS: "let the upstream index show no attestations",
}


@dataclass(frozen=True, slots=True)
class SizeRow:
    """One file's size against last time; ``filename`` is what it was called last time where it is gone."""

    filename: str
    state: str
    before: int | None
    now: int | None
    delta: str
    percent: str
    url: str = ""


@dataclass(frozen=True, slots=True)
class MoveRow:
    """An environment that would install another file; ``state``: changed, accepted or served."""

    environment: str
    before: str
    after: str
    state: str


@dataclass(frozen=True, slots=True)
class DecisionRow:
    """One decision that stands."""

    text: str
    what: tuple[str, ...]
    reason: str
    by: str
    at: datetime
    revoke_url: str


@dataclass(frozen=True, slots=True)
class MembersLine:
    """What is different inside one file, which stands for its release; entry points are named, for they run."""

    filename: str
    sentence: str
    url: str
    changed: int
    entry_points: bool
    points: tuple[Change, ...] = ()


@dataclass(frozen=True, slots=True)
class ChangesSection:
    """Everything the draft page says of changes; ``grid`` is on the first screen."""

    grid: GridView | None
    summary: str
    items: tuple[Change, ...] = ()
    sizes: tuple[SizeRow, ...] = ()
    moves: tuple[MoveRow, ...] = ()
    moves_summary: str = ""
    sources: tuple[str, ...] = ()
    decisions: tuple[DecisionRow, ...] = ()
    decide_url: str = ""
    against: str = ""
    installability: Installability | None = None
    members: MembersLine | None = None


def section(known: Sight, can: Can) -> ChangesSection:
    """Build the section of one draft."""
    where = [known.draft.project.name, known.draft.version]
    members = _members(known, where) if not known.before.adds else None
    items = tuple(changes(known.files, known.last)) if not known.before.adds else ()
    items = (*items, *(members.points if members else ()))
    shadowing = audience.shadowing(known.before.same_files, known.files) if _adds(known) else None
    sources = same_sources(known.files, known.before.same_files) if _adds(known) else {}
    return ChangesSection(
        grid=grid_view(known),
        summary=_shadowed(shadowing, sources) if shadowing else _summary(known, items, members),
        items=items,
        sizes=tuple(_sizes(known)),
        moves=tuple(_moves(known, shadowing)) if shadowing else (),
        moves_summary=_moves_summary(shadowing) if shadowing else "",
        sources=tuple(
            f"{name}: {found.sentence(str(known.draft))}" for name, found in sorted(sources.items())
        ),
        decisions=tuple(_decision(one, can, where) for one in known.decisions),
        decide_url=reverse("decide", args=where) if can.decide else "",
        against=known.last_version,
        installability=installability(known),
        members=members,
    )


def _members(known: Sight, where: Sequence[str]) -> MembersLine | None:
    found = summed(known.files, known.last)
    if found is None:
        return None
    file, before, compared = found
    differs = any(change.path == entrypoints.PATH for change in compared.changes)
    return MembersLine(
        file.filename,
        compared.sentence,
        f"{reverse('file-changes', args=[*where, file.filename])}?against=last",
        len(compared.changes),
        differs,
        tuple(entrypoints.changes(file, before)) if differs else (),
    )


def _adds(known: Sight) -> bool:
    return known.before.adds and bool(known.files)


def _shadowed(found: Shadowing, sources: dict[str, SameSource]) -> str:
    """Say in one line whom a draft moves that adds to a release, and whether its sources are the same."""
    different = sum(not one.is_same for one in sources.values())
    same = "; same sources" if sources else ""
    said = f"; other sources in {different} of {len(sources)} files" if different else same
    return f"{_moves_summary(found)}{said}"


def _summary(known: Sight, items: Sequence[Change], members: MembersLine | None) -> str:
    """Say in one line what is enough when all is well."""
    if not known.last_version:
        return "No published release to compare with"
    kinds = Counter(change.kind for change in items)
    parts = [
        f"{kinds[kind]} {one if kinds[kind] == 1 else many}"
        for kind, (one, many) in _NOUNS.items()
        if kinds[kind]
    ]
    if members and members.changed:
        parts.append(f"{members.changed} {'file' if members.changed == 1 else 'files'}")
    if delta := _delta(sum(file.size for file in known.last), sum(file.size for file in known.files)):
        parts.append(delta)
    return f"{', '.join(parts)} since {known.last_version}" if parts else f"none since {known.last_version}"


def _moves_summary(found: Shadowing) -> str:
    if not found.changed:
        served = f"{len(found.served)} get a wheel that had none" if found.served else "nobody is moved"
        return f"0 of {found.environments} environments would install another file than today, {served}"
    served = f", {len(found.served)} get a wheel that had none" if found.served else ""
    return f"{len(found.changed)} of {found.environments} environments would install another file than today{served}"


def _moves(known: Sight, found: Shadowing) -> Iterator[MoveRow]:
    files = {file.filename: file for file in known.files}
    decided = known.decided(DecisionKind.ENVIRONMENTS)
    for state, moves in (("changed", found.changed), ("served", found.served)):
        for move in moves:
            accepted = state == "changed" and place(move, files) in decided
            label = f"{move.environment.label}{f' {move.only}' if move.only else ''}"
            yield MoveRow(label, move.before or "", move.after, "accepted" if accepted else state)


def _sizes(known: Sight) -> Iterator[SizeRow]:
    """Yield the files of now against those of the same kind last time, then those that are gone."""
    last = {file.identity: file for file in known.last} if not known.before.adds else {}
    for file in known.files:
        yield _size_row(known, file, last.pop(file.identity, None), compared=bool(known.last))
    for file in last.values():
        yield SizeRow(file.filename, "gone", file.size, None, "", "")


def _size_row(known: Sight, file: File, before: File | None, *, compared: bool) -> SizeRow:
    url = reverse("file-changes", args=[known.draft.project.name, known.draft.version, file.filename])
    if before is None:
        return SizeRow(file.filename, "new" if compared else "", None, file.size, "", "", url)
    percent = f"{(file.size - before.size) / before.size:+.0%}".replace("-", "−")
    return SizeRow(
        file.filename,
        "",
        before.size,
        file.size,
        _delta(before.size, file.size),
        percent if before.size != file.size else "",
        url,
    )


def _delta(before: int, now: int) -> str:
    if before == now:
        return ""
    return f"{'+' if now > before else '−'}{size(abs(now - before))}"


def _decision(one: Decision, can: Can, where: Sequence[str]) -> DecisionRow:
    return DecisionRow(
        text=_DECISIONS[DecisionKind(one.kind)],
        what=tuple(one.what),
        reason=one.reason,
        by=str(one.by),
        at=one.at,
        revoke_url=reverse("decision-revoke", args=[*where, one.pk]) if can.decide else "",
    )
