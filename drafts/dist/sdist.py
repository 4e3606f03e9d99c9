"""Source distributions: a gzip-compressed tar with one folder NAME-VERSION and a PKG-INFO in it (PEP 625, 643)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import Version

from .archives import Contents, Member
from .errors import BadDistribution, Code, Refusal, shown
from .gunzip import Gunzip
from .paths import bad_names, duplicate_names
from .tars import Tar, TarMember, special_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from .archives import Readable
    from .errors import Findings
    from .limits import Limits
    from .names import FileName


def read_sdist(file: Readable, name: FileName, limits: Limits, findings: Findings) -> Contents:
    """Stream a sdist once, from first byte to last, and keep its PKG-INFO. What is wrong is added to ``findings``."""
    size = file.seek(0, 2)
    file.seek(0)
    tar = Tar(Gunzip(file, limits.inflated(size)), limits)
    members: list[TarMember] = []
    pkg_infos: list[bytes | None] = []
    whole = False
    with findings.caught():
        for member in tar:
            members.append(member)
            if _is_pkg_info(member):
                pkg_infos.append(_read_pkg_info(tar, member, limits, findings))
        whole = True
    findings.add(bad_names((member.name for member in members), everywhere=False))
    findings.add(duplicate_names((member.name for member in members), fold_case=False))
    findings.add(_special_files(members))
    if whole:
        findings.add(_outside([member.name for member in members], name))
    if not pkg_infos and not findings:
        findings.add([Refusal(Code.BAD_PKG_INFO, f"The sdist lacks the file '{name.stem}/PKG-INFO'.")])
    kept = tuple(Member(member.name, member.size, member.mode) for member in members)
    return Contents(pkg_infos[0] if pkg_infos else None, kept)


def _special_files(members: Iterable[TarMember]) -> Iterator[Refusal]:
    for member in members:
        if member.refused:
            yield Refusal(member.refused, special_file(member.name, member.refused))


def _outside(paths: Sequence[str], name: FileName) -> list[Refusal]:
    tops = {path.partition("/")[0] for path in paths if "/" in path}
    loose = [path for path in paths if "/" not in path]
    strange = sorted(top for top in tops if not _is_folder_of(top, name)) + loose
    if not strange and len(tops) == 1:
        return []
    found = ", ".join(f"'{shown(top)}'" for top in (strange or sorted(tops))[:3]) or "nothing"
    return [
        Refusal(
            Code.OUTSIDE_FOLDER, f"Everything in a sdist lies in one folder '{name.stem}/'; found: {found}."
        )
    ]


def _is_folder_of(top: str, name: FileName) -> bool:
    """Whether a folder is NAME-VERSION of this file in any spelling; some back-ends normalise only one of them."""
    project, dash, version = top.rpartition("-")
    try:
        return bool(dash) and canonicalize_name(project) == name.project and Version(version) == name.version
    except ValueError:  # also a number of more digits than Python converts
        return False


def _is_pkg_info(member: TarMember) -> bool:
    _, _, below = member.name.partition("/")
    return below == "PKG-INFO" and not member.refused


def _read_pkg_info(tar: Tar, member: TarMember, limits: Limits, findings: Findings) -> bytes | None:
    if member.size <= limits.metadata:
        return tar.read(member)
    with findings.caught():
        raise BadDistribution(
            Code.METADATA_TOO_LARGE,
            f"PKG-INFO is {member.size} bytes long; at most {limits.metadata} are read.",
        )
    return None
