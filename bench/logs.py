"""How long reading 20 MB of log takes, beside one search by ``re``, and how much more than 2 MB of it: ``python -m bench.logs``."""

import hashlib
import re
import time
from collections.abc import Callable

from drafts.evidence.logs import parse

MEGABYTE = 1_000_000
DIGEST = hashlib.sha256(b"wheel").hexdigest()
STAMP = "2025-06-05T04:43:58.3724525Z "
# What looking for digests costs at the least.
_SEARCH = re.compile(rb"[0-9A-Fa-f]{64}.*")

# Lines of a job, over and over: what CI prints most, with a digest in one line of two hundred.
PLAIN = [f"{STAMP}copying foo/module_{n}.py -> build/lib.linux-x86_64-cpython-312/foo" for n in range(199)]
HIDDEN = [f"{STAMP}\x1b[8m{DIGEST}  foo-1.{n}.tar.gz\x1b[0m" for n in range(200)]
KINDS = {
    "a job's log": [*PLAIN, f"{STAMP}{DIGEST}  dist/foo-1.0-py3-none-any.whl"],
    "the same in colour": [f"{STAMP}\x1b[36;1m{line}\x1b[0m" for line in PLAIN],
    "nothing but checksums": [f"{DIGEST}  foo-1.{n}-py3-none-any.whl" for n in range(200)],
    "nothing but commits": [f"{STAMP}{DIGEST[:40]} Change module {n}" for n in range(200)],
    "nothing but hidden digests": HIDDEN,
    "the same beside a progress bar": [*HIDDEN, "1%\r99%"],
}


def seconds(act: Callable[[bytes], object], data: bytes) -> float:
    """Return how much processor time an act on these bytes takes."""
    began = time.process_time()
    act(data)
    return time.process_time() - began


def log(lines: list[str], size: int) -> bytes:
    """Return ``size`` bytes of these lines, over and over."""
    text = "\n".join(lines) + "\n"
    return (text * (size // len(text) + 1))[:size].encode()


def main() -> None:
    """Print a row of a Markdown table for each kind."""
    print("| 20 MB of | seconds of processor time | times one search | times 2 MB |\n|---|---|---|---|")
    for kind, lines in KINDS.items():
        data = log(lines, 20 * MEGABYTE)
        small, large = seconds(parse, data[: 2 * MEGABYTE]), seconds(parse, data)
        search = seconds(_SEARCH.findall, data)
        print(f"| {kind} | {large:.2f} | {large / search:.1f} | {large / small:.1f} |")


if __name__ == "__main__":
    main()
