"""Take what build back-ends really make through the door: ``python -m bench.corpus [FOLDER...]``.

Without folders it fetches what ``bench/corpus.txt`` names, with pip's own library from the index pip is configured
for, into a folder of the user's cache; nothing is built or run. With folders it reads the wheels and sdists in them
instead. Prints a table by build back-end and every refusal with its code; exit code 1 if there was any.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import sys
import tarfile
import tomllib
import zipfile
from collections import defaultdict
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.parser import HeaderParser
from pathlib import Path
from typing import TYPE_CHECKING

from packaging.requirements import Requirement

from drafts.dist import BadDistribution, open_distribution

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pip._internal.index.package_finder import PackageFinder
    from pip._internal.models.link import Link
    from pip._internal.network.session import PipSession

LIST = Path(__file__).with_name("corpus.txt")
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "presscheck-corpus"
MOST_BYTES = 30 * 1024 * 1024  # of one file: larger ones are left out
SUFFIXES = (".whl", ".tar.gz")


@dataclass
class Row:
    """What one back-end made: how many files, and the refusals among them."""

    files: int = 0
    refused: list[str] = field(default_factory=list)


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.corpus", description=__doc__.partition("\n")[0])
    parser.add_argument("folders", nargs="*", type=Path, metavar="FOLDER", help="read these; fetch nothing")
    folders = parser.parse_args().folders
    if not folders:
        fetch(CACHE)
    rows: dict[str, Row] = defaultdict(Row)
    for path in files(folders or [CACHE]):
        row = rows[made_by(path)]
        row.files += 1
        row.refused += refusals(path)
    return report(rows)


def files(folders: list[Path]) -> Iterator[Path]:
    """Every wheel and sdist below the folders, each name once."""
    found = {
        path.name: path for folder in folders for path in folder.rglob("*") if path.name.endswith(SUFFIXES)
    }
    return (found[name] for name in sorted(found))


def refusals(path: Path) -> list[str]:
    """What the door says against a file, one line for each refusal."""
    try:
        open_distribution(path, path.name)
    except BadDistribution as error:
        return [f"{path.name}: {one.code}: {one.message}" for one in error.refusals]
    return []


def made_by(path: Path) -> str:
    """Name a file's build back-end: the Generator of WHEEL, or what a sdist's pyproject.toml asks for."""
    if path.suffix == ".whl":
        with zipfile.ZipFile(path) as archive:
            names = [name for name in archive.namelist() if name.endswith(".dist-info/WHEEL")]
            fields = HeaderParser().parsestr(archive.read(names[0]).decode()) if names else {}
        return f"wheel  {str(fields.get('Generator', 'unknown')).partition(' ')[0]}"
    with tarfile.open(path) as tar:
        members = [one for one in tar if one.name.count("/") == 1 and one.name.endswith("/pyproject.toml")]
        data = tar.extractfile(members[0]) if members else None
        project = tomllib.load(data) if data else {}
    return f"sdist  {project.get('build-system', {}).get('build-backend', 'setup.py')}"


def report(rows: dict[str, Row]) -> int:
    """Print the table; return the exit code."""
    print(f"{'kind   back-end':44}{'files':>6}{'refused':>9}")
    for maker in sorted(rows):
        print(f"{maker:44}{rows[maker].files:6}{len(rows[maker].refused):9}")
    print(f"{'together':44}{sum(row.files for row in rows.values()):6}")
    refused = [line for row in rows.values() for line in row.refused]
    print("\n".join(["", *refused]) if refused else "nothing was refused")
    return 1 if refused else 0


def fetch(folder: Path) -> None:
    """Bring what the list names into a folder, unless it is there."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [line.strip() for line in LIST.read_text(encoding="utf-8").splitlines()]
    wanted = [Requirement(line) for line in lines if line and not line.startswith("#")]
    with _pip() as (finder, session):
        for link in (link for one in wanted for link in _links(finder, one)):
            _bring(session, link, folder)


@contextmanager
def _pip() -> Iterator[tuple[PackageFinder, PipSession]]:
    """Let pip make its finder and its session from its configuration, as for ``pip download``."""
    from pip._internal.commands.download import DownloadCommand

    command = DownloadCommand("download", "")
    options, _ = command.parse_args([])
    with command.main_context():
        session = command.get_default_session(options)
        # pip has no public library
        yield command._build_package_finder(options, session, ignore_requires_python=True), session  # noqa: SLF001  pip has no public library


def _links(finder: PackageFinder, wanted: Requirement) -> Iterator[Link]:
    """Choose a wheel and the sdist of the newest release that is wanted."""
    candidates = finder.find_all_candidates(wanted.name)
    fitting = [one for one in candidates if wanted.specifier.contains(str(one.version))]
    newest = max((one.version for one in fitting), default=None)
    for suffix in SUFFIXES:
        links = [one.link for one in fitting if one.version == newest and one.link.filename.endswith(suffix)]
        if links:
            yield links[-1]


def _bring(session: PipSession, link: Link, folder: Path) -> None:
    path = folder / link.filename
    if path.exists():
        return
    with session.get(link.url_without_fragment, stream=True) as response:
        response.raise_for_status()
        if int(response.headers.get("content-length", 0)) > MOST_BYTES:
            print(f"{link.filename} is larger than {MOST_BYTES} bytes and is left out", file=sys.stderr)
            return
        data = response.content
    if link.hash_name == "sha256" and hashlib.sha256(data).hexdigest() != link.hash:
        raise SystemExit(f"{link.filename} is not the file that the index says it is; nothing was kept of it")
    path.write_bytes(data)


if __name__ == "__main__":
    sys.exit(main())
