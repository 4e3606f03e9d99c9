"""Who acts in a campaign: maintainers with a password and an authenticator, CI with tokens, and what all of them were told."""

import base64
import queue
import random
import re
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value

from bench.faults.browser import Browser
from bench.faults.ledger import Ledger

if TYPE_CHECKING:
    from bench.faults.forge import Forge

PASSWORD = "correct horse battery staple"
_STEP_SECONDS = 30
_PATIENCE_SECONDS = 6.0
_FAVOUR = 0.6


class NotLetIn(Exception):
    """Somebody could not sign in; the text holds what the server said."""


@dataclass
class Person:
    """A maintainer: an address, an authenticator that shows no code twice, and a browser."""

    email: str
    secret: str
    browser: Browser = field(default_factory=Browser)
    spent: int = 0

    def code(self) -> str | None:
        """Return a code that was not used yet and is taken now; None when this half minute's are used up."""
        now = int(time.time()) // _STEP_SECONDS
        counter = max(now - 1, self.spent + 1)
        if counter > now + 1 or (counter == now - 1 and time.time() % _STEP_SECONDS > _STEP_SECONDS - 5):
            counter = max(now, self.spent + 1)
        if counter > now + 1:
            return None
        self.spent = counter
        return str(format_hotp_value(hotp_value(self.secret, counter)))

    def sign_in(self, server: str) -> None:
        """Give password and code on the pages. Raises Lost, NotLetIn."""
        page = self.browser.ask(f"{server}/accounts/login/")
        said = self.browser.post(f"{server}/accounts/login/", page, login=self.email, password=PASSWORD)
        if said.status != 302:
            raise NotLetIn(f"{self.email}: {said.status} {said.text[-500:]}")
        where = server + said.headers["location"]
        said = self.browser.post(where, self.browser.ask(where), code=self.code() or "")
        if said.status != 302:
            raise NotLetIn(f"{self.email}: {said.status} {said.text[-500:]}")


def secret_of(name: str) -> str:
    """Return the Base32 secret of a person's authenticator."""
    return base64.b32encode(f"{name:-<20}".encode()[:20]).decode()


@dataclass
class Cast:
    """Everybody, the web servers that they reach, and the projects that they work on.

    ``tokens`` are the upload tokens by project; ``quiet`` is a project that nobody publishes; ``versions`` is what the
    round works on, ``drafts`` the projects and versions of which files were staged in it; ``favoured`` is the project that
    most of a round is about, if one is; ``aside`` are tokens of projects that only what a fault is aimed at uses.
    """

    servers: Sequence[str]
    tokens: dict[str, str]
    quiet: str
    people: Sequence[Person]
    ledger: Ledger
    versions: list[str] = field(default_factory=list)
    drafts: list[tuple[str, str]] = field(default_factory=list)
    forge: "Forge | None" = None
    favoured: str = ""
    aside: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._free: queue.Queue[Person] = queue.Queue()
        for person in self.people:
            self._free.put(person)

    @property
    def readable(self) -> list[str]:
        """Return every project that has a page, or may get one; the one that CI builds has had one from the beginning."""
        return sorted([*self.tokens, *self.aside]) + ([self.forge.project] if self.forge else [])

    @contextmanager
    def somebody(self) -> Iterator[Person]:
        """Have a person for the time of a block: nobody does two things at once."""
        person = self._free.get()
        try:
            yield person
        finally:
            self._free.put(person)

    def begin(self, versions: list[str], favoured: str = "") -> None:
        """Begin a round."""
        self.versions[:], self.drafts[:], self.favoured = versions, [], favoured

    def project(self, dice: random.Random) -> str:
        if self.favoured and dice.random() < _FAVOUR:
            return self.favoured
        return dice.choice(sorted(self.tokens))

    def release(self, dice: random.Random) -> tuple[str, str]:
        """Return a project and a version of this round, for an upload."""
        return self.project(dice), dice.choice(self.versions)

    def draft(self, dice: random.Random, *, loud: bool = False) -> tuple[str, str]:
        """Return project and version of a draft of this round, as soon as there is one; ``loud`` ones may be published."""
        deadline = time.monotonic() + _PATIENCE_SECONDS
        while not (known := [one for one in self.drafts if not loud or one[0] != self.quiet]):
            if time.monotonic() > deadline:
                break
            time.sleep(0.02)
        if self.favoured and dice.random() < _FAVOUR:
            known = [one for one in known if one[0] == self.favoured] or known
        names = sorted(set(self.tokens) - ({self.quiet} if loud else set()))
        return dice.choice(known) if known else (dice.choice(names), dice.choice(self.versions))

    def server(self, dice: random.Random) -> str:
        return dice.choice(list(self.servers))

    def basic(self, project: str) -> str:
        """Return the Authorization header of a project's CI."""
        return basic("__token__", (self.tokens | self.aside)[project])


def basic(user: str, password: str) -> str:
    """Return an Authorization header (RFC 7617)."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def messages(page: str) -> list[str]:
    """Return the messages that a page shows to the person."""
    return [text.strip() for text in re.findall(r'<li class="notice"[^>]*>([^<]*)</li>', page)]
