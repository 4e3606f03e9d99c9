"""The spaces that a project's name is unique in: the index, and the sandbox."""

from enum import StrEnum


class Space(StrEnum):
    """Where a project lives. A name of the one space says nothing of the same name in the other."""

    INDEX = "index"
    SANDBOX = "sandbox"

    @property
    def prefix(self) -> str:
        """Return what stands before names and paths of this space: nothing, or ``sandbox/``."""
        return "sandbox/" if self is Space.SANDBOX else ""


def split(name: str) -> tuple[Space, str]:
    """Return the space that a prefixed name says, and the rest of it: ``sandbox/demo`` is ``demo`` in the sandbox."""
    prefix = Space.SANDBOX.prefix
    return (Space.SANDBOX, name.removeprefix(prefix)) if name.startswith(prefix) else (Space.INDEX, name)
