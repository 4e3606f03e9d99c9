"""Reading a log: which lines may speak of digests, and what each says."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

from drafts.evidence.logs import one_line, sidecars, terminal
from drafts.evidence.logs.chatter import is_chatter, is_clean_chatter
from drafts.evidence.logs.forms import FORMS
from drafts.evidence.logs.logged import Form, Found, Logged
from drafts.evidence.logs.noise import Page, decoded, joined, without_colours

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_HEX_RUN = re.compile(r"[0-9A-Fa-f]{32,}")
_SHA256 = 64  # digits


def parse(data: bytes | str, name: str = "") -> list[Logged]:
    """Return the digests of files that a log, checksum file or statement gives, in the order of its lines.

    `name` is what the file was called: of `X.whl.sha256` and `X.whl.sigstore.json` it says whose digest is in it.
    Any bytes or text will do; it never raises and takes time linear in the size. The caller bounds the size.
    A pair of name and digest that is printed again is returned once, with its first line; one that only text says
    which a terminal would not show is `hidden`.
    """
    text, numbers = joined(decoded(data))
    seen, everything = terminal.shown(text), terminal.revealed(text)
    logged = _read(seen, numbers)
    if seen != everything:
        more = _read(everything, numbers)
        logged |= {found: replace(one, hidden=True) for found, one in more.items() if found not in logged}
    return sidecars.named(sorted(logged.values(), key=lambda one: one.line), name)


def _read(text: str, numbers: Sequence[int]) -> dict[Found, Logged]:
    text = without_colours(text)
    page = Page(text, numbers)
    present = [(word, form) for form in FORMS for word in form.keywords if word in text]
    logged: dict[Found, Logged] = {}
    for index, code, found in _said(page, present):
        for one in found:
            if one not in logged:
                logged[one] = Logged(one.filename, one.algorithm, one.digest, page.numbers[index], code)
    return logged


def _said(page: Page, present: Sequence[tuple[str, Form]]) -> Iterator[tuple[int, str, Sequence[Found]]]:
    """Yield what the entries say, with the form that said it; most lines cost one search.

    ``present``: the keywords that the text holds, with their forms.
    """
    search = _HEX_RUN.search
    for index, line in enumerate(page.raw):
        run = search(line)
        if run is not None:
            start, end = run.span()
            found = one_line.checksum(line) if end - start == _SHA256 else None
            if found is not None:
                yield index, FORMS[0].code, (found,)
                continue
            if not (is_chatter(line) or is_clean_chatter(page.text(index))):
                yield from _by_form(page, index, FORMS)
                continue
        if present:
            yield from _by_form(page, index, tuple(form for word, form in present if word in line))


def _by_form(page: Page, index: int, forms: Sequence[Form]) -> Iterator[tuple[int, str, Sequence[Found]]]:
    """Yield what an entry says by the first form that it is of."""
    for form in forms:
        found = form.read(page, index)
        if found is not None:
            yield index, form.code, found
            return
