"""The pages of CI's runs in a browser: no fault that axe finds, light and wide, dark and narrow."""

import pytest
from django.utils import timezone

from drafts.intake.runs.outcome import ArtifactOutcome, FileOutcome, LogOutcome, Outcome
from drafts.models import CiRun, CiSource, Job, Kind, jobs
from tests import wheels
from tests.browser import open_all

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def run(project, alice, mike):
    """A run that was fetched: one file was taken, one refused, a log lost."""
    CiSource.objects.create(
        project=project, kind="github", repository="octo/sampleproject", repository_id=4711, set_by=alice
    )
    names = [wheels.wheel().filename, wheels.wheel(tag="cp312-cp312-manylinux_2_28_x86_64").filename]
    files = [FileOutcome(names[0], "added"), FileOutcome(names[1], "refused", "The wheel has no RECORD.")]
    gone = "It has expired: the provider does not have it any more. Run the workflow again."
    outcome = Outcome(
        versions=["1.0"],
        artifacts=[ArtifactOutcome("wheels-linux", 8812, "", files), ArtifactOutcome("wheels-mac", 7, gone)],
        logs=[LogOutcome("build (linux)", "read", 2), LogOutcome("test", "silent")],
        distrust="The run was started by the event pull_request, not by a push or release.",
    )
    return CiRun.objects.create(
        project=project,
        kind="github",
        repository="octo/sampleproject",
        number=8812,
        asked_by=mike,
        state="done",
        ended_at=timezone.now(),
        outcome=outcome.values,
        commit="3f2c1ab" + "0" * 33,
        branch="main",
        event="pull_request",
        workflow=".github/workflows/release.yml",
        attempt=2,
        run_state="failed",
    )


def test_a_run(look, run, mike):
    page = look(f"/projects/sampleproject/runs/{run.pk}/", user=mike)
    assert page.locator("#run-verdict").inner_text().startswith("Files: 1 added, 1 refused.")


def test_a_run_that_waits_for_a_choice(look, run, mike):
    CiRun.objects.update(state="choose", outcome={"versions": ["1.0", "1.1"]})
    page = look(f"/projects/sampleproject/runs/{run.pk}/", user=mike)
    assert page.get_by_role("button", name="Stage the files of this version").is_visible()


def test_a_run_that_is_fetched_shows_how_far_it_is(look, run, mike):
    """It is true that the page follows the job without being loaded again, and stops when it has ended."""
    CiRun.objects.update(state="fetching", ended_at=None, outcome={})
    job = jobs.enqueue(kind=Kind.FETCH_RUN, subject=run.subject)
    Job.objects.update(done=12_000_000, total=214_000_000)
    page = look(f"/projects/sampleproject/runs/{run.pk}/", user=mike)
    page.get_by_text("12.0 MB of 214 MB downloaded").wait_for()
    Job.objects.filter(pk=job.pk).update(done=100_000_000)
    page.get_by_text("100 MB of 214 MB downloaded").wait_for()
    CiRun.objects.update(state="failed", error="GitHub knows nothing of it.", ended_at=timezone.now())
    page.get_by_text("GitHub knows nothing of it.").wait_for()
    assert page.locator("[hx-trigger]").count() == 0


def test_where_ci_runs(look, run, alice):
    page = look("/projects/sampleproject/ci/", user=alice)
    assert page.get_by_text("The connection is being tested").is_visible()
    look("/projects/sampleproject/", user=alice, prepare=open_all)
