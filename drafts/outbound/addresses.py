"""Which addresses may be asked: public ones over https, and what the operator allows besides."""

import ipaddress
import re
import socket
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import urlsplit

from django.conf import settings

from drafts.outbound.errors import Forbidden, NotConnected

Ip = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

_PORTS = {"http": 80, "https": 443}
_UNSAFE = re.compile(r"[\x00-\x20\x7f\\]|[^\x00-\x7f]")
_HOST = re.compile(r"[a-z0-9_.-]{1,253}|[0-9a-f:.]{2,45}")
# Global by the registries' tables, and answered from inside a network all the same.
_INSIDE = tuple(
    ipaddress.ip_network(text)
    for text in (
        "168.63.129.16/32",  # Azure's host, seen from its machines
        "192.0.0.0/24",  # protocol assignments; one cloud's metadata
        "192.88.99.0/24",  # the way into 6to4 (RFC 7526)
        "3fff::/20",  # documentation (RFC 9637)
    )
)
_UNICAST = IPv6Network("2000::/3")  # what is given out at all (RFC 4291, section 2.4)
_SIX_TO_FOUR = IPv6Network("2002::/16")
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052; 64:ff9b:1::/48 is for use inside networks


@dataclass(frozen=True, slots=True)
class Address:
    """An http or https URL, taken apart once: what is checked is what is asked."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def origin(self) -> tuple[str, str, int]:
        return self.scheme, self.host, self.port

    @property
    def url(self) -> str:
        host = f"[{self.host}]" if ":" in self.host else self.host
        port = "" if self.port == _PORTS[self.scheme] else f":{self.port}"
        return f"{self.scheme}://{host}{port}{self.target}"

    def __str__(self) -> str:
        """Return the URL without its query, which may hold a signature."""
        return self.url.partition("?")[0]


@dataclass(frozen=True, slots=True)
class Place:
    """One address that was checked, as ``socket`` takes it."""

    family: int
    sockaddr: tuple[str, int] | tuple[str, int, int, int]


@dataclass(frozen=True, slots=True)
class _Allowed:
    hosts: frozenset[str]
    networks: tuple[Network, ...]


@lru_cache(maxsize=4)
def _allowed(entries: tuple[str, ...]) -> _Allowed:
    hosts, networks = set(), []
    for entry in entries:
        try:
            networks.append(ipaddress.ip_network(entry))
        except ValueError:
            hosts.add(entry.lower())
    return _Allowed(frozenset(hosts), tuple(networks))


def _exceptions() -> _Allowed:
    return _allowed(tuple(settings.OUTBOUND_ALLOW))


def parse(url: str) -> Address:
    """Take a URL apart. Raises Forbidden for what is no plain http or https address."""
    if _UNSAFE.search(url):
        raise Forbidden("An address holds ASCII letters, digits and signs, without spaces or backslashes.")
    try:
        parts = urlsplit(url)
        host, port = (parts.hostname or "").rstrip("."), parts.port
    except ValueError as error:
        raise Forbidden(f"That is not an address: {error}.") from error
    if parts.scheme not in _PORTS:
        raise Forbidden("Only https addresses are fetched.")
    if parts.username is not None or parts.password is not None:
        raise Forbidden("An address with a user name in it is not fetched.")
    if not _HOST.fullmatch(host):
        raise Forbidden("The address names no host that could be asked.")
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Address(parts.scheme, host, port or _PORTS[parts.scheme], target)


def places(address: Address, *, own: bool = False) -> list[Place]:
    """Resolve a host, once, and return what may be connected to; nothing is resolved again after this.

    Raises Forbidden when one of the addresses may not be asked, NotConnected when there is none.
    """
    try:
        found = socket.getaddrinfo(address.host, address.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError) as error:
        raise NotConnected(f"The name {address.host} has no address.") from error
    ips = {unmapped(ipaddress.ip_address(str(sockaddr[0]))) for *_, sockaddr in found}
    named = address.host in _exceptions().hosts or (own and address.origin in _own())
    if not named and not all(is_allowed(ip) or is_public(ip) for ip in ips):
        raise Forbidden(
            f"{address.host} is not a public address, so it is not asked. The operator can allow it "
            "(PRESSCHECK_OUTBOUND_ALLOW).",
        )
    if address.scheme == "http" and not named and not all(is_allowed(ip) for ip in ips):
        raise Forbidden(f"{address.host} is asked over https only.")
    return [Place(family, sockaddr) for family, _, _, _, sockaddr in found]  # type: ignore[arg-type]


def _own() -> set[tuple[str, str, int]]:
    """Return the origins that the settings give this server, its files and its store."""
    urls = (settings.PRESSCHECK_URL, settings.PRESSCHECK_FILES_URL, settings.PRESSCHECK_S3_ENDPOINT)
    return {parse(url).origin for url in urls if url}


def is_allowed(ip: Ip) -> bool:
    """Say whether the operator named the address's network."""
    return any(ip in network for network in _exceptions().networks)


def is_public(ip: Ip) -> bool:
    """Say whether an address belongs to the public internet, also where it carries another one inside it."""
    if any(ip in network for network in _INSIDE):
        return False
    if isinstance(ip, IPv4Address):
        return ip.is_global and not (ip.is_multicast or ip.is_reserved)
    if ip in _NAT64:
        return is_public(IPv4Address(int(ip) & 0xFFFFFFFF))
    if ip in _SIX_TO_FOUR:
        return is_public(IPv4Address(int(ip) >> 80 & 0xFFFFFFFF))
    return ip in _UNICAST and ip.is_global


def unmapped(ip: Ip) -> Ip:
    """Return the IPv4 address that an IPv4-mapped one stands for: sockets treat them as one."""
    return (ip.ipv4_mapped or ip) if isinstance(ip, IPv6Address) else ip
