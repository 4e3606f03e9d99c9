"""A run that is not quite what a release needs: distrusted, incomplete, refused, over the quota; or GitLab's."""

import pytest

from accounts.audit import Actor
from drafts import secrets
from drafts.evidence.compare import Rank
from drafts.evidence.verdicts import comparison
from drafts.intake.runs import ask as runs
from drafts.intake.runs.outcome import Outcome
from drafts.models import CiSource, Draft, EvidenceLog, FetchState, File, Membership
from tests import bodies, wheels
from tests.conftest import do_jobs
from tests.named_runs import RUN, SDIST, WHEEL, fates, verdicts
from tests.providers import gitlab as labs

pytestmark = pytest.mark.django_db


UNTRUSTED = {
    "a pull request": ({"event": "pull_request"}, "the event pull_request"),
    "a pull request, with secrets": ({"event": "pull_request_target"}, "the event pull_request_target"),
    "after a pull request": ({"event": "workflow_run"}, "the event workflow_run"),
    "a fork": ({"head_repository": {"id": 666}}, "a commit of a fork"),
    "no commit": ({"head_sha": None}, "a commit of a fork"),
    "another workflow": ({"path": ".github/workflows/test.yml"}, "release.yml is registered"),
}


@pytest.mark.parametrize(("told", "why"), UNTRUSTED.values(), ids=UNTRUSTED.keys())
def test_logs_of_other_runs_are_the_word_of_whoever_named_them(fetch_run, run_hub, run_source, told, why):
    """It is true that a run which a stranger may have started turns no cell green."""
    CiSource.objects.update(workflow="release.yml")
    run_hub.run = told
    run = fetch_run()
    assert why in run.outcome["distrust"]
    draft = Draft.objects.get()
    assert {(log.rank, log.added_by_user) for log in EvidenceLog.objects.all()} == {
        (Rank.PASTED, run.asked_by)
    }
    assert verdicts(draft) == {("match", Rank.SELF)}


def test_a_log_that_speaks_against_a_file_is_shown(fetch_run, run_hub):
    run_hub.logs["build (linux)"] = f"{'0' * 64}  {WHEEL.filename}\n".encode()
    fetch_run()
    verdict = comparison(Draft.objects.get()).files[WHEEL.filename]
    assert (str(verdict.verdict), verdict.rank) == ("mismatch", Rank.FETCHED)


def test_a_repository_that_changed_hands_is_not_taken(fetch_run, run_hub):
    """It is true that a name which belongs to another repository by now brings nothing in."""
    run_hub.repository_id = 666
    run = fetch_run()
    assert run.state == FetchState.FAILED
    assert "belongs to another repository now (id 666, and it was 4711)" in run.error
    assert not File.objects.exists()


def test_what_is_lost_does_not_keep_the_rest(fetch_run, run_hub):
    run_hub.expired = {"sdist"}
    run_hub.logs["sdist"] = None
    run = fetch_run()
    assert run.state == FetchState.DONE
    told = Outcome.of(run.outcome)
    assert [bool(artifact.said) for artifact in told.artifacts] == [False, True]
    assert "expired" in told.artifacts[1].said
    assert [log.did for log in told.logs] == ["read", "lost", "silent"]
    assert [file.filename for file in File.objects.all()] == [WHEEL.filename]


def test_two_artifacts_with_other_bytes_under_one_name(fetch_run, run_hub):
    """It is true that a run which contradicts itself gives the first, and says so."""
    run_hub.add("wheels-mac", wheels.wheel(salt="other"))
    run_hub.add("wheels-copy", WHEEL)
    run = fetch_run()
    assert fates(run)[f"wheels-mac/{WHEEL.filename}"] == "refused"
    assert fates(run)[f"wheels-copy/{WHEEL.filename}"] == "unchanged"
    assert File.objects.get(filename=WHEEL.filename).sha256 == WHEEL.sha256


def test_the_door_refuses_what_it_always_refuses(fetch_run, run_hub):
    run_hub.add("bad", wheels.wheel(tag="cp312-cp312-win_amd64", omit=("RECORD",)))
    before = bodies.stored()
    run = fetch_run()
    bad = [file for one in run.outcome["artifacts"] for file in one["files"] if file["did"] == "refused"]
    assert len(bad) == 1
    assert "RECORD" in bad[0]["said"]
    assert len(bodies.stored() - before) == len(
        {file.object_id for file in File.objects.all()} | {log.object_id for log in EvidenceLog.objects.all()}
    )


def test_a_person_who_may_no_longer_stage_gets_nothing(run_source, run_hub, mike):
    run = runs.ask(project=run_source.project, text=RUN, user=mike, by=Actor.person(mike))
    Membership.objects.filter(user=mike).update(role="reviewer")
    do_jobs()
    run.refresh_from_db()
    assert (run.state, File.objects.count(), run_hub.api.asked) == (FetchState.FAILED, 0, [])


def test_a_quota_holds_for_runs_too(fetch_run, run_source):
    type(run_source.project).objects.update(quota=100)
    run = fetch_run()
    assert set(fates(run).values()) == {"refused"}
    assert not File.objects.exists()


def test_a_pipeline_of_gitlab_fills_a_draft(project, alice, mike, settings):
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
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
