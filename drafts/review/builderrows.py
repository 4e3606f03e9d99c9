"""The builders of a draft as its page shows them: who was asked for what, and what came."""

import re

from django.urls import reverse
from django.utils import timezone

from drafts.publishing.builders import Waiting
from drafts.review.rows import BuilderRow, Can
from drafts.review.sight import Sight

# A pattern that says nothing but for which system: *-macosx_*, *-win_*.whl
_PLATFORM = re.compile(r"\*-?(?P<tag>macosx|win|manylinux|musllinux)_?\*(?:\.whl)?")
_SYSTEMS = {"macosx": "macOS", "win": "Windows", "manylinux": "Linux", "musllinux": "musl Linux"}


def rows(known: Sight, can: Can) -> tuple[BuilderRow, ...]:
    """Return one row for each invitation that nobody took back."""
    return tuple(_row(known, one, can) for one in known.builders)


def sentence(one: Waiting) -> str:
    """Say what is waited for: ``waiting for 6 macOS wheels from NAME (2 of 6 so far)``."""
    name, expected = one.builder.name, one.builder.expected
    if expected is None:
        return f"{name} may send {_files(one, 2)} ({one.arrived} so far)"
    files = f"{expected} {_files(one, expected)}"
    if one.missing:
        return f"waiting for {files} from {name} ({one.arrived} of {expected} so far)"
    return (
        f"{name} sent {files}"
        if one.arrived == expected
        else f"{name} sent {one.arrived} files, {files} expected"
    )


def _files(one: Waiting, count: int) -> str:
    """Say which files: ``macOS wheels`` where every pattern is for one system alone, else the patterns."""
    plural = "" if count == 1 else "s"
    systems = [_PLATFORM.fullmatch(pattern) for pattern in one.builder.token.patterns]
    names = dict.fromkeys(_SYSTEMS[system["tag"]] for system in systems if system)
    if not all(systems):
        return f"file{plural} like {one.patterns}"
    return f"{' or '.join(names)} wheel{plural}"


def _row(known: Sight, one: Waiting, can: Can) -> BuilderRow:
    token = one.builder.token
    where = [known.draft.project.name, known.draft.version, one.builder.pk]
    return BuilderRow(
        name=one.builder.name,
        sentence=sentence(one),
        missing=one.missing,
        expected=one.builder.expected,
        arrived=one.arrived,
        by=str(one.builder.invited_by),
        at=one.builder.invited_at,
        expires_at=min(token.expires_at, known.draft.expires_at),
        last_used_at=token.last_used_at,
        is_over=token.expires_at <= timezone.now(),
        expect_url=reverse("builder-expect", args=where) if can.builders else "",
        revoke_url=reverse("builder-revoke", args=where) if can.builders else "",
    )
