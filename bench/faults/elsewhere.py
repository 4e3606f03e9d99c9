"""The upstream index of a campaign: a double on loopback that takes uploads and lists them, and the project that goes there."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from django.test import RequestFactory

from accounts import stepup
from accounts.audit import Actor
from accounts.models import User
from bench.faults.acts.people import draft_url
from bench.faults.cast import Cast, Person
from drafts.models import Job, Kind, Project, Push, PushState, jobs
from drafts.publishing.targets import check, setting
from tests.providers.peers import peer
from tests.upstreams import TOKEN, Upstream


@dataclass
class Elsewhere(Upstream):
    """An index that forgets nothing, refuses nothing new, and reckons each digest once."""

    project: str = ""
    _known: dict[str, str] = field(default_factory=dict)

    def digest(self, name: str) -> str:
        if name not in self._known:
            self._known[name] = super().digest(name)
        return self._known[name]

    def digests(self) -> dict[str, str]:
        """Return what it has, by file name."""
        return {name: self.digest(name) for name in list(self.files)}

    def aimed_at(self, project: Project, owner: Person) -> None:
        """Have the owner send the project's releases here, and look at it once."""
        self.project = project.name
        user = User.objects.get(email=owner.email)
        request = RequestFactory().post("/", {"code": owner.code() or ""})
        request.user = user
        wanted = setting.Wanted(
            kind="other",
            username="__token__",
            secret=TOKEN,
            upload_url=f"{self.url}/legacy/",
            index_url=f"{self.url}/simple/",
        )
        proof = stepup.prove(request, setting.purpose(project))
        setting.set_target(project=project, wanted=wanted, by=Actor.person(user), proof=proof)
        jobs.run(Job.objects.filter(kind=Kind.CHECK_TARGET).latest("pk").pk, check.work)


@contextmanager
def running() -> Iterator[Elsewhere]:
    """Run one for the time of a block."""
    double = Elsewhere()
    with peer(double.answer) as there:
        double.peer = there
        yield double


def resume_what_stopped(cast: Cast) -> None:
    """Do what a maintainer does who was told that a delivery stopped, because the store gave other bytes for a while. Raises Lost."""
    for push in Push.objects.filter(state=PushState.STOPPED).select_related("draft__project"):
        with cast.somebody() as person:
            server = cast.servers[0]
            url = draft_url(server, push.draft.project.name, push.draft.version)
            person.browser.post(f"{url}upstream/resume/", person.browser.ask(url))
