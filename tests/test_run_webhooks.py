"""CI names a run by webhook: what it signed and a project trusts is fetched, and of everything else nothing is."""

from datetime import timedelta

import pytest
from django.test import Client

from accounts.models import AuditEvent
from drafts.evidence.compare import Rank
from drafts.evidence.verdicts import comparison
from drafts.intake.runs import hooked as rules
from drafts.models import (
    CiRun,
    Draft,
    FetchState,
    File,
    Job,
    Kind,
    Membership,
    Publisher,
    RunHook,
    RunMessage,
)
from tests.conftest import do_jobs
from tests.hooked import SDIST, WHEEL, lab_hook, pipeline, workflow_run

pytestmark = pytest.mark.django_db


def nothing_is_asked(hub=None) -> bool:
    """Whether no run is fetched, no job waits for one, and the provider was left alone."""
    left = hub is None or hub.api.asked == []
    return left and not CiRun.objects.exists() and not Job.objects.filter(kind=Kind.FETCH_RUN).exists()


FORGED = {
    "no signature": {"X_Hub_Signature_256": None},
    "an empty signature": {"X_Hub_Signature_256": ""},
    "the old algorithm alone": {"X_Hub_Signature_256": None, "X_Hub_Signature": "sha1=" + "0" * 40},
    "another secret's": {"X_Hub_Signature_256": "sha256=" + "0" * 64},
    "no hex": {"X_Hub_Signature_256": "sha256=\xe4"},
    "GitLab's way": {"X_Hub_Signature_256": None, "X_Gitlab_Token": "SECRET"},
}


@pytest.mark.promise
@pytest.mark.parametrize("headers", FORGED.values(), ids=FORGED.keys())
def test_what_ci_did_not_sign_is_refused(hook, naming_hub, headers):
    """It is true that it is 403 in words, that nothing is asked of anybody, and that owners see that it came."""
    naming_hub.api.asked.clear()
    given = {name: hook.secret if value == "SECRET" else value for name, value in headers.items()}
    response = hook.post(workflow_run(), **given)
    assert (response.status_code, response.json()["code"]) == (403, "bad-signature")
    assert "X-Hub-Signature-256" in response.json()["detail"]
    assert nothing_is_asked(naming_hub)
    assert [heard for heard, _ in hook.heard()] == ["refused"]


def test_a_body_that_was_changed_on_its_way_is_refused(hook):
    body = b'{"action": "completed"}'
    response = hook.post(b'{"action": "completed" }', X_Hub_Signature_256=hook.signature(body))
    assert response.status_code == 403


def test_forgeries_push_nothing_out_of_the_list(hook):
    """It is true that many of them are one line with a number, beside what CI said."""
    hook.post(workflow_run())
    for at in range(5):
        hook.post(b"{}", X_Hub_Signature_256="sha256=0", delivery=f"f-{at}")
    assert [(one.heard, one.count) for one in RunMessage.objects.order_by("-at")] == [
        ("refused", 5),
        ("taken", 1),
    ]


def test_the_list_keeps_the_newest(hook, monkeypatch):
    monkeypatch.setattr(RunMessage, "KEPT", 3)
    for at in range(5):
        assert hook.post({"zen": "x"}, event="ping", delivery=f"p-{at}").status_code == 202
    kept = set(RunMessage.objects.values_list("key", flat=True))
    assert kept == {"p-2", "p-3", "p-4"}


def test_an_address_that_is_none_and_a_body_that_is_too_long(hook, settings):
    assert Client().post("/hooks/runs/" + "0" * 32 + "/", b"{}", content_type="x/y").status_code == 404
    assert Client().get(hook.path).status_code == 405
    response = hook.post(b" " * (4 * 2**20 + 1))
    assert (response.status_code, response.json()["code"]) == (413, "request-too-large")
    assert nothing_is_asked()


IGNORED = {
    "a ping": ({"event": "ping"}, {"zen": "x"}, "the webhook works"),
    "another event": ({"event": "push"}, {"ref": "x"}, "of the event push"),
    "no JSON": ({}, b"payload=%7B%7D", "application/json"),
    "a list": ({}, b"[]", "the form that the provider documents"),
    "nesting": ({}, b"[" * 100_000, "application/json"),
    "a text for an id": ({}, workflow_run(id="8812"), "the form that the provider documents"),
    "an id beyond the database": ({}, workflow_run(id=2**63), "the form that the provider documents"),
    "a run that begins": ({}, workflow_run() | {"action": "requested"}, "had not ended"),
    "a run that failed": ({}, workflow_run(conclusion="failure"), "did not succeed"),
    "no conclusion": ({}, workflow_run(conclusion=None), "did not succeed"),
    "a pull request": ({}, workflow_run(event="pull_request"), "started by pull_request"),
    "with secrets": ({}, workflow_run(event="pull_request_target"), "started by pull_request_target"),
    "a fork": ({}, workflow_run(head_repository={"id": 666}), "a commit of a fork"),
    "a fork that is gone": ({}, workflow_run(head_repository=None), "a commit of a fork"),
    "another workflow": ({}, workflow_run(path=".github/workflows/test.yml"), "no trusted publisher"),
    "a look-alike": ({}, workflow_run(path="evil/release.yml"), "no trusted publisher"),
    "another repository": (
        {},
        workflow_run() | {"repository": {"id": 4711, "full_name": "octo/other"}},
        "CI runs at octo/sampleproject",
    ),
    "a name that changed hands": (
        {},
        workflow_run(head_repository={"id": 1})
        | {"repository": {"id": 1, "full_name": "octo/sampleproject"}},
        "another repository now",
    ),
}


@pytest.mark.promise
@pytest.mark.parametrize(("how", "told", "why"), IGNORED.values(), ids=IGNORED.keys())
def test_what_is_no_good_run_is_left(hook, naming_hub, how, told, why):
    """It is true that it is answered 202 with the reason, that the list says it, and that nobody is asked for the run."""
    naming_hub.api.asked.clear()
    response = hook.post(told, **how)
    assert (response.status_code, response.json()["taken"]) == (202, False)
    assert why in response.json()["said"]
    assert hook.heard() == [("ignored", response.json()["said"])]
    assert nothing_is_asked(naming_hub)


def test_a_project_that_trusts_nobody_there_takes_nothing(hook):
    Publisher.objects.update(removed_at="2026-01-01T00:00:00Z")
    assert "no trusted publisher" in hook.post(workflow_run()).json()["said"]
    assert nothing_is_asked()


def test_the_registered_workflow_holds_here_too(hook, hub_source):
    type(hub_source).objects.update(workflow="wheels.yml")
    assert "wheels.yml is registered" in hook.post(workflow_run()).json()["said"]


@pytest.mark.promise
def test_who_may_not_upload_any_more_has_no_webhook(hook, alice):
    """It is true that a webhook can do what its maker can: nothing, once the maker is a reviewer."""
    Membership.objects.filter(user=alice).update(role="reviewer")
    assert "an owner makes a new one" in hook.post(workflow_run()).json()["said"]
    assert nothing_is_asked()


@pytest.mark.promise
@pytest.mark.state
def test_a_run_that_ci_names_fills_a_draft(hook, naming_hub, alice):
    """It is true that it is fetched as if the maker of the webhook had named it, and matches what its jobs logged."""
    response = hook.post(workflow_run())
    assert (response.status_code, response.json()["taken"]) == (202, True)
    do_jobs()
    run = CiRun.objects.get()
    assert (run.state, run.error, run.by_hook, run.asked_by) == (FetchState.DONE, "", True, alice)
    draft = Draft.objects.get()
    assert {file.filename for file in draft.files.live()} == {WHEEL.filename, SDIST.filename}
    assert {(str(one.verdict), one.rank) for one in comparison(draft).files.values()} == {
        ("match", Rank.FETCHED)
    }
    asked = AuditEvent.objects.get(event="run:asked")
    assert (asked.actor_kind, asked.details["taken_as"]) == ("system", "alice")
    assert "the webhook of octo/sampleproject" in asked.actor_label


@pytest.mark.promise
@pytest.mark.state
def test_a_message_that_comes_again_does_nothing_again(hook):
    """It is true that a delivery is answered as before, and that its body under another name asks for nothing."""
    hook.post(workflow_run())
    assert "is fetched" in hook.post(workflow_run()).json()["said"]
    assert "being fetched already" in hook.post(workflow_run(), delivery="d-2").json()["said"]
    do_jobs()
    RunMessage.objects.all().delete()
    assert "was taken before" in hook.post(workflow_run()).json()["said"]
    assert (AuditEvent.objects.filter(event="run:asked").count(), do_jobs()) == (1, 0)
    assert hook.post(workflow_run(run_attempt=2), delivery="d-3").json()["taken"]


def test_a_delivery_that_was_left_is_looked_at_anew(hook, naming_hub):
    """It is true that GitHub's *Redeliver* does what setting it right was for, and repeats nothing that was done."""
    Publisher.objects.update(removed_at="2026-01-01T00:00:00Z")
    assert not hook.post(workflow_run()).json()["taken"]
    Publisher.objects.update(removed_at=None)
    assert hook.post(workflow_run()).json()["taken"]
    naming_hub.token = "another"
    do_jobs()
    assert CiRun.objects.get().state == FetchState.FAILED
    assert hook.post(workflow_run()).json()["taken"]
    assert (CiRun.objects.get().state, hook.hook.messages.get().count) == (FetchState.FAILED, 3)


LIES = {
    "a pull request": ({"event": "pull_request"}, "the event pull_request"),
    "a fork": ({"head_repository": {"id": 666}}, "a commit of a fork"),
    "a failure": ({"conclusion": "failure"}, "does not say that run 8812 succeeded"),
    "another workflow": ({"path": ".github/workflows/test.yml"}, "no trusted publisher"),
}


@pytest.mark.promise
@pytest.mark.parametrize(("told", "why"), LIES.values(), ids=LIES.keys())
def test_the_provider_is_believed_and_not_the_message(hook, naming_hub, told, why):
    """It is true that of a run which is not what the message said nothing is taken, and its page says why."""
    naming_hub.run = told
    assert hook.post(workflow_run()).json()["taken"]
    do_jobs()
    run = CiRun.objects.get()
    assert run.state == FetchState.FAILED
    assert why in run.error
    assert "A person can still name it." in run.error
    assert not File.objects.exists()
    assert AuditEvent.objects.filter(event="run:failed").count() == 1


def test_a_provider_that_is_behind_its_own_message_is_asked_again(hook, naming_hub):
    naming_hub.run = {"status": "in_progress", "conclusion": None}
    hook.post(workflow_run())
    do_jobs()
    run = CiRun.objects.get()
    assert (run.state, run.error) == (FetchState.FETCHING, "Waiting for run 8812 to end.")
    naming_hub.run = {}
    Job.objects.update(not_before=run.asked_at)
    do_jobs()
    assert CiRun.objects.get().state == FetchState.DONE
    run.refresh_from_db()
    CiRun.objects.update(state=FetchState.FETCHING, ended_at=None, asked_at=run.asked_at - timedelta(hours=1))
    naming_hub.run = {"status": "in_progress", "conclusion": None}
    Job.objects.create(kind=Kind.FETCH_RUN, subject=run.subject)
    do_jobs()
    assert "does not say that run 8812 succeeded" in CiRun.objects.get().error


def test_a_run_that_staged_its_files_itself_is_left(hook, project, ci, hub_source):
    CiRun.objects.create(
        project=project,
        kind="github",
        repository="octo/sampleproject",
        number=8812,
        named_by=ci.row,
        takes_files=False,
    )
    assert "staged its files itself" in hook.post(workflow_run()).json()["said"]


def test_a_stolen_secret_names_few_runs(hook, monkeypatch):
    monkeypatch.setattr(rules, "MOST_IN_AN_HOUR", 2)
    said = [hook.post(workflow_run(id=at), delivery=f"d-{at}").json() for at in (1, 2, 3)]
    assert [one["taken"] for one in said] == [True, True, False]
    assert "within an hour" in said[2]["said"]


def test_a_key_that_is_gone_is_said_to_be(hook, settings):
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another secret for this test", []
    response = hook.post(workflow_run())
    assert (response.status_code, "an owner makes a new one" in response.json()["detail"]) == (403, True)


@pytest.mark.promise
def test_a_pipeline_of_gitlab_is_named_by_its_token(project, alice, settings):
    """It is true that GitLab's token is compared, and that a pipeline which ran again is taken again."""
    with lab_hook(project, alice, settings) as (_, hook):
        assert hook.lab_post(pipeline(), token="pch_guess").status_code == 403
        assert "had not ended" in hook.lab_post(pipeline(status="running", finished_at=None)).json()["said"]
        merge = pipeline(source="merge_request_event") | {"merge_request": {"id": 1}}
        assert "started by merge_request_event" in hook.lab_post(merge, delivery="u-2").json()["said"]
        assert hook.lab_post(pipeline(), delivery="u-3").json()["taken"]
        do_jobs()
        assert (CiRun.objects.get().state, File.objects.get().filename) == (FetchState.DONE, WHEEL.filename)
        assert "was taken before" in hook.lab_post(pipeline(), delivery="u-4").json()["said"]
        later = pipeline(finished_at="2999-01-01 00:00:00 UTC")
        assert hook.lab_post(later, delivery="u-5").json()["taken"]
        assert RunHook.objects.count() == 1
