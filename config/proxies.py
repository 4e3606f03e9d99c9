"""The client behind proxies that the settings name; what others say of themselves is not believed."""

from collections.abc import Callable, Iterable
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network

from django.conf import settings
from django.http import HttpRequest, HttpResponse


def real_client(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Let a request carry the address and the scheme that its client used, where a named proxy says so.

    ``X-Forwarded-For`` is read from its end, over the named proxies, to the first address that is none: what stands
    before that, the client wrote itself. ``X-Forwarded-Proto`` is what the nearest proxy set.
    """
    peers = _Peers(settings.PRESSCHECK_TRUSTED_PROXIES)

    def middleware(request: HttpRequest) -> HttpResponse:
        if peers.has(request.META.get("REMOTE_ADDR", "")):
            chain = request.headers.get("X-Forwarded-For", "").split(",")
            request.META["REMOTE_ADDR"] = peers.client(chain) or request.META["REMOTE_ADDR"]
            is_https = request.headers.get("X-Forwarded-Proto") == "https"
            request.META["wsgi.url_scheme"] = "https" if is_https else "http"
        return get_response(request)

    return middleware


class _Peers:
    """The proxies: addresses and networks, and ``unix`` for peers without an address."""

    def __init__(self, named: Iterable[str]) -> None:
        self._has_unix = settings.UNIX in named
        self._networks = [ip_network(name) for name in named if name != settings.UNIX]

    def has(self, peer: str) -> bool:
        """Say whether a connection comes from a named proxy."""
        if not peer:
            return self._has_unix
        address = _address(peer)
        return address is not None and any(address in network for network in self._networks)

    def client(self, chain: list[str]) -> str:
        """Return the last address that is no proxy's; nothing when there is none that is an address."""
        found = ""
        for part in reversed(chain):
            address = _address(part.strip())
            if address is None:
                break
            found = str(address)
            if not self.has(found):
                break
        return found


def _address(text: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(text)
    except ValueError:
        return None
