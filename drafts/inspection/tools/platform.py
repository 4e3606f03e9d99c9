"""Whether native code keeps to what its platform tag promises, by auditwheel's policies."""

import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from auditwheel.architecture import Architecture
from auditwheel.elfutils import elf_find_versioned_symbols
from auditwheel.libc import Libc
from auditwheel.policy import Policy, WheelPolicies
from elftools.elf.elffile import ELFFile

_FORM = re.compile(r"(manylinux(?:1|2010|2014|_[0-9]+_[0-9]+)|musllinux_[0-9]+_[0-9]+)_([a-z0-9_]+)")
_LOADERS = ("ld-linux", "ld64.so")
_SHOWN = 5
_MACHINES = {
    "EM_X86_64": "x86_64", "EM_386": "i686", "EM_AARCH64": "aarch64", "EM_ARM": "armv7l", "EM_S390": "s390x",
    "EM_PPC64": "ppc64", "EM_RISCV": "riscv64", "EM_LOONGARCH": "loongarch64",
}  # fmt: skip


def violations(tags: Sequence[str], natives: dict[str, str], inside: Sequence[str]) -> list[list[str]]:
    """Return pairs of a member's path and a sentence about it.

    ``tags`` are platform tags, ``natives`` files by the members' paths, ``inside`` the names of libraries in the wheel.
    """
    found = []
    for tag in tags:
        form = _FORM.fullmatch(tag)
        policies = _policies(*form.groups()) if form else None
        if policies is None:
            continue
        try:
            policy = policies.get_policy_by_name(tag)
        except LookupError:
            continue
        for path, place in natives.items():
            with Path(place).open("rb") as file:
                found += [[path, text] for text in _wrong(file, tag, policies, policy, set(inside))]
    return found


def _policies(name: str, architecture: str) -> WheelPolicies | None:
    try:
        known = Architecture(architecture)
    except ValueError:
        return None
    if name.startswith("musl"):
        return WheelPolicies(libc=Libc.MUSL, arch=known, musl_policy=name)
    return WheelPolicies(libc=Libc.GLIBC, arch=known)


def _wrong(file: Any, tag: str, policies: WheelPolicies, policy: Policy, inside: set[str]) -> Iterator[str]:
    elf = ELFFile(file)
    machine = _MACHINES.get(elf["e_machine"], "")
    if machine and not policies.architecture.value.startswith(machine):
        yield f"is built for {machine}, and its tag says {tag}"
        return
    versions: dict[str, set[str]] = {}
    for library, version in elf_find_versioned_symbols(elf):
        if library not in inside:
            versions.setdefault(library, set()).add(version)
    best = policies.versioned_symbols_policy(versions)
    if best.priority < policy.priority:
        yield f"needs {_newest(versions, policy)}: more than {tag} promises; {best.name} would be true"
    external = sorted(
        name
        for name in _needed(elf)
        if name not in inside and name not in policy.whitelist and not name.startswith(_LOADERS)
    )
    if external:
        more = f" and {len(external) - _SHOWN} more" if len(external) > _SHOWN else ""
        yield f"needs {', '.join(external[:_SHOWN])}{more}, which {tag} does not promise and the wheel does not hold"


def _newest(versions: dict[str, set[str]], policy: Policy) -> str:
    """Name the symbol versions that the policy does not have, at most a few."""
    beyond = sorted(
        {
            version
            for found in versions.values()
            for version in found
            if version.partition("_")[0] in policy.symbol_versions
            and version.partition("_")[2] not in policy.symbol_versions[version.partition("_")[0]]
        }
    )
    return ", ".join(beyond[-_SHOWN:]) or "newer symbols"


def _needed(elf: Any) -> set[str]:
    section = elf.get_section_by_name(".dynamic")
    return {tag.needed for tag in section.iter_tags() if tag.entry.d_tag == "DT_NEEDED"} if section else set()
