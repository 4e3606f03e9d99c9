"""Tokens: their form, their derivation, how those of others are sealed, and keeping all of them out of logs.

A token is a prefix, a body in base 62 and a CRC-32 in six base-62 digits, so that secret scanners can know one without
asking. Prefixes: ``pcu_`` upload, ``pce_`` evidence, ``pcr_`` read, ``pcd_`` draft link, ``pci_`` a link that came by
mail, ``pch_`` what signs a CI's messages to here.
"""

import hashlib
import hmac
import logging
import re
import secrets
import string
import zlib
from enum import StrEnum

from accounts import keys

_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_CHECK_LENGTH = 6
_SECRET_BYTES = 32
_LINK_HANDLE_BYTES = 8
_LINK_LABEL = "draft-link"
_CI_LABEL = "ci-token"
_RECEIPT_LABEL = "receipt-key"
_WEBHOOK_LABEL = "webhook"
_TARGET_LABEL = "upstream-target"
_RUN_HOOK_LABEL = "run-hook"


class Prefix(StrEnum):
    """What a token is for; four characters each."""

    UPLOAD = "pcu_"
    EVIDENCE = "pce_"
    READ = "pcr_"
    DRAFT = "pcd_"
    MAILED = "pci_"
    RUN_HOOK = "pch_"


def _encode(number: int, length: int) -> str:
    digits = []
    for _ in range(length):
        number, digit = divmod(number, 62)
        digits.append(_DIGITS[digit])
    return "".join(reversed(digits))


def _decode(text: str) -> int:
    number = 0
    for char in text:
        number = number * 62 + _DIGITS.index(char)
    return number


def _length(size: int) -> int:
    """Return how many base-62 digits hold ``size`` bytes."""
    length = 0
    while 62**length < 256**size:
        length += 1
    return length


def spell(prefix: Prefix, body: bytes) -> str:
    """Write a token down."""
    text = prefix + _encode(int.from_bytes(body), _length(len(body)))
    return text + _encode(zlib.crc32(text.encode()), _CHECK_LENGTH)


def read(prefix: Prefix, text: str, size: int) -> bytes | None:
    """Return the body of a token of ``size`` bytes; None when it is not one (another prefix, length or checksum)."""
    length = len(prefix) + _length(size)
    if not text.startswith(prefix) or len(text) != length + _CHECK_LENGTH or not text.isascii():
        return None
    if not text[len(prefix) :].isalnum():
        return None
    head, check = text[:length], text[length:]
    if not hmac.compare_digest(check, _encode(zlib.crc32(head.encode()), _CHECK_LENGTH)):
        return None
    number = _decode(head[len(prefix) :])
    return number.to_bytes(size) if number < 256**size else None


def new_token(prefix: Prefix) -> tuple[str, str]:
    """Return a new random token of 256 bits and the SHA-256 that is stored of it."""
    token = spell(prefix, secrets.token_bytes(_SECRET_BYTES))
    return token, token_digest(token)


def token_digest(token: str) -> str:
    """Return what is stored of a token."""
    return hashlib.sha256(token.encode()).hexdigest()


def new_handle() -> str:
    """Return the random name of a draft link (16 hex digits), which its token carries."""
    return secrets.token_hex(_LINK_HANDLE_BYTES)


def _link_mac(key: bytes, handle: str, rotation: int) -> bytes:
    return hmac.digest(key, bytes.fromhex(handle) + rotation.to_bytes(4), "sha256")


def draft_token(handle: str, rotation: int, key_id: str) -> str:
    """Derive a link's token; nothing of it is stored. Raises KeyError when the key was retired for good."""
    mac = _link_mac(_link_keys()[key_id], handle, rotation)
    return spell(Prefix.DRAFT, bytes.fromhex(handle) + mac)


def draft_token_handle(token: str) -> str | None:
    """Return which link a token claims to be; None when it is no draft token at all."""
    body = read(Prefix.DRAFT, token, _LINK_HANDLE_BYTES + _SECRET_BYTES)
    return body[:_LINK_HANDLE_BYTES].hex() if body else None


def is_draft_token(token: str, *, handle: str, rotation: int, key_id: str) -> bool:
    """Compare, in constant time, a token with the one derived for this link."""
    key = _link_keys().get(key_id)
    return key is not None and hmac.compare_digest(
        token.encode(),
        spell(Prefix.DRAFT, bytes.fromhex(handle) + _link_mac(key, handle, rotation)).encode(),
    )


def _key_id(key: bytes) -> str:
    return hashlib.sha256(b"id" + key).hexdigest()[:16]


def _link_keys() -> dict[str, bytes]:
    return {_key_id(key): key for key in keys.derive_all(_LINK_LABEL)}


def current_key_id() -> str:
    """Return the id of the key that new links are derived with."""
    return _key_id(keys.derive(_LINK_LABEL))


def seal_ci_token(token: str) -> str:
    """Encrypt a CI provider's token for the database; an empty one stays empty."""
    return keys.encrypt(token, label=_CI_LABEL) if token else ""


def open_ci_token(sealed: str) -> str:
    """Return what ``seal_ci_token`` took. Raises InvalidToken when the key was retired for good."""
    return keys.decrypt(sealed, label=_CI_LABEL) if sealed else ""


def seal_receipt_key(private: bytes) -> str:
    """Encrypt the private half of a receipt key for the database."""
    return keys.encrypt(private.hex(), label=_RECEIPT_LABEL)


def open_receipt_key(sealed: str) -> bytes:
    """Return what ``seal_receipt_key`` took. Raises InvalidToken when the key was retired for good."""
    return bytes.fromhex(keys.decrypt(sealed, label=_RECEIPT_LABEL))


def seal_webhook_secret(secret: str) -> str:
    """Encrypt what signs messages to a webhook for the database."""
    return keys.encrypt(secret, label=_WEBHOOK_LABEL)


def open_webhook_secret(sealed: str) -> str:
    """Return what ``seal_webhook_secret`` took. Raises InvalidToken when the key was retired for good."""
    return keys.decrypt(sealed, label=_WEBHOOK_LABEL)


def seal_run_hook_secret(secret: str) -> str:
    """Encrypt what a CI signs its messages to here with, for the database."""
    return keys.encrypt(secret, label=_RUN_HOOK_LABEL)


def open_run_hook_secret(sealed: str) -> str:
    """Return what ``seal_run_hook_secret`` took. Raises InvalidToken when the key was retired for good."""
    return keys.decrypt(sealed, label=_RUN_HOOK_LABEL)


def seal_target_secret(secret: str) -> str:
    """Encrypt what uploads to an upstream index, or what signs for CI, for the database; an empty one stays empty."""
    return keys.encrypt(secret, label=_TARGET_LABEL) if secret else ""


def open_target_secret(sealed: str) -> str:
    """Return what ``seal_target_secret`` took. Raises InvalidToken when the key was retired for good."""
    return keys.decrypt(sealed, label=_TARGET_LABEL) if sealed else ""


# Ours, and those of CI providers that are kept here.
_TOKEN = re.compile(
    r"(pc[uerdih]_|pypi-AgE|gh[pousr]_|github_pat_|gl(?:pat|dt|cbt|ptt)-)[0-9A-Za-z_-]{6,255}"
)

# Identity tokens of CI jobs (RFC 7519), credentials in headers (RFC 9110, section 11), and addresses that let somebody in.
_IDENTITY = re.compile(r"\beyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_-]{4,}\.[0-9A-Za-z_-]*")
_HEADER = re.compile(r"""(authorization["']?\s*[:=,]?\s*["']?)(basic|bearer)\s+[^\s"',]+""", re.IGNORECASE)
_ADDRESS = re.compile(r"(/(?:welcome|account/recovery|accounts/password/reset/key)/)[^\s/\"'?]+")


def scrub(text: str) -> str:
    """Blot out every secret that lets somebody in: ``pcd_…`` stays, its secret goes."""
    text = _TOKEN.sub(r"\1…", text)
    text = _IDENTITY.sub(r"eyJ…", text)
    text = _HEADER.sub(r"\1\2 …", text)
    return _ADDRESS.sub(r"\1…", text)


class ScrubFilter(logging.Filter):
    """Keeps tokens out of every log line."""

    def filter(self, record: logging.LogRecord) -> bool:
        message = record.getMessage()
        clean = scrub(message)
        if clean != message:
            record.msg, record.args = clean, ()
        if record.exc_info and not record.exc_text:
            record.exc_text = scrub(logging.Formatter().formatException(record.exc_info))
        return True
