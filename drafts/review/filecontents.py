"""What is inside a file, as its page shows it: one folder at a time, one member as plain text with line numbers."""

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlencode

from drafts.dist import BadDistribution
from drafts.dist.members import Member
from drafts.inspection import members
from drafts.models import File, Finding
from drafts.review.filerecord import CodeLine, Entry, Folder, Viewer
from drafts.review.templatetags.words import size
from drafts.storage import NoSuchObject

_ENTRIES = 500  # of a folder, at once
_LINES, _CHARACTERS, _WIDTH = 1000, 400_000, 2000  # of a member, at once; of one line
_READ = 8 * 1024 * 1024  # bytes of a member that are read for its lines
_BEFORE = 20  # lines above one that was asked for


def folder(
    listed: Sequence[Member], base: str, path: str, find: str, start: int, found: Sequence[Finding]
) -> Folder:
    """Return one folder's entries from the ``start``-th on, or the members whose path holds ``find``."""
    counts = _counts(found)
    if find:
        entries = [
            _file(member, member.path, base, counts)
            for member in listed
            if find.casefold() in member.path.casefold()
        ]
    else:
        entries = _entries(listed, base, f"{path}/" if path else "", counts)
    shown = entries[start : start + _ENTRIES]
    more = {"in": path, "find": find, "start": str(start + _ENTRIES)}
    return Folder(
        crumbs=crumbs(base, path),
        entries=tuple(shown),
        shown=start + len(shown),
        total=len(entries),
        find=find,
        more_url=f"{base}?{urlencode(more)}" if start + _ENTRIES < len(entries) else "",
    )


def _counts(found: Iterable[Finding]) -> Mapping[str, int]:
    counts: dict[str, int] = {}
    for finding in found:
        counts[finding.path] = counts.get(finding.path, 0) + 1
    return counts


def _entries(listed: Sequence[Member], base: str, prefix: str, counts: Mapping[str, int]) -> list[Entry]:
    """Return what lies right below a folder: its folders with what is in them, then its files."""
    folders: dict[str, list[int]] = {}
    files = []
    for member in listed:
        if not member.path.startswith(prefix):
            continue
        first, slash, _ = member.path[len(prefix) :].partition("/")
        if not slash:
            files.append(_file(member, first, base, counts))
            continue
        known = folders.setdefault(first, [0, 0, 0])
        known[0], known[1], known[2] = (
            known[0] + 1,
            known[1] + member.size,
            known[2] + counts.get(member.path, 0),
        )
    above = [
        Entry(
            name=name,
            url=f"{base}?{urlencode({'in': f'{prefix}{name}'})}",
            size=total,
            is_folder=True,
            files=number,
            findings=findings,
        )
        for name, (number, total, findings) in folders.items()
    ]
    return [*sorted(above, key=_name), *sorted(files, key=_name)]


def _name(entry: Entry) -> str:
    return entry.name


def _file(member: Member, name: str, base: str, counts: Mapping[str, int]) -> Entry:
    return Entry(
        name=name,
        url=f"{base}?{urlencode({'member': member.path})}",
        size=member.size,
        sha256=member.sha256,
        mode=f"{member.mode:o}" if member.mode else "",
        findings=counts.get(member.path, 0),
    )


def crumbs(base: str, path: str) -> tuple[tuple[str, str], ...]:
    """Return the folders from the top down to this one, each with where it is shown."""
    parts = path.split("/") if path else []
    found = [("top", f"{base}?tab=contents")]
    for number, part in enumerate(parts, 1):
        found.append((part, f"{base}?{urlencode({'in': '/'.join(parts[:number])})}"))
    return tuple(found)


def viewer(
    file: File, member: Member, base: str, *, start: int, line: int, found: Sequence[Finding]
) -> Viewer:
    """Return one member from line ``start`` on, or around ``line`` where that is asked for."""
    own = [finding for finding in found if finding.path == member.path]
    folder_path = member.path.rpartition("/")[0]
    plain = Viewer(
        path=member.path,
        crumbs=crumbs(base, folder_path),
        size=member.size,
        sha256=member.sha256,
        findings=tuple(finding.text for finding in own if not finding.line),
    )
    lines, said = _read(file, member)
    first = max(line - _BEFORE, 1) if line else max(start, 1)
    shown = _lines(lines, first, own)
    after = first + len(shown)
    url = f"{base}?{urlencode({'member': member.path})}"
    return Viewer(
        path=plain.path,
        crumbs=plain.crumbs,
        size=plain.size,
        sha256=plain.sha256,
        findings=plain.findings,
        lines=shown,
        said=said,
        earlier_url=f"{url}&from={max(first - _LINES, 1)}" if first > 1 and lines else "",
        later_url=f"{url}&from={after}" if after <= len(lines) else "",
        lines_total=len(lines),
    )


def _read(file: File, member: Member) -> tuple[list[str], str]:
    """Return the lines of a member, and what has to be said of them."""
    try:
        text = members.text(file, member.path, _READ)
    except (BadDistribution, NoSuchObject) as error:
        return [], f"It cannot be shown: {error}"
    except KeyError:
        return [], "It cannot be shown: the archive has no such member."
    if text.is_binary:
        return [], f"Binary, {size(member.size)}. Its SHA-256 is shown above."
    if not text.text:
        return [], "It is empty."
    said = (
        f"The first {size(_READ)} of {size(member.size)} are shown; download the file to see the rest."
        if text.is_cut
        else ""
    )
    lines = text.text.split("\n")
    return (lines if lines[-1] else lines[:-1]), said


def _lines(lines: Sequence[str], first: int, found: Sequence[Finding]) -> tuple[CodeLine, ...]:
    about: dict[int, list[str]] = {}
    for finding in found:
        if finding.line:
            about.setdefault(finding.line, []).append(finding.text)
    shown: list[CodeLine] = []
    characters = 0
    for number, text in enumerate(lines[first - 1 : first - 1 + _LINES], first):
        cut = text.removesuffix("\r")
        characters += min(len(cut), _WIDTH)
        if characters > _CHARACTERS and shown:
            break
        left_out = max(len(cut) - _WIDTH, 0)
        shown.append(CodeLine(number, cut[:_WIDTH], left_out, tuple(about.get(number, ()))))
    return tuple(shown)
