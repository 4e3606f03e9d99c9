"""An identity token (JSON Web Token, RFC 7519), read as an enemy's: signature, issuer, audience and times, each exactly."""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from django.conf import settings

from drafts.access.oidc import keys
from drafts.access.oidc.errors import Code, NotExchanged

LEEWAY = timedelta(seconds=30)
LONGEST_LIFE = timedelta(hours=24)
MOST_BYTES = 16 * 1024
ALGORITHMS = ("RS256", "ES256")
_REQUIRED = ["iss", "aud", "exp", "iat", "sub"]
# What a library's parser may raise on bytes that were made to break it.
_BROKEN = (jwt.PyJWTError, ValueError, TypeError, OverflowError, RecursionError, KeyError, AttributeError)


@dataclass(frozen=True, slots=True)
class Identity:
    """What an issuer said of a job. ``digest`` names the token, ``until`` when it would be refused as expired."""

    issuer: str
    claims: dict[str, Any]
    digest: str
    until: datetime

    def text(self, name: str) -> str:
        """Return a claim as text; empty when it is absent or something else than text or a number."""
        value = self.claims.get(name)
        if isinstance(value, bool):
            return "true" if value else "false"
        return str(value)[:2000] if isinstance(value, str | int) else ""


def verify(token: str, is_known: Callable[[str], bool]) -> Identity:
    """Return what the token says, when every word of it holds. ``is_known``: whether an issuer is trusted by anybody.

    No address is asked before the issuer is known. Raises NotExchanged.
    """
    issuer, kid, algorithm = _unverified(token)
    if not is_known(issuer):
        raise NotExchanged(
            Code.PAYLOAD,
            "unknown trusted publishing issuer: no project of this index has a trusted publisher there",
        )
    key = keys.find(issuer, kid, algorithm)
    if key is None:
        raise _invalid("it is signed with a key that its issuer does not have")
    return _identity(issuer, _verified(token, key, issuer, algorithm), token)


def _unverified(token: str) -> tuple[str, str, str]:
    """Return issuer, key id and algorithm as the token claims them. Raises NotExchanged."""
    if len(token) > MOST_BYTES:
        raise NotExchanged(Code.PAYLOAD, f"malformed JWT: it is longer than {MOST_BYTES} bytes")
    try:
        header = jwt.get_unverified_header(token)
        claims = json.loads(jwt.utils.base64url_decode(token.split(".")[1]))
        issuer = claims["iss"]
    except _BROKEN as error:
        raise NotExchanged(Code.PAYLOAD, "malformed JWT") from error
    if not isinstance(issuer, str):
        raise NotExchanged(Code.PAYLOAD, "malformed JWT: its issuer is no text")
    algorithm, kid = header.get("alg"), header.get("kid")
    if algorithm not in ALGORITHMS:
        raise _invalid("it must be signed with RS256 or ES256")
    if not isinstance(kid, str) or not kid or "crit" in header or "b64" in header:
        raise _invalid("its header names no key, or an extension")
    return issuer, kid, algorithm


def _verified(token: str, key: jwt.PyJWK, issuer: str, algorithm: str) -> dict[str, Any]:
    try:
        return jwt.decode(
            token,
            key=key,
            algorithms=[algorithm],
            audience=settings.OIDC_AUDIENCE,
            issuer=issuer,
            leeway=LEEWAY,
            options={"require": _REQUIRED, "strict_aud": True},
        )
    except jwt.ExpiredSignatureError as error:
        raise _invalid("it has expired") from error
    except jwt.ImmatureSignatureError as error:
        raise _invalid("it is not valid yet: is the clock of this server right?") from error
    except (jwt.InvalidAudienceError, jwt.MissingRequiredClaimError) as error:
        raise _invalid(
            f"it must be for the one audience '{settings.OIDC_AUDIENCE}', and say from when to when"
        ) from error
    except _BROKEN as error:
        raise _invalid("its signature or its claims do not hold") from error


def _identity(issuer: str, claims: dict[str, Any], token: str) -> Identity:
    try:
        until = datetime.fromtimestamp(int(claims["exp"]), UTC) + LEEWAY
        life = timedelta(seconds=int(claims["exp"]) - int(claims["iat"]))
    except (ValueError, OverflowError, OSError, TypeError) as error:
        raise _invalid("its times cannot be read") from error
    if not timedelta(0) < life <= LONGEST_LIFE:
        raise _invalid("it is good for longer than 24 hours, or for no time at all")
    return Identity(issuer, claims, _digest(issuer, claims, token), until)


def _digest(issuer: str, claims: dict[str, Any], token: str) -> str:
    """Name the token by its ``jti``; one without, by all that is signed (an ES256 signature has two spellings)."""
    jti = claims.get("jti")
    named = f"jti {jti}" if isinstance(jti, str) and jti else f"signed {token.rpartition('.')[0]}"
    return hashlib.sha256(f"{issuer}\n{named}".encode()).hexdigest()


def _invalid(why: str) -> NotExchanged:
    return NotExchanged(Code.TOKEN, f"malformed or invalid token: {why}")
