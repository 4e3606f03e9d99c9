"""A trusted publisher's run stages files: its own logs come by themselves, once its jobs ended."""

import pytest
from django.utils import timezone

from accounts.models import AuditEvent
from drafts.evidence.compare import Rank
from drafts.models import CiRun, CiSource, FetchState, Job, Kind
from tests.conftest import do_jobs, draft_url
from tests.followed import SDIST, WHEEL, ask_again_now, stage, verdict
from tests.pressing import browser_of
from tests.providers import github as hubs

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("trusted_there")]


@pytest.mark.promise
def test_the_run_that_staged_files_is_read_by_itself(server, hub, source, mikes):
    draft = stage(server, WHEEL, SDIST)
    assert verdict(draft) == verdict(draft, SDIST) == ("match", Rank.FETCHED)
    assert CiRun.objects.get().state == FetchState.DONE
    page = mikes.get(draft_url(draft)).content.decode()
    assert "2 of 2 files match what CI logged in run 8812 (fetched by Presscheck)" in page
    assert AuditEvent.objects.filter(event="run:fetched").count() == 1


def test_two_files_of_one_run_are_one_fetch(server, hub, source):
    stage(server, WHEEL, SDIST)
    assert CiRun.objects.count() == Job.objects.filter(kind=Kind.FETCH_RUN).count() == 1


def test_a_server_that_needs_no_token_is_asked_without_one(server, hub):
    """It is true of a public repository on a server of one's own: its address comes from the publisher's issuer."""
    draft = stage(server, WHEEL)
    assert verdict(draft) == ("match", Rank.FETCHED)
    assert not any("authorization" in one.headers for one in hub.api.asked)


def test_the_token_goes_to_no_other_repository(server, hub, source):
    """It is true that what was given for one repository is not sent where another publisher's run is asked for."""
    CiSource.objects.update(repository="octo/elsewhere")
    stage(server, WHEEL)
    assert server.asked
    assert not any("authorization" in one.headers for one in hub.api.asked)


@pytest.mark.state
def test_a_run_that_goes_on_is_waited_for(server, hub, source, mikes):
    hub.run, hub.running = {"status": "in_progress", "conclusion": None}, {"publish"}
    draft = stage(server, WHEEL)
    run = CiRun.objects.get()
    assert (run.state, run.error) == (FetchState.FETCHING, "Waiting for run 8812 to end.")
    assert Job.objects.get(kind=Kind.FETCH_RUN).not_before > timezone.now()
    assert "Waiting for run 8812 to end." in mikes.get(draft_url(draft)).content.decode()
    assert (
        "Waiting for run 8812 to end."
        in mikes.get(f"/projects/sampleproject/runs/{run.pk}/").content.decode()
    )
    hub.run, hub.running = {}, set()
    ask_again_now()
    assert verdict(draft) == ("match", Rank.FETCHED)
    assert "Waiting for" not in mikes.get(draft_url(draft)).content.decode()


@pytest.mark.state
def test_logs_of_jobs_that_ended_are_there_while_others_go_on(server, hub, source):
    """It is true that named evidence jobs count at once: a job that waits for the decision keeps nothing back."""
    CiSource.objects.update(evidence_jobs=["build"])
    hub.run, hub.running = {"status": "in_progress"}, {"publish"}
    draft = stage(server, WHEEL)
    assert verdict(draft) == ("match", Rank.FETCHED)
    assert CiRun.objects.get().state == FetchState.FETCHING


def test_while_nothing_new_ended_nothing_is_read_again(server, hub, source):
    hub.run, hub.running = {"status": "in_progress"}, {"publish"}
    stage(server, WHEEL)
    read = len([path for path in server.asked if path.endswith("/logs")])
    ask_again_now()
    assert len([path for path in server.asked if path.endswith("/logs")]) == read == 1


def test_a_run_that_never_ends_is_let_go_after_a_day(server, hub, source):
    hub.run, hub.running = {"status": "in_progress"}, {"publish"}
    stage(server, WHEEL)
    CiRun.objects.update(asked_at=timezone.now() - timezone.timedelta(hours=25))
    ask_again_now()
    assert CiRun.objects.get().state == FetchState.DONE
    assert not Job.objects.live().filter(kind=Kind.FETCH_RUN).exists()


def test_a_skipped_job_takes_nothing_away(server, hub, source):
    """It is true that a job without a log because it never ran does not leave the others without a word."""
    hub.logs["docs"], hub.skipped = None, {"docs"}
    assert verdict(stage(server, WHEEL)) == ("match", Rank.FETCHED)


def test_a_log_that_is_gone_is_said_to_be(server, hub, source, mikes):
    hub.logs = {"build": None, "publish": None}
    draft = stage(server, WHEEL)
    assert "GitHub knows nothing of the log of the job build" in mikes.get(draft_url(draft)).content.decode()


def test_a_server_that_wants_a_token_says_where_to_set_it(server, hub, mikes):
    hub.token = hubs.TOKEN
    draft = stage(server, WHEEL)
    run = CiRun.objects.get()
    assert run.state == FetchState.FAILED
    assert "an owner can set where CI runs" in run.error
    assert "an owner can set where CI runs" in mikes.get(draft_url(draft)).content.decode()


@pytest.mark.state
def test_once_there_is_a_token_it_is_fetched_again(server, hub, project, alice, rita, request):
    hub.token = hubs.TOKEN
    draft = stage(server, WHEEL)
    request.getfixturevalue("source")
    run = CiRun.objects.get()
    response = browser_of(rita).post(f"/projects/sampleproject/runs/{run.pk}/again/")
    assert response.status_code == 302
    do_jobs()
    assert verdict(draft) == ("match", Rank.FETCHED)
    assert AuditEvent.objects.get(event="run:asked").actor_id == str(rita.pk)
