"""Standing orders for tests: a project whose last release a trusted job built, a provider that answers, and an order."""

from dataclasses import dataclass

import pytest
from django.core import mail
from django.utils import timezone

from accounts.audit import Actor
from drafts import secrets
from drafts.intake.runs import ask as runs
from drafts.intake.upload2 import said
from drafts.models import (
    CiSource,
    Draft,
    Project,
    StandingOrder,
    Token,
)
from drafts.publishing.orders import give
from tests import wheels
from tests.conftest import do_jobs, publish
from tests.proofs import proof_of
from tests.providers import github as hubs
from tests.trusted import minted, trust

WHEEL, SDIST = wheels.wheel(), wheels.sdist()
COMMIT = hubs.COMMIT


def says(*files) -> bytes:
    return "".join(f"{one.sha256}  dist/{one.filename}\n" for one in files).encode()


@dataclass
class World:
    """A project whose last release was built by a trusted job, a provider that answers, and a standing order."""

    project: Project
    owner: object
    maintainer: object
    identities: object
    hub: hubs.Doubled
    committing: object
    order: StandingOrder | None = None

    def token(self, **claims):
        return minted(self.identities, **claims)

    def stage(self, *files, ci=None) -> Draft:
        ci = ci or self.token()
        for built in files or (WHEEL, SDIST):
            assert ci.upload(built).status_code == 200
        return Draft.objects.live().get()

    def prove(self) -> None:
        """Fetch the log of the run that built the files."""
        runs.ask(
            project=self.project,
            text="8812",
            version="1.0",
            user=self.maintainer,
            by=Actor.person(self.maintainer),
            takes_files=False,
        )
        do_jobs()

    def complete(self, draft: Draft, token: Token | None = None) -> Draft:
        """Have the job say that the draft is complete, and do what follows."""
        token = token or draft.files.live().first().staged_by_token
        assert said.complete(draft=draft, by=token.as_actor())
        return self.work(draft)

    def work(self, draft: Draft) -> Draft:
        """Do all jobs, and send the mail of what they committed."""
        with self.committing(execute=True):
            do_jobs()
        draft.refresh_from_db()
        return draft

    def give(self, days: int = 30) -> StandingOrder:
        proof = proof_of(self.owner, give.purpose(self.project, days))
        self.order = give.give(project=self.project, days=days, by=Actor.person(self.owner), proof=proof)
        return self.order


@pytest.fixture
def world(project, alice, mike, server, django_capture_on_commit_callbacks):
    """sampleproject 0.9 was published by hand, and alice gave an order for what comes."""
    hub = server.hub
    hub.token = hubs.TOKEN
    hub.add("dist", WHEEL, SDIST)
    hub.made_by = {"dist": "build"}
    hub.logs = {"build": says(WHEEL, SDIST)}
    trust(project, alice, server.identities.issuer)
    CiSource.objects.create(
        project=project,
        kind="github",
        api=server.api,
        repository="octo/sampleproject",
        repository_id=hub.repository_id,
        token_sealed=secrets.seal_ci_token(hubs.TOKEN),
        set_by=alice,
    )
    found = World(project, alice, mike, server.identities, hub, django_capture_on_commit_callbacks)
    publish(found.stage(wheels.wheel(version="0.9"), wheels.sdist(version="0.9")), mike)
    Token.objects.all().update(revoked_at=timezone.now())
    found.give()
    do_jobs()  # the letters of it
    mail.outbox.clear()
    return found
