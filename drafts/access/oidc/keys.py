"""The keys that an identity provider signs with: found by discovery, cached, asked for anew once a minute at most.

OpenID Connect Discovery 1.0, sections 3 and 4; JSON Web Keys are RFC 7517.
"""

import hashlib
import json
import logging
import time
from typing import Any

import jwt
from django.core.cache import cache

from drafts import outbound

log = logging.getLogger(__name__)

KEPT_SECONDS = 3600
ASK_EVERY_SECONDS = 60
PATIENCE_SECONDS = 6.0
_LIMITS = outbound.Limits(size=256 * 1024, seconds=5.0, idle=3.0)
_MOST_KEYS = 64
_ASKING, _ASKED = "asking", "asked"
_OF_TYPE = {"RSA": "RS256", "EC": "ES256"}
_LEAST_RSA_BITS = 2048


def find(issuer: str, kid: str, algorithm: str) -> jwt.PyJWK | None:
    """Return an issuer's public key by its id; None when it has none of this id for this algorithm."""
    known = cache.get(_name(issuer)) or {}
    if kid not in known:
        known = _anew(issuer) or known
    return _key(known.get(kid), algorithm)


def _name(issuer: str, what: str = "keys") -> str:
    return f"oidc-{what}:{hashlib.sha256(issuer.encode()).hexdigest()}"


def _anew(issuer: str) -> dict[str, Any] | None:
    """Ask for the keys, unless somebody did within a minute; who comes while they are being asked for waits."""
    asked = _name(issuer, "asked")
    if not cache.add(asked, _ASKING, ASK_EVERY_SECONDS):
        return _awaited(issuer, asked)
    try:
        found = _fetched(issuer)
    except (outbound.OutboundError, ValueError) as error:
        log.warning("the keys of %s could not be fetched: %s", issuer, error)
        return None
    else:
        cache.set(_name(issuer), found, KEPT_SECONDS)
        return found
    finally:
        cache.set(asked, _ASKED, ASK_EVERY_SECONDS)


def _awaited(issuer: str, asked: str) -> dict[str, Any] | None:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while cache.get(asked) == _ASKING and time.monotonic() < deadline:
        time.sleep(0.1)
    kept: dict[str, Any] | None = cache.get(_name(issuer))
    return kept


def _fetched(issuer: str) -> dict[str, Any]:
    """Return the issuer's signing keys by id. Raises OutboundError, ValueError."""
    about = _json(f"{issuer.rstrip('/')}/.well-known/openid-configuration")
    if about.get("issuer") != issuer:
        raise ValueError("its configuration names another issuer")
    where = about.get("jwks_uri")
    if not isinstance(where, str):
        raise ValueError("its configuration names no jwks_uri")  # noqa: TRY004  the answer is wrong, not a call
    keys = _json(where).get("keys")
    if not isinstance(keys, list):
        raise ValueError("there is no list of keys")  # noqa: TRY004
    signing = [key for key in keys[:_MOST_KEYS] if isinstance(key, dict) and key.get("use", "sig") == "sig"]
    return {key["kid"]: key for key in signing if isinstance(key.get("kid"), str)}


def _json(url: str) -> dict[str, Any]:
    with outbound.get(url, limits=_LIMITS, headers={"Accept": "application/json"}) as answer:
        if answer.status != 200:  # noqa: PLR2004
            raise ValueError(f"{answer.address} answered {answer.status}")
        body = answer.read()
    try:
        found = json.loads(body)
    except RecursionError as error:
        raise ValueError(f"{answer.address} answered with no JSON") from error
    if not isinstance(found, dict):
        raise ValueError(f"{answer.address} answered with no JSON object")  # noqa: TRY004
    return found


def _key(found: Any, algorithm: str) -> jwt.PyJWK | None:
    """Return a JWK as a public key for this algorithm; None for one of another kind, or one that is too weak."""
    if not isinstance(found, dict) or _OF_TYPE.get(str(found.get("kty"))) != algorithm:
        return None
    if found.get("alg", algorithm) != algorithm:
        return None
    public = {
        name: value for name, value in found.items() if name in {"kty", "n", "e", "crv", "x", "y", "kid"}
    }
    try:
        key = jwt.PyJWK(public, algorithm=algorithm)
    except (jwt.PyJWTError, ValueError, TypeError):
        return None
    if algorithm == "RS256" and key.key.key_size < _LEAST_RSA_BITS:
        return None
    return None if algorithm == "ES256" and key.key.curve.name != "secp256r1" else key
