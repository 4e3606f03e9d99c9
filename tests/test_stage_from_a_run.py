"""A maintainer names a CI run: its files go through the door, its logs become evidence, and each says where it came from."""

import pytest

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts import secrets
from drafts.evidence.compare import Rank
from drafts.evidence.verdicts import comparison
from drafts.intake.runs import ask as runs
from drafts.intake.runs import fetch as fetching
from drafts.intake.runs import taking
from drafts.intake.runs.outcome import Outcome
from drafts.models import CiRun, CiSource, Draft, EvidenceLog, FetchState, File, Job, Membership, jobs
from tests import bodies, wheels
from tests.conftest import do_jobs
from tests.providers import github as hubs
from tests.providers import gitlab as labs

pytestmark = pytest.mark.django_db
WHEEL, SDIST = wheels.wheel(), wheels.sdist()
RUN = "https://github.com/octo/sampleproject/actions/runs/8812"


@pytest.fixture(autouse=True)
def _loopback_is_allowed(settings):
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]


@pytest.fixture
def hub():
    """GitHub's double, with a run that built a wheel and an sdist and printed their digests."""
    with hubs.github() as double:
        double.add("wheels-linux", WHEEL, **{"build/notes.txt": b"nothing"})
        double.add("sdist", SDIST)
        double.logs = {
            "build (linux)": f"{WHEEL.sha256}  dist/{WHEEL.filename}\n".encode(),
            "sdist": f"{SDIST.sha256}  dist/{SDIST.filename}\n".encode(),
            "test": b"12 passed\n",
        }
        double.made_by = {"wheels-linux": "build (linux)", "sdist": "sdist"}
        yield double


@pytest.fixture
def source(project, hub, alice):
    """sampleproject's CI runs at octo/sampleproject; alice said so, and it was tested."""
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
def fetch(source, mike):
    """Have mike name a run, let a worker fetch it, and return its row."""

    def fetched(text: str = RUN, version: str = "") -> CiRun:
        run = runs.ask(project=source.project, text=text, version=version, user=mike, by=Actor.person(mike))
        do_jobs()
        run.refresh_from_db()
        return run

    return fetched


def fates(run: CiRun) -> dict[str, str]:
    """What was done with each distribution, by artifact and name."""
    told = Outcome.of(run.outcome)
    return {f"{one.name}/{file.filename}": file.did for one in told.artifacts for file in one.files}


def verdicts(draft: Draft) -> set[tuple[str, Rank | None]]:
    return {(str(one.verdict), one.rank) for one in comparison(draft).files.values()}


def test_a_run_fills_a_draft(fetch, mike):
    """It is true that one address brings the files, the logs, and a match of the rank that only fetching gives."""
    run = fetch()
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


def test_each_file_says_where_it_came_from(fetch):
    """It is true that row and audit event name repository, run, attempt, artifact and commit."""
    fetch()
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


def test_the_same_run_again_changes_nothing(fetch):
    fetch()
    before = (
        bodies.stored(),
        File.objects.count(),
        EvidenceLog.objects.count(),
        Draft.objects.get().fingerprint(),
    )
    run = fetch()
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


def test_a_worker_that_dies_is_followed_by_another(source, mike):
    """It is true that a fetch which ended half-way is done again from its beginning, and nothing is staged twice."""
    run = runs.ask(project=source.project, text=RUN, user=mike, by=Actor.person(mike))
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


def test_a_worker_that_was_overtaken_lets_go(hub, source, mike):
    """It is true that a worker which lost its lease while a download lasted ends nothing."""
    run = runs.ask(project=source.project, text=RUN, user=mike, by=Actor.person(mike))
    job = Job.objects.get()

    def slow(mine):
        Job.objects.filter(pk=mine.pk).update(lease_until="2020-01-01T00:00:00Z")
        assert jobs.claim(mine.pk).attempt == 2
        fetching.work(mine)

    jobs.run(job.pk, slow)
    run.refresh_from_db()
    assert (run.state, File.objects.count()) == (FetchState.FETCHING, 0)


def test_several_versions_wait_for_a_choice(fetch, hub, mike):
    """It is true that of a run with files of two versions nothing is taken before a person says which."""
    later = wheels.wheel(version="1.1")
    hub.add("other", later)
    run = fetch()
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


def test_a_version_that_the_page_named_is_taken(fetch, hub):
    hub.add("other", wheels.wheel(version="1.1"))
    assert fetch(version="1.0").state == FetchState.DONE
    assert {str(file.draft.version) for file in File.objects.all()} == {"1.0"}
    assert "and none of 3.0" in fetch(version="3.0").error


def test_files_of_other_projects_are_left(fetch, hub):
    other = wheels.wheel(name="otherproject")
    hub.add("mixed", other)
    run = fetch()
    assert run.state == FetchState.DONE
    assert fates(run)[f"mixed/{other.filename}"] == "left"
    assert not File.objects.filter(filename=other.filename).exists()


def test_a_run_with_nothing_of_the_project_says_so(fetch, hub):
    hub.artifacts = {}
    hub.add("docs", **{"index.html": b"<html>"})
    run = fetch()
    assert run.state == FetchState.FAILED
    assert run.error == "No artifact of the run holds a wheel or sdist of sampleproject."
    assert not Draft.objects.exists()


def test_a_changed_file_of_a_newer_run_replaces_the_old_one(fetch, hub):
    fetch()
    again = wheels.wheel(salt="built again")
    hub.artifacts = {}
    hub.add("wheels-linux", again)
    hub.logs = {"build (linux)": f"{again.sha256}  {again.filename}\n".encode()}
    hub.run = {"run_attempt": 2}
    run = fetch()
    assert fates(run) == {f"wheels-linux/{again.filename}": "replaced"}
    file = Draft.objects.get().files.live().get(filename=again.filename)
    assert (file.sha256, file.taken_from["attempt"]) == (again.sha256, 2)
    assert comparison(Draft.objects.get()).files[again.filename].verdict == "match"


UNTRUSTED = {
    "a pull request": ({"event": "pull_request"}, "the event pull_request"),
    "a pull request, with secrets": ({"event": "pull_request_target"}, "the event pull_request_target"),
    "after a pull request": ({"event": "workflow_run"}, "the event workflow_run"),
    "a fork": ({"head_repository": {"id": 666}}, "a commit of a fork"),
    "no commit": ({"head_sha": None}, "a commit of a fork"),
    "another workflow": ({"path": ".github/workflows/test.yml"}, "release.yml is registered"),
}


@pytest.mark.parametrize(("told", "why"), UNTRUSTED.values(), ids=UNTRUSTED.keys())
def test_logs_of_other_runs_are_the_word_of_whoever_named_them(fetch, hub, source, told, why):
    """It is true that a run which a stranger may have started turns no cell green."""
    CiSource.objects.update(workflow="release.yml")
    hub.run = told
    run = fetch()
    assert why in run.outcome["distrust"]
    draft = Draft.objects.get()
    assert {(log.rank, log.added_by_user) for log in EvidenceLog.objects.all()} == {
        (Rank.PASTED, run.asked_by)
    }
    assert verdicts(draft) == {("match", Rank.SELF)}


def test_a_log_that_speaks_against_a_file_is_shown(fetch, hub):
    hub.logs["build (linux)"] = f"{'0' * 64}  {WHEEL.filename}\n".encode()
    fetch()
    verdict = comparison(Draft.objects.get()).files[WHEEL.filename]
    assert (str(verdict.verdict), verdict.rank) == ("mismatch", Rank.FETCHED)


def test_a_repository_that_changed_hands_is_not_taken(fetch, hub):
    """It is true that a name which belongs to another repository by now brings nothing in."""
    hub.repository_id = 666
    run = fetch()
    assert run.state == FetchState.FAILED
    assert "belongs to another repository now (id 666, and it was 4711)" in run.error
    assert not File.objects.exists()


def test_what_is_lost_does_not_keep_the_rest(fetch, hub):
    hub.expired = {"sdist"}
    hub.logs["sdist"] = None
    run = fetch()
    assert run.state == FetchState.DONE
    told = Outcome.of(run.outcome)
    assert [bool(artifact.said) for artifact in told.artifacts] == [False, True]
    assert "expired" in told.artifacts[1].said
    assert [log.did for log in told.logs] == ["read", "lost", "silent"]
    assert [file.filename for file in File.objects.all()] == [WHEEL.filename]


def test_two_artifacts_with_other_bytes_under_one_name(fetch, hub):
    """It is true that a run which contradicts itself gives the first, and says so."""
    hub.add("wheels-mac", wheels.wheel(salt="other"))
    hub.add("wheels-copy", WHEEL)
    run = fetch()
    assert fates(run)[f"wheels-mac/{WHEEL.filename}"] == "refused"
    assert fates(run)[f"wheels-copy/{WHEEL.filename}"] == "unchanged"
    assert File.objects.get(filename=WHEEL.filename).sha256 == WHEEL.sha256


def test_the_door_refuses_what_it_always_refuses(fetch, hub):
    hub.add("bad", wheels.wheel(tag="cp312-cp312-win_amd64", omit=("RECORD",)))
    before = bodies.stored()
    run = fetch()
    bad = [file for one in run.outcome["artifacts"] for file in one["files"] if file["did"] == "refused"]
    assert len(bad) == 1
    assert "RECORD" in bad[0]["said"]
    assert len(bodies.stored() - before) == len(
        {file.object_id for file in File.objects.all()} | {log.object_id for log in EvidenceLog.objects.all()}
    )


def test_a_person_who_may_no_longer_stage_gets_nothing(source, hub, mike):
    run = runs.ask(project=source.project, text=RUN, user=mike, by=Actor.person(mike))
    Membership.objects.filter(user=mike).update(role="reviewer")
    do_jobs()
    run.refresh_from_db()
    assert (run.state, File.objects.count(), hub.api.asked) == (FetchState.FAILED, 0, [])


def test_a_quota_holds_for_runs_too(fetch, source):
    type(source.project).objects.update(quota=100)
    run = fetch()
    assert set(fates(run).values()) == {"refused"}
    assert not File.objects.exists()


def test_a_pipeline_of_gitlab_fills_a_draft(project, alice, mike):
    with labs.gitlab() as lab:
        lab.add("wheels", WHEEL)
        lab.add("sdist", SDIST)
        lab.traces["wheels"] = f"{WHEEL.sha256}  {WHEEL.filename}\n".encode()
        lab.traces["sdist"] = f"{SDIST.sha256}  {SDIST.filename}\n".encode()
        CiSource.objects.create(
            project=project,
            kind="gitlab",
            api=lab.url,
            repository="group/sub/sampleproject",
            token_sealed=secrets.seal_ci_token(labs.TOKEN),
            set_by=alice,
        )
        text = "https://gitlab.com/group/sub/sampleproject/-/pipelines/8812"
        run = runs.ask(project=project, text=text, user=mike, by=Actor.person(mike))
        do_jobs()
        run.refresh_from_db()
    assert (run.state, run.error) == (FetchState.DONE, "")
    assert verdicts(Draft.objects.get()) == {("match", Rank.FETCHED)}
    assert File.objects.get(filename=WHEEL.filename).taken_from["artifact"] == "wheels"
    assert CiSource.objects.get().repository_id == 55
