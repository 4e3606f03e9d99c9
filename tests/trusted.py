"""Things for tests of trusted publishing: a provider on loopback, publishers that projects trust, minted tokens."""

import json

import pytest
from django.conf import settings
from django.core.cache import cache
from django.test import Client

from accounts.audit import Actor
from drafts.access import publishers
from drafts.access.publishers import Wanted
from drafts.models import Project, Publisher, Token
from tests.conftest import Ci
from tests.proofs import proof_of
from tests.providers.identity import IdentityProvider, identity_provider


@pytest.fixture
def provider(settings):
    """An identity provider that this server may ask."""
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    cache.clear()
    with identity_provider() as double:
        yield double


def trust(project: Project, owner, issuer: str, **changes) -> Publisher:
    """Let a project trust release.yml of octo/sampleproject."""
    told = {"kind": "github", "repository": "octo/sampleproject", "workflow": "release.yml", "issuer": issuer}
    return publishers.add(
        project=project,
        wanted=Wanted(**{**told, **changes}),
        by=Actor.person(owner),
        proof=proof_of(owner, publishers.add_purpose(project)),
    )


@pytest.fixture
def publisher(project, alice, provider) -> Publisher:
    """What the project trusts."""
    return trust(project, alice, provider.issuer)


def exchange(token: str, path: str = "/_/oidc/mint-token", **body):
    """Post an identity token as CI does."""
    return Client().post(path, json.dumps({"token": token, **body}), content_type="application/json")


def audience() -> str:
    """For whom identity tokens must be made."""
    return settings.OIDC_AUDIENCE


def refused(response, code: str) -> str:
    """Check that this is a refusal in the public index's shape; returns the words."""
    assert response.status_code == 422, response.content
    body = response.json()
    assert set(body) == {"message", "errors"}
    assert body["message"] == "Token request failed"
    (error,) = body["errors"]
    assert set(error) == {"code", "description"}
    assert error["code"] == code, error
    assert not Token.objects.exists()
    return error["description"]


def minted(provider: IdentityProvider, **claims) -> Ci:
    """The upload token that a run gets."""
    response = exchange(provider.token(**claims))
    assert response.status_code == 200, response.content
    return Ci(response.json()["token"], None)
