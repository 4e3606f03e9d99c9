"""What is asked of the field's own tools about one file, and what their answers come to."""

import hashlib
import re
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

from django.conf import settings

from drafts.dist import BadDistribution
from drafts.dist.errors import shown
from drafts.dist.members import streams
from drafts.inspection.checks import Found, Subject
from drafts.inspection.codes import Code
from drafts.inspection.reading import Findings
from drafts.inspection.tools import run
from drafts.inspection.tools.run import Answer

_MIB = 1024 * 1024
_MOST, _MOST_BYTES = 100, 512 * _MIB  # native members that are copied out, and how much they are together
_LOWEST = re.compile(r"cp(3)([0-9]+)")
_LIBRARY = re.compile(r"\.so(?:\.|$)")
_EXTENSION = (".so", ".pyd")
_KNOWN = ("text/markdown", "text/x-rst", "text/plain")


@dataclass(frozen=True, slots=True)
class Described:
    """A description as HTML; ``digest`` names text and content type, so that it is rendered once for a release."""

    digest: str
    html: str = ""
    renders: bool = True


def ask(
    subject: Subject,
    file: BinaryIO,
    findings: Findings,
    known: Callable[[str], Described | None],
    beat: Callable[[], None],
) -> Described:
    """Let the tools look: render the description, unless it is ``known``, and judge native code.

    The child gets copies of native members, under names of ours, and never the archive.
    """
    described = Described(digest(subject))
    if described.digest and (before := known(described.digest)) is not None:
        described = before
    tasks: list[dict[str, Any]] = []
    if described.digest and not described.html:
        text, kind = subject.metadata.description or "", subject.metadata.description_content_type or ""
        tasks.append({"kind": "description", "text": text, "content_type": kind})
    with tempfile.TemporaryDirectory(dir=settings.DATA_DIR) as folder:
        tasks += _native_tasks(subject, file, Path(folder), findings)
        answers = run.do(tasks, beat) if tasks else []
    for task, answer in zip(tasks, answers, strict=True):
        if task["kind"] == "description":
            described = _described(subject, answer, described.digest, findings)
        else:
            _judged(task["kind"], answer, findings)
    if described.digest and not described.renders:
        findings.add([_unrendered(subject)])
    return described


def digest(subject: Subject) -> str:
    """Return SHA-256, in hex, over content type and description; '' where there is none."""
    text = subject.metadata.description
    if not text or not text.strip():
        return ""
    kind = subject.metadata.description_content_type or ""
    return hashlib.sha256(f"{kind}\0{text}".encode("utf-8", "surrogatepass")).hexdigest()


def _described(subject: Subject, answer: Answer, name: str, findings: Findings) -> Described:
    from drafts.inspection.tools.description import plain

    if answer.failed:
        findings.crashed("description", answer.failed)
    if answer.done is not None:
        return Described(name, answer.done)
    return Described(name, plain(subject.metadata.description or ""), renders=bool(answer.failed))


def _unrendered(subject: Subject) -> Found:
    kind = (subject.metadata.description_content_type or "text/x-rst").partition(";")[0].strip().lower()
    why = "has errors" if kind in _KNOWN else "is of no kind that is rendered"
    return Found(
        Code.DESCRIPTION_UNRENDERED,
        f"The description, {shown(kind)}, {why}: pages show it as plain text.",
    )


def _native_tasks(
    subject: Subject, file: BinaryIO, folder: Path, findings: Findings
) -> Iterator[dict[str, Any]]:
    if not subject.is_wheel or not subject.natives:
        return
    platforms = sorted(
        {tag.platform for tag in subject.name.tags if "linux_" in tag.platform or "linux1" in tag.platform}
    )
    platforms += sorted(
        {tag.platform for tag in subject.name.tags if tag.platform.startswith("manylinux2")} - set(platforms)
    )
    lowest = _abi3(subject)
    if not platforms and lowest is None:
        return
    copies = _copied(subject, file, folder, findings)
    elves = {path: str(place) for path, place in copies.items() if place.suffix == ".so"}
    if platforms and elves:
        inside = sorted({name for m in subject.members if _LIBRARY.search(name := m.path.rpartition("/")[2])})
        yield {"kind": "platform", "tags": platforms, "natives": elves, "inside": inside}
    if lowest is not None:
        extensions = {path: str(place) for path, place in copies.items() if _is_extension(path)}
        yield {"kind": "abi3", "natives": extensions, "lowest": lowest}


def _is_extension(path: str) -> bool:
    return path.endswith(_EXTENSION) and not path.partition("/")[0].endswith((".libs", ".dylibs"))


def _abi3(subject: Subject) -> tuple[int, int] | None:
    """Return the Python that an abi3 tag begins with, the highest of several; None without such a tag."""
    found = [_LOWEST.fullmatch(tag.interpreter) for tag in subject.name.tags if tag.abi == "abi3"]
    return max(((int(one[1]), int(one[2])) for one in found if one), default=None)


def _copied(subject: Subject, file: BinaryIO, folder: Path, findings: Findings) -> dict[str, Path]:
    """Copy native members out, as many as are looked at, under names that say nothing."""
    sizes = {member.path: member.size for member in subject.members if member.sha256}
    chosen, total = set[str](), 0
    for path in subject.natives:
        if path in sizes and len(chosen) < _MOST and total + sizes[path] <= _MOST_BYTES:
            chosen.add(path)
            total += sizes[path]
    if len(chosen) < len(subject.natives):
        count = f"{len(chosen)} of {len(subject.natives)}"
        findings.add(
            [Found(Code.NOT_SEARCHED, f"{count} native members were held against the platform tag.")]
        )
    copies: dict[str, Path] = {}
    for number, (member, pieces) in enumerate(streams(file, subject.name, chosen)):
        with suppress(BadDistribution):  # was found before
            copies[member.path] = _copy(pieces, folder, number)
    return copies


def _copy(pieces: Iterator[bytes], folder: Path, number: int) -> Path:
    first = next(pieces, b"")
    place = run.place(folder, number, first)
    with place.open("xb") as copy:
        copy.write(first)
        for piece in pieces:
            copy.write(piece)
    return place


def _judged(kind: str, answer: Answer, findings: Findings) -> None:
    code = Code.PLATFORM_POLICY if kind == "platform" else Code.ABI3_VIOLATION
    if answer.failed:
        findings.crashed("auditwheel" if kind == "platform" else "abi3audit", answer.failed)
    pairs: Sequence[Sequence[str]] = answer.done or ()
    findings.add(Found(code, f"'{shown(path)}' {shown(text)}.", path) for path, text in pairs)
