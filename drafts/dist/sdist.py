"""Source distributions: a gzip-compressed tar with one folder NAME-VERSION and a PKG-INFO in it (PEP 625, 643)."""

from __future__ import annotations

from itertools import chain
from typing import TYPE_CHECKING

from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from .archives import Contents, Limits, Member, duplicate_names, first_few, unsafe_names
from .errors import BadDistribution, Code, Refusal, refuse_if_any, shown
from .tars import Gunzip, Tar, TarMember

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .archives import Readable
    from .names import FileName


def read_sdist(file: Readable, name: FileName, limits: Limits) -> Contents:
    """Stream a sdist once, from first byte to last, and keep its PKG-INFO. Raises BadDistribution."""
    size = file.seek(0, 2)
    file.seek(0)
    tar = Tar(Gunzip(file, limits.inflated(size)), limits)
    members: list[Member] = []
    pkg_infos: list[bytes] = []
    for member in tar:
        members.append(Member(member.name, member.size, member.mode))
        if _is_pkg_info(member):
            pkg_infos.append(_read_pkg_info(tar, member, limits))
    refuse_if_any(_findings(members, name, has_pkg_info=bool(pkg_infos)))
    return Contents(pkg_infos[0], tuple(members))


def _findings(members: Sequence[Member], name: FileName, *, has_pkg_info: bool) -> list[Refusal]:
    paths = [member.name for member in members]
    found = chain(
        first_few(unsafe_names(paths)),
        first_few(duplicate_names(paths, fold_case=False)),
        _outside(paths, name),
    )
    refusals = list(found)
    if not has_pkg_info and not refusals:
        refusals.append(Refusal(Code.BAD_PKG_INFO, f"The sdist lacks the file '{name.stem}/PKG-INFO'."))
    return refusals


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
    except InvalidVersion:
        return False


def _is_pkg_info(member: TarMember) -> bool:
    _, _, below = member.name.partition("/")
    return below == "PKG-INFO"


def _read_pkg_info(tar: Tar, member: TarMember, limits: Limits) -> bytes:
    if member.size > limits.metadata:
        raise BadDistribution(
            Code.METADATA_TOO_LARGE,
            f"PKG-INFO is {member.size} bytes long; at most {limits.metadata} are read.",
        )
    return tar.read(member)
