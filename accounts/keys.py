"""Keys derived from the server's secret: one per purpose, rotated together (RFC 5869)."""

import base64
from functools import lru_cache

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


@lru_cache(maxsize=64)
def _derive(secret: str, label: str) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=label.encode()).derive(secret.encode())


def derive(label: str) -> bytes:
    """Return the 32-byte key for one purpose, from the current secret."""
    return _derive(settings.SECRET_KEY, label)


def derive_all(label: str) -> list[bytes]:
    """Return the keys for one purpose, the current one first, then those of retired secrets."""
    return [_derive(secret, label) for secret in (settings.SECRET_KEY, *settings.SECRET_KEY_FALLBACKS)]


def _box(label: str) -> MultiFernet:
    return MultiFernet([Fernet(base64.urlsafe_b64encode(key)) for key in derive_all(label)])


def encrypt(text: str, *, label: str) -> str:
    """Encrypt a secret for the database."""
    return _box(label).encrypt(text.encode()).decode("ascii")


def decrypt(text: str, *, label: str) -> str:
    """Return what ``encrypt`` took. Raises cryptography.fernet.InvalidToken when no key fits."""
    return _box(label).decrypt(text.encode("ascii")).decode()
