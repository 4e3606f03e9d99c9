"""What a fetched log proves: attempts to forge a line, by a job, a run, a commit or a name, and what comes of them."""

import pytest

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts import secrets
from drafts.evidence.compare import Rank, Why
from drafts.evidence.verdicts import comparison
from drafts.intake.runs import ask as runs
from drafts.models import CiRun, CiSource, Draft, EvidenceLog, FetchState, File, Job, Membership
from tests import wheels
from tests.conftest import do_jobs, draft_url
from tests.pressing import browser_of
from tests.providers import github as hubs
from tests.providers import gitlab as labs

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
WHEEL, SDIST = wheels.wheel(), wheels.sdist()
TAMPERED = wheels.wheel(salt="tampered")


def says(*files) -> bytes:
    return "".join(f"{one.sha256}  dist/{one.filename}\n" for one in files).encode()


@pytest.fixture
def hub(settings):
    """GitHub's double: two jobs, each built a file, printed its digest and uploaded an artifact; a third tests."""
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    with hubs.github() as double:
        double.add("wheels", WHEEL)
        double.add("sdist", SDIST)
        double.made_by = {"wheels": "build", "sdist": "sdist"}
        double.logs = {"build": says(WHEEL), "sdist": says(SDIST), "test": b"12 passed\n"}
        yield double


@pytest.fixture
def source(project, hub, alice):
    """sampleproject's CI runs at octo/sampleproject."""
    return CiSource.objects.create(
        project=project,
        kind="github",
        api=hub.url,
        repository="octo/sampleproject",
        repository_id=hub.repository_id,
        token_sealed=secrets.seal_ci_token(hubs.TOKEN),
        set_by=alice,
    )


@pytest.fixture
def logs(source, draft, mike):
    """Have mike fetch the logs of the run, and nothing of its files; returns the run."""

    def fetched() -> CiRun:
        run = runs.ask(
            project=source.project,
            text="8812",
            version="1.0",
            user=mike,
            by=Actor.person(mike),
            takes_files=False,
        )
        do_jobs()
        run.refresh_from_db()
        return run

    return fetched


def verdict(filename: str = WHEEL.filename) -> tuple[str, Rank | None]:
    found = comparison(Draft.objects.get()).files[filename]
    return str(found.verdict), found.rank


def test_logs_alone_are_fetched_for_what_was_uploaded(logs, ci, hub):
    """It is true that files which came by upload are compared with a run, and that its files are left."""
    before = File.objects.count()
    run = logs()
    assert (run.state, File.objects.count()) == (FetchState.DONE, before)
    assert verdict() == verdict(SDIST.filename) == ("match", Rank.FETCHED)
    assert {log.vouches[0] for log in EvidenceLog.objects.all()} == {WHEEL.filename, SDIST.filename}
    assert AuditEvent.objects.filter(event="evidence:weighed").count() == 1


def test_the_page_says_it_in_a_sentence(logs, draft, rita):
    logs()
    page = browser_of(rita).get(draft_url(draft)).content.decode()
    assert "2 of 2 files match what CI logged in run 8812 (fetched by Presscheck)" in page
    assert "run 8812 › build › line 1" in page


def test_the_page_fetches_them(source, draft, rita, charlie):
    """It is true that a reviewer, who stages nothing, has a run's logs fetched; a stranger does not."""
    assert browser_of(charlie).post(draft_url(draft, "evidence-run"), {"run": "8812"}).status_code == 404
    response = browser_of(rita).post(draft_url(draft, "evidence-run"), {"run": "8812"})
    do_jobs()
    assert verdict() == ("match", Rank.FETCHED)
    page = browser_of(rita).get(response["Location"]).content.decode()
    assert "Logs: 2 digests read from 3 jobs." in page
    assert "Fetch the logs of run 8812 again" in page


def test_a_reviewer_who_was_removed_gets_no_logs(source, draft, rita, hub):
    run = runs.ask(
        project=source.project,
        text="8812",
        version="1.0",
        user=rita,
        by=Actor.person(rita),
        takes_files=False,
    )
    Membership.objects.filter(user=rita).delete()
    do_jobs()
    run.refresh_from_db()
    assert (run.state, hub.api.asked) == (FetchState.FAILED, [])


FORGED = says(TAMPERED, SDIST)


def swap(ci) -> None:
    """Stage other bytes than CI built."""
    assert ci.upload(TAMPERED).status_code == 200


def test_a_line_of_another_job_turns_nothing_green(logs, ci, hub):
    """It is true that a job which did not make the file cannot vouch for it: its line ranks as pasted."""
    swap(ci)
    hub.logs = {"build": b"built\n", "sdist": says(SDIST), "test": FORGED}
    logs()
    assert verdict() == ("match", Rank.PASTED)
    (claim,) = comparison(Draft.objects.get()).files[WHEEL.filename].agreeing
    assert claim.why is Why.OTHER_JOB


def test_a_line_of_another_job_outvotes_nothing(logs, ci, hub):
    swap(ci)
    hub.logs["test"] = FORGED
    logs()
    assert verdict() == ("conflict", Rank.FETCHED)


def test_a_job_that_claims_anothers_artifact_makes_it_nobodys(logs, ci, hub):
    """It is true that a log may print another job's upload, and gains nothing: then no job made the file."""
    swap(ci)
    hub.logs = {"test": FORGED + hub.finalized("wheels"), "build": b"built\n", "sdist": says(SDIST)}
    logs()
    assert verdict() == ("match", Rank.PASTED)
    assert verdict(SDIST.filename) == ("match", Rank.FETCHED)


def test_a_job_whose_rival_is_silent_gains_nothing(logs, ci, hub):
    """It is true that when the log of the job which made the file is lost, nobody can claim its artifact."""
    swap(ci)
    hub.logs = {"build": None, "sdist": says(SDIST), "test": FORGED + hub.finalized("wheels")}
    logs()
    assert verdict() == ("match", Rank.PASTED)


def test_a_job_whose_rivals_log_is_cut_gains_nothing(logs, ci, hub, settings):
    swap(ci)
    settings.EVIDENCE_SIZE_LIMIT = 1000
    hub.logs = {
        "build": b"." * 2000,
        "sdist": says(SDIST),
        "test": FORGED + hub.finalized("wheels"),
    }
    logs()
    assert verdict() == ("match", Rank.PASTED)


def test_the_makers_line_counts_for_its_own_files_alone(logs, ci, hub):
    """It is true that the job that made the sdist has no say about the wheel."""
    swap(ci)
    hub.logs = {"build": b"built\n", "sdist": FORGED, "test": b""}
    logs()
    assert verdict() == ("match", Rank.PASTED)
    assert verdict(SDIST.filename) == ("match", Rank.FETCHED)


def test_the_owner_names_the_jobs_that_count(logs, ci, hub, source):
    """It is true that the project's own list decides, by name, and no artifact is fetched for it."""
    CiSource.objects.update(evidence_jobs=["build*", "sd?st"])
    hub.logs["test"] = says(TAMPERED)
    logs()
    assert verdict() == ("conflict", Rank.FETCHED)
    assert {tuple(log.vouches) for log in EvidenceLog.objects.all()} == {("*",), ()}
    assert not [asked.path for asked in hub.api.asked if asked.path.endswith("/zip")]


def test_artifacts_that_are_too_large_leave_no_job_to_believe(logs, hub, settings):
    settings.RUN_SIZE_LIMIT = 10
    run = logs()
    assert run.state == FetchState.DONE
    assert verdict() == ("match", Rank.PASTED)


def test_a_newer_run_takes_the_place_of_the_older(logs, ci, hub, source, mike):
    """It is true that fixing a wheel, building again and staging it ends green, with the old log still listed."""
    logs()
    swap(ci)
    assert verdict() == ("mismatch", Rank.FETCHED)
    hub.run = {"run_attempt": 2}
    hub.artifacts.clear()
    hub.add("wheels", TAMPERED)
    hub.add("sdist", SDIST)
    hub.logs = {"build": says(TAMPERED), "sdist": says(SDIST), "test": b""}
    logs()
    assert verdict() == ("match", Rank.FETCHED)
    (old,) = comparison(Draft.objects.get()).files[WHEEL.filename].uncounted
    assert old.why is Why.SUPERSEDED


def test_a_newer_run_of_a_pull_request_takes_no_place(logs, ci, hub):
    """It is true that a stranger's run, however new, supersedes nothing of the registered one."""
    logs()
    swap(ci)
    hub.run = {"run_attempt": 2, "event": "pull_request", "head_repository": {"id": 666}}
    hub.logs = {"build": says(TAMPERED), "sdist": says(SDIST), "test": b""}
    hub.artifacts.clear()
    hub.add("wheels", TAMPERED)
    logs()
    assert verdict() == ("conflict", Rank.FETCHED)


def test_a_run_of_another_commit_is_red(logs, hub, source, mike, rita):
    """It is true that the page says it in red, and the run proves no more than pasted text."""
    runs.ask(project=source.project, text="8812", version="1.0", user=mike, by=Actor.person(mike))
    hub.artifacts.clear()
    hub.add("wheels", wheels.wheel(salt="of the run"))
    hub.logs = {"build": says(wheels.wheel(salt="of the run"))}
    do_jobs()
    assert verdict() == ("match", Rank.FETCHED)
    hub.run = {"head_sha": "9" * 40, "run_attempt": 2}
    logs()
    found = comparison(Draft.objects.get()).files[WHEEL.filename]
    assert found.rank == Rank.FETCHED
    hub.logs = {"build": b"again\n" + says(wheels.wheel(salt="of the run"))}
    logs()
    page = browser_of(rita).get(draft_url(Draft.objects.get())).content.decode()
    assert 'data-warning="other-commit">The run built another commit: 9999999.' in page
    assert Why.OTHER_COMMIT in {
        claim.why for claim in comparison(Draft.objects.get()).files[WHEEL.filename].agreeing
    }


def test_a_provider_that_asks_to_wait_is_waited_for(logs, hub):
    """It is true that a rate limit in the middle of the logs loses nothing: the job goes on later."""
    hub.refuse = [(429, {"Retry-After": "30"})]
    run = logs()
    assert run.state == FetchState.FETCHING
    Job.objects.update(not_before="2020-01-01T00:00:00Z")
    do_jobs()
    run.refresh_from_db()
    assert (run.state, verdict()) == (FetchState.DONE, ("match", Rank.FETCHED))


def test_what_expired_or_was_lost_is_told(logs, hub):
    """It is true that without artifacts no job is known to have made a file, and the lines are there all the same."""
    hub.expired = {"wheels", "sdist"}
    run = logs()
    assert run.state == FetchState.DONE
    assert verdict() == ("match", Rank.PASTED)


ELSEWHERE = {
    "another repository": "https://github.com/stranger/sampleproject/actions/runs/8812",
    "no run": "https://github.com/octo/sampleproject/pull/3",
    "nothing": "",
}


@pytest.mark.parametrize("text", ELSEWHERE.values(), ids=ELSEWHERE.keys())
def test_an_address_of_something_else_is_not_asked_for(source, draft, rita, hub, text):
    """It is true that a pasted address gives ids and nothing else: no request leaves for another place."""
    browser_of(rita).post(draft_url(draft, "evidence-run"), {"run": text})
    do_jobs()
    assert (CiRun.objects.count(), hub.api.asked) == (0, [])


def test_an_address_on_another_host_is_asked_of_the_registered_one(source, draft, rita, hub):
    """It is true that the host of a pasted address is never connected to."""
    where = "http://169.254.169.254/octo/sampleproject/actions/runs/8812"
    browser_of(rita).post(draft_url(draft, "evidence-run"), {"run": where})
    do_jobs()
    assert verdict() == ("match", Rank.FETCHED)
    assert {asked.headers["host"].split(":")[0] for asked in hub.api.asked} == {"127.0.0.1"}


def test_the_traces_of_a_pipeline_count_for_what_their_job_left(project, draft, alice, mike, ci, settings):
    """It is true that GitLab's own word says which job made a file, behind redirects too."""
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    with labs.gitlab() as lab:
        lab.elsewhere = True
        lab.add("wheels", WHEEL)
        lab.add("sdist", SDIST)
        lab.traces = {"wheels": says(WHEEL), "sdist": says(SDIST), "test": says(WHEEL, SDIST)}
        CiSource.objects.create(
            project=project,
            kind="gitlab",
            api=lab.url,
            repository="group/sub/sampleproject",
            token_sealed=secrets.seal_ci_token(labs.TOKEN),
            set_by=alice,
        )
        runs.ask(
            project=project, text="8812", version="1.0", user=mike, by=Actor.person(mike), takes_files=False
        )
        do_jobs()
    assert verdict() == verdict(SDIST.filename) == ("match", Rank.FETCHED)
    found = comparison(Draft.objects.get()).files[WHEEL.filename].agreeing
    assert [claim.rank for claim in found] == [Rank.FETCHED, Rank.PASTED]


def test_hidden_text_of_a_fetched_log_confirms_nothing(logs, ci, hub):
    """It is true that a concealed line in the right job does not turn a file green, and blocks a green one."""
    hub.logs["build"] = b"\x1b[8m" + says(TAMPERED).rstrip() + b"\x1b[0m\n" + says(WHEEL)
    logs()
    assert verdict() == ("conflict", Rank.FETCHED)
    swap(ci)
    assert verdict()[0] != "match"


def test_a_log_that_was_fetched_before_is_weighed_anew(logs, hub):
    """It is true that fetching again mends what was not known the first time."""
    hub.logs["test"] = None
    logs()
    assert verdict() == ("match", Rank.PASTED)
    hub.logs["test"] = b"12 passed\n"
    logs()
    assert verdict() == ("match", Rank.FETCHED)
    assert EvidenceLog.objects.count() == 2
