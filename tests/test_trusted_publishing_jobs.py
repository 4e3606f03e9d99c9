"""It is true that a trusted job is known by ids, exact file, ref and environment, or by exact claims, and no other job is it."""

import pytest

from drafts.models import Token
from tests.providers import identity
from tests.trusted import audience, exchange, minted, refused, trust

pytestmark = pytest.mark.django_db


@pytest.mark.promise
@pytest.mark.parametrize("changed", [{"repository_owner_id": "100"}, {"repository_id": "4712"}])
def test_another_owner_of_the_same_name_is_refused(provider, publisher, changed):
    """It is true that once a run was seen, its owner's and its repository's ids are fixed."""
    minted(provider)
    publisher.refresh_from_db()
    assert (publisher.owner_id, publisher.repository_id) == ("99", "4711")
    Token.objects.all().delete()
    refused(exchange(provider.token(**changed)), "invalid-publisher")
    publisher.refresh_from_db()
    assert "id is another one" in publisher.refused_why


@pytest.mark.parametrize("given", [{"owner_id": "100"}, {"repository_id": "4712"}])
def test_ids_that_an_owner_typed_hold_from_the_start(provider, project, alice, given):
    trust(project, alice, provider.issuer, **given)
    refused(exchange(provider.token()), "invalid-publisher")


ENVIRONMENTS = [("release", "release", True), ("release", "Release", True), ("release", None, False),
                ("release", "test", False), ("", None, True), ("", "anything", True)]  # fmt: skip


@pytest.mark.parametrize(("trusted", "said", "mints"), ENVIRONMENTS)
def test_an_environment_that_is_named_must_be_the_runs(provider, project, alice, trusted, said, mints):
    trust(project, alice, provider.issuer, environment=trusted)
    response = exchange(provider.token(environment=said))
    assert (response.status_code == 200) is mints


def test_names_of_repositories_have_no_case(provider, publisher):
    path = "Octo/SampleProject/.github/workflows/release.yml@refs/tags/v1.0"
    minted(provider, repository="Octo/SampleProject", job_workflow_ref=path)


def test_a_run_without_a_ref_is_known_by_its_commit(provider, publisher):
    path = f"octo/sampleproject/.github/workflows/release.yml@{identity.COMMIT}"
    minted(provider, ref=None, job_workflow_ref=path)


GITLAB = {
    "a push": ({}, 200),
    "a merge request": ({"pipeline_source": "merge_request_event"}, 422),
    "a stranger's pull request": ({"pipeline_source": "external_pull_request_event"}, 422),
    "another project": ({"project_path": "group/another"}, 422),
    "another namespace": ({"namespace_id": "8"}, 422),
    "another file": ({"ci_config_ref_uri": "HOST/group/sampleproject//evil.yml@refs/tags/v1.0"}, 422),
    "a file of another project": ({"ci_config_ref_uri": "HOST/group/evil//.gitlab-ci.yml@refs/tags/v1.0"}, 422),
    "a file of another host": ({"ci_config_ref_uri": "evil.example/group/sampleproject//.gitlab-ci.yml@refs/tags/v1.0"}, 422),
    "another ref": ({"ci_config_ref_uri": "HOST/group/sampleproject//.gitlab-ci.yml@refs/heads/evil"}, 422),
    "no file": ({"ci_config_ref_uri": None}, 422),
}  # fmt: skip


@pytest.mark.parametrize("name", GITLAB)
def test_gitlabs_jobs_are_known_by_project_file_and_ids(provider, project, alice, name):
    trust(project, alice, provider.issuer, kind="gitlab", repository="group/sampleproject",
          workflow=".gitlab-ci.yml", owner_id="7")  # fmt: skip
    changes, status = GITLAB[name]
    host = provider.issuer.partition("//")[2]
    spelled = {k: v.replace("HOST", host) if v else v for k, v in changes.items()}
    assert exchange(provider.signed(provider.gitlab(**spelled))).status_code == status


RULES = [({"sub": "job:7"}, {}, 200), ({"sub": "job:7"}, {"sub": "job:70"}, 422), ({"sub": "job:7"}, {"sub": "job:"}, 422),
         ({"sub": "job:7", "team": "build"}, {"team": "build"}, 200), ({"sub": "job:7", "team": "build"}, {}, 422),
         ({"sub": "job:7", "team": "build"}, {"team": ["build"]}, 422), ({"sub": "job:7", "verified": "true"}, {"verified": True}, 200),
         ({"sub": "job:7", "verified": "true"}, {"verified": 1}, 422), ({"sub": "job:7"}, {"event_name": "pull_request_target"}, 422)]  # fmt: skip


@pytest.mark.parametrize(("rules", "claims", "status"), RULES)
def test_other_issuers_are_known_by_exact_claims(provider, project, alice, rules, claims, status):
    trust(project, alice, provider.issuer, kind="oidc", repository="", workflow="", rules=rules)
    said = {"iss": provider.issuer, "aud": audience(), "sub": "job:7", **provider.times(), **claims}
    assert exchange(provider.signed(said)).status_code == status
