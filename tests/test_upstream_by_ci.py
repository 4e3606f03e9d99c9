"""Let CI publish: it is asked by a signed webhook or a deployment, takes exactly the reviewed bytes, and is verified name by name."""

import base64
import hashlib
import hmac
import json
import re
import sys
from datetime import timedelta
from pathlib import Path

import jwt
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent
from drafts.models import Draft, DraftState, File, Push, PushState
from tests import wheels
from tests.conftest import do_jobs, draft_url, make_ci, publish
from tests.providers.peers import peer
from tests.sent_on import SDIST, WHEEL, is_hidden, loopback_is_allowed, there
from tests.stored import fetched
from tests.test_jobs import due_now
from tests.upstreams import aimed, hook

__all__ = ["hook", "loopback_is_allowed", "there"]

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
SCRIPT = Path(__file__).resolve().parent.parent / "docs" / "stage.py"


@pytest.fixture
def target(there, hook, project, alice):
    """CI publishes sampleproject, asked by webhook."""
    return aimed(there, project, alice, uploader="ci", hook_url=f"{hook.url}/hook", secret=hook.secret)


def goes_on(draft) -> Draft:
    due_now()
    do_jobs()
    draft.refresh_from_db()
    return draft


def ci_publishes(there, **changes: bytes) -> None:
    built = {one.filename: one.data for one in (wheels.wheel(), wheels.sdist())}
    there.files.update(built | changes)


def test_ci_is_asked_and_what_it_published_is_verified(target, there, hook, draft, mike, mikes):
    """It is true that the webhook's signature holds, that nothing shows before CI published, and everything after."""
    publish(draft, mike)
    headers, body = hook.told[0]
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    key = base64.b64decode(hook.secret.removeprefix("whsec_"))
    expected = "v1," + base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    assert headers["webhook-signature"] == expected
    data = json.loads(body)["data"]
    assert data["sha256"] == dict(File.objects.values_list("filename", "sha256"))
    assert data["session"].endswith(f"/upload/{draft.handle}/")
    assert (draft.state, is_hidden(), there.uploads) == (DraftState.PROCESSING, True, [])
    text = mikes.get(draft_url(draft)).content.decode()
    assert "approved, waiting for CI: 0 of 2 files" in text
    assert ("Waiting for CI</a>" in text, "Publishing now" in text) == (True, False)
    assert re.sub(r'aria-label="[^"]*"', "", text).count("0 of 2 files") == 1
    ci_publishes(there)
    assert goes_on(draft).state == DraftState.PUBLISHED
    assert len(hook.told) == 1
    assert AuditEvent.objects.get(event="upstream:ci-asked").details["how"] == ["webhook"]


def test_a_release_shows_only_when_every_file_appeared(target, there, draft, mike):
    publish(draft, mike)
    there.files = {WHEEL: wheels.wheel().data}
    assert goes_on(draft).state == DraftState.PROCESSING
    assert is_hidden()
    ci_publishes(there)
    assert goes_on(draft).state == DraftState.PUBLISHED


def test_wrong_bytes_from_ci_are_an_alarm(target, there, draft, mike, mikes):
    """It is true that another digest than the reviewed one is never green."""
    publish(draft, mike)
    ci_publishes(there, **{SDIST: b"built again"})
    assert goes_on(draft).state == DraftState.PROCESSING
    push = Push.objects.get()
    assert (push.state, push.alarm, is_hidden()) == (PushState.STOPPED, True, True)
    text = mikes.get(draft_url(draft)).content.decode()
    assert "shows other bytes than were reviewed" in text
    assert 'data-level="stop"' in text


def test_a_file_that_nobody_reviewed_is_an_alarm(target, there, draft, mike):
    """It is true that one more file of the release, smuggled in by the job, is seen; older releases are none."""
    there.files = {"sampleproject-0.9.tar.gz": b"older"}
    publish(draft, mike)
    ci_publishes(there, **{"sampleproject-1.0-cp312-cp312-win_amd64.whl": b"smuggled"})
    goes_on(draft)
    push = Push.objects.get()
    assert (push.state, push.alarm) == (PushState.STOPPED, True)
    assert "win_amd64.whl as a file of" in push.words
    assert is_hidden()


def test_ci_that_does_nothing_for_a_day_ends_in_error(target, there, draft, mike):
    publish(draft, mike)
    Push.objects.update(begun_at=timezone.now() - timedelta(hours=25))
    assert goes_on(draft).state == DraftState.ERROR
    assert "did not appear" in draft.error
    assert "24 hours" in draft.error


def test_ci_that_stops_half_way_leaves_the_draft_frozen(target, there, hook, draft, mike, mikes):
    """It is true that once a file is upstream nothing is handed back, and that CI can be asked again."""
    publish(draft, mike)
    there.files = {WHEEL: wheels.wheel().data}
    Push.objects.update(begun_at=timezone.now() - timedelta(hours=25))
    assert goes_on(draft).state == DraftState.PROCESSING
    assert Push.objects.get().state == PushState.STOPPED
    mikes.post(draft_url(draft, "upstream-resume"))
    do_jobs()
    ids = [headers["webhook-id"] for headers, _ in hook.told]
    assert (len(ids), len(set(ids))) == (2, 1)
    ci_publishes(there)
    assert goes_on(draft).state == DraftState.PUBLISHED


def test_a_webhook_that_is_refused_is_sent_again(target, there, hook, draft, mike):
    hook.take.status = 500
    publish(draft, mike)
    assert (Push.objects.get().begun_at, "answered 500" in Push.objects.get().words) == (None, True)
    hook.take.status = 204
    goes_on(draft)
    assert Push.objects.get().state == PushState.ASKED


def take(ci, draft, filename: str = WHEEL):
    url = f"/upload/{draft.handle}/approved/{filename}"
    return Client().get(url, headers={"Authorization": ci.basic})


def test_jobs_take_the_reviewed_bytes_only_while_they_are_to_publish(target, there, ci, draft, mike):
    """It is true that an upload token reads staged bytes in no other state, and of no other project's draft."""
    assert take(ci, draft).status_code == 404
    publish(draft, mike)
    answer = take(ci, draft)
    assert fetched(answer) == wheels.wheel().data
    assert "no-store" in answer["Cache-Control"]
    assert take(ci, draft, "other.whl").status_code == 404
    from accounts.audit import Actor
    from drafts.access.projects import create

    other = create(name="other", by=Actor.system("tests"), owner=mike.email, maintainers=[], reviewers=[])
    assert take(make_ci(other), draft).status_code == 404
    ci_publishes(there)
    goes_on(draft)
    assert take(ci, draft).status_code == 404


def test_jobs_of_a_project_that_presscheck_uploads_take_nothing(there, project, alice, ci, draft, mike):
    aimed(there, project, alice)
    there.down = 503
    publish(draft, mike)
    assert draft.state == DraftState.PROCESSING
    assert take(ci, draft).status_code == 404


@pytest.mark.clients
@pytest.mark.django_db(transaction=True)
def test_stage_py_fetches_what_was_approved(live, clients, target, there, ci, draft, mike, tmp_path):
    """It is true that wait and fetch work in this state with the upload token, and write down what was fetched."""
    publish(draft, mike)
    session = ("--session", f"{live.url}/upload/{draft.handle}/")
    told = {"PRESSCHECK_TOKEN": ci.token}
    done = clients.run(sys.executable, str(SCRIPT), "wait", *session, "--until", "approved", **told)
    assert done.code == 0, done
    receipt = tmp_path / "receipt.json"
    into = ("--into", str(tmp_path / "dist"), "--receipt", str(receipt))
    done = clients.run(sys.executable, str(SCRIPT), "fetch", *session, *into, **told)
    assert done.code == 0, done
    fetched = {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest() for path in (tmp_path / "dist").iterdir()
    }
    assert fetched == dict(File.objects.values_list("filename", "sha256"))
    assert json.loads(receipt.read_text())["fingerprint"] == draft.fingerprint()


@pytest.fixture
def github(settings):
    """GitHub's API for an app that decides on deployments."""
    asked_for = []

    def answer(asked):
        asked_for.append(asked)
        length = int(asked.headers.get("content-length", 0))
        asked.body = json.loads(asked.handler.rfile.read(length) or b"{}") if length else {}
        if asked.path.endswith("/installation"):
            asked.answer(200, b'{"id": 7}')
        elif asked.path == "/app/installations/7/access_tokens":
            asked.answer(201, b'{"token": "for-an-hour"}')
        else:
            asked.answer(answer.status)

    answer.status = 204
    with peer(answer) as double:
        settings.GITHUB_API = double.url
        double.asked_for, double.answering = asked_for, answer
        yield double


@pytest.fixture(scope="module")
def app_key():
    """The private key of a GitHub app."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    return key.public_key(), key.private_bytes(*pem).decode()


def test_the_run_that_staged_goes_on_to_its_environment(there, github, app_key, project, alice, draft, mike):
    """It is true that exactly the runs that staged the files are let go on, in the app's name."""
    public, private = app_key
    claims = {"publisher": 1, "kind": "github", "issuer": "https://x", "repository": "octo/s", "run": "8812"}
    File.objects.update(claims=claims)
    aimed(there, project, alice, uploader="ci", environment="pypi", app_id="42", app_key=private, secret="")
    publish(draft, mike)
    installation, token, rule = github.asked_for
    app = jwt.decode(
        installation.headers["authorization"].removeprefix("Bearer "), public, algorithms=["RS256"]
    )
    assert app["iss"] == "42"
    assert installation.path == "/repos/octo/s/installation"
    assert rule.path == "/repos/octo/s/actions/runs/8812/deployment_protection_rule"
    assert (rule.headers["authorization"], rule.body["state"]) == ("Bearer for-an-hour", "approved")
    assert rule.body["environment_name"] == "pypi"
    assert AuditEvent.objects.get(event="upstream:ci-asked").details["how"] == [
        "deployment of octo/s run 8812"
    ]
    assert token.path.endswith("/access_tokens")


def test_a_yes_that_github_had_before_is_no_failure(there, github, app_key, project, alice, draft, mike):
    """It is true that a 422 is tried again while the job may still come, and then CI counts as asked, in honest words."""
    claims = {"publisher": 1, "kind": "github", "issuer": "https://x", "repository": "octo/s", "run": "8812"}
    File.objects.update(claims=claims)
    aimed(
        there, project, alice, uploader="ci", environment="pypi", app_id="42", app_key=app_key[1], secret=""
    )
    github.answering.status = 422
    publish(draft, mike)
    push = Push.objects.get()
    assert (push.state, push.tries, push.begun_at) == (PushState.WAITING, 1, None)
    assert "approved before, or its job has not come" in push.words
    Push.objects.update(tries=4)
    goes_on(draft)
    assert Push.objects.get().state == PushState.ASKED
    (how,) = AuditEvent.objects.get(event="upstream:ci-asked").details["how"]
    assert how.endswith("none waits for it (approved before, or its job did not ask)")
    ci_publishes(there)
    assert goes_on(draft).state == DraftState.PUBLISHED


def test_without_a_run_there_is_nothing_to_let_go_on(there, github, app_key, project, alice, draft, mike):
    aimed(
        there, project, alice, uploader="ci", environment="pypi", app_id="42", app_key=app_key[1], secret=""
    )
    publish(draft, mike)
    assert "No file of" in Push.objects.get().words
    assert github.asked_for == []
