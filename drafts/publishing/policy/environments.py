"""Rules for drafts that add to a published release: nobody is moved to another file, or to other sources, unseen."""

from collections.abc import Iterator

from drafts.dist.environments import Move
from drafts.inspection.changes import audience
from drafts.inspection.changes.sources import same_sources
from drafts.models import DecisionKind, File
from drafts.publishing.policy.blocker import Blocker, Code, listed
from drafts.publishing.policy.case import Case
from drafts.publishing.policy.files import exactly

_SAID = 5  # moves that one sentence tells


def place(move: Move, files: dict[str, File]) -> str:
    """Name one move for a decision: the environment, and the very bytes that it would get."""
    file = files.get(move.after)
    return f"{move.environment.label}: {move.after} {file.sha256 if file else ''}"


def changed(case: Case) -> Iterator[Blocker]:
    """Ask about environments that get another file than today: one question for all of them."""
    if not case.draft.is_live or not case.before.adds or not case.files:
        return
    found = audience.shadowing(case.before.same_files, case.files)
    files, decided = {file.filename: file for file in case.files}, case.decided(DecisionKind.ENVIRONMENTS)
    moves = [move for move in found.changed if place(move, files) not in decided]
    if not moves:
        return
    by_pair: dict[tuple[str, str], list[Move]] = {}
    for move in moves:
        by_pair.setdefault((move.before or "", move.after), []).append(move)
    said = [_moved(some, before, after) for (before, after), some in by_pair.items()]
    more = f" And {len(said) - _SAID} more files." if len(said) > _SAID else ""
    yield Blocker(
        Code.ENVIRONMENT_CHANGED,
        "Another file than today",
        f"{len(moves)} of {found.environments} environments would install a different file than today: "
        f"{'; '.join(said[:_SAID])}.{more} Whoever pinned {case.draft} gets it as well.",
        "you",
        moves[0].after if len(by_pair) == 1 else None,
        decision=DecisionKind.ENVIRONMENTS,
        what=tuple(place(move, files) for move in moves),
    )


def _moved(moves: list[Move], before: str, after: str) -> str:
    who = [f"{move.environment.label}{f' {move.only}' if move.only else ''}" for move in moves]
    return f"{listed(who)} {'moves' if len(moves) == 1 else 'move'} from {before} to {after}"


def sources(case: Case) -> Iterator[Blocker]:
    """Ask about late files whose sources differ; one that is not inspected yet is another rule's matter."""
    if not case.draft.is_live or not case.before.adds:
        return
    files, decided = {file.filename: file for file in case.files}, case.decided(DecisionKind.SOURCES)
    every = same_sources(case.files, case.before.same_files).values()
    found = [one for one in every if not one.is_same and exactly(files[one.filename]) not in decided]
    for code, title, some in (
        (Code.SOURCES_DIFFER, "Other sources", [one for one in found if one.is_known]),
        (Code.SOURCES_UNKNOWN, "Sources not compared", [one for one in found if not one.is_known]),
    ):
        if some:
            more = f" So do {len(some) - 1} more of the {len(case.files)} files." if len(some) > 1 else ""
            yield Blocker(
                code,
                title,
                f"{some[0].sentence(str(case.draft))}{more} Was the version meant to change?",
                "you",
                some[0].filename,
                decision=DecisionKind.SOURCES,
                what=tuple(exactly(files[one.filename]) for one in some),
            )


def new_files(case: Case) -> Iterator[Blocker]:
    """Ask about late files that neither the release before nor ``expects`` has."""
    if not case.draft.is_live or not case.before.adds:
        return
    known = {file.identity for file in (*case.before.last_files, *case.before.same_files)}
    settled = case.decided(DecisionKind.NEW_FILES)
    found = [
        file
        for file in case.files
        if file.identity not in known
        and file.filename not in case.draft.expects
        and exactly(file) not in settled
    ]
    if found:
        one = len(found) == 1
        yield Blocker(
            Code.NEW_FILE,
            "New kind of file" if one else "New kinds of files",
            f"{listed([file.filename for file in found])}: neither {case.before.version or case.draft} has such "
            f"{'a file' if one else 'files'}, nor did CI announce {'it' if one else 'them'}. Meant to be there?",
            "you",
            found[0].filename if one else None,
            decision=DecisionKind.NEW_FILES,
            what=tuple(exactly(file) for file in found),
        )
