"""What a log says about a file, and the shape of the forms that find it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from drafts.evidence.logs.noise import Page


@dataclass(frozen=True, slots=True)
class Logged:
    """One digest that a log gives to a file.

    `filename` is a base name, or None where the log gives a file's digest without a name; `algorithm` is
    spelled as `hashlib` does, with the length in bits where that is open (`sha256`, `blake2b_256`, `md5`);
    `digest` is lower-case hexadecimal; `line` counts from 1 and from one line feed to the next; `form` is the
    code of the form that was recognised. `hidden` says that a terminal would not show it: it can speak against
    a file, never for one.
    """

    filename: str | None
    algorithm: str
    digest: str
    line: int
    form: str
    hidden: bool = False


class Found(NamedTuple):
    """A digest as a form returns it: base name or None, algorithm, lower-case hexadecimal digest."""

    filename: str | None
    algorithm: str
    digest: str


Reader = Callable[["Page", int], list[Found] | None]


@dataclass(frozen=True, slots=True)
class Form:
    """One way to write down a file's digest.

    `read(page, index)` returns what line `index` says, `[]` when the line is of this form and says nothing
    (later forms do not see it), None when it is not of this form. It is asked for every line with a run of 32
    hexadecimal digits, and for every line that contains one of `keywords`.
    """

    code: str
    read: Reader
    keywords: tuple[str, ...] = ()
