"""It is true that a job's identity becomes an upload token once, for the projects that trust the job, and a forgery never does."""

import base64
import hashlib
import time
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent
from drafts.access.oidc import mint
from drafts.models import SpentIdentity, Token
from tests import wheels
from tests.providers import identity
from tests.providers.identity import encoded
from tests.racing import race
from tests.trusted import exchange, minted

pytestmark = pytest.mark.django_db


def test_the_audience_is_this_index(settings):
    settings.OIDC_AUDIENCE = "index.example"
    response = Client().get("/_/oidc/audience")
    assert response.json() == {"audience": "index.example"}


@pytest.mark.parametrize("path", ["/_/oidc/mint-token", "/_/oidc/github/mint-token"])
@pytest.mark.parametrize("kid", ["rsa", "ec"])
def test_an_identity_becomes_a_token_that_stages(provider, publisher, path, kid):
    response = exchange(provider.token(kid), path)
    assert response.status_code == 200, response.content
    body = response.json()
    assert set(body) == {"success", "token", "expires"}
    assert body["success"] is True
    assert body["token"].startswith("pcu_")
    assert 14 * 60 < body["expires"] - time.time() <= 15 * 60


def test_minting_is_one_event_that_says_which_run(provider, publisher):
    before = AuditEvent.objects.count()
    minted(provider)
    event = AuditEvent.objects.last()
    assert AuditEvent.objects.count() == before + 1
    assert (event.event, event.actor_kind, event.actor_id) == (
        "publisher:minted",
        "publisher",
        str(publisher.pk),
    )
    run = event.details["run"]
    assert (run["commit"], run["run"], run["workflow"]) == (identity.COMMIT, "8812", "release.yml")


def test_a_token_is_good_once(provider, publisher):
    token = provider.token()
    assert exchange(token).status_code == 200
    again = exchange(token)
    assert again.status_code == 422
    assert again.json()["errors"] == [
        {"code": "invalid-reuse-token", "description": "invalid token: already used"}
    ]


def test_a_new_signature_over_the_same_id_is_the_same_token(provider, publisher):
    claims = provider.github()
    assert exchange(provider.signed(claims)).status_code == 200
    assert exchange(provider.signed(claims, "ec")).json()["errors"][0]["code"] == "invalid-reuse-token"


def test_a_token_without_an_id_is_good_once_too(provider, publisher):
    """It is true that the other spelling of the same ES256 signature does not make it another token."""
    token = provider.token("ec", jti=None)
    assert exchange(token).status_code == 200
    head, _, tail = token.rpartition(".")
    raw = base64.urlsafe_b64decode(tail + "==")
    order = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
    other = raw[:32] + (order - int.from_bytes(raw[32:])).to_bytes(32)
    assert exchange(f"{head}.{encoded(other)}").json()["errors"][0]["code"] == "invalid-reuse-token"


@pytest.mark.promise
@pytest.mark.django_db(transaction=True)
def test_of_many_exchanges_at_one_moment_one_mints(provider, publisher):
    token = provider.token()
    answers = race([lambda: exchange(token).status_code] * 6)
    assert sorted(answers) == [200, 422, 422, 422, 422, 422]
    assert Token.objects.count() == 1


def test_a_spent_identity_is_kept_until_it_would_be_refused_as_expired(provider, publisher):
    minted(provider)
    row = SpentIdentity.objects.get()
    assert row.until >= timezone.now() + timedelta(seconds=300)
    assert mint.forget_spent() == 0
    SpentIdentity.objects.update(until=timezone.now() - timedelta(seconds=31))
    assert mint.forget_spent() == 1


def test_where_identities_are_exchanged_can_be_discovered(settings):
    """It is true that both drafts of PEP 807 find it: the path in the query, and its digest in the address."""
    key = hashlib.sha256(b"/legacy/").hexdigest()
    for path in ("/.well-known/pytp", "/.well-known/pytp?discover=%2Flegacy%2F", f"/.well-known/pytp/{key}"):
        response = Client().get(path)
        assert response.status_code == 200
        assert response["Content-Type"] == "application/vnd.pypi.pytp.v1+json"
        assert response.json()["token-mint-endpoint"] == f"{settings.PRESSCHECK_URL}/_/oidc/mint-token"
        assert response.json()["audience-endpoint"] == f"{settings.PRESSCHECK_URL}/_/oidc/audience"
    for path in ("/.well-known/pytp?discover=%2Fother%2F", "/.well-known/pytp/" + "0" * 64):
        assert Client().get(path).status_code == 404
    assert Client().get("/.well-known/pytp", headers={"Accept": "text/html"}).status_code == 406


@pytest.mark.parametrize(
    ("path", "method"),
    [("/_/oidc/audience", "post"), ("/_/oidc/mint-token", "get"), ("/_/oidc/burn-token", "get")],
)
def test_the_wrong_method_is_405(path, method):
    assert getattr(Client(), method)(path).status_code == 405


def test_a_burnt_token_stages_nothing_more(provider, publisher):
    ci = minted(provider)
    response = exchange(ci.token, "/_/oidc/burn-token")
    assert response.status_code == 202
    assert ci.upload(wheels.wheel()).status_code == 401
    assert AuditEvent.objects.last().event == "publisher:burnt"
    assert exchange("nonsense", "/_/oidc/burn-token").status_code == 202


def test_burning_is_for_minted_tokens_alone(ci):
    """It is true that who finds an upload token in a log cannot end it this way; an owner revokes it."""
    assert exchange(ci.token, "/_/oidc/burn-token").status_code == 202
    assert ci.upload(wheels.wheel()).status_code == 200
