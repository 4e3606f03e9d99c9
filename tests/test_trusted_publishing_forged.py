"""It is true that a forged token mints nothing, and that no bytes, from strangers or from a provider, break the exchange."""

import hmac
import json
import time

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import AuditEvent
from drafts.models import SpentIdentity
from tests.providers.identity import EC, RSA, STRANGERS, encoded, jwk
from tests.trusted import audience, exchange, minted, refused

pytestmark = pytest.mark.django_db


def _hs256_with_the_public_key(provider):
    """The public key, taken for a shared secret."""
    pem = RSA.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    head = f"{encoded({'alg': 'HS256', 'kid': 'rsa', 'typ': 'JWT'})}.{encoded(provider.github())}"
    return f"{head}.{encoded(hmac.digest(pem, head.encode(), 'sha256'))}"


def _none(provider):
    return f"{encoded({'alg': 'none', 'kid': 'rsa'})}.{encoded(provider.github())}."


def _with_its_own_key(provider):
    """A key that the token brings along in its header."""
    header = {"kid": "rsa", "jwk": jwk(STRANGERS, "rsa")}
    return jwt.encode(provider.github(), STRANGERS, "RS256", headers=header)


def _claims_of_another(provider):
    head, _, tail = provider.token().split(".")
    return f"{head}.{encoded(provider.github(repository='octo/another'))}.{tail}"


def _algorithm_of_another_key(provider):
    return jwt.encode(provider.github(), EC, "ES256", headers={"kid": "rsa"})


def _now(**offsets) -> dict:
    return {name: int(time.time()) + seconds for name, seconds in offsets.items()}


FORGED = {
    "no algorithm": (_none, "invalid-token"),
    "the public key as a secret": (_hs256_with_the_public_key, "invalid-token"),
    "another algorithm of the same key": (
        lambda p: jwt.encode(p.github(), RSA, "RS512", headers={"kid": "rsa"}), "invalid-token"),
    "PSS of the same key": (lambda p: jwt.encode(p.github(), RSA, "PS256", headers={"kid": "rsa"}), "invalid-token"),
    "an algorithm of the other kind of key": (_algorithm_of_another_key, "invalid-token"),
    "an unknown key": (lambda p: jwt.encode(p.github(), STRANGERS, "RS256", headers={"kid": "new"}), "invalid-token"),
    "another key under a known id": (
        lambda p: jwt.encode(p.github(), STRANGERS, "RS256", headers={"kid": "rsa"}), "invalid-token"),
    "its own key": (_with_its_own_key, "invalid-token"),
    "no key id": (lambda p: jwt.encode(p.github(), RSA, "RS256"), "invalid-token"),
    "a key id that is no text": (
        lambda p: f"{encoded({'alg': 'RS256', 'kid': ['rsa']})}.{encoded(p.github())}.AAAA", "invalid-"),
    "a critical extension": (lambda p: p.signed(p.github(), crit=["b64"], b64=True), "invalid-"),
    "claims of another": (_claims_of_another, "invalid-token"),
    "no signature": (lambda p: p.token().rpartition(".")[0] + ".", "invalid-token"),
    "a signature cut short": (lambda p: p.token()[:-20], "invalid-"),
    "two parts": (lambda p: p.token().rpartition(".")[0], "invalid-payload"),
    "five parts": (lambda p: p.token() + ".AAAA.BBBB", "invalid-payload"),
    "no JSON": (lambda p: f"{encoded(b'{')}.{encoded(b'[')}.AAAA", "invalid-payload"),
    "an array for claims": (lambda p: f"{encoded({'alg': 'RS256', 'kid': 'rsa'})}.{encoded([])}.AAAA", "invalid-payload"),
    "nothing": (lambda p: "", "invalid-payload"),
    "deep JSON": (lambda p: f"{encoded(b'[' * 9000)}.{encoded(b'{}')}.A", "invalid-payload"),
    "too long": (lambda p: p.token(more="x" * 20_000), "invalid-payload"),
    "an issuer that nobody trusts": (lambda p: p.token(iss="http://127.0.0.1:9"), "invalid-payload"),
    "an issuer that is no text": (lambda p: _unsigned(p.github(iss=[p.issuer])), "invalid-payload"),
    "an issuer with a slash": (lambda p: p.token(iss=p.issuer + "/"), "invalid-payload"),
    "two audiences": (lambda p: p.token(aud=["another.example", audience()]), "invalid-token"),
    "a list of one audience": (lambda p: p.token(aud=[audience()]), "invalid-token"),
    "another audience": (lambda p: p.token(aud="pypi"), "invalid-token"),
    "no audience": (lambda p: p.token(aud=None), "invalid-token"),
    "expired": (lambda p: p.token(**_now(iat=-400, nbf=-400, exp=-31)), "invalid-token"),
    "not valid yet": (lambda p: p.token(**_now(nbf=40)), "invalid-token"),
    "made in the future": (lambda p: p.token(**_now(iat=40)), "invalid-token"),
    "good for two days": (lambda p: p.token(**_now(exp=2 * 86_400)), "invalid-token"),
    "good for ever": (lambda p: p.token(exp=10**18), "invalid-token"),
    "an end that is no number": (lambda p: p.token(exp="tomorrow"), "invalid-token"),
    "no end": (lambda p: p.token(exp=None), "invalid-token"),
    "no beginning": (lambda p: p.token(iat=None), "invalid-token"),
    "no subject": (lambda p: p.token(sub=None), "invalid-token"),
    "another repository": (lambda p: p.token(repository="octo/another"), "invalid-publisher"),
    "another repository with its own workflow": (
        lambda p: p.token(repository="evil/sampleproject", job_workflow_ref="evil/sampleproject/.github/workflows/release.yml@refs/tags/v1.0"),
        "invalid-publisher"),
    "another workflow": (
        lambda p: p.token(job_workflow_ref="octo/sampleproject/.github/workflows/test.yml@refs/tags/v1.0"), "invalid-publisher"),
    "a workflow whose name ends alike": (
        lambda p: p.token(job_workflow_ref="octo/sampleproject/.github/workflows/evil-release.yml@refs/tags/v1.0"), "invalid-publisher"),
    "a workflow in another case": (
        lambda p: p.token(job_workflow_ref="octo/sampleproject/.github/workflows/Release.yml@refs/tags/v1.0"), "invalid-publisher"),
    "a file of that name elsewhere": (
        lambda p: p.token(job_workflow_ref="evil/elsewhere/.github/workflows/release.yml@refs/tags/v1.0"), "invalid-publisher"),
    "the workflow at another ref": (
        lambda p: p.token(job_workflow_ref="octo/sampleproject/.github/workflows/release.yml@refs/heads/evil"), "invalid-publisher"),
    "a ref that hides a file": (
        lambda p: p.token(ref="refs/heads/x", job_workflow_ref="octo/sampleproject/.github/workflows/evil.yml@.github/workflows/release.yml@refs/heads/x"),
        "invalid-publisher"),
    "no owner's id": (lambda p: p.token(repository_owner_id=None), "invalid-publisher"),
    "no repository's id": (lambda p: p.token(repository_id=None), "invalid-publisher"),
    "a pull request": (lambda p: p.token(event_name="pull_request"), "invalid-publisher"),
    "a pull request with rights": (lambda p: p.token(event_name="pull_request_target"), "invalid-publisher"),
}  # fmt: skip


def _unsigned(claims: dict) -> str:
    return f"{encoded({'alg': 'RS256', 'kid': 'rsa'})}.{encoded(claims)}.AAAA"


@pytest.mark.promise
@pytest.mark.parametrize("name", FORGED)
def test_a_forged_or_foreign_token_mints_nothing(provider, publisher, name):
    """It is true that it is refused in words, leaves no event, and the true one still works after it."""
    forge, code = FORGED[name]
    before = AuditEvent.objects.count()
    response = exchange(forge(provider))
    found = response.json()["errors"][0]["code"]
    assert found.startswith(code)
    assert refused(response, found)
    assert AuditEvent.objects.count() == before
    assert not SpentIdentity.objects.exists()
    minted(provider)


@pytest.mark.parametrize("offsets", [{"exp": -25, "iat": -300, "nbf": -300}, {"nbf": 25}, {"iat": 25}])
def test_clocks_may_differ_by_half_a_minute(provider, publisher, offsets):
    minted(provider, **_now(**offsets))


BODIES = [b"", b"{", b"[]", b'"token"', b"null", b'{"token": 1}', b'{"token": null}', b"{}", b"\xff\xfe",
          b'{"token": "\\u00e9"}', b'{"token": "\\ud800"}', b"[" * 5000, b'{"token": "' + b"x" * 70_000 + b'"}']  # fmt: skip


@pytest.mark.parametrize("body", BODIES)
def test_a_body_that_names_no_token_is_refused(publisher, body):
    response = Client().post("/_/oidc/mint-token", body, content_type="application/json")
    refused(response, "invalid-payload")


def test_a_feature_that_there_is_not_is_refused(provider, publisher):
    refused(exchange(provider.token(), features=["single-use-token"]), "invalid-payload")
    assert exchange(provider.token(), features=["multi-use-token"]).status_code == 200


@given(
    st.one_of(
        st.binary(max_size=300), st.text(max_size=300).map(lambda text: text.encode("utf-8", "surrogatepass"))
    )
)
def test_no_bytes_break_the_exchange(body):
    """It is true that whatever a stranger posts is refused in words."""
    response = Client().post("/_/oidc/mint-token", body, content_type="application/json")
    assert response.status_code == 422


_SAID = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
_CLAIM = st.sampled_from(
    ["exp", "iat", "nbf", "iss", "aud", "sub", "jti", "repository", "job_workflow_ref", "ref", "sha", "event_name",
     "repository_owner_id", "repository_id", "environment", "run_id"]
)  # fmt: skip


@pytest.mark.django_db(transaction=True)
def test_no_signed_claims_break_the_exchange(provider, publisher):
    """It is true that a provider that says odd things is answered in words, too."""

    @given(st.dictionaries(_CLAIM, _SAID, max_size=4))
    def odd(changes):
        body = json.dumps({**provider.github(), **changes}).encode()
        head = f"{encoded({'alg': 'RS256', 'kid': 'rsa'})}.{encoded(body)}"
        from cryptography.hazmat.primitives import hashes
        from cryptography.hazmat.primitives.asymmetric import padding

        signature = RSA.sign(head.encode(), padding.PKCS1v15(), hashes.SHA256())
        assert exchange(f"{head}.{encoded(signature)}").status_code in {200, 422}

    odd()
