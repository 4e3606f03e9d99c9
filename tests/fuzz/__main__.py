"""Fuzz the door for a bounded time: ``python -m tests.fuzz [--seconds 60] [--keep FOLDER] [TARGET...]``.

Each target runs in a child process under atheris. Prints executions and crashes; exit code 1 if anything crashed,
2 where atheris is not installed.
"""

import argparse
import importlib.util
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

NAMES = ("wheel", "sdist", "tar", "dist_info", "metadata", "filename")
_EXECUTED = re.compile(r"stat::number_of_executed_units: *(\d+)")
_COVERED = re.compile(r"cov: (\d+)")
_MEMORY_MB, _ONE_INPUT_SECONDS, _LONGEST_INPUT = 1024, 30, 16_384


def say(text):
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


def child(name, arguments):
    """Fuzz one target in this process, which libFuzzer ends."""
    import atheris

    with atheris.instrument_imports(include=["drafts", "packaging", "tarfile", "email", "csv"]):
        from tests.fuzz.targets import TARGETS

    atheris.Setup([name, *arguments], TARGETS[name])
    atheris.Fuzz()


def fuzz(name, seconds, folder):
    """Run one target's child; return whether it ended without a crash."""
    from tests.fuzz.targets import SEEDS

    inputs = folder / name
    inputs.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(SEEDS[name]):
        (inputs / f"seed-{number}").write_bytes(seed)
    limits = [f"-max_total_time={seconds}", f"-rss_limit_mb={_MEMORY_MB}", f"-timeout={_ONE_INPUT_SECONDS}"]
    rest = [f"-max_len={_LONGEST_INPUT}", f"-artifact_prefix={folder}/{name}-", "-print_final_stats=1"]
    done = subprocess.run(
        [sys.executable, "-m", "tests.fuzz", "--child", name, "--", *limits, *rest, str(inputs)],
        capture_output=True,
        text=True,
        errors="replace",
        check=False,
        env={**os.environ, "PYTHONHASHSEED": "0"},
    )
    executed, covered = (pattern.findall(done.stderr)[-1:] for pattern in (_EXECUTED, _COVERED))
    crashes = [path for path in sorted(folder.glob(f"{name}-*")) if path.is_file()]
    say(
        f"{name:10} {(executed or ['?'])[0]:>10} executions, {(covered or ['?'])[0]:>6} edges, {len(crashes)} crashes"
    )
    for path in crashes:
        say(f"  {path}: {path.read_bytes()!r:.300}")
    if done.returncode:
        say(done.stderr[-4000:])
    return done.returncode == 0 and not crashes


def main():
    parser = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__.partition("\n")[0])
    parser.add_argument("targets", nargs="*", metavar="TARGET", help=", ".join(NAMES))
    parser.add_argument("--seconds", type=int, default=60, help="for each target (default: 60)")
    parser.add_argument("--keep", type=Path, help="a folder that keeps the inputs from run to run")
    parser.add_argument("--child", choices=NAMES, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.child:
        return child(chosen.child, chosen.targets)
    unknown = set(chosen.targets) - set(NAMES)
    if unknown:
        parser.error(f"no such target: {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    if importlib.util.find_spec("atheris") is None:
        say("atheris is not installed: it has wheels for Linux and CPython 3.11 to 3.13.")
        return 2
    folder = chosen.keep or Path(tempfile.mkdtemp(prefix="presscheck-fuzz-"))
    sound = [fuzz(name, chosen.seconds, folder.resolve()) for name in chosen.targets or NAMES]
    say(f"Inputs and crashes are kept in {folder}.")
    return 0 if all(sound) else 1


if __name__ == "__main__":
    sys.exit(main())
