"""An identity provider on loopback: discovery, keys of both kinds, tokens that it signs or that somebody forged."""

import base64
import json
import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

import jwt
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from django.conf import settings

from tests.providers.peers import Asked, Peer, peer

COMMIT = "3f2c1ab" + "0" * 33
RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
EC = ec.generate_private_key(ec.SECP256R1())
STRANGERS = rsa.generate_private_key(public_exponent=65537, key_size=2048)


def jwk(key, kid: str, **more) -> dict:
    """A public key as the provider publishes it."""
    algorithm = jwt.algorithms.RSAAlgorithm if hasattr(key, "decrypt") else jwt.algorithms.ECAlgorithm
    return {**algorithm.to_jwk(key.public_key(), as_dict=True), "kid": kid, "use": "sig", **more}


def encoded(value) -> str:
    """One part of a token."""
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


@dataclass
class IdentityProvider:
    """What the double answers; tests change it."""

    server: Peer | None = None
    keys: list = field(default_factory=lambda: [jwk(RSA, "rsa"), jwk(EC, "ec")])
    configuration: dict = field(default_factory=dict)
    hold: object = None

    @property
    def issuer(self) -> str:
        assert self.server
        return self.server.url

    @property
    def fetched(self) -> int:
        """How often the keys were asked for."""
        return sum(asked.path == "/keys" for asked in self.server.asked)

    def answer(self, asked: Asked) -> None:
        if self.hold:
            self.hold()
        if asked.path == "/.well-known/openid-configuration":
            about = {"issuer": self.issuer, "jwks_uri": f"{self.issuer}/keys", **self.configuration}
            asked.answer(body=json.dumps(about).encode(), Content_Type="application/json")
        elif asked.path == "/keys":
            asked.answer(body=json.dumps({"keys": self.keys}).encode(), Content_Type="application/json")
        elif asked.path == "/token":  # where a job of GitHub Actions asks for its identity
            audience = asked.query.get("audience", "")
            ok = asked.headers.get("authorization", "").lower() == "bearer job-secret"
            value = {"value": self.token(aud=audience)} if ok else {}
            asked.answer(200 if ok else 403, json.dumps(value).encode(), Content_Type="application/json")
        else:
            asked.answer(404)

    def times(self) -> dict:
        now = int(time.time())
        return {"iat": now, "nbf": now - 5, "exp": now + 300, "jti": secrets.token_hex(16)}

    def github(self, **changes) -> dict:
        """The claims of a run of GitHub Actions; None leaves one out."""
        claims = {
            "iss": self.issuer,
            "aud": settings.OIDC_AUDIENCE,
            "sub": "repo:octo/sampleproject:ref:refs/tags/v1.0",
            "repository": "octo/sampleproject",
            "repository_id": "4711",
            "repository_owner": "octo",
            "repository_owner_id": "99",
            "job_workflow_ref": "octo/sampleproject/.github/workflows/release.yml@refs/tags/v1.0",
            "workflow_ref": "octo/sampleproject/.github/workflows/release.yml@refs/tags/v1.0",
            "ref": "refs/tags/v1.0",
            "sha": COMMIT,
            "run_id": "8812",
            "run_attempt": "1",
            "event_name": "push",
            **self.times(),
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def gitlab(self, **changes) -> dict:
        """The claims of a GitLab job."""
        host = self.issuer.partition("//")[2]
        claims = {
            "iss": self.issuer,
            "aud": settings.OIDC_AUDIENCE,
            "sub": "project_path:group/sampleproject:ref_type:tag:ref:v1.0",
            "project_path": "group/sampleproject",
            "project_id": "31",
            "namespace_id": "7",
            "ci_config_ref_uri": f"{host}/group/sampleproject//.gitlab-ci.yml@refs/tags/v1.0",
            "ref_path": "refs/tags/v1.0",
            "sha": COMMIT,
            "pipeline_id": "512",
            "pipeline_source": "push",
            **self.times(),
            **changes,
        }
        return {name: value for name, value in claims.items() if value is not None}

    def token(self, kid: str = "rsa", **changes) -> str:
        """A token of a run of GitHub Actions, signed with one of the provider's keys."""
        return self.signed(self.github(**changes), kid)

    def signed(self, claims: dict, kid: str = "rsa", **header) -> str:
        key, algorithm = (RSA, "RS256") if kid == "rsa" else (EC, "ES256")
        return jwt.encode(claims, key, algorithm, headers={"kid": kid, **header})


@contextmanager
def identity_provider():
    """Run one for a while."""
    double = IdentityProvider()
    with peer(double.answer) as server:
        double.server = server
        yield double
