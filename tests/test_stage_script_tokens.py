"""Which token ``stage.py`` shows to whom: minted ones, anew when they end, and read tokens where the index is private."""

import json
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.utils import timezone

from accounts.audit import Actor
from drafts.access import tokens
from drafts.access.projects import create
from drafts.models import Draft, File, Token, TokenKind
from tests.conftest import publish
from tests.nginx import in_front
from tests.providers.identity import identity_provider
from tests.scripted import SCRIPT, digests
from tests.trusted import trust

pytestmark = [pytest.mark.clients, pytest.mark.django_db(transaction=True)]
SYSTEM = Actor.system("tests")


@pytest.fixture(scope="module")
def _private(django_db_setup, django_db_blocker):
    with in_front(
        PRESSCHECK_PRIVATE="1", PRESSCHECK_OUTBOUND_ALLOW="127.0.0.0/8", PRESSCHECK_THREADS="8"
    ) as server:
        yield server


@pytest.fixture
def fronted(_private, transactional_db):
    """A private index behind nginx, which may ask this machine's loopback."""
    cache.clear()
    return _private


@pytest.fixture
def provider(fronted, project, alice, settings):
    """Who says which job this is: one that the project trusts."""
    settings.OIDC_AUDIENCE = fronted.host
    with identity_provider() as double:
        trust(project, alice, double.issuer)
        yield double


@pytest.fixture
def github(provider):
    """The environment of such a job at GitHub, which may ask for its identity as often as it likes."""
    return {
        "GITHUB_ACTIONS": "true",
        "ACTIONS_ID_TOKEN_REQUEST_TOKEN": "job-secret",
        "ACTIONS_ID_TOKEN_REQUEST_URL": f"{provider.issuer}/token?api-version=2",
    }


@pytest.fixture
def script(tls):
    """Run the script as a client that trusts the certificate."""

    def running(*arguments, **variables):
        return tls.run("python3", str(SCRIPT), *map(str, arguments), **variables)

    return running


def end_tokens() -> None:
    Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))


def session(fronted) -> str:
    return f"{fronted.url}/upload/{Draft.objects.get().handle}/"


def test_a_trusted_job_needs_no_secret_and_goes_on_when_its_token_ended(
    script, fronted, github, built_dist, tmp_path, mike
):
    """It is true that staging mints a token, and that waiting mints another one, which is masked, too."""
    said = script("--index", fronted.url, built_dist / "*", **github)
    assert said.code == 0, said.text
    assert dict(File.objects.live().values_list("filename", "sha256")) == digests(built_dist)
    (first,) = [word for word in said.text.split() if "pcu_" in word]
    assert first.startswith("::add-mask::pcu_")
    publish(Draft.objects.get(), mike)
    end_tokens()
    token = first.removeprefix("::add-mask::")
    said = script("wait", "--session", session(fronted), PRESSCHECK_TOKEN=token, **github)
    assert said.code == 0, said.text
    assert "The token that was given is not valid any more: this job's identity was exchanged" in said
    assert said.text.count("::add-mask::pcu_") == 2
    assert Token.objects.valid().count() == 1


def test_a_job_that_is_not_trusted_is_told_what_it_is(script, fronted, github, project, built_dist):
    project.publishers.update(workflow="other.yml")
    said = script("--index", fronted.url, built_dist / "*", **github)
    assert said.code == 1, said.text
    assert "This job's identity was not exchanged for an upload token: " in said
    assert "no project of this index trusts repository octo/sampleproject" in said
    assert not File.objects.exists()


def test_an_identity_in_a_variable_is_good_once(script, fronted, provider, built_dist):
    """It is true that a GitLab job stages with it, and that without another one a second command is refused in words."""
    variable = f"{fronted.host.upper().replace(':', '_')}_ID_TOKEN"
    identity = {variable: provider.token(aud=fronted.host)}
    said = script("--index", fronted.url, built_dist / "*", **identity)
    assert said.code == 0, said.text
    assert "pcu_" not in said
    said = script("wait", "--session", session(fronted), **identity)
    assert said.code == 1, said.text
    assert "already used" in said


def test_a_variable_for_somebody_else_is_no_token(script, fronted, built_dist):
    said = script("--index", fronted.url, built_dist / "*", ELSEWHERE_ID_TOKEN="eyJ")
    assert (said.code, "There is no upload token: set PRESSCHECK_TOKEN" in said) == (2, True), said.text


@pytest.fixture
def published(script, fronted, ci, built_dist, mike):
    """Staged by a job and published, on a private index; the words to fetch it with."""
    assert script("--index", fronted.url, built_dist / "*", PRESSCHECK_TOKEN=ci.token).code == 0
    publish(Draft.objects.get(), mike)
    return ("fetch", "--session", session(fronted))


def reading(project) -> str:
    return tokens.make(project=project, kind=TokenKind.READ, by=SYSTEM)[1]


@pytest.mark.promise
def test_what_was_published_on_a_private_index_is_fetched_with_a_read_token(
    script, published, ci, project, built_dist, tmp_path
):
    told = {"PRESSCHECK_TOKEN": ci.token, "PRESSCHECK_READ_TOKEN": reading(project), "GITHUB_ACTIONS": "1"}
    said = script(*published, "--into", tmp_path / "got", "--receipt", tmp_path / "receipt", **told)
    assert said.code == 0, said.text
    assert digests(tmp_path / "got") == digests(built_dist)
    receipt = json.loads((tmp_path / "receipt").read_text())
    assert {file["filename"]: file["sha256"] for file in receipt["files"]} == digests(built_dist)
    assert [word for word in said.text.split() if "pcr_" in word] == [
        f"::add-mask::{told['PRESSCHECK_READ_TOKEN']}"
    ]


@pytest.mark.promise
def test_an_upload_token_alone_fetches_nothing_from_a_private_index(script, published, ci, alice, tmp_path):
    """It is true that the words say what to set, and, where what was set does not read this project, that it does not."""
    other = reading(create(name="other", by=SYSTEM, owner=alice.email))
    for reader, words in {
        "": "an upload token reads nothing that is published. Nothing was fetched: set PRESSCHECK_READ_TOKEN",
        other: "The token in PRESSCHECK_READ_TOKEN does not read sampleproject",
        ci.token: "The token in PRESSCHECK_READ_TOKEN does not read sampleproject",
    }.items():
        told = {"PRESSCHECK_TOKEN": ci.token, "PRESSCHECK_READ_TOKEN": reader}
        said = script(*published, "--into", tmp_path / "got", **told)
        assert (said.code, words in said) == (1, True), said.text
        assert not list(tmp_path.glob("got/*"))
