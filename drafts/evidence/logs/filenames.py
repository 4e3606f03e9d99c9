"""File names as logs write them: paths of either system, URLs, and names of distributions inside text."""

from __future__ import annotations

import re
from typing import NamedTuple
from urllib.parse import unquote

# "x.whl." ends a sentence; "x.whl.publish.attestation" is another file.
_DISTRIBUTION = re.compile(
    r"(?<![A-Za-z0-9_.+!%~-])[A-Za-z0-9][A-Za-z0-9_.+!%~-]{0,254}?\.(?:whl|tar\.gz)(?![A-Za-z0-9_+~%-]|\.[A-Za-z0-9])"
)
_LONE = re.compile(r"[^\s:*?\"<>|]{1,1024}\.[A-Za-z0-9]{1,16}")
_TRUNCATED = ("...", "…")
_NO_NAMES = frozenset({"-", "stdin", "(stdin)", ".", ".."})
_DECORATION = " \t`\"'*"


class Name(NamedTuple):
    """A distribution's file name and where in its line it stands."""

    start: int
    filename: str


def base_name(path: str) -> str | None:
    """Return the last part of a path of either system; None for standard input, a cut name or no name."""
    return whole_name(path.strip().replace("\\", "/").rsplit("/", 1)[-1].strip())


def whole_name(name: str) -> str | None:
    """Return a name that holds no path, as it is; None for standard input, a cut name or no name."""
    return None if not name or name in _NO_NAMES or name.endswith(_TRUNCATED) else name


def is_distribution(filename: str) -> bool:
    """Tell whether a base name is a wheel's or a source distribution's."""
    return _DISTRIBUTION.fullmatch(filename) is not None


def distributions_in(text: str) -> list[Name]:
    """Return the wheels and source distributions that `text` names, in order, percent-encoding undone."""
    return [Name(match.start(), unquote(match[0])) for match in _DISTRIBUTION.finditer(text)]


def lone_path(text: str) -> str | None:
    """Return the base name when a line is nothing but a path, with or without decoration and a colon."""
    path = text.strip(_DECORATION).removesuffix(":").rstrip(_DECORATION)
    name = base_name(path)
    if name is None or not (_LONE.fullmatch(name) and len(path) <= 4096):  # noqa: PLR2004 - PATH_MAX
        return None
    rooted = path.startswith(("/", "./", "~", "\\\\")) or path[1:3] in {":\\", ":/"}
    return name if rooted or not any(c.isspace() for c in path) else None


def unescaped(name: str) -> str:
    r"""Undo what coreutils does to a name in a line that begins with a backslash (`\\`, `\n`, `\r`)."""
    return re.sub(r"\\([\\nr])", lambda m: {"\\": "\\", "n": "\n", "r": "\r"}[m[1]], name)
