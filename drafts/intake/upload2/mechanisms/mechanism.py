"""What a mechanism is: how an upload's bytes come, and how they are one object in the end."""

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse

from drafts.intake.problems import Problem
from drafts.models import UploadSession

Renew = Callable[[], None]


class NotWhole(Exception):
    """The bytes are not all there, or not those that were sent; the text says what is missing. Final for the upload."""


@dataclass
class Whole:
    """A file whose bytes all lie under one object id, with its digests in hex, SHA-256 and BLAKE2b-256 among them.

    ``kept`` is set when a row took the object over.
    """

    object_id: str
    size: int
    digests: Mapping[str, str]
    kept: bool = False


class Mechanism:
    """One way in which bytes come: it says how to send them, takes them, and brings them together.

    Everything but ``told`` and ``whole`` has an answer that suits a mechanism which needs no more.
    """

    identifier = ""
    prepares = False  # whether ``prepare`` does anything
    at_once = True  # whether a small file may be looked at while its client waits

    def is_offered(self) -> bool:
        """Say whether this server has what it needs."""
        return True

    def prepare(self, filename: str, size: int) -> dict[str, Any]:
        """Do what has to be done before there is a row, and return what it has to remember (``sending``)."""
        del filename, size
        return {}

    def give_up(self, sending: Mapping[str, Any], filename: str) -> None:
        """Undo ``prepare``: there will be no row."""

    def begun(self, upload: UploadSession) -> None:
        """Write the rows that belong to a new upload. Part of the act that announces it."""

    def told(self, upload: UploadSession, content: str) -> dict[str, Any]:
        """Return what the mechanism object says beside the identifier; ``content``: this server's address for bytes."""
        raise NotImplementedError

    def receive(self, request: HttpRequest, upload: UploadSession) -> HttpResponse:
        """Take bytes. Raises Problem."""
        del request, upload
        raise self._nothing_here()

    def where(self, upload: UploadSession) -> HttpResponse:
        """Answer a HEAD of the address for bytes. Raises Problem where there is nothing to tell."""
        del upload
        raise self._nothing_here()

    def completing(self, upload: UploadSession, said: Mapping[str, Any]) -> dict[str, Any]:
        """Return what to remember, with the request's body, once an upload is to be completed. Raises Problem."""
        del said
        return dict(upload.sending)

    def whole(self, upload: UploadSession, renew: Renew) -> AbstractContextManager[Whole]:
        """Bring the bytes together; what was made for it goes again unless it is kept. Raises NotWhole."""
        raise NotImplementedError

    def _nothing_here(self) -> Problem:
        message = f"The mechanism {self.identifier} has no such request: follow what its answer says."
        return Problem.one(405, "Method not allowed", "method-not-allowed", message, Allow="POST")
