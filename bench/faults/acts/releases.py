"""What maintainers do to releases that are published: yank them, take that back, close and reopen them."""

import random

from django.utils import timezone

from bench.faults.acts.act import NOT_NOW, Act, Said
from bench.faults.acts.claims import Happened
from bench.faults.acts.people import followed
from bench.faults.cast import Cast


def _seen(cast: Cast, dice: random.Random) -> tuple[str, str] | None:
    """Return project and version of a release that a reader has seen on the index."""
    seen = sorted(
        {(one.project, name.split("-")[1]) for one in cast.ledger.sightings[-50:] for name, _ in one.files}
    )
    return dice.choice(seen) if seen else None


def _yank(cast: Cast, dice: random.Random) -> Said | None:
    """Yank a whole release, or take that back."""
    found, server = _seen(cast, dice), cast.server(dice)
    if found is None:
        return None
    word = dice.choice(("yank", "unyank"))
    with cast.somebody() as person:
        url, since = f"{server}/projects/{found[0]}/releases/{found[1]}/", timezone.now()
        page = person.browser.ask(url)
        if page.status != 200:
            return Said(page.status)
        said = person.browser.post(f"{url}yank/", page, act=f"{word} all", reason=f"a fault {dice.random()}")
        told = followed(person, server, said) if said.status == 302 else []
    if any(f" of {' '.join(found)}." in text for text in told):
        return Said(said.status, Happened(f"release:{word}ed", " ".join(found), since))
    return Said(said.status)


def _window(cast: Cast, dice: random.Random) -> Said | None:
    """Close a release, or reopen it, with a code."""
    found, server = _seen(cast, dice), cast.server(dice)
    if found is None:
        return None
    word, event = dice.choice((("close", "release:closed"), ("reopen", "release:reopened")))
    with cast.somebody() as person:
        code = person.code()
        if code is None:
            return None
        url, since = f"{server}/projects/{found[0]}/releases/{found[1]}/{word}/", timezone.now()
        page = person.browser.ask(url)
        if page.status != 200:
            return Said(page.status)
        said = person.browser.post(url, page, code=code)
        told = followed(person, server, said) if said.status == 302 else []
    if any(text.startswith(f"{' '.join(found)} is ") for text in told):
        return Said(said.status, Happened(event, " ".join(found), since))
    return Said(said.status)


_PAGES = frozenset({200, 302, 400, 403, 404, 409}) | NOT_NOW
ACTS = [
    Act("yank a release, or take that back", _yank, _PAGES, 2),
    Act("close a release, or reopen it", _window, _PAGES),
]
