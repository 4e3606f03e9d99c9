"""How paths say the space: ``/projects/demo/`` is a project of the index, ``/sandbox/projects/demo/`` one of the sandbox.

What a view is given is the name with its space, ``demo`` or ``sandbox/demo``: as it stands in the row, and nothing else finds it.
"""

from typing import ClassVar

from django.urls import register_converter

from drafts.models.spaces import split

_SLUG = "[-a-zA-Z0-9_.]+"
_SEGMENT = "[^/]+"


class _InSpace:
    """A folder and a name in it, after ``sandbox/`` where they are of the sandbox."""

    folder: ClassVar[str]

    def to_python(self, value: str) -> str:
        space, rest = split(value)
        return f"{space.prefix}{rest.removeprefix(f'{self.folder}/')}"

    def to_url(self, value: str) -> str:
        space, name = split(value)
        return f"{space.prefix}{self.folder}/{name}"


def register() -> None:
    """Let routes say ``<projects:name>``, ``<releases:name>``, ``<simple:name>``, ``<integrity:name>`` and ``<upload:handle>``."""
    for folder, name in {
        "projects": _SLUG,
        "releases": _SLUG,
        "simple": _SEGMENT,
        "upload": _SEGMENT,
        "integrity": _SEGMENT,
    }.items():
        regex = f"(?:sandbox/)?{folder}/{name}"
        register_converter(
            type(f"{folder.title()}InSpace", (_InSpace,), {"folder": folder, "regex": regex}), folder
        )
