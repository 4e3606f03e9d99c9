"""Limits of an upload token: certain versions, file names and addresses. Empty means that there is no such limit."""

import ipaddress
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from packaging.utils import canonicalize_version
from packaging.version import InvalidVersion, Version

_MOST = 50
_LONGEST = 250
_TWO_TAGS = re.compile(r"(?<![a-z0-9_])[a-z]\w*\.[a-z]")
_PATTERN = re.compile(r"[a-z0-9._+!*?\[\]-]+")


class BadLimit(ValueError):
    """A limit cannot be read; the text says which and how one is written."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a token may be used for.

    ``versions`` canonical (PEP 440), ``patterns`` shell patterns in lower case, ``addresses`` networks (RFC 4632, RFC 4291).
    """

    versions: tuple[str, ...] = ()
    patterns: tuple[str, ...] = ()
    addresses: tuple[str, ...] = ()

    @classmethod
    def read(
        cls, *, versions: Iterable[str] = (), patterns: Iterable[str] = (), addresses: Iterable[str] = ()
    ) -> "Limits":
        """Read limits as people write them, each one in a text of its own. Raises BadLimit."""
        return cls(
            versions=_few(map(_version, versions), "versions"),
            patterns=_few(map(_pattern, patterns), "patterns"),
            addresses=_few(map(_network, addresses), "networks"),
        )

    def __bool__(self) -> bool:
        return bool(self.versions or self.patterns or self.addresses)

    def as_details(self) -> dict[str, Any]:
        """Return the limits that there are, as an audit event keeps them."""
        named = {"versions": self.versions, "patterns": self.patterns, "addresses": self.addresses}
        return {name: list(values) for name, values in named.items() if values}


def within(address: str, networks: Sequence[str]) -> bool:
    """Say whether an address lies in one of the networks; an IPv4 address written as IPv6 is that IPv4 address."""
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped:
        found = found.ipv4_mapped
    return any(found in ipaddress.ip_network(network) for network in networks)


def _few(values: Iterable[str], what: str) -> tuple[str, ...]:
    kept = tuple(dict.fromkeys(values))
    if len(kept) > _MOST:
        raise BadLimit(f"A token is limited to at most {_MOST} {what}.")
    return kept


def _version(text: str) -> str:
    try:
        return canonicalize_version(Version(text.strip()))
    except InvalidVersion:
        raise BadLimit(f"'{text.strip()[:60]}' is not a version (PEP 440), such as 1.2.0.") from None


def _pattern(text: str) -> str:
    pattern = text.strip().lower()
    if not _PATTERN.fullmatch(pattern) or len(pattern) > _LONGEST:
        raise BadLimit(
            f"'{text.strip()[:60]}' is not a pattern for file names: ASCII letters, digits and . _ + ! - with * ? [ ], "
            "such as *-macosx_*."
        )
    if _TWO_TAGS.search(pattern.removesuffix(".whl").removesuffix(".tar.gz")):
        raise BadLimit(
            f"'{pattern[:60]}' matches no file: names are compared with _ for every dot in the project's name, and each "
            "tag of a wheel on its own. Write one pattern for each tag."
        )
    return pattern


def _network(text: str) -> str:
    try:
        return str(ipaddress.ip_network(text.strip(), strict=False))
    except ValueError:
        raise BadLimit(
            f"'{text.strip()[:60]}' is not a network: write 203.0.113.0/24, 2001:db8::/32 or one address."
        ) from None
