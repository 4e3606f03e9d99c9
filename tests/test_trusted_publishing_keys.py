"""It is true that a provider's keys are asked for seldom, through the guarded client, and that wrong answers mint nothing."""

import hashlib
import time

import jwt
import pytest
from django.core.cache import cache

from tests.providers import identity
from tests.providers.identity import RSA, STRANGERS, jwk
from tests.racing import race
from tests.trusted import exchange, minted, refused, trust

pytestmark = pytest.mark.django_db


def test_keys_are_asked_for_once_and_again_when_one_is_new(provider, publisher, monkeypatch):
    """It is true that a stranger who sends unknown key ids makes this server ask once a minute, not each time."""
    for _ in range(3):
        minted(provider)
    assert provider.fetched == 1
    unknown = jwt.encode(provider.github(), STRANGERS, "RS256", headers={"kid": "new"})
    for _ in range(5):
        exchange(unknown)
    assert provider.fetched == 1
    provider.keys = [*provider.keys, jwk(STRANGERS, "new")]
    _a_minute_later(provider.issuer)
    assert exchange(unknown).status_code == 200
    assert provider.fetched == 2


def _a_minute_later(issuer: str) -> None:
    cache.delete(f"oidc-asked:{hashlib.sha256(issuer.encode()).hexdigest()}")


@pytest.mark.django_db(transaction=True)
def test_jobs_that_come_together_wait_for_the_first_ones_keys(provider, publisher):
    provider.hold = lambda: time.sleep(0.3)
    answers = race([lambda: exchange(provider.token()).status_code] * 4)
    assert answers == [200] * 4
    assert provider.fetched == 1


WRONG = {
    "another issuer": {"configuration": {"issuer": "http://127.0.0.1:1"}},
    "no keys": {"configuration": {"jwks_uri": None}},
    "keys inside this network": {"configuration": {"jwks_uri": "http://10.0.0.1/keys"}},
    "keys in a file": {"configuration": {"jwks_uri": "file:///etc/passwd"}},
    "a shared secret among the keys": {"keys": [{"kty": "oct", "k": "c2VjcmV0", "kid": "rsa"}]},
    "a weak key": {
        "keys": [jwk(identity.rsa.generate_private_key(public_exponent=65537, key_size=1024), "rsa")]
    },
    "a key for encryption": {"keys": [jwk(RSA, "rsa", use="enc")]},
    "a key for another algorithm": {"keys": [jwk(RSA, "rsa", alg="RS512")]},
    "a broken key": {"keys": [{"kty": "RSA", "kid": "rsa", "n": "!", "e": 7}, None, "x"]},
}


@pytest.mark.promise
@pytest.mark.parametrize("name", WRONG)
def test_a_provider_that_answers_wrongly_mints_nothing(provider, publisher, name):
    for what, value in WRONG[name].items():
        setattr(provider, what, value)
    refused(exchange(provider.token()), "invalid-token")


def test_a_provider_that_does_not_answer_mints_nothing(project, alice, settings):
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    cache.clear()
    trust(project, alice, "http://127.0.0.1:9")
    token = identity.IdentityProvider(server=type("Gone", (), {"url": "http://127.0.0.1:9"})()).token()
    refused(exchange(token), "invalid-token")


def test_a_provider_inside_this_network_is_not_asked(project, alice, settings):
    """It is true that an owner cannot make this server ask its own network."""
    with identity.identity_provider() as inside:
        cache.clear()
        trust(project, alice, inside.issuer)
        refused(exchange(inside.token()), "invalid-token")
        assert inside.server.asked == []
