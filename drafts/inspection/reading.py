"""One pass over an archive: members hashed, native code known by its first bytes, single members checked on the way."""

import hashlib
import logging
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import BinaryIO

from drafts.dist import BadDistribution, FileName, FileType
from drafts.dist.members import Member, streams, walk
from drafts.inspection.checks import MEMBER_CHECKS, REFUSING, Found, Opened
from drafts.inspection.checks.record import STRONGER, rows
from drafts.inspection.codes import Code, severity
from drafts.inspection.searching import Clean

log = logging.getLogger(__name__)

_MIB = 1024 * 1024
_SEARCHED = 4 * _MIB  # first bytes of a text member that are searched
_MAGIC = 64  # first bytes of what is surely no text
_KEPT = {"RECORD": 16 * _MIB, "WHEEL": 64 * 1024, "entry_points.txt": _MIB}
_BINARY = (
    ".a", ".avi", ".bin", ".bz2", ".dll", ".dylib", ".exe", ".gif", ".gz", ".ico", ".jpeg", ".jpg", ".lib", ".mo",
    ".mp3", ".mp4", ".npy", ".npz", ".o", ".onnx", ".otf", ".pdf", ".png", ".pyc", ".pyd", ".so", ".tar", ".ttf", ".wasm",
    ".webp", ".whl", ".woff", ".woff2", ".xz", ".zip", ".zst",
)  # fmt: skip
_NATIVE = (b"\x7fELF", b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xfe\xed\xfa\xcf", b"\xfe\xed\xfa\xce")
_FAT = (b"\xca\xfe\xba\xbe", b"\xca\xfe\xba\xbf")  # Java classes begin like the first
_LISTED, _COUNTED = 20, 10_000  # findings of one code and file that are kept, and that are counted


_clean = Clean()


class TooLong(Exception):
    """The file took longer to read than one file may; the text says how far it came."""


@dataclass
class Findings:
    """What was found so far: the first twenty of each code in full, the others counted."""

    _kept: defaultdict[Code, list[Found]] = field(default_factory=lambda: defaultdict(list))
    _more: Counter[Code] = field(default_factory=Counter)

    def run(self, check: Callable[..., Iterator[Found]], subject: object) -> None:
        """Run one check; if it crashes, that is a finding about the check."""
        try:
            self.add(islice(check(subject), _COUNTED))
        except Exception as error:
            log.exception("the check %s crashed", check.__qualname__)
            self.crashed(check.__name__, error, refuses=check in REFUSING)

    def look(self, opened: Opened) -> bool:
        """Run the checks of single members on one; True where anything was found."""
        before = self.number
        for check in MEMBER_CHECKS:
            self.run(check, opened)
        return self.number > before

    @property
    def number(self) -> int:
        """Return how much was found."""
        return sum(map(len, self._kept.values())) + self._more.total()

    def crashed(self, name: str, reason: object, *, refuses: bool = False) -> None:
        """Say that a check did not come to its end."""
        code = Code.REFUSAL_CHECK_FAILED if refuses else Code.CHECK_FAILED
        said = f"{type(reason).__name__}" if isinstance(reason, Exception) else str(reason)
        self.add([Found(code, f"The check '{name.replace('_', ' ')}' did not come to its end: {said}.")])

    def add(self, found: Iterable[Found]) -> None:
        for one in found:
            if len(self._kept[one.code]) < _LISTED:
                self._kept[one.code].append(one)
            else:
                self._more[one.code] += 1

    def all(self) -> Iterator[tuple[Found, int]]:
        """Yield what is kept, refusals first; the last of each code with how many more there are."""
        order = ("refuse", "warn", "note")
        for code in sorted(filter(self._kept.get, self._kept), key=lambda one: order.index(severity(one))):
            *others, last = self._kept[code]
            for found in others:
                yield found, 0
            yield last, self._more[code]


@dataclass(frozen=True, slots=True)
class Read:
    """What the pass came to."""

    members: tuple[Member, ...]
    kept: dict[str, bytes]
    natives: tuple[str, ...]
    problems: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Clock:
    """How long a file may take; ``beat`` is called with the bytes read so far, and may raise."""

    deadline: float
    beat: Callable[[int], None]

    def tick(self, done: int, size: int) -> None:
        """Go on, or raise TooLong."""
        if time.monotonic() > self.deadline:
            raise TooLong(f"Reading it took too long: {done} of about {size} bytes were read.")
        self.beat(done)


def read(file: BinaryIO, name: FileName, findings: Findings, clock: Clock) -> Read:
    """Read an archive to its end. Raises BadDistribution, TooLong, and what the clock's beat raises."""
    members: list[Member] = []
    natives: list[str] = []
    problems: list[tuple[str, str]] = []
    kept: dict[str, bytes] = {}
    folder, done = f"{name.stem}.dist-info/", 0
    for walked in walk(file, name, wanted=_wanted(folder)):
        path, done = walked.member.path, done + walked.member.size
        clock.tick(done, done)
        members.append(walked.member)
        if walked.problem:
            problems.append((path, walked.problem))
        if path.startswith(folder) and path.removeprefix(folder) in _KEPT:
            kept[path] = walked.head
        if is_native(path, walked.head):
            natives.append(path)
        if not path.endswith(_BINARY):
            _clean.search(Opened(walked.member, walked.head), findings.look)
    return Read(tuple(members), kept, tuple(natives), tuple(problems))


def _wanted(folder: str) -> Callable[[str, int], int]:
    def wanted(path: str, size: int) -> int:
        if path.startswith(folder) and path.removeprefix(folder) in _KEPT:
            return _KEPT[path.removeprefix(folder)]
        return _MAGIC if path.endswith(_BINARY) else min(size, _SEARCHED)

    return wanted


def is_native(path: str, head: bytes) -> bool:
    """Say whether a member holds native code for some system, by its first bytes."""
    if head.startswith(b"MZ"):
        return b"\0" in head  # text may begin with these letters, too
    if head.startswith(_FAT):
        return not path.endswith((".class", ".jar"))
    return head.startswith(_NATIVE)


def stronger_digests(file: BinaryIO, name: FileName, kept: dict[str, bytes]) -> dict[tuple[str, str], str]:
    """Hash the members again that RECORD lists with something stronger than SHA-256, by path and algorithm."""
    record = kept.get(f"{name.stem}.dist-info/RECORD")
    if record is None or name.filetype is not FileType.WHEEL:
        return {}
    algorithms = {path: digest.partition("=")[0] for path, (digest, _) in rows(record).items()}
    found: dict[tuple[str, str], str] = {}
    asked = {path for path, algorithm in algorithms.items() if algorithm in STRONGER}
    for member, pieces in streams(file, name, asked) if asked else ():
        digest = hashlib.new(algorithms[member.path])
        with suppress(BadDistribution):  # found before: a member that cannot be read
            for piece in pieces:
                digest.update(piece)
        found[member.path, algorithms[member.path]] = digest.hexdigest()
    return found
