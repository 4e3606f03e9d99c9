"""What came of many requests, as rows: how many, how fast, and how they ended."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import asdict, dataclass

from bench.load.asking import Sample

_HEAD = "| what | answers | a second | p50 | p99 | ended |\n|---|---|---|---|---|---|"


@dataclass(frozen=True, slots=True)
class Row:
    """Requests of one kind: seconds for the quantiles, of those that were answered with what was asked for."""

    what: str
    count: int
    rate: float
    p50: float
    p99: float
    outcomes: dict[str, int]

    def told(self) -> dict[str, object]:
        return asdict(self)


def rows(samples: Sequence[Sample]) -> list[Row]:
    """Return a row for each kind of request of a scene."""
    kinds = dict.fromkeys(sample.what for sample in samples)
    return [_row(kind, [sample for sample in samples if sample.what == kind]) for kind in kinds]


def _row(what: str, samples: Sequence[Sample]) -> Row:
    took = sorted(sample.seconds for sample in samples if sample.outcome == "ok")
    lasted = max(sample.ended for sample in samples) - min(
        sample.ended - sample.seconds for sample in samples
    )
    outcomes = dict(Counter(sample.outcome for sample in samples))
    return Row(
        what, len(samples), len(samples) / max(lasted, 0.001), _at(took, 0.5), _at(took, 0.99), outcomes
    )


def _at(took: Sequence[float], quantile: float) -> float:
    return took[min(len(took) - 1, int(quantile * len(took)))] if took else float("nan")


def failures(samples: Sequence[Sample]) -> list[str]:
    """Return a line for each way to fail: what was no right answer and no honest refusal."""
    failed = Counter(
        f"{sample.what}: {sample.outcome}"
        for sample in samples
        if sample.outcome != "ok" and not sample.outcome.startswith("refused")
    )
    return [f"{line} ({count} times)" for line, count in sorted(failed.items())]


def markdown(rows: Sequence[Row]) -> str:
    """Return the table; milliseconds."""
    lines = [_HEAD]
    for row in rows:
        ended = ", ".join(f"{count} {outcome}" for outcome, count in sorted(row.outcomes.items()))
        figures = f"{row.rate:.0f} | {row.p50 * 1000:.0f} ms | {row.p99 * 1000:.0f} ms"
        lines.append(f"| {row.what} | {row.count} | {figures} | {ended} |")
    return "\n".join(lines)
