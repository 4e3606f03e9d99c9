"""The act after a token leaked, or a repository was taken over: take everything that it staged out of the drafts, file by file, in one transaction."""

import hashlib
from collections.abc import Sequence

from django.db import transaction

from accounts.audit import Actor
from drafts.intake import deleting
from drafts.models import Changed, File, Project, Publisher, Token

Source = Token | Publisher | Sequence[Token]


def staged_by(source: Source) -> list[File]:
    """Return what a token, some tokens of one secret, or all of a trusted publisher staged and nobody replaced or deleted since: in drafts, published, or in drafts that ended."""
    by: dict[str, object]
    if isinstance(source, Publisher):
        by = {"staged_by_token__publisher": source}
    else:
        by = {"staged_by_token__in": [source] if isinstance(source, Token) else source}
    rows = File.objects.live().filter(**by).select_related("draft__project", "release")
    return list(rows.order_by("-draft_id", "filename"))


def deletable(files: Sequence[File]) -> list[File]:
    """Return those that are in a draft which can still change."""
    return [file for file in files if file.draft.is_editable]


def spelled(files: Sequence[File]) -> str:
    """Return a digest that names exactly these uploads."""
    lines = "\n".join(sorted(f"{file.pk} {file.sha256}" for file in files))
    return hashlib.sha256(lines.encode()).hexdigest()


@transaction.atomic
def withdraw(*, source: Source, by: Actor, seen: str) -> list[str]:
    """Delete from the drafts what tokens or a trusted publisher staged, with an event for each file, and return the file names.

    ``seen``: the deletable uploads, spelled, as the page showed them. Raises Changed.
    """
    sources = [source] if isinstance(source, Token | Publisher) else source
    for project in sorted({one.project_id for one in sources}):
        Project.objects.lock(project)
    files = deletable(staged_by(source))
    if spelled(files) != seen:
        raise Changed("what it staged changed after the page was shown")
    for file in sorted(files, key=lambda file: (file.draft_id, file.filename)):
        deleting.delete_file(draft=file.draft, filename=file.filename, by=by, seen=file.sha256)
    return [file.filename for file in files]
