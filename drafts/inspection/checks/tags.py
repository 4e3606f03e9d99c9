"""Tags: what the file name says, what WHEEL says, and whether any Python knows them."""

import re
from collections.abc import Iterator
from email.parser import HeaderParser

from packaging.tags import parse_tag

from drafts.dist.errors import shown
from drafts.inspection.checks.subject import Found, Subject
from drafts.inspection.codes import Code

_INTERPRETER = re.compile(r"(?:py|cp|pp|ip|jy|graalpy)[0-9]+")
_ABI = re.compile(
    r"none|abi3|abi3t|cp[0-9]+[a-z]*|pypy[0-9]*_pp[0-9]+|pypy_[0-9]+|graalpy[0-9]+_[0-9]+_native|graalpy_[0-9_a-z]+"
)


def differ(subject: Subject) -> Iterator[Found]:
    """WHEEL has the same tags and build number as the file name."""
    data = subject.inside("WHEEL") if subject.is_wheel else None
    if data is None:
        return
    fields = HeaderParser().parsestr(data.decode("utf-8", "replace"))
    said: set[str] = set()
    for text in fields.get_all("Tag", ()):
        said |= _expanded(text.strip())
    named = {str(tag) for tag in subject.name.tags}
    if said != named:
        more, less = sorted(said - named), sorted(named - said)
        parts = [
            f"WHEEL has {_listed(more)}" if more else "",
            f"the file name has {_listed(less)}" if less else "",
        ]
        yield Found(
            Code.TAGS_DIFFER, f"{', '.join(filter(None, parts))}, and the other has not.".capitalize()
        )


def plain_linux(subject: Subject) -> Iterator[Found]:
    """Wheels for Linux say which C library they need."""
    for platform in sorted({tag.platform for tag in subject.name.tags}):
        if platform.startswith("linux_"):
            yield Found(
                Code.PLAIN_LINUX_TAG,
                f"{platform} promises no C library: it works on machines like the builder's. "
                "auditwheel repair gives it a manylinux or musllinux tag.",
            )


def unknown(subject: Subject) -> Iterator[Found]:
    """Interpreter and ABI are known: no installer chooses a wheel of others."""
    for interpreter in sorted({tag.interpreter for tag in subject.name.tags}):
        if not _INTERPRETER.fullmatch(interpreter):
            yield Found(Code.UNKNOWN_TAG, f"No Python has the interpreter tag '{shown(interpreter)}'.")
    for abi in sorted({tag.abi for tag in subject.name.tags}):
        if not _ABI.fullmatch(abi):
            yield Found(Code.UNKNOWN_TAG, f"No Python has the ABI tag '{shown(abi)}'.")


def _expanded(text: str) -> set[str]:
    try:
        return {str(tag) for tag in parse_tag(text)}
    except ValueError:
        return {text}


def _listed(tags: list[str]) -> str:
    more = f" and {len(tags) - 3} more" if len(tags) > 3 else ""  # noqa: PLR2004  enough to recognise them
    return ", ".join(shown(tag) for tag in tags[:3]) + more
