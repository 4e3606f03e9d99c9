"""Platform tags as people know them: the rows of the coverage grid."""

from __future__ import annotations

import re
from typing import NamedTuple

ANY_PLATFORM = "Any platform"

_ARCHITECTURES = {"x86_64": "x86-64", "amd64": "amd64", "win32": "x86", "arm64_v8a": "arm64-v8a"}
_SYSTEMS = ("Linux", "musl", "macOS", "Windows", "iOS", "Android", "Pyodide", "Emscripten", "WASI")
_COMMON = ("x86-64", "amd64", "arm64", "aarch64")
_UNIVERSAL = {"universal2": ("arm64", "x86_64"), "intel": ("i386", "x86_64")}
_FORMS = (
    ("Linux", re.compile(r"(?:manylinux(?:1|2010|2014|_[0-9]+_[0-9]+)|linux)_(?P<arch>\w+)")),
    ("musl", re.compile(r"musllinux_[0-9]+_[0-9]+_(?P<arch>\w+)")),
    ("macOS", re.compile(r"macosx_[0-9]+_[0-9]+_(?P<arch>\w+)")),
    ("Windows", re.compile(r"(?:win_)?(?P<arch>amd64|arm64|arm32|ia64|win32)")),
    ("iOS", re.compile(r"ios_[0-9]+_[0-9]+_(?P<arch>\w+)")),
    ("Android", re.compile(r"android_[0-9]+_(?P<arch>\w+)")),
    ("Pyodide", re.compile(r"(?:pyodide|pyemscripten)_[0-9]+_[0-9]+_(?P<arch>\w+)")),
    ("Emscripten", re.compile(r"emscripten_[0-9]+_[0-9]+_[0-9]+_(?P<arch>\w+)")),
    ("WASI", re.compile(r"wasi_[0-9]+_[0-9]+_[0-9]+_(?P<arch>\w+)")),
)


class Platform(NamedTuple):
    """A system and an architecture, whatever the level of its C library or the version of its system."""

    system: str
    architecture: str

    @property
    def label(self) -> str:
        return f"{self.system} {self.architecture}".strip()

    @property
    def order(self) -> tuple[int, int, str]:
        """Sort key: common systems and architectures first, unknown ones after them, *any* last."""
        system = len(_SYSTEMS) + (self.system == ANY_PLATFORM)
        if self.system in _SYSTEMS:
            system = _SYSTEMS.index(self.system)
        common = _COMMON.index(self.architecture) if self.architecture in _COMMON else len(_COMMON)
        return system, common, self.label


def platforms_of(tag: str) -> tuple[Platform, ...]:
    """Return the platforms that one platform tag serves: two for macOS universal binaries, else one."""
    if tag == "any":
        return (Platform(ANY_PLATFORM, ""),)
    for system, form in _FORMS:
        found = form.fullmatch(tag)
        if found:
            architectures = _UNIVERSAL.get(found["arch"], (found["arch"],))
            return tuple(Platform(system, _ARCHITECTURES.get(arch, arch)) for arch in architectures)
    return (Platform(tag, ""),)
