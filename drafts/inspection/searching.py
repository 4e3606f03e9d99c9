"""Searching the text of members, each content once: the wheels of a release hold mostly the same sources."""

from collections.abc import Callable

from drafts.inspection.checks import Opened
from drafts.inspection.checks.text import SOURCES, is_text

_MOST = 50_000  # contents that one process remembers


class Clean:
    """Contents in which this process found nothing, by their SHA-256 and whether they were read as source."""

    def __init__(self) -> None:
        self._known: set[tuple[bytes, bool]] = set()

    def search(self, opened: Opened, look: Callable[[Opened], bool]) -> None:
        """Let ``look`` search a member, unless its content is known to be clean; it says whether it found anything.

        A name that is not ASCII is looked at with its content: what hides or looks alike is not ASCII.
        """
        key = (bytes.fromhex(opened.member.sha256), opened.path.endswith(SOURCES))
        if key in self._known and opened.path.isascii():
            return
        if is_text(opened) and look(opened):
            return
        if opened.member.sha256:
            if len(self._known) >= _MOST:
                self._known.clear()
            self._known.add(key)
