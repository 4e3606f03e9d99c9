"""What readers do: look at the index, fetch what it names, and install a draft through its link."""

import hashlib
import json
import random
import re
import time
from urllib.parse import unquote, urljoin

from bench.faults.acts.act import NOT_NOW, Act, Said
from bench.faults.acts.claims import LinkIs
from bench.faults.acts.people import make_link
from bench.faults.browser import Browser
from bench.faults.cast import Cast
from bench.faults.ledger import Sighting

JSON = "application/vnd.pypi.simple.v1+json"
HTML = "application/vnd.pypi.simple.v1+html"
_ANCHOR = re.compile(r'<a href="([^"#]+)#sha256=([0-9a-f]{64})"')


def named(page: bytes, *, is_json: bool) -> list[tuple[str, str, str]]:
    """Return what a project's page names: file name, SHA-256, address."""
    if is_json:
        return [(row["filename"], row["hashes"]["sha256"], row["url"]) for row in json.loads(page)["files"]]
    found = _ANCHOR.findall(page.decode())
    return [(unquote(url.rpartition("/")[2]), digest, url) for url, digest in found]


def _read(cast: Cast, dice: random.Random) -> Said:
    """Look at a project's page, note what it shows, and fetch one of its files."""
    project, server = dice.choice(cast.readable), cast.server(dice)
    accept = dice.choice((JSON, HTML, "text/html"))
    url, browser, began = f"{server}/simple/{project}/", Browser(), time.time()
    page = browser.ask(url, headers={"Accept": accept})
    if page.status != 200:
        return Said(page.status)
    files = named(page.body, is_json=accept == JSON)
    shown = frozenset((name, digest) for name, digest, _ in files)
    cast.ledger.saw(Sighting(began, time.time(), project, shown))
    if not files:
        return Said(page.status)
    return Said(fetched(cast, browser, url, dice.choice(files[-20:])))


def fetched(cast: Cast, browser: Browser, page: str, file: tuple[str, str, str]) -> int:
    """Fetch a file that a page names, following it to the store, and complain of other bytes; returns the status. Raises Lost.

    While the store lies to whoever asks it, other bytes are its own doing: installers refuse them by the hash.
    """
    name, digest, where = file
    url = urljoin(page, where)
    answer = browser.ask(url)
    if answer.status == 302:
        answer = browser.ask(urljoin(url, answer.headers["location"]))
    if answer.status == 200 and hashlib.sha256(answer.body).hexdigest() != digest and not cast.ledger.lies:
        cast.ledger.complain(f"{name} was handed out with other bytes than the page names")
    return answer.status


def _install(cast: Cast, dice: random.Random) -> Said:
    """Get a link to a draft, and do what an installer does with it: the page, then a file by its hash."""
    (project, version), server = cast.draft(dice), cast.server(dice)
    with cast.somebody() as person:
        said, token = make_link(cast, person, server, project, version)
    if not token:
        return Said(said.status)
    cast.ledger.claim(LinkIs(token, revoked=False))
    browser, url = Browser(), f"{server}/draft/{token}/simple/{project}/"
    page = browser.ask(url, headers={"Accept": JSON})
    files = named(page.body, is_json=True) if page.status == 200 else []
    if not files:
        return Said(page.status)
    return Said(fetched(cast, browser, url, dice.choice(files)))


# 404: nothing is published yet, or the draft ended meanwhile; 302 leads from an ended draft to what is public.
ACTS = [
    Act("read the index", _read, frozenset({200, 404}) | NOT_NOW, 4),
    Act("install through a draft link", _install, frozenset({200, 302, 404}) | NOT_NOW, 3),
]
