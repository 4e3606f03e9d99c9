"""Credentials as a request presents them in its headers; whether they are good is asked elsewhere."""

import base64

from django.http import HttpRequest


def basic(request: HttpRequest) -> tuple[str, str] | None:
    """Return user and password of Basic authentication (RFC 7617); None without it, or where it cannot be read."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except ValueError:  # no Base64, no UTF-8, or letters beyond ASCII
        return None
    return user, password


def presented_token(request: HttpRequest) -> str:
    """Return the token in a request's headers (Basic with user ``__token__``, or Bearer); empty without one."""
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    user, password = basic(request) or ("", "")
    return password.strip() if user == "__token__" else ""
