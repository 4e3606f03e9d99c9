"""How long reading 20 MB of log takes, and how much more than 2 MB of it: ``python -m bench.logs``."""

import hashlib
import time

from drafts.evidence.logs import parse

MEGABYTE = 1_000_000
DIGEST = hashlib.sha256(b"wheel").hexdigest()
STAMP = "2025-06-05T04:43:58.3724525Z "

# Lines of a job, over and over: what CI prints most, with a digest in one line of two hundred.
PLAIN = [f"{STAMP}copying foo/module_{n}.py -> build/lib.linux-x86_64-cpython-312/foo" for n in range(199)]
KINDS = {
    "a job's log": [*PLAIN, f"{STAMP}{DIGEST}  dist/foo-1.0-py3-none-any.whl"],
    "the same in colour": [f"{STAMP}\x1b[36;1m{line}\x1b[0m" for line in PLAIN],
    "nothing but checksums": [f"{DIGEST}  foo-1.{n}-py3-none-any.whl" for n in range(200)],
    "nothing but commits": [f"{STAMP}{DIGEST[:40]} Change module {n}" for n in range(200)],
    "nothing but hidden digests": [f"{STAMP}\x1b[8m{DIGEST}  foo-1.{n}.tar.gz\x1b[0m" for n in range(200)],
}


def seconds(lines: list[str], size: int) -> float:
    """Return how much processor time reading ``size`` bytes of these lines takes."""
    text = "\n".join(lines) + "\n"
    data = (text * (size // len(text) + 1))[:size].encode()
    began = time.process_time()
    parse(data)
    return time.process_time() - began


def main() -> None:
    """Print a row of a Markdown table for each kind."""
    print("| 20 MB of | seconds | times 2 MB |\n|---|---|---|")
    for kind, lines in KINDS.items():
        small, large = seconds(lines, 2 * MEGABYTE), seconds(lines, 20 * MEGABYTE)
        print(f"| {kind} | {large:.2f} | {large / small:.1f} |")


if __name__ == "__main__":
    main()
