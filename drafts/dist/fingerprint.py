"""The fingerprint of a draft: one digest that names exactly what was reviewed."""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name, canonicalize_version

if TYPE_CHECKING:
    from collections.abc import Iterable

_ABSENT = "-"


def fingerprint(name: str, version: str, files: Iterable[tuple[str, int, str, str | None]]) -> str:
    """SHA-256, in hex, over the line ``presscheck-1 NAME VERSION`` and one sorted line for each file.

    A file is ``(filename, size in bytes, sha256 in hex, sha256 of its attestations or None)`` and its line
    ``filename size sha256 attestations``, with ``-`` where there are none. Every line ends with a line feed;
    the text is UTF-8. NAME is normalised (PEP 503), VERSION canonical, so that 1.0 and 1.0.0 are one release.
    Raises ValueError for a part that holds white space, because it could pass for another line.
    """
    lines = sorted(
        _line(filename, str(size), sha256, attestations or _ABSENT)
        for filename, size, sha256, attestations in files
    )
    head = _line("presscheck-1", canonicalize_name(name), canonicalize_version(version))
    return hashlib.sha256("".join([head, *lines]).encode("utf-8")).hexdigest()


def of_train(drafts: Iterable[tuple[str, str, str]]) -> str:
    """SHA-256, in hex, over the line ``presscheck-train-1`` and one sorted line ``NAME VERSION FINGERPRINT`` for each draft.

    A draft is ``(name, version, its own fingerprint)``; NAME is normalised, VERSION canonical, every line ends with a
    line feed. Raises ValueError for a part that holds white space.
    """
    lines = sorted(
        _line(canonicalize_name(name), canonicalize_version(version), files)
        for name, version, files in drafts
    )
    return hashlib.sha256("".join([_line("presscheck-train-1"), *lines]).encode("utf-8")).hexdigest()


def _line(*parts: str) -> str:
    line = " ".join(parts)
    if line.split() != list(parts):
        wrong = next(part for part in parts if part.split() != [part])
        raise ValueError(f"{wrong!r} cannot stand in a fingerprint: it is empty or holds white space.")
    return f"{line}\n"
