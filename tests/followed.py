"""A CI server of one's own on loopback: its jobs' identities and its API for runs behind one address, as GitHub's has them."""

from contextlib import contextmanager
from dataclasses import dataclass, replace

import pytest
from django.core.cache import cache
from django.utils import timezone

from drafts import secrets
from drafts.evidence.compare import Rank
from drafts.models import CiSource, Draft, Job, Kind, Project, Publisher
from tests import wheels
from tests.conftest import Ci, do_jobs
from tests.providers import github as hubs
from tests.providers.github import Doubled
from tests.providers.identity import IdentityProvider
from tests.providers.peers import Asked, peer
from tests.trusted import minted, trust

API = "/api/v3"
WHEEL, SDIST = wheels.wheel(), wheels.sdist()
TAMPERED = wheels.wheel(salt="tampered")


@dataclass
class OwnServer:
    """Identities and runs of one server; asked without a token unless a test gives it one."""

    identities: IdentityProvider
    hub: Doubled

    def answer(self, asked: Asked) -> None:
        if asked.path.startswith(API):
            self.hub.answer(replace(asked, path=asked.path.removeprefix(API)))
        else:
            self.identities.answer(asked)

    @property
    def api(self) -> str:
        return f"{self.identities.issuer}{API}"

    @property
    def asked(self) -> list[str]:
        """The paths that the API was asked for, in order."""
        return [one.path for one in self.identities.server.asked if one.path.startswith(API)]

    def mint(self, **claims) -> Ci:
        """The upload token of the run, as the server says what it is."""
        told = {"run_id": str(self.hub.number), "repository_id": str(self.hub.repository_id)}
        return minted(self.identities, **{**told, **claims})


@contextmanager
def own_server():
    """Run one for a while."""
    double = OwnServer(IdentityProvider(), Doubled(token=""))
    with peer(double.answer) as server, peer(double.hub.answer_blob) as blobs:
        double.identities.server = double.hub.api = server
        double.hub.blobs = blobs
        yield double


@pytest.fixture
def server(settings):
    """A server of one's own that this one may ask."""
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    cache.clear()
    with own_server() as double:
        yield double


@pytest.fixture
def trusted_there(project: Project, alice, server: OwnServer) -> Publisher:
    """sampleproject trusts release.yml there."""
    return trust(project, alice, server.identities.issuer)


def says(*files: wheels.Built) -> bytes:
    return "".join(f"{one.sha256}  dist/{one.filename}\n" for one in files).encode()


@pytest.fixture
def hub(server):
    """Its API: a run that built both files in one job, uploaded them as an artifact, and staged them in another."""
    server.hub.add("dist", WHEEL, SDIST)
    server.hub.made_by = {"dist": "build"}
    server.hub.logs = {"build": says(WHEEL, SDIST), "publish": b"Uploading\n"}
    return server.hub


@pytest.fixture
def source(project, alice, server):
    """The project's CI runs there, and is read with a token."""
    server.hub.token = hubs.TOKEN
    return CiSource.objects.create(
        project=project,
        kind="github",
        api=server.api,
        repository="octo/sampleproject",
        repository_id=4711,
        token_sealed=secrets.seal_ci_token(hubs.TOKEN),
        set_by=alice,
    )


def stage(server, *files, **claims) -> Draft:
    ci = server.mint(**claims)
    for built in files:
        assert ci.upload(built).status_code == 200
    do_jobs()
    return Draft.objects.get()


def verdict(draft: Draft, built=WHEEL) -> tuple[str, Rank | None]:
    from drafts.evidence.verdicts import comparison

    found = comparison(draft).files[built.filename]
    return str(found.verdict), found.rank


def ask_again_now() -> None:
    """Let the time pass until the run is asked for again."""
    Job.objects.filter(kind=Kind.FETCH_RUN).update(not_before=timezone.now())
    do_jobs()
