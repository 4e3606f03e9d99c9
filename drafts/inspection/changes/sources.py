"""Same source? Whether a file that comes late holds the Python sources and metadata that its release was published with."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

from django.db.models import prefetch_related_objects

from drafts.dist import FileType, parse_filename
from drafts.dist.members import Member
from drafts.inspection import keeping
from drafts.inspection.standing import inspection_of
from drafts.models import File
from drafts.storage import NoSuchObject, StorageDown

_SUFFIXES = (".py", ".pyi", ".pth")  # what Python reads as text
_SPOKEN = ("entry_points.txt",)
_NAMED = 5

Sources = Mapping[str, frozenset[str]]


@dataclass(frozen=True, slots=True)
class SameSource:
    """What came of one comparison: sources that differ, those that no published file has, and whether METADATA differs.

    ``is_known`` is False where the members of one side are not at hand, so that nothing was compared.
    """

    filename: str
    is_known: bool = True
    compared: int = 0
    differing: tuple[str, ...] = ()
    added: tuple[str, ...] = ()
    other_metadata: bool = False

    @property
    def is_same(self) -> bool:
        return self.is_known and not (self.differing or self.added or self.other_metadata)

    def sentence(self, release: str) -> str:
        """Say it with numbers."""
        if not self.is_known:
            return f"Not compared with the published {release}: the members of its files are not listed."
        if self.is_same:
            files = f"{self.compared} Python {'file' if self.compared == 1 else 'files'} compared"
            return f"Same Python sources and metadata as the published {release} ({files})."
        parts = []
        if number := len(self.differing) + len(self.added):
            named = ", ".join([*self.differing, *self.added][:_NAMED])
            more = f" and {number - _NAMED} more" if number > _NAMED else ""
            files = "1 file" if number == 1 else f"{number} files"
            parts.append(f"Its Python sources differ from the published {release} in {files}: {named}{more}.")
        if self.other_metadata:
            parts.append(f"Its METADATA is not that of the published {release}.")
        return " ".join(parts)


def same_sources(files: Sequence[File], published: Sequence[File]) -> dict[str, SameSource]:
    """Compare late files with the published ones of their release, by name; those that are not inspected are left out."""
    prefetch_related_objects([*files, *published], "inspection")
    rows = {file.pk: inspection_of(file) for file in (*files, *published)}
    kept = {
        pk: (row.object_id, row.sha256)
        for pk, row in rows.items()
        if row and row.object_id and not row.purged_at
    }
    theirs = _together(_listed(file, kept) for file in published)
    metadata = {file.metadata_sha256 for file in published if file.filetype == FileType.WHEEL}
    found = {}
    for file in files:
        if file.pk in kept:
            found[file.filename] = _compared(file, _listed(file, kept), theirs, metadata)
    return found


def _compared(file: File, own: Sources | None, theirs: Sources | None, metadata: set[str]) -> SameSource:
    if own is None or theirs is None:  # what cannot be read now is not the same for that
        return SameSource(file.filename, is_known=False)
    is_wheel = file.filetype == FileType.WHEEL
    differing = [path for path, digests in own.items() if path in theirs and not digests <= theirs[path]]
    added = [path for path in own if path not in theirs] if is_wheel else []
    return SameSource(
        file.filename,
        compared=sum(path in theirs for path in own),
        differing=tuple(sorted(differing)),
        added=tuple(sorted(added)),
        other_metadata=bool(is_wheel and metadata and file.metadata_sha256 not in metadata),
    )


def _listed(file: File, kept: Mapping[int, tuple[str, str]]) -> Sources | None:
    if file.pk not in kept:
        return None
    try:
        return _sources(*kept[file.pk], file.filename)
    except (NoSuchObject, StorageDown):
        return None


@lru_cache(maxsize=256)  # an object is written once
def _sources(object_id: str, sha256: str, filename: str) -> Sources:
    found: dict[str, set[str]] = {}
    for path, member in read_as_installed(filename, keeping.read(object_id, sha256).members):
        if path.endswith(_SUFFIXES) or path.rpartition("/")[2] in _SPOKEN or path.startswith("scripts/"):
            found.setdefault(path, set()).add(member.sha256)
    return {path: frozenset(digests) for path, digests in found.items()}


def read_as_installed(filename: str, members: Iterable[Member]) -> Iterator[tuple[str, Member]]:
    """Yield members by the path they have once installed, so that wheel and sdist, and two versions, can be compared.

    A wheel's ``.data`` and ``.dist-info`` folders lose the version; a sdist loses its top folder, and ``src`` below it.
    """
    name = parse_filename(filename)
    for member in members:
        path = member.path
        if name.filetype is FileType.SDIST:
            path = path.partition("/")[2].removeprefix("src/")
        elif path.startswith(f"{name.stem}.data/"):
            kind, _, rest = path.removeprefix(f"{name.stem}.data/").partition("/")
            path = rest if kind in {"purelib", "platlib"} else f"{kind}/{rest}"
        elif path.startswith(f"{name.stem}.dist-info/"):
            path = f"dist-info/{path.partition('/')[2]}"
        yield path, member


def _together(listed: Iterable[Sources | None]) -> Sources | None:
    """Join what several files hold: a source may differ from platform to platform. None when none is listed."""
    found: dict[str, set[str]] = {}
    known = [one for one in listed if one is not None]
    for one in known:
        for path, digests in one.items():
            found.setdefault(path, set()).update(digests)
    return {path: frozenset(digests) for path, digests in found.items()} if known else None
