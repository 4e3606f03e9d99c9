"""Run a fault campaign: ``python -m bench.faults --shape embedded --rounds 100 --seed 1``; exit 1 when something was lost."""

import argparse
import logging
import os
import random
import signal
import sys
from pathlib import Path
from types import FrameType

from bench.faults import places
from bench.faults.places import Place, Shape
from tests.processes import Missing, free_port


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("--shape", type=Shape, choices=list(Shape), default=Shape.EMBEDDED)
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument(
        "--seed", type=int, help="decides faults, moments and acts (else one is drawn, and told)"
    )
    parser.add_argument(
        "--first", type=int, default=1, help="the round to begin with: a seed's rounds stand alone (1)"
    )
    parser.add_argument("--report", type=Path, metavar="FILE", help="where to write everything as JSON")
    parser.add_argument("--keep-logs", type=Path, metavar="DIR", help="where to copy the processes' logs")
    return parser.parse_args()


def _leave(_number: int, _frame: FrameType | None) -> None:
    sys.exit(1)


def main() -> int:
    """Run the campaign; 0 when nothing was lost, 1 when something was, or when the services are missing."""
    told = _arguments()
    signal.signal(signal.SIGTERM, _leave)
    port = free_port()
    try:
        with places.opened(told.shape, port) as place:
            return _run(place, told, port)
    except Missing as missing:
        print(f"{missing}: this shape cannot be tried", file=sys.stderr)
        return 1


def _run(place: Place, told: argparse.Namespace, port: int) -> int:
    os.environ.clear()
    os.environ.update(place.environment)
    import django

    django.setup()
    logging.getLogger("psycopg.pool").setLevel(logging.ERROR)  # that connections end is what is tried
    from bench.faults import opening, report

    seed = told.seed if told.seed is not None else random.SystemRandom().randrange(10**6)
    print(f"{place.shape}, seed {seed}, {told.rounds} rounds", flush=True)
    try:
        with opening.campaign(place, seed=seed, rounds=told.rounds, port=port) as campaign:
            last = told.first + told.rounds - 1
            for number in range(told.first, last + 1):
                print(report.line(campaign.play(number, is_last=number == last)), flush=True)
                if told.report:
                    told.report.write_text(report.spelled(campaign), encoding="utf-8")
            print(report.summary(campaign), flush=True)
            return int(report.losses(campaign.rounds) > 0)
    finally:
        if told.keep_logs:
            _copy_logs(place, told.keep_logs)


def _copy_logs(place: Place, folder: Path) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for log in (place.folder / "logs").glob("*.log"):
        (folder / log.name).write_bytes(log.read_bytes())


if __name__ == "__main__":
    sys.exit(main())
