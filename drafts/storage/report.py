"""What an operator should know of a store, beyond that it answers."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Report:
    """Sentences on what is ``wrong`` with how a store is set up, and on what it does not let this server ask."""

    wrong: tuple[str, ...] = ()
    unknown: tuple[str, ...] = ()
