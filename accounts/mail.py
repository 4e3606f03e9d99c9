"""Mail to people: one letter, as text and as HTML, with plain words and at most one link."""

import logging
from collections.abc import Iterable
from dataclasses import dataclass
from smtplib import SMTPException

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.db import transaction
from django.template.loader import render_to_string

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Letter:
    """What a mail says: a subject, paragraphs of plain text, and where to go, as a path of this server."""

    subject: str
    paragraphs: tuple[str, ...]
    path: str = ""
    link: str = ""  # what the link says it does
    settings_path: str = ""  # where a person chooses which such letters they get

    @property
    def url(self) -> str:
        """Return the link's address, built from the settings and never from a request."""
        return f"{settings.PRESSCHECK_URL}{self.path}" if self.path else ""


class NotTaken(Exception):
    """The mail server did not take a letter; the text says why, for whoever runs this server."""


def send_now(letter: Letter, *, to: str) -> None:
    """Send a letter to one address. Raises NotTaken; an address that is none is logged, as no retry mends it."""
    try:
        _message(letter, to).send()
    except ValueError:
        log.exception("the mail '%s' could not be written", letter.subject)
    except (OSError, SMTPException) as error:
        raise NotTaken(f"{type(error).__name__}: {error}") from error


def send(letter: Letter, *, to: Iterable[str]) -> None:
    """Send a letter now, to each address by itself. One that cannot be sent is logged and stops nothing."""
    for address in dict.fromkeys(to):
        try:
            _message(letter, address).send()
        except (OSError, SMTPException, ValueError):
            log.exception("the mail '%s' could not be sent", letter.subject)


def after_commit(letter: Letter, *, to: Iterable[str]) -> None:
    """Send a letter once the act's transaction is there to be spoken of; an act that fails sends nothing."""
    addresses = tuple(to)
    transaction.on_commit(lambda: send(letter, to=addresses))


def _message(letter: Letter, address: str) -> EmailMultiAlternatives:
    page = {"letter": letter, "site_name": settings.SITE_NAME, "site_url": settings.PRESSCHECK_URL}
    subject = " ".join(f"[{settings.SITE_NAME}] {letter.subject}".split())
    message = EmailMultiAlternatives(subject, render_to_string("mail/letter.txt", page), None, [address])
    message.attach_alternative(render_to_string("mail/letter.html", page), "text/html")
    return message
