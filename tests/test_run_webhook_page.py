"""Owners make the webhook by which CI names runs: with a second factor, its secret shown once, and see what came by it."""

import pytest
from django.test import Client

from accounts.models import AuditEvent
from drafts import secrets
from drafts.models import CiRun, Publisher, RunHook
from tests.conftest import do_jobs, totp_code
from tests.hooked import Hooked, workflow_run

pytestmark = pytest.mark.django_db
PAGE = "/projects/sampleproject/ci/webhook/"


@pytest.fixture
def alices(project, alice):
    """alice's browser."""
    client = Client()
    client.force_login(alice)
    return client


def press(client: Client, path: str = PAGE, **form: str):
    return client.post(path, {"code": totp_code("alice"), **form}, follow=True)


def text(client: Client, path: str = PAGE) -> str:
    return client.get(path).content.decode()


def test_without_a_place_where_ci_runs_there_is_nothing_to_make(alices):
    assert "Say first where CI runs" in text(alices)
    assert "Say first where CI runs" in press(alices).content.decode()
    assert not RunHook.objects.exists()


def test_an_owner_makes_it_and_sees_its_secret_once(alices, hub_source, alice):
    """It is true that the secret is shown in the answer alone, sealed in the row, and in no event."""
    assert "Make the webhook" in text(alices)
    shown = press(alices).context["page"]
    row = RunHook.objects.get()
    assert (shown.secret[:4], row.made_by, row.source) == ("pch_", alice, hub_source)
    assert shown.address.endswith(f"/hooks/runs/{row.handle}/")
    assert shown.secret not in row.secret_sealed
    assert secrets.open_run_hook_secret(row.secret_sealed) == shown.secret
    assert shown.secret not in text(alices)
    assert shown.address in text(alices)
    assert "Payload URL" in text(alices)
    event = AuditEvent.objects.get(event="run-hook:made")
    assert (event.actor_label, event.details["replaced"]) == ("alice", False)
    assert not [one for one in AuditEvent.objects.all() if shown.secret in str(one.details)]
    assert secrets.scrub(f"secret {shown.secret}") == "secret pch_…"


def test_without_a_code_nothing_is_made(alices, hub_source):
    assert alices.post(PAGE, {"code": "000000"}).status_code == 403
    assert alices.post(f"{PAGE}revoke/", {"code": "000000"}).status_code == 403
    assert not RunHook.objects.exists()


def test_a_new_one_ends_the_old_one(hook, alices):
    old = hook.path
    shown = press(alices).context["page"]
    assert Client().post(old, b"{}", content_type="application/json").status_code == 404
    assert Hooked(RunHook.objects.get(), shown.secret).post(workflow_run()).status_code == 202
    assert hook.post(workflow_run()).status_code == 404


def test_it_is_revoked(hook, alices):
    answer = press(alices, f"{PAGE}revoke/").content.decode()
    assert "is revoked" in answer
    assert hook.post(workflow_run()).status_code == 404
    assert AuditEvent.objects.filter(event="run-hook:revoked").count() == 1
    press(alices, f"{PAGE}revoke/")
    assert AuditEvent.objects.filter(event="run-hook:revoked").count() == 1


CHANGES = {
    "another repository": ({"repository": "octo/other"}, 0),
    "another server": ({"api": "https://hub.example.org/api/v3"}, 0),
    "another workflow": ({"workflow": "wheels.yml"}, 1),
}


@pytest.mark.parametrize(("change", "left"), CHANGES.values(), ids=CHANGES.keys())
def test_it_ends_with_the_repository_it_was_made_for(hook, alices, change, left):
    """It is true that whoever knew the secret of one repository names no runs of the next."""
    form = {"kind": "github", "repository": "octo/sampleproject", "api": "", "token": "ghp_new", **change}
    press(alices, "/projects/sampleproject/ci/", **form)
    assert RunHook.objects.count() == left
    assert ("webhook" in AuditEvent.objects.get(event="ci:set").details) == (not left)


def test_the_page_says_what_came(hook, alices):
    """It is true that each message stands there with its reason, and one that was taken leads to its run."""
    assert "Nothing yet." in text(alices)
    hook.post(b"{}", X_Hub_Signature_256=None)
    hook.post(workflow_run(conclusion="failure"))
    hook.post(workflow_run(conclusion="failure"))
    hook.post(workflow_run(), delivery="d-2")
    run = CiRun.objects.get()
    page = text(alices)
    assert [line.heard for line in alices.get(PAGE).context["page"].lines] == ["taken", "ignored", "refused"]
    assert "Run 8812 did not succeed." in page
    assert "It came 2 times." in page
    assert f'href="/projects/sampleproject/runs/{run.pk}/"' in page
    assert "The last message was taken." in text(alices, "/projects/sampleproject/ci/")
    do_jobs()
    assert "by CI’s webhook, which alice made" in text(alices, f"/projects/sampleproject/runs/{run.pk}/")


def test_the_page_says_that_nobody_is_trusted(hook, alices):
    Publisher.objects.update(removed_at="2026-01-01T00:00:00Z")
    assert "so no run is taken" in text(alices)


def test_what_a_message_says_is_text(hook, alices):
    hook.post({}, event="<script>\u202e".encode().decode("latin-1"))
    page = text(alices)
    assert "<script>\u202e" not in page
    assert "&lt;script&gt;" in page
