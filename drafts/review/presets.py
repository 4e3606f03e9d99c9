"""Three presets of a project's policy, and what a project's own choice does otherwise."""

from dataclasses import dataclass, replace
from typing import Any

from drafts.access.policy import Policy
from drafts.models import EvidenceDemand

_WORDS = {
    "approvals_needed": "approvals",
    "own_approval_counts": "own approval counts",
    "soak_hours": "hours to look",
    "evidence_demand": "evidence",
    "answer_reports": "reports wait for an answer",
}


@dataclass(frozen=True, slots=True)
class Preset:
    """A policy for a kind of project: what it asks, and where the chosen policy differs."""

    name: str
    text: str
    values: dict[str, Any]
    differs: tuple[str, ...] = ()

    @property
    def is_chosen(self) -> bool:
        return not self.differs


_PRESETS = (
    Preset(
        "alone",
        "One person: nobody else is asked, and nothing waits.",
        {
            "approvals_needed": 0,
            "own_approval_counts": False,
            "soak_hours": 0,
            "evidence_demand": EvidenceDemand.NOTHING,
            "answer_reports": False,
        },
    ),
    Preset(
        "team",
        "One other person approves, and CI says which bytes it built.",
        {
            "approvals_needed": 1,
            "own_approval_counts": False,
            "soak_hours": 0,
            "evidence_demand": EvidenceDemand.CI,
            "answer_reports": False,
        },
    ),
    Preset(
        "strict",
        "Two others approve, Presscheck fetched CI’s log itself, and there is a day to look.",
        {
            "approvals_needed": 2,
            "own_approval_counts": False,
            "soak_hours": 24,
            "evidence_demand": EvidenceDemand.FETCHED,
            "answer_reports": True,
        },
    ),
)


def compared(chosen: Policy) -> tuple[Preset, ...]:
    """Return the presets, each with what the chosen policy does otherwise."""
    return tuple(
        Preset(preset.name, preset.text, preset.values, _differs(preset, chosen)) for preset in _PRESETS
    )


def _differs(preset: Preset, chosen: Policy) -> tuple[str, ...]:
    return tuple(
        f"{_WORDS[name]}: {_said(getattr(chosen, name))} here, {_said(value)} in the preset"
        for name, value in preset.values.items()
        if getattr(chosen, name) != value
    )


def _said(value: object) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def filled(policy: Policy, name: str) -> Policy:
    """Return a policy with what the preset of this name asks; as it is, where there is no such preset."""
    values = next((preset.values for preset in _PRESETS if preset.name == name), {})
    return replace(policy, **values)
