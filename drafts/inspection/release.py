"""What only a whole release shows: metadata that differ between its files, sizes, versions. Computed when asked."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from packaging.version import Version

from drafts.dist import FileType, parse_filename
from drafts.inspection.codes import Code
from drafts.models import Draft, File

_APART = 10
_FIELDS = (
    ("requires_python", "Requires-Python"),
    ("requires_dist", "dependencies"),
    ("license", "licence"),
)
_LONGEST = 80


@dataclass(frozen=True, slots=True)
class AboutRelease:
    """One thing noticed about a release: a code, a sentence, and the files that it is about, by name."""

    code: Code
    text: str
    filenames: tuple[str, ...]


def found(draft: Draft, files: Sequence[File], newest: str) -> list[AboutRelease]:
    """Return what is noticed about these files together; ``newest`` is the newest published version, '' for none."""
    return [
        *_differ(files),
        *_apart(files),
        *_same_bytes(files),
        *_older(draft, files, newest),
        *_build_numbers(files),
    ]


def _differ(files: Sequence[File]) -> Iterator[AboutRelease]:
    for field, label in _FIELDS:
        said: dict[str, list[str]] = {}
        for file in files:
            said.setdefault(_spelled(file.core_metadata.get(field)), []).append(file.filename)
        if len(said) > 1:
            fewest = min(said.values(), key=len)
            values = "; ".join(f"{len(names)} say {value}" for value, names in said.items())
            yield AboutRelease(
                Code.RELEASE_DIFFERS, f"The {label} differ within the release: {values}.", tuple(fewest)
            )


def _spelled(value: object) -> str:
    """Write a value in one line: builders end lines as their system does, and a licence text is the same for that."""
    text = (
        ", ".join(sorted(map(str, value))) if isinstance(value, list) else " ".join(str(value or "").split())
    )
    return f"{text[:_LONGEST]}…" if len(text) > _LONGEST else text or "nothing"


def _apart(files: Sequence[File]) -> Iterator[AboutRelease]:
    """Wheels for different platforms are of one order of magnitude."""
    built = [
        file for file in files if file.filetype == FileType.WHEEL and not file.filename.endswith("-any.whl")
    ]
    if not built:
        return
    least, most = min(built, key=lambda file: file.size), max(built, key=lambda file: file.size)
    if most.size >= _APART * least.size:
        times = most.size // least.size
        yield AboutRelease(
            Code.SIZES_APART,
            f"{most.filename} is {times} times as large as {least.filename}.",
            (most.filename, least.filename),
        )


def _same_bytes(files: Sequence[File]) -> Iterator[AboutRelease]:
    names: dict[str, list[str]] = {}
    for file in files:
        names.setdefault(file.sha256, []).append(file.filename)
    for alike in names.values():
        if len(alike) > 1:
            yield AboutRelease(
                Code.SAME_BYTES, f"{' and '.join(alike[:3])} have the same bytes.", tuple(alike)
            )


def _older(draft: Draft, files: Sequence[File], newest: str) -> Iterator[AboutRelease]:
    if files and newest and Version(draft.version) < Version(newest):
        yield AboutRelease(
            Code.OLDER_VERSION,
            f"{draft.version} is lower than {newest}, which is published: installers keep choosing {newest}.",
            tuple(file.filename for file in files),
        )


def _build_numbers(files: Sequence[File]) -> Iterator[AboutRelease]:
    """No wheel has a build number: with one, a wheel hides its like without, and later ones need a higher one."""
    wheels = [
        (file.filename, parse_filename(file.filename)) for file in files if file.filename.endswith(".whl")
    ]
    numbered = [(filename, name) for filename, name in wheels if name.build]
    hidden = [
        (other, filename)
        for filename, name in numbered
        for other, like in wheels
        if like.tags == name.tags and (like.build or (-1, "")) < (name.build or (-1, ""))
    ]
    if hidden:
        less, more = hidden[0]
        others = f" And {len(hidden) - 1} more like it." if len(hidden) > 1 else ""
        text = f"Nobody installs {less}: {more} has the same tags and a higher build number.{others}"
        yield AboutRelease(Code.BUILD_NUMBER, text, tuple(filename for filename, _ in hidden))
    elif numbered:
        text = (
            f"{len(numbered)} of {len(wheels)} wheels have a build number, such as {numbered[0][0]}: a wheel that takes "
            "the place of one later is chosen only with a higher number."
        )
        yield AboutRelease(Code.BUILD_NUMBER, text, tuple(filename for filename, _ in numbered))
