"""What the program does not start with, because it would hurt: one rule each, in words that say what to set."""

import re
from collections.abc import Callable, Iterator
from ipaddress import ip_network
from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.settings.address import (
    ALLOWED_HOSTS,
    INDEX_IS_PRIVATE,
    METRICS_TOKEN,
    PRESSCHECK_ACCEL,
    PRESSCHECK_FILES_URL,
    PRESSCHECK_TRUSTED_PROXIES,
    PRESSCHECK_URL,
    UNIX,
)
from config.settings.environment import env
from config.settings.outbound import OUTBOUND_ALLOW, PRESSCHECK_OWN_NAMES, PRESSCHECK_UPSTREAM_INDEX
from config.settings.single_sign_on import SIGN_ON_ISSUER
from drafts.operations.claims import is_loopback

KEY_LENGTH = 32  # characters; what the command below prints has 64
KEY_VARIETY = 10  # different characters
METRICS_TOKEN_LENGTH = 16  # characters
_PRINTABLE = re.compile(r"[!-~]+")  # ASCII without spaces
_HOST = re.compile(r"[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?")
_NAMES = re.compile(r"[a-z0-9*]([a-z0-9*-]*[a-z0-9*])?")
_MAKE_A_KEY = "Make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'"
# What examples and generators write where a key belongs.
_KNOWN_KEYS = (
    "django-insecure",
    "change-me",
    "changeme",
    "change_me",
    "placeholder",
    "replace-me",
    "your-secret",
)


def refuse_what_hurts() -> None:
    """Raise ImproperlyConfigured with every reason not to start, in one line."""
    reasons = [reason for rule in RULES for reason in rule()]
    if reasons:
        raise ImproperlyConfigured(" ".join(reasons))


def _key() -> Iterator[str]:
    key = env("PRESSCHECK_SECRET_KEY")
    if not key:
        if env("DATABASE_URL"):
            yield (
                "DATABASE_URL is set, and PRESSCHECK_SECRET_KEY is not: every host must have the same key, and it must "
                f"outlive them. {_MAKE_A_KEY}."
            )
    elif any(known in key.lower() for known in _KNOWN_KEYS):
        yield f"PRESSCHECK_SECRET_KEY is an example's, which everybody knows. {_MAKE_A_KEY}."
    elif len(key) < KEY_LENGTH or len(set(key)) < KEY_VARIETY:
        yield (
            f"PRESSCHECK_SECRET_KEY can be guessed: it takes at least {KEY_LENGTH} characters, {KEY_VARIETY} of them "
            f"different. {_MAKE_A_KEY}."
        )


def _address() -> Iterator[str]:
    try:
        parts = urlsplit(PRESSCHECK_URL)
        host, _ = parts.hostname, parts.port
    except ValueError:
        parts, host = urlsplit(""), None
    if parts.scheme not in {"http", "https"} or not host or parts.path or parts.query or parts.username:
        yield (
            f"PRESSCHECK_URL is '{PRESSCHECK_URL}', which is no address such as https://packages.example.org: scheme, host "
            "and, where it is not the usual one, port."
        )
    elif parts.scheme == "http" and not is_loopback(host):
        yield (
            f"PRESSCHECK_URL is '{PRESSCHECK_URL}', and passwords and tokens must not travel in the clear: put a proxy with "
            "https in front and set PRESSCHECK_URL=https://…"
        )


def _hosts() -> Iterator[str]:
    if any("*" in host for host in ALLOWED_HOSTS):
        yield (
            "PRESSCHECK_ALLOWED_HOSTS has a '*', with which the server answers to names that are not its own: list the "
            "names, or leave it out."
        )


def _database() -> Iterator[str]:
    url = env("DATABASE_URL")
    if url and urlsplit(url).scheme not in {"postgres", "postgresql"}:
        yield (
            "DATABASE_URL names no PostgreSQL database (postgres://USER:PASSWORD@HOST/NAME): without it, SQLite is used "
            "in the data folder."
        )


def _redis() -> Iterator[str]:
    url = env("REDIS_URL")
    if url and not env("DATABASE_URL"):
        yield (
            "REDIS_URL is set, and DATABASE_URL is not: several hosts cannot share a SQLite file. Name a PostgreSQL "
            "database, or leave REDIS_URL out."
        )
    if url and urlsplit(url).scheme not in {"redis", "rediss"}:
        yield "REDIS_URL names no Redis server: redis://HOST:6379/0, or rediss:// with TLS."


def _bucket() -> Iterator[str]:
    bucket = env("PRESSCHECK_S3_BUCKET")
    if env("PRESSCHECK_S3_ENDPOINT") and not bucket:
        yield "PRESSCHECK_S3_ENDPOINT is set, and PRESSCHECK_S3_BUCKET is not: name the bucket."
    if bucket and bool(env("AWS_ACCESS_KEY_ID")) != bool(env("AWS_SECRET_ACCESS_KEY")):
        yield (
            "Of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set: set both, or neither where the machine has a "
            "role."
        )
    if bucket and PRESSCHECK_ACCEL:
        yield (
            "PRESSCHECK_ACCEL sends files from a folder, and PRESSCHECK_S3_BUCKET keeps them in a bucket: set one of the "
            "two."
        )


def _accel() -> Iterator[str]:
    if PRESSCHECK_ACCEL and (not PRESSCHECK_ACCEL.startswith("/") or PRESSCHECK_ACCEL.startswith("//")):
        yield (
            f"PRESSCHECK_ACCEL is '{PRESSCHECK_ACCEL}', which is no path: name nginx's internal location, such as "
            "/presscheck-objects."
        )
    if PRESSCHECK_ACCEL and not PRESSCHECK_TRUSTED_PROXIES:
        yield (
            "PRESSCHECK_ACCEL lets nginx send the files, and PRESSCHECK_TRUSTED_PROXIES names no nginx: without one in front, files "
            "would come empty. Name it, or leave PRESSCHECK_ACCEL out."
        )


def _metrics() -> Iterator[str]:
    if 0 < len(METRICS_TOKEN) < METRICS_TOKEN_LENGTH:
        yield (
            f"PRESSCHECK_METRICS_TOKEN can be guessed: it takes at least {METRICS_TOKEN_LENGTH} characters. Without one, "
            "only this machine reads /metrics."
        )


def _proxies() -> Iterator[str]:
    for proxy in PRESSCHECK_TRUSTED_PROXIES:
        if proxy == UNIX:
            continue
        try:
            is_everybody = ip_network(proxy).prefixlen == 0
        except ValueError:
            yield (
                f"PRESSCHECK_TRUSTED_PROXIES has '{proxy}', which is no address, no network such as 10.0.0.0/24, and not 'unix'."
            )
            continue
        if is_everybody:
            yield (
                f"PRESSCHECK_TRUSTED_PROXIES has '{proxy}': then everybody may say that they are somebody else. Name the proxies "
                "alone."
            )


def _outbound() -> Iterator[str]:
    for entry in OUTBOUND_ALLOW:
        try:
            ip_network(entry)
        except ValueError as error:
            if not _HOST.fullmatch(entry.lower()):
                why = str(error) if "/" in entry else f"'{entry}' is no host, address or network"
                yield (
                    f"PRESSCHECK_OUTBOUND_ALLOW: {why}. Name hosts, addresses or networks such as ci.example.org, 10.1.0.0/16, "
                    "without scheme and port."
                )


def _upstream() -> Iterator[str]:
    old = env("PRESSCHECK_RESOLVE_INDEX").rstrip("/")
    if old and old != PRESSCHECK_UPSTREAM_INDEX:
        yield (
            "PRESSCHECK_UPSTREAM_INDEX and PRESSCHECK_RESOLVE_INDEX, its earlier name, say different addresses: leave out the "
            "second."
        )
    try:
        parts = urlsplit(PRESSCHECK_UPSTREAM_INDEX)
        host, _, own = parts.hostname, parts.port, urlsplit(PRESSCHECK_URL)[:2]
    except ValueError:
        parts, host, own = urlsplit(""), None, ("", "")
    is_plain = parts.scheme in {"http", "https"} and host and "@" not in parts.netloc
    is_base = is_plain and not parts.query and not parts.fragment and "?" not in PRESSCHECK_UPSTREAM_INDEX
    if PRESSCHECK_UPSTREAM_INDEX and not (is_base and _PRINTABLE.fullmatch(PRESSCHECK_UPSTREAM_INDEX)):
        yield (
            f"PRESSCHECK_UPSTREAM_INDEX is '{PRESSCHECK_UPSTREAM_INDEX}', which is no base address of a Simple index such as "
            "https://packages.example.org/simple: without user, query and fragment, because testers are sent there."
        )
    elif PRESSCHECK_UPSTREAM_INDEX and parts[:2] == own:
        yield (
            f"PRESSCHECK_UPSTREAM_INDEX is '{PRESSCHECK_UPSTREAM_INDEX}', which is this server: name the index behind it, or "
            "leave it out."
        )


def _own_names() -> Iterator[str]:
    for pattern in PRESSCHECK_OWN_NAMES:
        if not _NAMES.fullmatch(pattern):
            yield (
                f"PRESSCHECK_OWN_NAMES has '{pattern}', which matches no project: letters, digits and hyphens, and * for any "
                "of them, such as acme-*."
            )


def _sign_on() -> Iterator[str]:
    if not SIGN_ON_ISSUER:
        return
    try:
        parts = urlsplit(SIGN_ON_ISSUER)
        host = parts.hostname
    except ValueError:
        parts, host = urlsplit(""), None
    if (
        not host
        or parts.scheme not in {"http", "https"}
        or (parts.scheme == "http" and not is_loopback(host))
    ):
        yield (
            f"PRESSCHECK_OIDC_ISSUER is '{SIGN_ON_ISSUER}', which is no https address of an identity provider, such as "
            "https://login.example.org/realms/main."
        )
    if not env("PRESSCHECK_OIDC_CLIENT_ID") or not env("PRESSCHECK_OIDC_CLIENT_SECRET"):
        yield (
            "PRESSCHECK_OIDC_ISSUER is set, and PRESSCHECK_OIDC_CLIENT_ID or PRESSCHECK_OIDC_CLIENT_SECRET is not: set all "
            "three, or none."
        )


def _private() -> Iterator[str]:
    if INDEX_IS_PRIVATE and PRESSCHECK_FILES_URL:
        yield (
            "PRESSCHECK_PRIVATE makes the index private, and PRESSCHECK_FILES_URL lets anybody fetch its files elsewhere: "
            "set one of them."
        )


RULES: tuple[Callable[[], Iterator[str]], ...] = (
    _private,
    _key,
    _address,
    _hosts,
    _database,
    _redis,
    _bucket,
    _accel,
    _metrics,
    _proxies,
    _outbound,
    _upstream,
    _own_names,
    _sign_on,
)
