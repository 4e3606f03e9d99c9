"""Asking the resolver: one process per environment, without configuration, home, network or the right to build anything."""

import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from uv import find_uv_bin

from drafts.dist.platforms import Platform

# The newest C library that the resolver knows: what an older one takes is in the coverage grid.
TARGETS = {
    Platform("Linux", "x86-64"): "x86_64-manylinux_2_40",
    Platform("Linux", "aarch64"): "aarch64-manylinux_2_40",
    Platform("Linux", "riscv64"): "riscv64-unknown-linux",
    Platform("musl", "x86-64"): "x86_64-unknown-linux-musl",
    Platform("musl", "aarch64"): "aarch64-unknown-linux-musl",
    Platform("macOS", "arm64"): "aarch64-apple-darwin",
    Platform("macOS", "x86-64"): "x86_64-apple-darwin",
    Platform("Windows", "amd64"): "x86_64-pc-windows-msvc",
    Platform("Windows", "arm64"): "aarch64-pc-windows-msvc",
    Platform("Windows", "x86"): "i686-pc-windows-msvc",
}
_SECONDS = 30
_PROCESSOR_SECONDS = 20
_MEMORY_KIB = 4 * 1024 * 1024  # of address space: the resolver maps more than it uses
_LONGEST_REASON = 2000
_MACOS = "15.0"
_SHELL = "/bin/sh"
_LIMITED = f'ulimit -v {_MEMORY_KIB} -t {_PROCESSOR_SECONDS} 2>/dev/null; exec "$@"'
_NO_SOLUTION = re.compile(
    r"^(?:error: |\s*×\s*)No solution found when resolving dependencies:?\s*", re.MULTILINE
)
_LEAD = re.compile(r"^\s*(?:cause:|╰─▶|hint:)?\s*", re.MULTILINE)


class Said(StrEnum):
    """What the resolver said of one environment."""

    RESOLVES = "resolves"
    FAILS = "fails"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Reply:
    """Its answer, and its own reason where it found none."""

    said: Said
    reason: str = ""


class Resolver:
    """uv in an empty world: its home, its cache and its path are folders that last as long as this object."""

    def __init__(self, folder: Path, base: str) -> None:
        """``base``: the address of the one index, which is also every proxy that it may ask."""
        self._base, self._folder = base, folder
        origin = "/".join(base.split("/")[:3])
        self._environment = {
            "HOME": str(folder / "home"),
            "PATH": str(folder / "nothing"),
            "TMPDIR": str(folder / "scratch"),
            "XDG_CONFIG_HOME": str(folder / "home"),
            "UV_CACHE_DIR": str(folder / "cache"),
            "UV_NO_CONFIG": "1",
            "UV_PYTHON_DOWNLOADS": "never",
            "UV_HTTP_TIMEOUT": "10",
            "UV_CONCURRENT_DOWNLOADS": "4",
            "UV_THREADS": "1",
            "MACOSX_DEPLOYMENT_TARGET": _MACOS,
            "HTTP_PROXY": origin,
            "HTTPS_PROXY": origin,
            "ALL_PROXY": origin,
            "NO_PROXY": "127.0.0.1",
            "NO_COLOR": "1",
        }
        for name in ("home", "nothing", "scratch", "cache"):
            (folder / name).mkdir()

    def ask(self, requirement: str, *, python: str, platform: Platform) -> Reply:
        """Ask whether a requirement resolves from wheels alone."""
        command = [
            *(_SHELL, "-c", _LIMITED, "sh", find_uv_bin(), "pip", "compile", "--no-config", "--quiet"),
            *("--only-binary", ":all:", "--no-header", "--no-annotate", "--python", sys.executable),
            *("--python-version", python, "--python-platform", TARGETS[platform]),
            *("--default-index", self._base, "-"),
        ]
        try:
            done = subprocess.run(  # noqa: S603  our own words, and a requirement through standard input
                command,
                input=requirement,
                env=self._environment,
                cwd=self._folder / "scratch",
                capture_output=True,
                text=True,
                timeout=_SECONDS,
                check=False,
            )
        except subprocess.TimeoutExpired:
            return Reply(Said.UNKNOWN, f"The resolver did not come to an end within {_SECONDS} seconds.")
        if done.returncode == 0:
            return Reply(Said.RESOLVES)
        reason = self._cleaned(done.stderr)
        if "No solution found" in done.stderr:
            return Reply(Said.FAILS, reason)
        return Reply(Said.UNKNOWN, reason or f"The resolver ended with code {done.returncode}.")

    def _cleaned(self, text: str) -> str:
        """Take the resolver's own signs and the job's own address out of its words."""
        text = _NO_SOLUTION.sub("", text.replace(self._base, "this index ").replace("\r", ""))
        lines = [_LEAD.sub("", line).strip() for line in text.splitlines()]
        return "\n".join(line for line in lines if line)[:_LONGEST_REASON]


@contextmanager
def resolver(base: str) -> Iterator[Resolver]:
    """Make a resolver and take away all that it wrote."""
    folder = Path(tempfile.mkdtemp(prefix="presscheck-resolve-"))
    try:
        yield Resolver(folder, base)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
