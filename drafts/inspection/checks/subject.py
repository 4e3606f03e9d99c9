"""What checks look at, and what they return: a distribution read to its end, and findings."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from drafts.dist import CoreMetadata, FileName, FileType
from drafts.dist.members import Member
from drafts.inspection.codes import Code


@dataclass(frozen=True, slots=True)
class Found:
    """One thing noticed: a code and a sentence; the member and line it is about, where there is one."""

    code: Code
    text: str
    path: str = ""
    line: int | None = None


@dataclass(frozen=True, slots=True)
class Opened:
    """One member with its first bytes, all of them where ``is_whole``; what checks of single members look at."""

    member: Member
    head: bytes

    @property
    def path(self) -> str:
        return self.member.path

    @property
    def is_whole(self) -> bool:
        return len(self.head) == self.member.size


@dataclass(frozen=True, slots=True)
class Before:
    """What the last release had: top-level names, and whether any of its files held native code."""

    version: str
    tops: frozenset[str]
    has_natives: bool


@dataclass(frozen=True, slots=True)
class Subject:
    """A distribution that was read to its end. ``kept`` holds the bytes of the few members that checks read whole.

    ``natives``: paths of members that hold native code, by their first bytes. ``before`` is None where no release was
    inspected before. ``form``: what the fields of the upload said, where there were any.
    """

    name: FileName
    metadata: CoreMetadata
    members: tuple[Member, ...]
    kept: Mapping[str, bytes] = field(default_factory=dict)
    natives: Sequence[str] = ()
    problems: Sequence[tuple[str, str]] = ()
    other_digests: Mapping[tuple[str, str], str] = field(default_factory=dict)
    before: Before | None = None
    direct_urls: bool = False
    form: Mapping[str, Sequence[str]] = field(default_factory=dict)

    @property
    def is_wheel(self) -> bool:
        return self.name.filetype is FileType.WHEEL

    @property
    def dist_info(self) -> str:
        return f"{self.name.stem}.dist-info"

    @property
    def data(self) -> str:
        return f"{self.name.stem}.data"

    def inside(self, path: str) -> bytes | None:
        """Return a kept member of ``.dist-info``, or None."""
        return self.kept.get(f"{self.dist_info}/{path}")

    def lib_path(self, path: str) -> str | None:
        """Return where installing puts a member of a wheel below site-packages; None where it goes elsewhere."""
        first, _, rest = path.partition("/")
        if first == self.data:
            scheme, _, below = rest.partition("/")
            return below if scheme in {"purelib", "platlib"} and below else None
        return None if first == self.dist_info else path
