"""A maintainer names a CI run: its files go through the door, its logs become evidence, and each says where it came from."""

import pytest

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.evidence.compare import Rank
from drafts.evidence.verdicts import comparison
from drafts.intake.runs import ask as runs
from drafts.intake.runs import fetch as fetching
from drafts.intake.runs import taking
from drafts.intake.runs.outcome import Outcome
from drafts.models import CiRun, Draft, EvidenceLog, FetchState, File, Job, jobs
from tests import bodies, wheels
from tests.conftest import do_jobs
from tests.named_runs import RUN, SDIST, WHEEL, fates, verdicts
from tests.providers import github as hubs

pytestmark = pytest.mark.django_db


def test_a_run_fills_a_draft(fetch_run, mike):
    """It is true that one address brings the files, the logs, and a match of the rank that only fetching gives."""
    run = fetch_run()
    assert (run.state, run.error) == (FetchState.DONE, "")
    draft = Draft.objects.get()
    assert {file.filename: file.sha256 for file in draft.files.live()} == {
        WHEEL.filename: WHEEL.sha256,
        SDIST.filename: SDIST.sha256,
    }
    assert {file.staged_by_user for file in draft.files.all()} == {mike}
    assert verdicts(draft) == {("match", Rank.FETCHED)}
    assert [(log.job, log.did, log.digests) for log in Outcome.of(run.outcome).logs] == [
        ("build (linux)", "read", 1),
        ("sdist", "read", 1),
        ("test", "silent", 0),
    ]
    assert (run.event, run.commit, run.attempt, run.run_state) == ("push", hubs.COMMIT, 1, "succeeded")


def test_each_file_says_where_it_came_from(fetch_run):
    """It is true that row and audit event name repository, run, attempt, artifact and commit."""
    fetch_run()
    file = File.objects.get(filename=WHEEL.filename)
    told = {"repository": "octo/sampleproject", "run": 8812, "attempt": 1, "artifact": "wheels-linux"}
    assert file.taken_from.items() >= {**told, "commit": hubs.COMMIT}.items()
    event = AuditEvent.objects.get(event="file:staged", details__filename=WHEEL.filename)
    assert event.details["taken_from"] == file.taken_from
    assert event.actor_label == "mike"
    assert list(AuditEvent.objects.filter(event__startswith="run:").values_list("event", flat=True)) == [
        "run:asked",
        "run:fetched",
    ]


def test_the_same_run_again_changes_nothing(fetch_run):
    fetch_run()
    before = (
        bodies.stored(),
        File.objects.count(),
        EvidenceLog.objects.count(),
        Draft.objects.get().fingerprint(),
    )
    run = fetch_run()
    assert set(fates(run).values()) == {"unchanged"}
    now = (
        bodies.stored(),
        File.objects.count(),
        EvidenceLog.objects.count(),
        Draft.objects.get().fingerprint(),
    )
    assert now == before
    assert CiRun.objects.count() == 1


class Killed(BaseException):
    """The worker is gone."""


def test_a_worker_that_dies_is_followed_by_another(run_source, mike):
    """It is true that a fetch_run which ended half-way is done again from its beginning, and nothing is staged twice."""
    run = runs.ask(project=run_source.project, text=RUN, user=mike, by=Actor.person(mike))
    job = Job.objects.get()
    real, staged = taking._take_one, []

    def dies(*args):
        if staged:
            raise Killed
        staged.append(real(*args))
        return staged[0]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(taking, "_take_one", dies)
        with pytest.raises(Killed):
            jobs.run(job.pk, fetching.work)
    assert File.objects.count() == 1
    assert jobs.claim(job.pk) is None
    Job.objects.update(lease_until="2020-01-01T00:00:00Z")
    do_jobs()
    run.refresh_from_db()
    assert run.state == FetchState.DONE
    assert sorted(fates(run).values()) == ["added", "unchanged"]
    assert File.objects.count() == 2


def test_a_worker_that_was_overtaken_lets_go(run_hub, run_source, mike):
    """It is true that a worker which lost its lease while a download lasted ends nothing."""
    run = runs.ask(project=run_source.project, text=RUN, user=mike, by=Actor.person(mike))
    job = Job.objects.get()

    def slow(mine):
        Job.objects.filter(pk=mine.pk).update(lease_until="2020-01-01T00:00:00Z")
        assert jobs.claim(mine.pk).attempt == 2
        fetching.work(mine)

    jobs.run(job.pk, slow)
    run.refresh_from_db()
    assert (run.state, File.objects.count()) == (FetchState.FETCHING, 0)


def test_several_versions_wait_for_a_choice(fetch_run, run_hub, mike):
    """It is true that of a run with files of two versions nothing is taken before a person says which."""
    later = wheels.wheel(version="1.1")
    run_hub.add("other", later)
    run = fetch_run()
    assert (run.state, run.outcome["versions"]) == (FetchState.CHOOSE, ["1.0", "1.1"])
    assert not File.objects.exists()
    with pytest.raises(runs.NotOffered):
        runs.choose(run=run, version="2.0", user=mike, by=Actor.person(mike))
    runs.choose(run=run, version="1.1", user=mike, by=Actor.person(mike))
    do_jobs()
    run.refresh_from_db()
    assert run.state == FetchState.DONE
    assert [file.filename for file in File.objects.all()] == [later.filename]
    assert fates(run)[f"wheels-linux/{WHEEL.filename}"] == "left"
    with pytest.raises(runs.NotOffered):
        runs.choose(run=run, version="1.1", user=mike, by=Actor.person(mike))


def test_a_version_that_the_page_named_is_taken(fetch_run, run_hub):
    run_hub.add("other", wheels.wheel(version="1.1"))
    assert fetch_run(version="1.0").state == FetchState.DONE
    assert {str(file.draft.version) for file in File.objects.all()} == {"1.0"}
    assert "and none of 3.0" in fetch_run(version="3.0").error


def test_files_of_other_projects_are_left(fetch_run, run_hub):
    other = wheels.wheel(name="otherproject")
    run_hub.add("mixed", other)
    run = fetch_run()
    assert run.state == FetchState.DONE
    assert fates(run)[f"mixed/{other.filename}"] == "left"
    assert not File.objects.filter(filename=other.filename).exists()


def test_a_run_with_nothing_of_the_project_says_so(fetch_run, run_hub):
    run_hub.artifacts = {}
    run_hub.add("docs", **{"index.html": b"<html>"})
    run = fetch_run()
    assert run.state == FetchState.FAILED
    assert run.error == "No artifact of the run holds a wheel or sdist of sampleproject."
    assert not Draft.objects.exists()


def test_a_changed_file_of_a_newer_run_replaces_the_old_one(fetch_run, run_hub):
    fetch_run()
    again = wheels.wheel(salt="built again")
    run_hub.artifacts = {}
    run_hub.add("wheels-linux", again)
    run_hub.logs = {"build (linux)": f"{again.sha256}  {again.filename}\n".encode()}
    run_hub.run = {"run_attempt": 2}
    run = fetch_run()
    assert fates(run) == {f"wheels-linux/{again.filename}": "replaced"}
    file = Draft.objects.get().files.live().get(filename=again.filename)
    assert (file.sha256, file.taken_from["attempt"]) == (again.sha256, 2)
    assert comparison(Draft.objects.get()).files[again.filename].verdict == "match"
