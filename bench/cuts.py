"""A large upload whose connection is cut again and again at random places: ``python -m bench.cuts [--mib 1024] [--cuts 20]``.

``stage.py`` sends one wheel to a server as ``manage.py up`` runs it, through a forwarder that cuts. Prints a row of a
Markdown table; exit code 1 unless the staged file has the right digest and no cut cost more than one part.
"""

import argparse
import base64
import os
import random
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

from bench import peers
from bench.uploads import MB, large_wheel
from config.settings.limits import UPLOAD_PART_MOST
from tests.cutting import cutting

_SCRIPT = Path(__file__).resolve().parent.parent / "docs" / "stage.py"
_MIB = 1024**2
_ROOM = {"PRESSCHECK_FILE_SIZE_LIMIT": str(4 * 1024**3), "PRESSCHECK_PROJECT_QUOTA": str(64 * 1024**3)}


def stage(peer: peers.Peer, path: Path, proxy: str) -> subprocess.CompletedProcess[str]:
    """Run the script as a build job does, through the proxy."""
    token = base64.b64decode(peer.authorization.removeprefix("Basic ")).decode().partition(":")[2]
    command = [sys.executable, str(_SCRIPT), "--index", peer.upload_url, str(path)]
    told = {"PRESSCHECK_TOKEN": token, "http_proxy": proxy, "no_proxy": ""}
    return subprocess.run(command, env={**os.environ, **told}, capture_output=True, text=True, check=False)


def main() -> int:
    """Send the file; return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m bench.cuts", description=__doc__.partition("\n")[0])
    parser.add_argument("--mib", type=int, default=1024, help="size of the wheel (1024)")
    parser.add_argument("--cuts", type=int, default=20, help="how often the connection is cut (20)")
    parser.add_argument("--seed", type=int, default=random.randrange(10**6), help="of the places (random)")
    parser.add_argument("--folder", default=None, help="where the data lies (a temporary folder)")
    told = parser.parse_args()
    chance = random.Random(told.seed)
    # One place for each part that is sent, until enough were cut: a part may be smaller, and then it comes through.
    cuts = [chance.randrange(UPLOAD_PART_MOST) for _ in range(100 * told.cuts)]
    with tempfile.TemporaryDirectory(prefix="presscheck-bench-", dir=told.folder) as name:
        path = Path(name) / "large.whl"
        large_wheel(path, told.mib * _MIB, "1.0")
        path = path.rename(path.with_name("sampleproject-1.0-py3-none-any.whl"))
        size, began = path.stat().st_size, time.monotonic()
        with peers.presscheck(Path(name), **_ROOM) as peer:
            port = urlsplit(peer.upload_url).port or 0
            with cutting(port, cuts, told.cuts) as cutter:
                said = stage(peer, path, cutter.url)
    more = cutter.carried - size
    print("| wheel | cut | sent more than the file | part | seconds | seed |\n|---|---|---|---|---|---|")
    print(
        f"| {size // _MIB} MiB | {cutter.cut} times | {more / MB:.0f} MB | {UPLOAD_PART_MOST // _MIB} MiB "
        f"| {time.monotonic() - began:.0f} | {told.seed} |"
    )
    # The script prints the digest that the server confirmed; heads of requests are the rest.
    if said.returncode or cutter.cut < told.cuts or more > (cutter.cut + 1) * UPLOAD_PART_MOST:
        sys.stderr.write(said.stdout + said.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
