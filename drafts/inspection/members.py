"""The members of a stored file as its inspection listed them, and the text of one of them, read from the archive."""

from dataclasses import dataclass

from drafts.dist import parse_filename
from drafts.dist.members import Member, read_range
from drafts.inspection import keeping
from drafts.inspection.standing import inspection_of
from drafts.models import File
from drafts.storage import opened

_PROBE = 8 * 1024  # bytes in which a NUL means that this is no text


class NotInspected(Exception):
    """The file has no list of members: its inspection has not ended, or failed, or its bytes are gone."""


@dataclass(frozen=True, slots=True)
class Text:
    """The first bytes of a member as text; ``is_cut`` where the member is longer, ``is_binary`` where it is no text.

    Bytes that are not UTF-8 are spelled as hexadecimal escapes; ``text`` is empty where it is binary.
    """

    text: str
    is_binary: bool = False
    is_cut: bool = False


def members(file: File) -> tuple[Member, ...]:
    """Return every member of a file in archive order. Raises NotInspected, StorageDown."""
    return seen(file).members


def seen(file: File) -> keeping.Seen:
    """Return what the file's inspection kept. Raises NotInspected, StorageDown."""
    row = inspection_of(file)
    if row is None or row.object_id is None or row.purged_at is not None:
        raise NotInspected(f"{file.filename} has no list of members")
    return keeping.read(row.object_id, row.sha256)


def text(file: File, path: str, limit: int) -> Text:
    """Return at most the first ``limit`` bytes of a member as text.

    Raises KeyError where there is no such member, BadDistribution where it cannot be read, NoSuchObject, StorageDown.
    """
    with opened(file.kept) as stored:
        data = read_range(stored, parse_filename(file.filename), path, start=0, length=limit + 1)
    if b"\0" in data[:_PROBE]:
        return Text("", is_binary=True)
    is_cut = len(data) > limit
    return Text(data[:limit].decode("utf-8", "backslashreplace"), is_cut=is_cut)
