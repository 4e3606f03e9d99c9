"""Whose repository a trusted publisher is: asked of the provider when it is added, else learned at its first use."""

import pytest
from django.test import Client

from accounts.models import AuditEvent
from drafts import secrets
from drafts.models import CiSource, Job, Kind, Publisher, jobs
from tests.conftest import do_jobs
from tests.providers import github, gitlab
from tests.trusted import trust

pytestmark = [pytest.mark.django_db, pytest.mark.state]


@pytest.fixture
def hub(settings):
    """GitHub's API, which answers whoever asks."""
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    with github.github() as double:
        double.token = ""
        settings.GITHUB_API = double.url
        yield double


def ids(row: Publisher) -> tuple[str, str]:
    row.refresh_from_db()
    return row.owner_id, row.repository_id


def shown(alice) -> str:
    client = Client()
    client.force_login(alice)
    return " ".join(client.get("/projects/sampleproject/").content.decode().split())


def test_the_ids_are_asked_for_when_it_is_added(project, alice, hub):
    """It is true that they are on record, and that from then on another owner of the name is another one."""
    row = trust(project, alice, "")
    assert ids(row) == ("", "")
    do_jobs()
    assert ids(row) == ("815", "4711")
    event = AuditEvent.objects.get(event="publisher:identified")
    assert event.details == {"owner_id": "815", "repository_id": "4711"}
    assert "ids: owner 815, repository 4711" in shown(alice)


def test_gitlab_is_asked_for_project_and_namespace(project, alice, settings):
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    with gitlab.gitlab() as lab:
        lab.token, settings.GITLAB_API = "", lab.url
        row = trust(
            project, alice, "", kind="gitlab", repository="group/sub/sampleproject", workflow=".gitlab-ci.yml"
        )
        do_jobs()
        assert ids(row) == ("77", str(lab.project_id))


def test_a_private_repository_is_read_with_the_token_of_its_ci(project, alice, hub):
    """It is true that the token which an owner gave for this repository is used, and without it nothing is known."""
    hub.token = github.TOKEN
    row = trust(project, alice, "")
    do_jobs()
    assert ids(row) == ("", "")
    assert "The first run that matches says the ids." in shown(alice)
    assert Job.objects.get(kind=Kind.FIND_OWNER).state == "done"
    CiSource.objects.create(
        project=project,
        kind="github",
        repository="octo/sampleproject",
        token_sealed=secrets.seal_ci_token(github.TOKEN),
        set_by=alice,
    )
    jobs.enqueue(kind=Kind.FIND_OWNER, subject=f"publisher:{row.pk}")
    do_jobs()
    assert ids(row) == ("815", "4711")


def test_a_provider_that_is_away_is_asked_again_and_harms_nothing(project, alice, hub):
    """It is true that the publisher is trusted all the while, and says in words why its ids are not known."""
    hub.refuse = [(503, {})]
    row = trust(project, alice, "")
    do_jobs()
    assert (ids(row), row.removed_at) == (("", ""), None)
    job = Job.objects.get(kind=Kind.FIND_OWNER)
    assert (job.state, job.failures) == ("waiting", 0)
    assert "The first run that matches says the ids." in shown(alice)
    Job.objects.update(not_before="2020-01-01T00:00:00Z")
    do_jobs()
    assert ids(row) == ("815", "4711")


def test_what_a_run_said_first_stays(project, alice, hub):
    """It is true that an answer which comes late, or for another repository of the name, changes no id."""
    row = trust(project, alice, "")
    Publisher.objects.filter(pk=row.pk).update(owner_id="1", repository_id="2")
    do_jobs()
    assert ids(row) == ("1", "2")
    assert not AuditEvent.objects.filter(event="publisher:identified").exists()


def test_an_id_that_an_owner_typed_is_compared(project, alice, hub):
    row = trust(project, alice, "", owner_id="99")
    do_jobs()
    assert ids(row) == ("99", "")
    assert "has the owner id 815 at the provider: its runs are refused" in shown(alice)


def test_a_server_of_ones_own_is_not_asked(project, alice, hub):
    trust(project, alice, "http://127.0.0.1:9")
    assert not Job.objects.filter(kind=Kind.FIND_OWNER).exists()
    assert not CiSource.objects.exists()
