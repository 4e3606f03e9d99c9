"""Reading a log: which lines may speak of digests, and what each says."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drafts.evidence.logs.forms import FORMS
from drafts.evidence.logs.logged import Form, Found, Logged
from drafts.evidence.logs.noise import Page

if TYPE_CHECKING:
    from collections.abc import Iterator

_HEX_RUN = re.compile(r"[0-9A-Fa-f]{32}")


def parse(data: bytes | str) -> list[Logged]:
    """Return the digests of files that a log, checksum file or statement gives, in the order of its lines.

    Any bytes or text will do; it never raises and takes time linear in the size. The caller bounds the size.
    A pair of name and digest that is printed again is returned once, with its first line.
    """
    page = Page(data)
    logged: dict[Found, Logged] = {}
    for index, forms in _speaking(page):
        for form in forms:
            found = form.read(page, index)
            if found is None:
                continue
            for one in found:
                if one not in logged:
                    logged[one] = Logged(
                        one.filename, one.algorithm, one.digest, page.numbers[index], form.code
                    )
            break
    return list(logged.values())


def _speaking(page: Page) -> Iterator[tuple[int, tuple[Form, ...]]]:
    """Yield the entries worth reading, each with the forms to offer it to, so that most lines cost one search."""
    whole = "\n".join(page.raw)
    present = [(word, form) for form in FORMS for word in form.keywords if word in whole]
    for index, line in enumerate(page.raw):
        if _HEX_RUN.search(line):
            yield index, FORMS
        elif present:
            forms = tuple(form for word, form in present if word in line)
            if forms:
                yield index, forms
