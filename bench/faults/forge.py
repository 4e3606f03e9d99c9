"""The CI server of a campaign: a double on loopback with identities, runs and logs, and the project that trusts its job."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace

from django.test import RequestFactory

from accounts import stepup
from accounts.audit import Actor
from accounts.models import User
from bench.faults.cast import Person
from drafts import secrets
from drafts.access import publishers
from drafts.access.publishers import Wanted
from drafts.models import CiSource, Project
from tests.providers.github import TOKEN, Doubled
from tests.providers.identity import IdentityProvider
from tests.providers.peers import Asked, peer
from tests.wheels import Built

_API = "/api/v3"
_FIRST_RUN = 8812


@dataclass
class Forge:
    """One CI server, the project whose releases it builds, and the owner whose standing order publishes them.

    ``plain`` is an upload token of the same project that no job has.
    """

    project: str
    owner: Person
    identities: IdentityProvider = field(default_factory=IdentityProvider)
    hub: Doubled = field(default_factory=lambda: Doubled(token=TOKEN, number=_FIRST_RUN))
    plain: str = ""

    def __post_init__(self) -> None:
        self._lock, self._built = threading.Lock(), set[str]()
        self.owners = threading.Lock()

    def answer(self, asked: Asked) -> None:
        """Answer as a server of one's own does: the API below a path, identities beside it."""
        if asked.path.startswith(_API):
            self.hub.answer(replace(asked, path=asked.path.removeprefix(_API)))
        else:
            self.identities.answer(asked)

    def takes(self, version: str) -> bool:
        """Say whether a version's run is free: there is one run in a round, and it builds one version."""
        with self._lock:
            is_new = version not in self._built
            self._built.add(version)
            return is_new

    def ran(self, built: list[Built]) -> str:
        """Let a new run have built these files and logged their digests; returns a fresh identity token of its job."""
        self.hub.number += 1
        self.hub.artifacts.clear()
        self.hub.add("dist", *built)
        self.hub.made_by = {"dist": "build"}
        self.hub.logs = {"build": "".join(f"{one.sha256}  dist/{one.filename}\n" for one in built).encode()}
        return self.identities.token(run_id=str(self.hub.number), repository_id=str(self.hub.repository_id))

    def trusted(self, project: Project) -> None:
        """Have the owner trust the job, and say where its CI runs."""
        user = User.objects.get(email=self.owner.email)
        request = RequestFactory().post("/", {"code": self.owner.code() or ""})
        request.user = user
        proof = stepup.prove(request, publishers.add_purpose(project))
        told = ("github", "octo/sampleproject", "release.yml", "", self.identities.issuer)
        publishers.add(project=project, wanted=Wanted(*told), by=Actor.person(user), proof=proof)
        CiSource.objects.create(
            project=project,
            kind="github",
            api=f"{self.identities.issuer}{_API}",
            repository="octo/sampleproject",
            repository_id=self.hub.repository_id,
            token_sealed=secrets.seal_ci_token(TOKEN),
            set_by=user,
        )


@contextmanager
def running(forge: Forge) -> Iterator[Forge]:
    """Run its servers for the time of a block."""
    with ExitStack() as stack:
        server = stack.enter_context(peer(forge.answer))
        forge.hub.blobs = stack.enter_context(peer(forge.hub.answer_blob))
        forge.identities.server = forge.hub.api = server
        yield forge
