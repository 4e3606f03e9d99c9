"""A child process that opens one distribution within a fence of memory, and says what came of it.

``python -m tests.scales PATH FILENAME MEMORY`` prints one line of JSON: the codes of the refusals and how many
bytes the process grew by. More than MEMORY bytes of new address space raise MemoryError, which ends it.
"""

import json
import resource
import subprocess
import sys
from pathlib import Path

from drafts.dist import BadDistribution, open_distribution

CPU_SECONDS = 120  # against a hang alone; how much is done is counted elsewhere


def weigh(path, filename, memory):
    """Run a child on a file; return the codes of its refusals and its growth in bytes."""
    done = subprocess.run(
        [sys.executable, "-m", "tests.scales", str(path), filename, str(memory)],
        capture_output=True,
        text=True,
        check=False,
        cwd=Path(__file__).resolve().parent.parent,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    said = json.loads(done.stdout)
    return said["codes"], said["grown"]


def main(path, filename, memory):
    before = address_space("VmSize")
    resource.setrlimit(resource.RLIMIT_AS, (before + int(memory),) * 2)
    resource.setrlimit(resource.RLIMIT_CPU, (CPU_SECONDS, CPU_SECONDS))
    codes = []
    try:
        open_distribution(path, filename)
    except BadDistribution as error:
        codes = list(dict.fromkeys(str(refusal.code) for refusal in error.refusals))
    sys.stdout.write(json.dumps({"codes": codes, "grown": address_space("VmPeak") - before}))


def address_space(which):
    """Bytes of address space that this process has (VmSize) or had at most (VmPeak)."""
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(which))


if __name__ == "__main__":
    main(*sys.argv[1:])
