"""What a campaign tells: one line for each round while it runs, and a summary at its end."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict
from statistics import median
from typing import Any

from bench.faults.campaign import Campaign, Round


def line(one: Round) -> str:
    """Return one round on one line, and what was lost in it on further ones."""
    told = (
        f"round {one.number:3}  {one.fault:45} {_where(one):45} {one.acts:2} acts  "
        f"answers after {one.answered:5.1f} s, settled after {one.settled:5.1f} s"
    )
    return "\n".join([told, *(f"  LOST  {loss}" for loss in one.losses)])


def _where(one: Round) -> str:
    """Say what was struck, and what was aimed at where that is something else."""
    if one.amid == one.aim:
        return f"amid {one.amid}" + ("" if one.still else ", which ended at once")
    return f"amid {one.amid or 'nothing'}, not {one.aim}"


def losses(rounds: Sequence[Round]) -> int:
    return sum(len(one.losses) for one in rounds)


def _times(rounds: Sequence[Round]) -> dict[str, float]:
    answered, settled = [one.answered for one in rounds], [one.settled for one in rounds]
    return {
        "rounds": len(rounds),
        "amid a publish": sum(bool(one.amid) for one in rounds),
        "answers after, median": round(median(answered), 1),
        "answers after, worst": round(max(answered), 1),
        "settled after, median": round(median(settled), 1),
        "settled after, worst": round(max(settled), 1),
        "losses": losses(rounds),
    }


def whole(campaign: Campaign) -> dict[str, Any]:
    """Return everything that a report file holds, as JSON values; times are in seconds."""
    rounds = campaign.rounds
    by_fault = {
        name: [one for one in rounds if one.fault == name] for name in Counter(r.fault for r in rounds)
    }
    return {
        "shape": str(campaign.place.shape),
        "seed": campaign.seed,
        "not tried": campaign.place.missing,
        "all": _times(rounds) if rounds else {},
        "published drafts by number of files": campaign.published(),
        "published into published releases": campaign.late(),
        "published drafts by how it was decided": campaign.ways(),
        "struck amid": dict(sorted(Counter(one.amid or "nothing of these" for one in rounds).items())),
        "by fault": {name: _times(some) for name, some in sorted(by_fault.items())},
        "answers by act": {
            act: dict(sorted(told.items())) for act, told in campaign.ledger.answers().items()
        },
        "rounds": [asdict(one) for one in rounds],
    }


def summary(campaign: Campaign) -> str:
    """Return the summary for people."""
    told = whole(campaign)
    lines = [
        f"{told['shape']}, seed {told['seed']}: {told['all']['rounds']} rounds, {told['all']['losses']} losses"
    ]
    lines += [f"not tried: {words}" for words in told["not tried"]]
    sizes = told["published drafts by number of files"].items()
    lines.append("  published drafts: " + ", ".join(f"{count} of {files} files" for files, count in sizes))
    lines.append(
        f"  of these into releases that were published before: {told['published into published releases']}"
    )
    ways = told["published drafts by how it was decided"].items()
    lines.append("  decided: " + ", ".join(f"{count} {way}" for way, count in ways))
    amid = told["struck amid"].items()
    lines.append("  struck amid: " + ", ".join(f"{what} {count}" for what, count in amid))
    for name, times in (*told["by fault"].items(), ("all", told["all"])):
        lines.append(
            f"  {name:40} {times['rounds']:3} rounds, {times['amid a publish']} amid a publish, "
            f"{times['losses']} losses; settled after "
            f"{times['settled after, median']} s (median), {times['settled after, worst']} s (worst)"
        )
    for act, answers in sorted(told["answers by act"].items()):
        lines.append(f"  {act:42} " + ", ".join(f"{answer}: {count}" for answer, count in answers.items()))
    return "\n".join(lines)


def spelled(campaign: Campaign) -> str:
    """Return the report file's text."""
    return json.dumps(whole(campaign), indent=1)
