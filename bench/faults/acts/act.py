"""What an act of a client is: how it is done, and how the server may answer."""

import random
from collections.abc import Callable
from dataclasses import dataclass

from bench.faults.browser import Answer, Lost
from bench.faults.cast import Cast
from bench.faults.ledger import LOST, Claim

# A server that cannot do it now says so: 503 while a service is away, 507 while there is no room (RFC 9110, RFC 4918).
NOT_NOW = frozenset({503, 507})


@dataclass(frozen=True, slots=True)
class Said:
    """How the server answered, and what it thereby claims."""

    status: int
    claim: Claim | None = None


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that clients do. ``do`` returns None where there is nothing to do it to; it raises Lost.

    ``may_answer`` holds the status codes that are honest, beside a lost connection; ``weight`` is how often it is done.
    """

    name: str
    do: Callable[[Cast, random.Random], Said | None]
    may_answer: frozenset[int]
    weight: int = 1


def perform(act: Act, cast: Cast, dice: random.Random) -> Said | None:
    """Do an act, and note how it was answered and what was claimed."""
    try:
        said = act.do(cast, dice)
    except Lost:
        cast.ledger.note(act.name, LOST)
        return None
    if said is None:
        return None
    cast.ledger.note(act.name, str(said.status))
    if said.status not in act.may_answer:
        cast.ledger.complain(f"'{act.name}' was answered {said.status}, which is not among its answers")
    if said.claim is not None:
        cast.ledger.claim(said.claim)
    return said


def refused(answer: Answer) -> Said:
    """Return an answer that claims nothing."""
    return Said(answer.status)
