"""What ``open_distribution`` says of a built file: the codes of its refusals."""

import io

from drafts.dist import BadDistribution, Distribution, Limits, Refusal, open_distribution

SMALL = Limits(members=20, directory=4096, metadata=4096, record=4096, free=100_000, ratio=50)


def opened(built, limits=SMALL) -> Distribution:
    return open_distribution(io.BytesIO(built.data), built.filename, limits=limits or Limits())


def refusals(built, limits=SMALL) -> tuple[Refusal, ...]:
    """All refusals; empty for an accepted file. Each is one line of ASCII, as HTTP reason phrases need it."""
    error = _error(built, limits)
    if error is None:
        return ()
    assert all(refusal.message.isascii() and refusal.message.isprintable() for refusal in error.refusals)
    assert (error.code, error.message) == (error.refusals[0].code, error.refusals[0].message)
    return error.refusals


def codes(built, limits=SMALL) -> list[str]:
    """The codes of all refusals, each once, in order."""
    return list(dict.fromkeys(refusal.code for refusal in refusals(built, limits)))


def _error(built, limits) -> BadDistribution | None:
    try:
        opened(built, limits)
    except BadDistribution as error:
        return error
    return None
