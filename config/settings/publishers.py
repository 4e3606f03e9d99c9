"""Trusted publishers: for whom identity tokens must be made, and how long what they mint is good."""

from urllib.parse import urlsplit

from django.core.exceptions import ImproperlyConfigured

from config.settings.address import PRESSCHECK_URL
from config.settings.environment import count, env

# This server's own name: a token made for another index, or for this one's twin, mints nothing here.
OIDC_AUDIENCE = env("PRESSCHECK_OIDC_AUDIENCE", urlsplit(PRESSCHECK_URL).netloc)
MINTED_TOKEN_MINUTES = count("PRESSCHECK_MINTED_TOKEN_MINUTES", 15)
_LEAST, _MOST = 15, 60  # fewer are against PEP 807
if not _LEAST <= MINTED_TOKEN_MINUTES <= _MOST:
    raise ImproperlyConfigured(
        f"PRESSCHECK_MINTED_TOKEN_MINUTES is {MINTED_TOKEN_MINUTES}: it must be {_LEAST} to {_MOST}, without it, it is 15."
    )
