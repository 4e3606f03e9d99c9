"""Passkeys and security keys (WebAuthn level 2): what they are asked to sign is a row, good for one act, once."""

import hashlib
import json
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

from allauth.mfa.models import Authenticator
from allauth.mfa.webauthn.internal.auth import WebAuthn
from cryptography.exceptions import UnsupportedAlgorithm
from django.conf import settings
from django.db import transaction
from django.utils import timezone
from fido2.cose import UnsupportedKey
from fido2.server import Fido2Server
from fido2.utils import websafe_decode, websafe_encode
from fido2.webauthn import (
    AttestedCredentialData,
    AuthenticationResponse,
    AuthenticatorData,
    PublicKeyCredentialRpEntity,
    PublicKeyCredentialUserEntity,
    RegistrationResponse,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from accounts.models import PasskeyChallenge, User
from accounts.purposes import Purpose

LIFETIME = timedelta(minutes=5)
MOST_CHARACTERS = 20_000  # of one answer; those of real keys have under 2000, with attestations under 8000
MOST_OPEN = 50  # challenges of one person that wait for an answer
# What the parsers raise on answers that no browser sends.
_UNREADABLE = (ValueError, TypeError, KeyError, AttributeError, IndexError, RecursionError, OverflowError)
_VERIFICATION = UserVerificationRequirement.PREFERRED


class TooManyAsked(Exception):
    """More questions of one person are open than anybody answers in five minutes."""


class BadPasskey(Exception):
    """The passkey's answer does not prove this person at this act; the text says no more than that to the log."""


def _server() -> Fido2Server:
    """Return the relying party: this server under its public name, whatever a request calls it."""
    rp = PublicKeyCredentialRpEntity(
        id=urlsplit(settings.PRESSCHECK_ORIGIN).hostname or "", name=settings.SITE_NAME
    )
    return Fido2Server(rp, verify_origin=lambda origin: origin == settings.PRESSCHECK_ORIGIN)


def _state(challenge: str) -> dict[str, Any]:
    return {"challenge": challenge, "user_verification": _VERIFICATION}


def _ask(user: User, purpose: Purpose) -> bytes:
    """Keep a fresh challenge for this act and return its bytes."""
    challenge = secrets.token_bytes(32)
    now = timezone.now()
    if PasskeyChallenge.objects.filter(user=user, used_at=None, expires_at__gt=now).count() >= MOST_OPEN:
        raise TooManyAsked(
            "Your passkey was asked for too often. Nothing was changed: wait five minutes, or use a code."
        )
    PasskeyChallenge.objects.create(
        user=user,
        act=purpose.act,
        on=purpose.on,
        fingerprint_sha256=_digest(purpose),
        challenge=websafe_encode(challenge),
        made_at=now,
        expires_at=now + LIFETIME,
    )
    return challenge


def _digest(purpose: Purpose) -> str:
    return hashlib.sha256(purpose.fingerprint.encode()).hexdigest()


def _spend(user: User, purpose: Purpose, challenge: bytes) -> str:
    """Use up the challenge of exactly this act. Committed by itself: it stays spent when what follows fails."""
    text = websafe_encode(challenge)
    with transaction.atomic(durable=True):
        rows = PasskeyChallenge.objects.filter(
            user=user,
            act=purpose.act,
            on=purpose.on,
            fingerprint_sha256=_digest(purpose),
            challenge=text,
            used_at=None,
            expires_at__gt=timezone.now(),
        )
        if rows.update(used_at=timezone.now()) != 1:
            raise BadPasskey("no such challenge, or it was used, is too old, or was made for something else")
    return text


def of(user: User) -> list[Authenticator]:
    """Return the person's passkeys, the oldest first."""
    return list(Authenticator.objects.filter(user=user, type=Authenticator.Type.WEBAUTHN).order_by("pk"))


def _credential(factor: Authenticator) -> AttestedCredentialData:
    data = factor.wrap().authenticator_data.credential_data
    if not isinstance(data, AttestedCredentialData):
        raise BadPasskey(f"the passkey {factor.pk} holds no key")
    return data


def request_options(user: User, purpose: Purpose) -> dict[str, Any]:
    """Return what a browser needs to ask one of the person's passkeys for this act (PublicKeyCredentialRequestOptions)."""
    options, _ = _server().authenticate_begin(
        [_credential(factor) for factor in of(user)],
        user_verification=_VERIFICATION,
        challenge=_ask(user, purpose),
    )
    return dict(options)


def creation_options(user: User, purpose: Purpose) -> dict[str, Any]:
    """Return what a browser needs to make a passkey for this person (PublicKeyCredentialCreationOptions)."""
    options, _ = _server().register_begin(
        PublicKeyCredentialUserEntity(
            id=hashlib.sha256(f"presscheck-person-{user.pk}".encode()).digest(),
            name=user.email,
            display_name=str(user),
        ),
        [_credential(factor) for factor in of(user)],
        resident_key_requirement=ResidentKeyRequirement.DISCOURAGED,
        user_verification=_VERIFICATION,
        challenge=_ask(user, purpose),
    )
    return dict(options)


def _read(text: str) -> Mapping[str, Any]:
    if len(text) > MOST_CHARACTERS:
        raise BadPasskey("the answer is too long")
    try:
        answer = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise BadPasskey("the answer is no JSON") from error
    if not isinstance(answer, dict):
        raise BadPasskey("the answer is no object")
    return answer


def claimed(user: User, text: str) -> Authenticator | None:
    """Return the passkey that an answer claims to come from, before anything is proven."""
    answer = _read(text)
    try:
        raw = websafe_decode(str(answer.get("rawId", "")))
    except (ValueError, TypeError):
        return None
    return next((factor for factor in of(user) if _credential(factor).credential_id == raw), None)


def verify(user: User, purpose: Purpose, text: str) -> Authenticator:
    """Return the passkey that signed the challenge of this act, which is spent. Raises BadPasskey. Outside transactions."""
    answer = _read(text)
    try:
        parsed = AuthenticationResponse.from_dict(answer)
        challenge = parsed.response.client_data.challenge
    except _UNREADABLE as error:
        raise BadPasskey("the answer cannot be read") from error
    state = _state(_spend(user, purpose, challenge))
    factors = {_credential(factor).credential_id: factor for factor in of(user)}
    keys = [_credential(factor) for factor in factors.values()]
    try:
        key = _server().authenticate_complete(state, keys, parsed)
    except (*_UNREADABLE, UnsupportedAlgorithm, NotImplementedError) as error:
        raise BadPasskey(str(error)) from error
    return factors[key.credential_id]


@dataclass(frozen=True, slots=True)
class NewPasskey:
    """A passkey that was made for one person a moment ago. Made by ``read_new`` alone; a row is yet to be written."""

    user_id: int
    answer: Mapping[str, Any]
    purpose: Purpose


def read_new(user: User, purpose: Purpose, text: str) -> NewPasskey:
    """Return the passkey that was made for this challenge, which is spent. Raises BadPasskey. Outside transactions."""
    answer = _read(text)
    try:
        parsed = RegistrationResponse.from_dict(answer)
        challenge = parsed.response.client_data.challenge
    except _UNREADABLE as error:
        raise BadPasskey("the answer cannot be read") from error
    state = _state(_spend(user, purpose, challenge))
    try:
        data: AuthenticatorData = _server().register_complete(state, parsed)
    except (*_UNREADABLE, AssertionError, UnsupportedAlgorithm, NotImplementedError) as error:
        raise BadPasskey(str(error)) from error
    key = data.credential_data
    if key is None or isinstance(key.public_key, UnsupportedKey):
        raise BadPasskey("the key is of a kind that cannot be checked later")
    known = websafe_encode(key.credential_id)
    if Authenticator.objects.filter(type=Authenticator.Type.WEBAUTHN, data__credential__rawId=known).exists():
        raise BadPasskey("this passkey belongs to an account here already")
    return NewPasskey(user.pk, {**answer, "id": known, "rawId": known}, purpose)


def keep(user: User, name: str, new: NewPasskey) -> Authenticator:
    """Write the row of a new passkey; part of the act that adds it."""
    if new.user_id != user.pk:
        raise BadPasskey("the passkey was made for somebody else")
    factor: Authenticator = WebAuthn.add(user, name, dict(new.answer)).instance
    return factor
