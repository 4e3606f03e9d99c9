"""What maintainers do on the pages, signed in, with a code of their authenticator where one is asked for."""

import hashlib
import random
import re
import time
from html import unescape
from urllib.parse import quote

from django.utils import timezone

from bench.faults.acts.act import NOT_NOW, Act, Said
from bench.faults.acts.claims import Decided, Happened, LinkIs, Logged
from bench.faults.acts.decisions import decide
from bench.faults.browser import Answer
from bench.faults.cast import Cast, Person, messages

_INSPECTED_SECONDS = 15
_OPTIONS = 0.15  # how often each is chosen
LINK = re.compile(r"/draft/(pcd_[0-9A-Za-z]+)/")
_FILE = re.compile(r'data-file="([^"]+)"')
_REVOKE = re.compile(r'action="([^"]*/links/\d+/revoke/)"')


def draft_url(server: str, project: str, version: str) -> str:
    return f"{server}/projects/{project}/drafts/{version}/"


def followed(person: Person, server: str, answer: Answer) -> list[str]:
    """Return the messages on the page that an answer leads to. Raises Lost."""
    where = answer.headers.get("location", "/")
    return messages(person.browser.ask(server + where if where.startswith("/") else where).text)


def _label(project: str, version: str) -> str:
    return f"{project} {version}"


def confirmation(person: Person, server: str, draft: str, *, seconds: float = _INSPECTED_SECONDS) -> Answer:
    """Open the page that asks for a code; while workers look into the files it leads back to the draft. Raises Lost.

    Files that come after their release was published ask for decisions first: whom they move, and whether they are meant.
    """
    deadline = time.monotonic() + seconds
    while (page := person.browser.ask(f"{draft}publish/")).status == 302 and time.monotonic() < deadline:
        if not decide(person, server, draft):
            time.sleep(0.5)
    return page


def _options(dice: random.Random) -> dict[str, str]:
    """Choose what the confirmation offers beside now: mostly nothing, else yanked first, or closed, or both."""
    yanked = {"yanked": "on", "reason": f"a soft launch {dice.random()}"} if dice.random() < _OPTIONS else {}
    return {**yanked, **({"closes": "on"} if dice.random() < _OPTIONS else {})}


def _publish(cast: Cast, dice: random.Random) -> Said | None:
    """Publish what the page shows, now and then yanked first or closed."""
    (project, version), server = cast.draft(dice, loud=True), cast.server(dice)
    chosen = _options(dice)
    with cast.somebody() as person:
        code = person.code()
        if code is None:
            return None
        page = confirmation(person, server, draft_url(server, project, version))
        return press(person, server, (project, version), page, code=code, **chosen)


def press(person: Person, server: str, draft: tuple[str, str], page: Answer, **fields: str) -> Said:
    """Publish what the confirmation shows, with a code and whatever was chosen beside it. Raises Lost."""
    if page.status != 200:
        return Said(page.status)
    url = f"{draft_url(server, *draft)}publish/"
    fingerprint, since = page.hidden("fingerprint"), timezone.now()
    said = person.browser.post(url, page, fingerprint=fingerprint, **fields)
    if said.status != 302:
        return Said(said.status)
    if any("Nothing was published" in text for text in followed(person, server, said)):
        return Said(said.status)
    chosen = tuple(sorted(set(fields) - {"code"}))
    return Said(said.status, Decided(_label(*draft), fingerprint, since, chosen))


def _publish_unseen(cast: Cast, dice: random.Random) -> Said | None:
    """Try to publish other files than the page showed, or with a code that was never shown."""
    (project, version), server = cast.draft(dice), cast.server(dice)
    stale = dice.random() < 0.5
    with cast.somebody() as person:
        url = draft_url(server, project, version) + "publish/"
        page = person.browser.ask(url)
        if page.status != 200:
            return Said(page.status)
        shown = page.hidden("fingerprint")
        given = {"fingerprint": "0" * 64, "code": "000000"} if stale else {"fingerprint": shown, "code": ""}
        said = person.browser.post(url, page, **given)
        told = followed(person, server, said) if said.status == 302 else ["Nothing was published"]
    if not any("Nothing was published" in text or "cannot be published" in text for text in told):
        cast.ledger.complain(f"{_label(project, version)}: published without code or fingerprint")
    return Said(said.status)


def _with_form(cast: Cast, person: Person, url: str, **fields: str) -> tuple[Answer, str]:
    """Open a page that asks, and say yes. Returns the answer, and what the page said was seen. Raises Lost."""
    del cast
    page = person.browser.ask(url)
    if page.status != 200:
        return page, ""
    seen = page.hidden("seen")
    return person.browser.post(url, page, seen=seen, **fields), seen


def _delete(cast: Cast, dice: random.Random) -> Said | None:
    (project, version), server = cast.draft(dice), cast.server(dice)
    with cast.somebody() as person:
        page = person.browser.ask(draft_url(server, project, version))
        names = sorted({unescape(name) for name in _FILE.findall(page.text)})
        if not names:
            return Said(page.status)
        name, since = dice.choice(names), timezone.now()
        url = f"{draft_url(server, project, version)}files/{quote(name)}/delete/"
        said, seen = _with_form(cast, person, url)
        told = followed(person, server, said) if said.status == 302 else []
    if any("is out of the draft" in text for text in told):
        return Said(said.status, Happened("file:deleted", _label(project, version), since, seen))
    return Said(said.status)


def _cancel(cast: Cast, dice: random.Random) -> Said:
    (project, version), server = cast.draft(dice), cast.server(dice)
    since = timezone.now()
    with cast.somebody() as person:
        said, _ = _with_form(cast, person, draft_url(server, project, version) + "cancel/")
        told = followed(person, server, said) if said.status == 302 else []
    if any("is canceled" in text and "Nothing was canceled" not in text for text in told):
        return Said(said.status, Happened("draft:canceled", _label(project, version), since))
    return Said(said.status)


def _extend(cast: Cast, dice: random.Random) -> Said:
    (project, version), server = cast.draft(dice), cast.server(dice)
    since = timezone.now()
    with cast.somebody() as person:
        url = draft_url(server, project, version)
        page = person.browser.ask(url)
        if page.status != 200:
            return Said(page.status)
        said = person.browser.post(f"{url}extend/", page)
        told = followed(person, server, said) if said.status == 302 else []
    if any("now expires" in text for text in told):
        return Said(said.status, Happened("draft:extended", _label(project, version), since))
    return Said(said.status)


def make_link(cast: Cast, person: Person, server: str, project: str, version: str) -> tuple[Answer, str]:
    """Make a draft link on the draft's page. Returns the last answer, and the link's token or nothing. Raises Lost."""
    del cast
    url = draft_url(server, project, version)
    page = person.browser.ask(url)
    if page.status != 200:
        return page, ""
    before = set(LINK.findall(page.text))
    said = person.browser.post(f"{url}links/", page, label="a tester")
    if said.status != 302:
        return said, ""
    made = set(LINK.findall(person.browser.ask(url).text)) - before
    return said, min(made, default="")


def _revoke_link(cast: Cast, dice: random.Random) -> Said:
    """Make a link, revoke it, and try it at every web server: it opens nothing."""
    (project, version), server = cast.draft(dice), cast.server(dice)
    with cast.somebody() as person:
        said, token = make_link(cast, person, server, project, version)
        if not token:
            return Said(said.status)
        cast.ledger.claim(LinkIs(token, revoked=False))
        page = person.browser.ask(draft_url(server, project, version))
        row = page.text.partition(token)[2]
        where = _REVOKE.search(row)
        if where is None:
            return Said(page.status)
        said = person.browser.post(server + where[1], page)
        if said.status != 302 or not any("opens nothing" in text for text in followed(person, server, said)):
            return Said(said.status)
        for one in cast.servers:
            if person.browser.ask(f"{one}/draft/{token}/simple/{project}/").status == 200:
                cast.ledger.complain(f"{_label(project, version)}: a link opens it after it was revoked")
    return Said(said.status, LinkIs(token, revoked=True))


def _paste(cast: Cast, dice: random.Random) -> Said:
    """Paste the log of the job that built the files, as far as the draft has them."""
    (project, version), server = cast.draft(dice), cast.server(dice)
    with cast.somebody() as person:
        url = draft_url(server, project, version)
        sums = person.browser.ask(f"{url}evidence/SHA256SUMS")
        page = person.browser.ask(url)
        if sums.status != 200 or page.status != 200 or not sums.body:
            return Said(max(sums.status, page.status))
        log = f"job {dice.random()}\n{sums.text}"
        said = person.browser.post(f"{url}evidence/", page, log=log)
        told = followed(person, server, said) if said.status == 302 else []
    if any("were read from the log" in text for text in told):
        digest = hashlib.sha256(log.encode()).hexdigest()
        return Said(said.status, Logged(_label(project, version), digest))
    return Said(said.status)


# 302 leads to the page that says in words what was or was not done; 404 is a version without a draft.
_PAGES = frozenset({200, 302, 404, 409}) | NOT_NOW
PRESSED = _PAGES | {403}
ACTS = [
    Act("publish a draft", _publish, PRESSED, 7),
    Act("publish what was not shown", _publish_unseen, _PAGES | {403}),
    Act("delete a file", _delete, _PAGES, 2),
    Act("cancel a draft", _cancel, _PAGES),
    Act("extend a draft", _extend, _PAGES),
    Act("make and revoke a draft link", _revoke_link, _PAGES, 2),
    Act("paste a log", _paste, _PAGES, 2),
]
