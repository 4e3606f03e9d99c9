"""Recording the examples: names, sizes and metadata of real releases, through pip's own library."""

from __future__ import annotations

import json
import tempfile
from typing import TYPE_CHECKING, Any

from packaging.version import Version

from bench.corpus import _pip
from bench.examples import PAIRS
from bench.examples.told import FOLDER
from drafts.dist import BadDistribution, open_distribution, parse_filename
from drafts.dist.members import Member, walk
from drafts.inspection.changes.members import compared
from drafts.inspection.changes.sources import read_as_installed

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pip._internal.index.package_finder import PackageFinder
    from pip._internal.models.link import Link
    from pip._internal.network.session import PipSession

_KEPT = ("requires_dist", "requires_python", "summary", "provides_extra", "classifiers", "license_files")
_LONGEST_LICENSE = 100


def record(names: Sequence[str]) -> None:
    """Write the examples that are named, or all."""
    with _pip() as (finder, session):
        for name, last, now in PAIRS:
            if names and name not in names:
                continue
            links = _links(finder, name)
            sides = {version: _of(links, version) for version in (last, now)}
            example = _example(session, name, (last, sides[last]), (now, sides[now]))
            text = json.dumps(example, indent=0, sort_keys=True, ensure_ascii=False)
            (FOLDER / f"{name}.json").write_text(f"{text}\n", encoding="utf-8")
            print(f"recorded {name}")


def _links(finder: PackageFinder, name: str) -> list[Link]:
    """Return every file of a project, whatever machine it is for: pip's own choice leaves most out."""
    from pip._internal.index.collector import parse_links
    from pip._internal.models.link import Link

    page = Link(f"{finder.search_scope.index_urls[0].rstrip('/')}/{name}/")
    answer = finder._link_collector.fetch_response(page)  # noqa: SLF001  pip has no public library
    return list(parse_links(answer)) if answer else []


def _of(links: list[Link], version: str) -> dict[str, Link]:
    found = {}
    for link in links:
        try:
            filename = _spelled(link.filename)
            if parse_filename(filename).version == Version(version):
                found[filename] = link
        except BadDistribution:
            continue
    return found


def _spelled(filename: str) -> str:
    """Spell a sdist's name as PEP 625 has it, which old ones were not."""
    name, dash, version = filename.removesuffix(".tar.gz").rpartition("-")
    return f"{name.replace('-', '_')}{dash}{version}.tar.gz" if filename.endswith(".tar.gz") else filename


def _example(
    session: PipSession, name: str, last: tuple[str, dict[str, Link]], now: tuple[str, dict[str, Link]]
) -> dict[str, Any]:
    sizes = {
        filename: int(session.head(link.url_without_fragment).headers["Content-Length"])
        for _, links in (last, now)
        for filename, link in links.items()
    }
    before, after = _alike(last[1], now[1], sizes)
    (old_metadata, old), (new_metadata, new) = (
        _opened(session, last[1][before]),
        _opened(session, now[1][after]),
    )
    inside = compared(new, old)
    return {
        "name": name,
        "last": _release(last, sizes, old_metadata),
        "now": _release(now, sizes, new_metadata),
        "inside": [
            after,
            inside.sentence,
            "dist-info/entry_points.txt" in {one.path for one in inside.changes},
        ],
    }


def _alike(last: dict[str, Link], now: dict[str, Link], sizes: dict[str, int]) -> tuple[str, str]:
    """Choose the smallest wheel that has its like on the other side; where none has, the smallest of each."""
    before = {_identity(filename): filename for filename in last if filename.endswith(".whl")}
    pairs = [
        (before[_identity(one)], one) for one in now if one.endswith(".whl") and _identity(one) in before
    ]
    if pairs:
        return min(pairs, key=lambda two: sizes[two[1]])
    old, new = (
        min((one for one in side if one.endswith(".whl")), key=sizes.__getitem__) for side in (last, now)
    )
    return old, new


def _identity(filename: str) -> str:
    try:
        return parse_filename(filename).identity
    except BadDistribution:
        return filename


def _opened(session: PipSession, link: Link) -> tuple[dict[str, Any], dict[str, Member]]:
    """Download one wheel, read its metadata and members, and let it go."""
    with tempfile.TemporaryFile() as file:
        file.write(session.get(link.url_without_fragment).content)
        metadata = open_distribution(file, link.filename).metadata
        file.seek(0)
        listed = (found.member for found in walk(file, parse_filename(link.filename)))
        members = dict(read_as_installed(link.filename, listed))
    license_text = (metadata.license_expression or metadata.license or "")[:_LONGEST_LICENSE]
    return {**{field: getattr(metadata, field) for field in _KEPT}, "license": license_text}, members


def _release(
    side: tuple[str, dict[str, Link]], sizes: dict[str, int], metadata: dict[str, Any]
) -> dict[str, Any]:
    version, links = side
    files = sorted([name, sizes[name], link.requires_python or ""] for name, link in links.items())
    return {"version": version, "files": files, "metadata": metadata}
