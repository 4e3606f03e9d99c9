"""An OpenID Connect identity provider on loopback, as far as a relying party with PKCE asks it."""

import base64
import hashlib
import json
import secrets
import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qs, urlencode, urlsplit

import jwt

from tests.providers.peers import Asked, peer

CLIENT, SECRET = "presscheck", "only for the tests"


@dataclass
class Identity:
    """What the provider says of whoever signs in; tests change it."""

    url: str = ""
    claims: dict = field(default_factory=lambda: {"email": "alice@example.org", "email_verified": True})
    sub: str = "4711"
    grants: dict[str, dict] = field(default_factory=dict)
    broken: dict[str, tuple[int, bytes]] = field(default_factory=dict)

    def authorize(self, address: str) -> str:
        """Let the person say yes at the provider; returns where the browser is sent back to."""
        query = {name: values[-1] for name, values in parse_qs(urlsplit(address).query).items()}
        assert query["client_id"] == CLIENT
        assert (query["response_type"], query["code_challenge_method"]) == ("code", "S256")
        assert "openid" in query["scope"].split()
        code = secrets.token_urlsafe(16)
        self.grants[code] = query
        return f"{query['redirect_uri']}?{urlencode({'code': code, 'state': query['state']})}"

    def answer(self, asked: Asked) -> None:
        if asked.path in self.broken:
            status, body = self.broken[asked.path]
            asked.answer(status, body, Content_Type="application/json", Location="http://127.0.0.1:1/")
            return
        known = {
            "/.well-known/openid-configuration": self._configuration,
            "/token": self._token,
            "/userinfo": lambda _: {"sub": self.sub, **self.claims},
        }
        reply = known[asked.path](asked)
        asked.answer(
            400 if "error" in reply else 200, json.dumps(reply).encode(), Content_Type="application/json"
        )

    def _configuration(self, _: Asked) -> dict:
        return {
            "issuer": self.url,
            "authorization_endpoint": f"{self.url}/authorize",
            "token_endpoint": f"{self.url}/token",
            "userinfo_endpoint": f"{self.url}/userinfo",
            "jwks_uri": f"{self.url}/keys",
            "token_endpoint_auth_methods_supported": ["client_secret_post"],
        }

    def _token(self, asked: Asked) -> dict:
        length = int(asked.headers.get("content-length", 0))
        form = {
            name: values[-1] for name, values in parse_qs(asked.handler.rfile.read(length).decode()).items()
        }
        grant = self.grants.pop(form.get("code", ""), None)
        if grant is None or (form["client_id"], form["client_secret"]) != (CLIENT, SECRET):
            return {"error": "invalid_grant"}
        proof = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if base64.urlsafe_b64encode(proof).rstrip(b"=").decode() != grant["code_challenge"]:
            return {"error": "invalid_grant"}
        now = int(time.time())
        said = {"iss": self.url, "aud": CLIENT, "sub": self.sub, "iat": now, "exp": now + 60, **self.claims}
        signed = jwt.encode(said, "a key that nobody checks here, over TLS", algorithm="HS256")
        return {"access_token": "token", "token_type": "Bearer", "id_token": signed}


@contextmanager
def identity_provider():
    """Run the provider for a while."""
    found = Identity()
    with peer(found.answer) as server:
        found.url = server.url
        yield found
