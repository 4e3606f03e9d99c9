"""Python and ABI tags as people know them: the columns of the coverage grid."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from packaging.tags import Tag

CPYTHON = "cp"
GENERIC = "py"
_PYTHON_2 = 2
_INTERPRETER = re.compile(r"(?P<name>[a-z]+?)_?(?P<major>[0-9])?(?P<minor>[0-9]*)")
_ABI_FLAGS = re.compile(r"cp[0-9]+(?P<flags>[a-z]*)")
_DEFAULT_FLAGS = {"m", "mu"}  # what every ordinary build of its time had
_STABLE = {"abi3": "", "abi3t": "t"}  # stable ABI → flags of the builds that load it


class Column(NamedTuple):
    """One kind of Python: interpreter (``cp``, ``pp``, ..., or ``py`` for any), version, ABI flags (``t``)."""

    interpreter: str
    version: tuple[int, int]
    flags: str = ""

    @property
    def label(self) -> str:
        major, minor = self.version
        if self == ANY_PYTHON:
            return "any"
        if self.interpreter == CPYTHON:
            return f"{major}.{minor}{self.flags}"
        digits = f"{major}{minor}" if minor >= 0 else f"{major}" if major >= 0 else ""
        return f"{self.interpreter}{digits}{self.flags}"

    @property
    def order(self) -> tuple[int, str, tuple[int, int], str]:
        """Sort key: CPython by version, then the other interpreters, *any* last."""
        place = 0 if self.interpreter == CPYTHON else 2 if self == ANY_PYTHON else 1
        return place, self.interpreter, self.version, self.flags


ANY_PYTHON = Column(GENERIC, (3, -1))


class Reach(NamedTuple):
    """What a wheel's Python and ABI tag serve: the column they name, and whether others are served as well.

    ``spans`` is ``None`` (that column alone), ``abi3`` (CPython from that version on) or ``any``
    (every Python from that version on).
    """

    column: Column
    spans: str | None = None

    def serves(self, other: Column) -> bool:
        """Whether a wheel of this reach installs on another column's Python."""
        if self.spans is None or other == self.column:
            return other == self.column
        if self.spans == "any":
            return other == ANY_PYTHON or other.version >= self.column.version
        same_build = (other.interpreter, other.flags) == (self.column.interpreter, self.column.flags)
        return same_build and other.version >= self.column.version


def reach_of(tag: Tag) -> Reach:
    """Say what one tag's interpreter and ABI serve."""
    found = _INTERPRETER.fullmatch(tag.interpreter)
    if not found:
        return Reach(Column(tag.interpreter, (-1, -1)))
    major = int(found["major"] or -1)
    version = (major, int(found["minor"] or -1))
    name = found["name"]
    if name == GENERIC and major != _PYTHON_2:
        return Reach(Column(GENERIC, (3, version[1])), "any")
    if tag.abi in _STABLE:
        return Reach(Column(name, (major, max(version[1], 0)), _STABLE[tag.abi]), "abi3")
    abi = _ABI_FLAGS.fullmatch(tag.abi)
    flags = abi["flags"] if abi and name == CPYTHON else ""
    return Reach(Column(name, version, "" if flags in _DEFAULT_FLAGS else flags))
