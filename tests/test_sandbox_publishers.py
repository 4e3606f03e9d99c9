"""Trusted publishers of sandboxes: anybody makes a sandbox and names any repository there, and learns nothing by it."""

import pytest

from accounts.models import AuditEvent
from drafts.models import Publisher, Token
from tests.sandboxed import sandbox_of
from tests.trusted import exchange, minted, trust

THIRD = "octo/sampleproject/.github/workflows/third.yml@refs/tags/v1.0"
pytestmark = [pytest.mark.django_db, pytest.mark.promise]


@pytest.fixture
def eve(charlie):
    """Somebody who may sign in, and has a role on no project."""
    return charlie


def of_sandboxes() -> tuple[int, int, int]:
    """How much sandboxes heard: secrets, events of minting, and refusals that their owners read."""
    return (
        Token.objects.filter(project__space="sandbox").count(),
        AuditEvent.objects.filter(event="publisher:minted", on_label__startswith="sandbox").count(),
        Publisher.objects.filter(project__space="sandbox").exclude(refused_why="").count(),
    )


def test_a_job_that_a_project_of_the_index_trusts_mints_for_no_sandbox(publisher, provider, eve):
    trust(sandbox_of(eve), eve, provider.issuer)
    assert minted(provider).token
    assert Token.objects.get().project == publisher.project
    assert of_sandboxes() == (0, 0, 0)


@pytest.mark.parametrize("workflow", ["release.yml", "other.yml"])
def test_no_sandbox_reads_why_a_job_of_the_index_was_refused(publisher, provider, eve, workflow):
    trust(sandbox_of(eve), eve, provider.issuer, workflow=workflow)
    publisher.refresh_from_db()
    assert exchange(provider.token(job_workflow_ref=THIRD)).status_code == 422
    assert of_sandboxes() == (0, 0, 0)
    publisher.refresh_from_db()
    assert publisher.refused_why


def test_a_job_that_only_a_sandbox_names_mints_for_it(provider, eve):
    """It is true that trusted publishing can be tried, and that its owner reads what is wrong."""
    sandbox = sandbox_of(eve)
    trust(sandbox, eve, provider.issuer)
    assert minted(provider).token
    assert Token.objects.get().project == sandbox
    assert exchange(provider.token(job_workflow_ref=THIRD)).status_code == 422
    assert of_sandboxes()[2] == 1
