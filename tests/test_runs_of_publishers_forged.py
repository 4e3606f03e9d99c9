"""What the logs of a trusted publisher's run prove: attempts to have another run, job or publisher speak for a file."""

import pytest
from django.utils import timezone

from accounts.audit import Actor
from drafts.access.projects import create
from drafts.evidence.compare import Rank
from drafts.intake.runs import ask as runs
from drafts.models import CiRun, Draft, EvidenceLog, FetchState, Publisher
from tests import wheels
from tests.conftest import do_jobs, draft_url
from tests.followed import SDIST, TAMPERED, WHEEL, says, stage, verdict
from tests.trusted import trust

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("trusted_there")]


@pytest.mark.promise
def test_a_job_that_staged_a_file_speaks_of_it_and_of_no_other(server, hub, source):
    """It is true that the staging job's lines count for what it staged, where the identity names the job."""
    hub.artifacts, hub.made_by = {}, {}
    hub.logs = {"build": says(WHEEL), "publish": says(WHEEL, SDIST)}
    ci = server.mint(check_run_id="901")
    ci.upload(WHEEL)
    server.mint(check_run_id="900").upload(SDIST)
    do_jobs()
    draft = Draft.objects.get()
    assert verdict(draft) == ("match", Rank.FETCHED)
    assert verdict(draft, SDIST) == ("match", Rank.PASTED)


@pytest.mark.promise
def test_a_newer_run_takes_the_place_of_the_one_before(server, hub, source):
    """It is true that a wheel which was built again ends green, and the old log stays listed."""
    draft = stage(server, WHEEL)
    newer = wheels.wheel(salt="built again")
    hub.number, hub.logs = 8813, {"build": says(newer), "publish": b""}
    hub.artifacts = {}
    hub.add("dist", newer)
    stage(server, newer)
    assert verdict(draft) == ("match", Rank.FETCHED)
    assert EvidenceLog.objects.count() == CiRun.objects.count() == 2


def test_a_log_that_names_other_files_leaves_this_one_missing(server, hub, source):
    hub.logs["build"] = says(SDIST)
    draft = stage(server, WHEEL)
    assert verdict(draft) == ("missing", None)


@pytest.mark.promise
def test_what_was_tampered_with_after_the_build_is_red(server, hub, source, mikes):
    draft = stage(server, TAMPERED)
    assert verdict(draft) == ("mismatch", Rank.FETCHED)
    page = mikes.get(draft_url(draft)).content.decode()
    assert 'data-blocker="evidence-mismatch"' in page


# What the provider says of the run otherwise than its identity provider did; and a word of the reason.
FORGED = {
    "a run of another commit": ({"head_sha": "9" * 40}, "built 9999999"),
    "a commit of a fork": ({"head_repository": {"id": 12}}, "fork"),
    "a pull request": ({"event": "pull_request"}, "pull_request"),
    "another workflow": ({"path": ".github/workflows/test.yml"}, "test.yml"),
    "another attempt": ({"run_attempt": 2}, "attempt 2"),
}


@pytest.mark.promise
@pytest.mark.parametrize(("told", "reason"), FORGED.values(), ids=FORGED.keys())
def test_a_run_that_is_not_what_was_claimed_proves_nothing(told, reason, server, hub, source, mikes):
    hub.run = told
    draft = stage(server, WHEEL)
    assert verdict(draft)[1] == Rank.SELF
    log = EvidenceLog.objects.get()
    assert (log.added_by_run, log.added_by_token.publisher) == (None, Publisher.objects.get())
    assert reason in mikes.get(draft_url(draft)).content.decode()


@pytest.mark.promise
def test_a_run_of_another_repository_of_the_name_is_not_read(server, hub, source):
    draft = stage(server, WHEEL, repository_id="4711")
    EvidenceLog.objects.all().delete()
    hub.repository_id = 666
    CiRun.objects.update(state=FetchState.FAILED, error="x")
    ci = server.mint(repository_id="4711")
    ci.upload(SDIST)
    do_jobs()
    assert "belongs to another repository now" in CiRun.objects.get().error
    assert verdict(draft) == ("none", None)


@pytest.mark.promise
def test_a_run_that_there_is_not_in_the_repository_is_not_read(server, hub, source):
    """It is true that a claimed number is asked for in the publisher's repository alone."""
    draft = stage(server, WHEEL, run_id="9999")
    assert CiRun.objects.get().state == FetchState.FAILED
    assert all("/repos/octo/sampleproject/" in path for path in server.asked)
    assert verdict(draft) == ("none", None)


@pytest.mark.promise
def test_a_publisher_of_another_project_brings_this_one_nothing(server, hub, source, alice, charlie, ci):
    """It is true that the run which stages for another project is read for that project's draft alone."""
    other = create(name="another", by=Actor.system("tests"), owner=charlie.email)
    Publisher.objects.all().delete()
    trust(other, charlie, server.identities.issuer)
    assert ci.upload(WHEEL).status_code == 200
    there = wheels.wheel(name="another")
    hub.logs["build"] = says(WHEEL, there)
    server.mint().upload(there)
    hub.token = ""
    do_jobs()
    assert verdict(Draft.objects.get(project__name="sampleproject")) == ("none", None)
    assert CiRun.objects.get().project == other


@pytest.mark.promise
def test_a_publisher_that_was_removed_is_not_believed(server, hub, source):
    ci = server.mint()
    ci.upload(WHEEL)
    Publisher.objects.update(removed_at=timezone.now())
    do_jobs()
    assert "was removed" in CiRun.objects.get().error
    assert not server.asked


def test_a_draft_that_ended_meanwhile_gets_no_logs(server, hub, source):
    server.mint().upload(WHEEL)
    Draft.objects.update(state="canceled", ended_at=timezone.now())
    do_jobs()
    assert CiRun.objects.get().error == "Nothing that the run staged is in a draft any more."


@pytest.mark.promise
def test_a_run_of_another_commit_that_somebody_names_is_red(server, hub, source, mike, mikes):
    """It is true that a file's claims say which commit it was built from, and another's run proves no more than a paste."""
    hub.logs["build"] = says(SDIST)
    draft = stage(server, WHEEL)
    hub.number, hub.run, hub.logs["build"] = 9000, {"head_sha": "9" * 40}, says(WHEEL)
    who = {"user": mike, "by": Actor.person(mike)}
    runs.ask(project=source.project, text="9000", version="1.0", takes_files=False, **who)
    do_jobs()
    assert verdict(draft) == ("match", Rank.PASTED)
    page = mikes.get(draft_url(draft)).content.decode()
    assert "The run built another commit: 9999999. Files of this draft were built from 3f2c1ab." in page


def test_a_choice_that_a_person_has_to_make_is_left_to_them(server, hub, source, mike):
    """It is true that a file which comes meanwhile does not take a run away that waits for an answer."""
    run = {
        "number": 8812,
        "state": "choose",
        "ended_at": timezone.now(),
        "outcome": {"versions": ["1.0", "1.1"]},
    }
    CiRun.objects.create(
        project=source.project, kind="github", repository="octo/sampleproject", asked_by=mike, **run
    )
    stage(server, WHEEL)
    row = CiRun.objects.get()
    assert (row.state, row.asked_by) == (FetchState.CHOOSE, mike)
