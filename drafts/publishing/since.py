"""What changed in a draft since it had a fingerprint: read from its rows, which are never rewritten."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from drafts.models import Draft, File

_NAMED = 20


@dataclass(frozen=True, slots=True)
class Difference:
    """One file that changed between what was seen and what is: ``added``, ``removed`` or ``replaced``."""

    kind: str
    filename: str
    before: str = ""
    after: str = ""


def differences(
    draft: Draft, seen: str, uploads: Sequence[File] | None = None
) -> tuple[Difference, ...] | None:
    """Return what changed since the draft had the fingerprint ``seen``; None when it never had it.

    ``uploads``: all of the draft's files, superseded ones too, where the caller has read them.
    """
    every = list(draft.files.all()) if uploads is None else uploads
    moments = sorted(
        {file.staged_at for file in every} | {file.ended_at for file in every if file.ended_at}, reverse=True
    )
    now = {file.filename: file for file in every if file.ended_at is None}
    for moment in moments:
        then = {
            f.filename: f
            for f in every
            if f.staged_at <= moment and (f.ended_at is None or f.ended_at > moment)
        }
        if draft.fingerprint_of(then.values()) == seen:
            return _difference(then, now)
    if draft.fingerprint_of([]) == seen:
        return _difference({}, now)
    return None


def _difference(then: Mapping[str, File], now: Mapping[str, File]) -> tuple[Difference, ...]:
    found = []
    for name in sorted({*then, *now}):
        before, after = then.get(name), now.get(name)
        if before is None and after is not None:
            found.append(Difference("added", name, "", after.sha256))
        elif before is not None and after is None:
            found.append(Difference("removed", name, before.sha256, ""))
        elif before is not None and after is not None and _differ(before, after):
            found.append(Difference("replaced", name, before.sha256, after.sha256))
    return tuple(found)


def _differ(before: File, after: File) -> bool:
    return (before.sha256, before.attestations_sha256) != (after.sha256, after.attestations_sha256)


def in_words(found: Sequence[Difference] | None) -> str:
    """Say what changed by name: ``replaced mylib-1.0-py3-none-any.whl``."""
    if not found:
        return "the files changed"
    said = [f"{one.kind} {one.filename}" for one in found[:_NAMED]]
    more = len(found) - _NAMED
    return ", ".join(said) + (f" and {more} more" if more > 0 else "")
