"""What a maintainer decides before a late file is published: everything that the draft's page asks, with a reason."""

import re
from collections.abc import Iterator
from html import unescape

from bench.faults.cast import Person

_FORM = re.compile(r'<form[^>]* action="([^"]*/decide/)"[^>]*>(.*?)</form>', re.DOTALL)
_FIELD = re.compile(r'<input type="hidden" name="(kind|what)" value="([^"]*)"')


def asked(page: str) -> Iterator[tuple[str, str, list[str]]]:
    """Yield what a page asks to decide: where the answer goes, the kind of decision, and what it covers."""
    for action, inside in _FORM.findall(page):
        fields = [(name, unescape(value)) for name, value in _FIELD.findall(inside)]
        kinds = [value for name, value in fields if name == "kind"]
        if kinds:
            yield unescape(action), kinds[0], [value for name, value in fields if name == "what"]


def decide(person: Person, server: str, url: str) -> int:
    """Decide whatever the page of a draft asks; returns how much that was. Raises Lost."""
    page = person.browser.ask(url)
    wanted = list(asked(page.text)) if page.status == 200 else []
    for action, kind, what in wanted:
        person.browser.post(
            server + action, page, kind=kind, what=what, reason="a late wheel of the campaign"
        )
    return len(wanted)
