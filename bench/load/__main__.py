"""``python -m bench.load``: load a Presscheck, print a table, exit 1 if an answer was wrong or an error."""

import argparse
import json
import multiprocessing
import sys
from concurrent.futures import ProcessPoolExecutor

from bench.load import serving, table
from bench.load.play import Play, Size


def main() -> int:
    """Play the scenes one after the other; return the exit code."""
    told = _arguments()
    size = Size(told.uploaders, told.files, told.testers, told.rate)
    # One process for the clients: it shares the machine with the server, not the interpreter.
    context = multiprocessing.get_context("spawn")
    with serving.running(told.shape) as server, ProcessPoolExecutor(1, mp_context=context) as pool:
        played = Play(server, pool, size)
        scenes = [played.upload(), played.test(), played.publish()]
        hashed, shown = server.publish_seconds()
    rows = [row for samples in scenes for row in table.rows(samples)]
    if told.json:
        print(json.dumps({"rows": [row.told() for row in rows], "hashed": hashed, "transaction": shown}))
    else:
        print(table.markdown(rows))
        print(
            f"\nPublish of {size.files} files: copied and hashed in {hashed:.2f} s, then a transaction of {shown:.3f} s."
        )
    failed = table.failures([sample for samples in scenes for sample in samples])
    sys.stderr.write("".join(f"{line}\n" for line in failed))
    return 1 if failed else 0


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.load", description=__doc__)
    parser.add_argument("--shape", choices=["embedded", "services"], default="embedded")
    parser.add_argument("--uploaders", type=int, default=50, help="who upload to one draft at once (50)")
    parser.add_argument("--files", type=int, default=300, help="files that they upload together (300)")
    parser.add_argument("--testers", type=int, default=1000, help="who open one draft link at once (1000)")
    parser.add_argument(
        "--rate", type=float, default=200, help="index reads a second during the publish (200)"
    )
    parser.add_argument("--json", action="store_true", help="print JSON instead of a table")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
