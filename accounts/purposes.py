"""What a second factor is given for."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Purpose:
    """What a proof is for: the act's name, the object as ``kind:id``, and the fingerprint the person saw."""

    act: str
    on: str
    fingerprint: str = ""
