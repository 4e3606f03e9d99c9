"""It is true that the tools that publish without a stored secret stage here unchanged: uv, and the publish action's exchange.

The exchange is https only: nginx with a certificate of its own, and an identity provider on loopback.
"""

import json
import urllib.parse

import pytest
from django.core.cache import cache

from drafts.models import File, Token
from tests import wheels
from tests.clients import BIN
from tests.live import eventually
from tests.nginx import in_front
from tests.providers.identity import identity_provider
from tests.trusted import trust

pytestmark = [pytest.mark.clients, pytest.mark.django_db(transaction=True)]


@pytest.fixture(scope="module")
def _asking(django_db_setup, django_db_blocker):
    with in_front(PRESSCHECK_OUTBOUND_ALLOW="127.0.0.0/8", PRESSCHECK_THREADS="8") as server:
        yield server


@pytest.fixture
def fronted(_asking, transactional_db):
    """The server behind nginx, which may ask this machine's loopback."""
    cache.clear()
    return _asking


@pytest.fixture
def job(fronted, project, alice, settings):
    """The environment of a job of GitHub Actions that the project trusts."""
    settings.OIDC_AUDIENCE = fronted.host
    with identity_provider() as provider:
        trust(project, alice, provider.issuer)
        yield {
            "GITHUB_ACTIONS": "true",
            "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "job-secret",
            "ACTIONS_ID_TOKEN_REQUEST_URL": f"{provider.issuer}/token?api-version=2",
        }


def staged() -> list[tuple[str, str]]:
    return sorted((file.filename, str(file.run_claims)) for file in File.objects.live())


BUILT = [wheels.wheel(), wheels.sdist()]
STAGED = sorted((one.filename, "release.yml at 3f2c1ab, run 8812") for one in BUILT)


def written(dist) -> list[str]:
    for one in BUILT:
        (dist / one.filename).write_bytes(one.data)
    return [str(dist / one.filename) for one in BUILT]


def test_uv_publishes_as_a_trusted_publisher(fronted, tls, job, dist):
    """It is true that ``uv publish --trusted-publishing always`` works, and that the token it burns afterwards is over."""
    done = tls.run(
        *(
            str(BIN / "uv"),
            "publish",
            "--publish-url",
            f"{fronted.url}/legacy/",
            "--trusted-publishing",
            "always",
        ),
        *written(dist),
        **job,
    )
    assert done.code == 0, done.text
    assert staged() == STAGED
    assert not Token.objects.valid().exists()


def test_uv_shows_why_it_was_refused(fronted, tls, job, dist, project):
    project.publishers.update(workflow="other.yml")
    done = tls.run(
        *(
            str(BIN / "uv"),
            "publish",
            "--publish-url",
            f"{fronted.url}/legacy/",
            "--trusted-publishing",
            "always",
        ),
        *written(dist),
        **job,
    )
    assert done.code != 0
    assert "no project of this index trusts repository octo/sampleproject" in done
    assert staged() == []


# The publish action's exchange, request for request: audience, identity, the older address for GitHub, twine with the token.
ACTION = """
import json, os, sys, id, requests
from urllib.parse import urlparse
domain = urlparse(sys.argv[1]).netloc
asked = requests.get(f"https://{domain}/_/oidc/audience", timeout=10)
asked.raise_for_status()
identity = id.detect_credential(audience=asked.json()["audience"])
answer = requests.post(f"https://{domain}/_/oidc/%smint-token", json={"token": identity}, timeout=10)
if not answer.ok:
    sys.exit("; ".join(f"{error['code']}: {error['description']}" for error in answer.json()["errors"]))
print(answer.json()["token"])
"""


@pytest.mark.parametrize("alias", ["", "github/"])
def test_the_publish_actions_exchange_works(fronted, tls, job, dist, alias):
    script = dist.parent / "exchange.py"
    script.write_text(ACTION.replace("%s", alias))
    exchanged = tls.run(str(BIN / "python"), str(script), f"{fronted.url}/legacy/", **job)
    assert exchanged.code == 0, exchanged.text
    assert exchanged.text.startswith("pcu_")
    done = tls.twine(f"{fronted.url}/legacy/", exchanged.text, *written(dist))
    assert done.code == 0, done.text
    assert staged() == STAGED


def test_discovery_names_addresses_of_the_same_host(fronted):
    answer = fronted.get("/.well-known/pytp?discover=%2Flegacy%2F")
    told = json.loads(answer.body)
    hosts = {
        urllib.parse.urlsplit(told[name]).netloc for name in ("audience-endpoint", "token-mint-endpoint")
    }
    assert (answer.status, hosts) == (200, {fronted.host})
    assert json.loads(fronted.get("/_/oidc/audience").body) == {"audience": fronted.host}


def test_the_token_is_in_no_log(fronted, tls, job, dist):
    """It is true that neither nginx nor the application writes down what was exchanged, or for what."""
    script = dist.parent / "exchange.py"
    script.write_text(ACTION.replace("%s", ""))
    token = tls.run(str(BIN / "python"), str(script), f"{fronted.url}/legacy/", **job).text
    assert token.startswith("pcu_")
    eventually(lambda: "/_/oidc/mint-token" in fronted.logs())
    logs = fronted.logs() + fronted.web.log()
    assert token not in logs
    assert "eyJ" not in logs
