"""What maintainers and testers do with a train's link: make one, read all its drafts through it, revoke it."""

import json
import random
import re

from bench.faults.acts.act import NOT_NOW, Act, Said
from bench.faults.acts.claims import TrainLinkIs
from bench.faults.acts.people import LINK, followed
from bench.faults.acts.readers import JSON, fetched, named
from bench.faults.acts.trains import make, several
from bench.faults.browser import Answer, Browser
from bench.faults.cast import Cast, Person

_REVOKE = re.compile(r'action="([^"]*/links/\d+/revoke/)"')


def _made(cast: Cast, person: Person, server: str, dice: random.Random) -> tuple[Answer, str, str]:
    """Make a train of drafts and a link to it; returns the last answer, the train's address, and the token or nothing."""
    answer = make(cast, person, server, several(cast, dice), f"train to read {dice.random()}")
    if answer.status != 302:
        return answer, "", ""
    train = server + answer.headers["location"]
    page = person.browser.ask(train)
    before = set(LINK.findall(page.text))
    said = person.browser.post(f"{train}links/", page, label="a tester")
    if said.status != 302:
        return said, train, ""
    made = set(LINK.findall(person.browser.ask(train).text)) - before
    return said, train, min(made, default="")


def _read(cast: Cast, dice: random.Random) -> Said:
    """Do what an installer does with a train's one extra index: its list, each project's page, and a file by its hash."""
    server = cast.server(dice)
    with cast.somebody() as person:
        said, _, token = _made(cast, person, server, dice)
    if not token:
        return Said(said.status)
    cast.ledger.claim(TrainLinkIs(token, revoked=False))
    browser, base = Browser(), f"{server}/draft/{token}/simple/"
    listed = browser.ask(base, headers={"Accept": JSON})
    if listed.status != 200:
        return Said(listed.status)
    for row in json.loads(listed.body)["projects"]:
        url = f"{base}{row['name']}/"
        page = browser.ask(url, headers={"Accept": JSON})
        files = named(page.body, is_json=True) if page.status == 200 else []
        if not files:
            return Said(page.status)
        fetched(cast, browser, url, dice.choice(files))
    return Said(listed.status)


def _revoke(cast: Cast, dice: random.Random) -> Said:
    """Make a train's link, revoke it, and try it at every web server: it opens nothing."""
    server = cast.server(dice)
    with cast.somebody() as person:
        said, train, token = _made(cast, person, server, dice)
        if not token:
            return Said(said.status)
        cast.ledger.claim(TrainLinkIs(token, revoked=False))
        page = person.browser.ask(train)
        where = _REVOKE.search(page.text.partition(token)[2])
        if where is None:
            return Said(page.status)
        said = person.browser.post(server + where[1], page)
        if said.status != 302 or not any("opens nothing" in text for text in followed(person, server, said)):
            return Said(said.status)
        for one in cast.servers:
            if person.browser.ask(f"{one}/draft/{token}/simple/").status == 200:
                cast.ledger.complain("a train's link opens it after it was revoked")
    return Said(said.status, TrainLinkIs(token, revoked=True))


_PAGES = frozenset({200, 302, 400, 404, 409}) | NOT_NOW
ACTS = [
    Act("read a train through its link", _read, _PAGES, 2),
    Act("make and revoke a train's link", _revoke, _PAGES, 2),
]
