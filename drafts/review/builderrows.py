"""The builders of a draft as its page shows them: who was asked for what, and what came."""

from django.urls import reverse
from django.utils import timezone

from drafts.publishing.builders import Waiting
from drafts.review.rows import BuilderRow, Can
from drafts.review.sight import Sight


def rows(known: Sight, can: Can) -> tuple[BuilderRow, ...]:
    """Return one row for each invitation that nobody took back."""
    return tuple(_row(known, one, can) for one in known.builders)


def sentence(one: Waiting) -> str:
    """Say what is waited for: ``waiting for 6 files like *-macosx_* from NAME (2 of 6 so far)``."""
    name, patterns, expected = one.builder.name, one.patterns, one.builder.expected
    if expected is None:
        return f"{name} may send files like {patterns} ({one.arrived} so far)"
    files = f"{expected} file{'' if expected == 1 else 's'} like {patterns}"
    if one.missing:
        return f"waiting for {files} from {name} ({one.arrived} of {expected} so far)"
    return (
        f"{name} sent {files}"
        if one.arrived == expected
        else f"{name} sent {one.arrived} files, {files} expected"
    )


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
