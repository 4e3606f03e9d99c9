"""A security key in memory (WebAuthn level 2, ES256, no attestation), with knobs for being wrong."""

import hashlib
import json
import secrets
from base64 import urlsafe_b64encode
from dataclasses import dataclass, field

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.hashes import SHA256
from django.conf import settings
from django.test import Client
from fido2 import cbor
from fido2.cose import ES256

from accounts import factors, passkeys
from accounts.audit import Actor
from accounts.models import User

PRESENT, VERIFIED, HAS_KEY = 0x01, 0x04, 0x40


def spelled(raw: bytes) -> str:
    """Bytes as WebAuthn writes them in JSON."""
    return urlsafe_b64encode(raw).rstrip(b"=").decode()


@dataclass
class Key:
    """One security key, which holds one passkey."""

    id: bytes = field(default_factory=lambda: secrets.token_bytes(32))
    private: ec.EllipticCurvePrivateKey = field(
        default_factory=lambda: ec.generate_private_key(ec.SECP256R1())
    )

    def make(self, options: dict, **wrong) -> str:
        """Answer navigator.credentials.create()."""
        public = ES256.from_cryptography_key(self.private.public_key())
        data = (
            _about(wrong, HAS_KEY)
            + bytes(16)
            + len(self.id).to_bytes(2, "big")
            + self.id
            + cbor.encode(public)
        )
        response = {
            "clientDataJSON": _client("webauthn.create", options, wrong),
            "attestationObject": spelled(cbor.encode({"fmt": "none", "attStmt": {}, "authData": data})),
        }
        return self._answer(response)

    def sign(self, options: dict, **wrong) -> str:
        """Answer navigator.credentials.get()."""
        data, client = _about(wrong), _client("webauthn.get", options, wrong)
        said = data + hashlib.sha256(_bytes(client)).digest()
        private = wrong.get("private", self.private)
        signature = private.sign(said, ec.ECDSA(SHA256()))
        return self._answer(
            {"clientDataJSON": client, "authenticatorData": spelled(data), "signature": spelled(signature)}
        )

    def _answer(self, response: dict) -> str:
        shown = {"id": spelled(self.id), "rawId": spelled(self.id), "type": "public-key"}
        return json.dumps({**shown, "response": response, "clientExtensionResults": {}})


def _bytes(text: str) -> bytes:
    from fido2.utils import websafe_decode

    return websafe_decode(text)


def _about(wrong: dict, more: int = 0) -> bytes:
    rp = wrong.get("rp", "localhost")
    flags = wrong.get("flags", PRESENT | VERIFIED) | more
    return hashlib.sha256(rp.encode()).digest() + bytes([flags]) + (1).to_bytes(4, "big")


def _client(kind: str, options: dict, wrong: dict) -> str:
    said = {
        "type": wrong.get("type", kind),
        "challenge": wrong.get("challenge", options["challenge"]),
        "origin": wrong.get("origin", settings.PRESSCHECK_ORIGIN),
    }
    return spelled(json.dumps(said).encode())


def give_key(user: User, name: str = "Blue key") -> Key:
    """Add a passkey to somebody's account, through the acts."""
    key, purpose = Key(), factors.creation_purpose(user)
    options = as_json(passkeys.creation_options(user, purpose))
    new = passkeys.read_new(user, purpose, key.make(options))
    factors.add_passkey(user=user, name=name, new=new, by=Actor.person(user))
    user.__dict__.pop("factors", None)
    return key


def as_json(options: dict) -> dict:
    """The options as a browser gets them."""
    from django.core.serializers.json import DjangoJSONEncoder

    return json.loads(json.dumps(options, cls=DjangoJSONEncoder, default=dict))["publicKey"]


def ask(client: Client, url: str, **form: str) -> dict:
    """Ask a form what a passkey shall sign for it, as static/js/passkeys.js does."""
    response = client.post(url, {**form, "code": "", "credential": "", "passkey": "ask"})
    assert response.status_code == 200, response.content.decode()
    assert response["Content-Type"] == "application/json", response.content.decode()
    return response.json()["publicKey"]


def press(client: Client, url: str, key: Key, **form: str):
    """Send a form with a passkey in place of a code."""
    credential = key.sign(ask(client, url, **form))
    return client.post(url, {**form, "code": "", "credential": credential})
