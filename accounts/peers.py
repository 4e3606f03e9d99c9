"""Who is at the other end of a request's connection."""

from ipaddress import ip_address

from django.http import HttpRequest

# What a proxy adds: behind one that the settings do not name, every request seems to come from this machine.
_PROXY_HEADERS = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")


def is_this_machine(request: HttpRequest) -> bool:
    """Say whether a request was made on this machine, and through no proxy."""
    if any(name in request.headers for name in _PROXY_HEADERS):
        return False
    try:
        return ip_address(request.META.get("REMOTE_ADDR", "")).is_loopback
    except ValueError:  # a socket of this machine has no address, and who is behind it is not known
        return False
