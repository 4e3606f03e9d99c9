"""The ten promises, each a function that reads the whole state and yields sentences of what is wrong. Each listed once."""

from bench.faults.promises.access import a_link_opens_its_draft_alone, a_token_only_stages
from bench.faults.promises.bytes import nothing_hostile_is_kept, the_bytes_are_those_that_were_shown
from bench.faults.promises.deciding import publishing_was_decided_by_a_person
from bench.faults.promises.state import Check, State
from bench.faults.promises.trail import (
    every_act_has_its_event,
    nothing_is_lost_or_half_done,
)
from bench.faults.promises.visible import all_or_nothing, names_are_used_once, nothing_staged_is_visible

PROMISES: dict[int, Check] = {
    1: nothing_staged_is_visible,
    2: all_or_nothing,
    3: names_are_used_once,
    4: the_bytes_are_those_that_were_shown,
    5: a_token_only_stages,
    6: publishing_was_decided_by_a_person,
    7: every_act_has_its_event,
    8: a_link_opens_its_draft_alone,
    9: nothing_is_lost_or_half_done,
    10: nothing_hostile_is_kept,
}


def broken(state: State) -> list[str]:
    """Return what is wrong, each sentence with its promise's number."""
    return [f"promise {number}: {words}" for number, check in PROMISES.items() for words in check(state)]


__all__ = ["PROMISES", "Check", "State", "broken"]
