"""What maintainers do with trains: make one of drafts and publish it by one click, take a draft out of one."""

import random
import re
import time
from collections.abc import Callable
from html import unescape

from django.utils import timezone

from bench.faults.acts.act import NOT_NOW, Act, Said
from bench.faults.acts.claims import Happened, TrainDecided
from bench.faults.acts.decisions import decide
from bench.faults.acts.people import draft_url, followed
from bench.faults.browser import Answer
from bench.faults.cast import Cast, Person

_INSPECTED_SECONDS = 15
_MOST = 3
_CHOICE = re.compile(r'<label for="draft-(\d+)">([^<]+?)\s*<span')
_OF_DRAFT = re.compile(r'href="/trains/(\d+)/"')
_LEAVE = re.compile(r'data-draft="([^"]+)".*?action="(/trains/\d+/leave/\d+/)"', re.DOTALL)


def several(cast: Cast, dice: random.Random) -> list[tuple[str, str]]:
    """Return projects and versions of two or three drafts of this round; of one where there are no more."""
    cast.draft(dice, loud=True)
    known = sorted({one for one in cast.drafts if one[0] != cast.quiet})
    return dice.sample(known, min(len(known), dice.randint(2, _MOST)))


def make(cast: Cast, person: Person, server: str, drafts: list[tuple[str, str]], label: str) -> Answer:
    """Choose those of the drafts that the page offers, and make a train of them. Raises Lost."""
    del cast
    page = person.browser.ask(f"{server}/trains/new/")
    wanted = {" ".join(one) for one in drafts}
    chosen = [number for number, text in _CHOICE.findall(page.text) if unescape(text) in wanted]
    if page.status != 200 or not chosen:
        return page
    return person.browser.post(f"{server}/trains/new/", page, label=label, draft=chosen)


def _confirmation(
    person: Person, server: str, train: str, drafts: list[tuple[str, str]], seconds: float
) -> Answer:
    """Open the page that asks for a code; while workers look into the files it leads back. Raises Lost."""
    deadline = time.monotonic() + seconds
    while (page := person.browser.ask(f"{train}publish/")).status == 302 and time.monotonic() < deadline:
        if not sum(decide(person, server, draft_url(server, *draft)) for draft in drafts):
            time.sleep(0.5)
    return page


def _publish(cast: Cast, dice: random.Random) -> Said | None:
    """Make a train of drafts, and publish what its page shows."""
    server, drafts = cast.server(dice), several(cast, dice)
    if not drafts:
        return None
    with cast.somebody() as person:
        made = make(cast, person, server, drafts, f"train {dice.random()}")
        if made.status != 302:
            return Said(made.status)
        return pressed(person, server, server + made.headers["location"], drafts, person.code)


def pressed(
    person: Person,
    server: str,
    train: str,
    drafts: list[tuple[str, str]],
    a_code: Callable[[], str | None],
    *,
    seconds: float = _INSPECTED_SECONDS,
) -> Said | None:
    """Press the one button as soon as there is one; nothing, where there is no code by then. Raises Lost."""
    page = _confirmation(person, server, train, drafts, seconds)
    if page.status != 200:
        return Said(page.status)
    code = a_code()
    if code is None:
        return None
    fingerprint, since = page.hidden("fingerprint"), timezone.now()
    said = person.browser.post(f"{train}publish/", page, fingerprint=fingerprint, code=code)
    told = followed(person, server, said) if said.status == 302 else ["Nothing was published"]
    if any("Nothing was published" in text or "cannot be published" in text for text in told):
        return Said(said.status)
    return Said(said.status, TrainDecided(int(train.rstrip("/").rpartition("/")[2]), fingerprint, since))


def _leave(cast: Cast, dice: random.Random) -> Said | None:
    """Take a draft out of its train, whatever happens to the train meanwhile."""
    (project, version), server = cast.draft(dice), cast.server(dice)
    with cast.somebody() as person:
        page = person.browser.ask(draft_url(server, project, version))
        train = _OF_DRAFT.search(page.text)
        if train is None:
            return Said(page.status)
        page = person.browser.ask(f"{server}/trains/{train[1]}/")
        ways = {unescape(draft): action for draft, action in _LEAVE.findall(page.text)}
        action, since = ways.get(f"{project} {version}"), timezone.now()
        if action is None:
            return Said(page.status)
        said = person.browser.post(server + action, page)
        told = followed(person, server, said) if said.status == 302 else []
    if any(f"{project} {version} is in no train now" in text for text in told):
        return Said(said.status, Happened("train:left", f"{project} {version}", since))
    return Said(said.status)


# 400 says which draft went elsewhere meanwhile; 302 leads to the page that says what was or was not done.
_PAGES = PRESSED = frozenset({200, 302, 400, 403, 404, 409}) | NOT_NOW
ACTS = [
    Act("publish a train", _publish, _PAGES, 4),
    Act("take a draft out of its train", _leave, _PAGES),
]
