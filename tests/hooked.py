"""Webhooks by which CI names runs, for tests: one that alice made, and what GitHub and GitLab post to it."""

import hmac
import json
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from django.test import Client
from django.urls import reverse

from accounts.audit import Actor
from drafts import secrets
from drafts.intake.runs import hooks
from drafts.models import CiSource, RunHook
from drafts.models.publishers import GITHUB_ISSUER, GITLAB_ISSUER
from tests import wheels
from tests.proofs import proof_of
from tests.providers import github as hubs
from tests.providers import gitlab as labs
from tests.trusted import trust

WHEEL, SDIST = wheels.wheel(), wheels.sdist()


def workflow_run(**run) -> dict:
    """What GitHub posts of a run; ``run`` replaces members of its workflow_run."""
    repository = {"id": 4711, "full_name": "octo/sampleproject"}
    told = {
        "id": 8812,
        "run_attempt": 1,
        "event": "push",
        "status": "completed",
        "conclusion": "success",
        "path": ".github/workflows/release.yml",
        "head_repository": {"id": 4711},
        **run,
    }
    return {"action": "completed", "workflow_run": told, "repository": repository}


def pipeline(**attributes) -> dict:
    """What GitLab posts of a pipeline; ``attributes`` replace members of its object_attributes."""
    told = {"id": 8812, "source": "push", "status": "success", "finished_at": "2026-11-22 01:58:03 UTC"}
    project = {"id": 55, "path_with_namespace": "group/sub/sampleproject"}
    return {"object_kind": "pipeline", "object_attributes": {**told, **attributes}, "project": project}


@dataclass
class Hooked:
    """A webhook and its secret."""

    hook: RunHook
    secret: str

    @property
    def path(self) -> str:
        return reverse("run-hook-heard", args=[self.hook.handle])

    def signature(self, body: bytes) -> str:
        return "sha256=" + hmac.new(self.secret.encode(), body, "sha256").hexdigest()

    def post(
        self, told: object, *, delivery: str = "d-1", event: str = "workflow_run", **headers: str | None
    ):
        """Post as GitHub does; ``headers`` replace its own, None leaves one out."""
        body = told if isinstance(told, bytes) else json.dumps(told).encode()
        sent = {
            "X-GitHub-Event": event,
            "X-GitHub-Delivery": delivery,
            "X-Hub-Signature-256": self.signature(body),
            **{name.replace("_", "-"): value for name, value in headers.items()},
        }
        given = {name: value for name, value in sent.items() if value is not None}
        return Client().post(self.path, body, content_type="application/json", headers=given)

    def lab_post(self, told: object, *, token: str | None = None, delivery: str = "u-1"):
        """Post as GitLab does."""
        headers = {
            "X-Gitlab-Event": "Pipeline Hook",
            "X-Gitlab-Event-UUID": delivery,
            "X-Gitlab-Token": self.secret if token is None else token,
        }
        return Client().post(self.path, json.dumps(told), content_type="application/json", headers=headers)

    def heard(self) -> list[tuple[str, str]]:
        """What the list of messages says, the newest first."""
        return list(self.hook.messages.order_by("-at", "-pk").values_list("heard", "said"))


def hooked(project, maker) -> Hooked:
    """Make a webhook as this owner."""
    proof = proof_of(maker, hooks.purpose(project))
    return Hooked(*hooks.make(project=project, by=Actor.person(maker), proof=proof))


@pytest.fixture
def naming_hub(settings):
    """GitHub's double, the one that the server asks by default, with a run of a wheel and an sdist."""
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    with hubs.github() as double:
        settings.GITHUB_API = double.url
        double.add("dist", WHEEL, SDIST)
        lines = "".join(f"{one.sha256}  dist/{one.filename}\n" for one in (WHEEL, SDIST))
        double.logs, double.made_by = {"build": lines.encode()}, {"dist": "build"}
        yield double


@pytest.fixture
def hub_source(project, naming_hub, alice):
    """sampleproject's CI runs at octo/sampleproject, and it trusts release.yml there."""
    source = CiSource.objects.create(
        project=project,
        kind="github",
        repository="octo/sampleproject",
        repository_id=naming_hub.repository_id,
        token_sealed=secrets.seal_ci_token(hubs.TOKEN),
        set_by=alice,
    )
    trust(project, alice, GITHUB_ISSUER, owner_id="815", repository_id="4711")
    return source


@pytest.fixture
def hook(project, hub_source, alice) -> Hooked:
    """The webhook that alice made."""
    return hooked(project, alice)


@contextmanager
def lab_hook(project, alice, settings):
    """The same at GitLab; yields its double and the webhook."""
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    with labs.gitlab() as double:
        settings.GITLAB_API = double.url
        double.add("wheels", WHEEL)
        double.traces["wheels"] = f"{WHEEL.sha256}  {WHEEL.filename}\n".encode()
        CiSource.objects.create(
            project=project,
            kind="gitlab",
            repository="group/sub/sampleproject",
            repository_id=55,
            token_sealed=secrets.seal_ci_token(labs.TOKEN),
            set_by=alice,
        )
        names = {"repository": "group/sub/sampleproject", "workflow": ".gitlab-ci.yml"}
        trust(project, alice, GITLAB_ISSUER, kind="gitlab", owner_id="77", repository_id="55", **names)
        yield double, hooked(project, alice)
