"""What a campaign has elsewhere: the upstream index, a process of its own, and the two projects that go there."""

import time
from dataclasses import dataclass, field
from pathlib import Path

from django.test import RequestFactory

from accounts import stepup
from accounts.audit import Actor
from accounts.models import User
from bench.faults.acts.people import draft_url
from bench.faults.cast import Cast, Person
from bench.faults.upstream import Mood, Shelf
from drafts.models import Job, Kind, Project, Push, PushState, jobs
from drafts.notify import standard_webhooks
from drafts.publishing.targets import check, setting

TOKEN = "only-for-the-campaign"


@dataclass
class Elsewhere:
    """The upstream index, as whoever reads its folder and changes its mood knows it.

    ``sent`` is the project whose files Presscheck brings there, ``by_ci`` the one whose CI does.
    """

    url: str
    folder: Path
    sent: str = ""
    by_ci: str = ""
    hook_secret: str = field(default_factory=standard_webhooks.new_secret)

    def __post_init__(self) -> None:
        (self.folder / "files").mkdir(parents=True, exist_ok=True)
        self.shelf = Shelf(self.folder)

    def be(self, mood: Mood) -> None:
        """Have it behave otherwise, from its next look on."""
        self.shelf.be(mood)

    def digests(self) -> dict[str, str]:
        """Return what it has, by file name."""
        return {name: self.shelf.digest(name) for name, _ in self.shelf.kept()}

    def since(self) -> dict[str, float]:
        """Return when each file came, by name: POSIX seconds."""
        return {name: at / 1e9 for name, at in self.shelf.kept()}

    def aimed_at(self, project: Project, owner: Person, *, by_ci: bool = False) -> None:
        """Have the owner send the project's releases here, by Presscheck or by CI, and look at it once."""
        user = User.objects.get(email=owner.email)
        request = RequestFactory().post("/", {"code": code_of(owner)})
        request.user = user
        addresses = {"upload_url": f"{self.url}/legacy/", "index_url": f"{self.url}/simple/"}
        how = {"username": "__token__", "secret": TOKEN}
        if by_ci:
            how = {"uploader": "ci", "hook_url": f"{self.url}/hook", "secret": self.hook_secret}
        wanted = setting.Wanted(kind="other", **addresses, **how)
        proof = stepup.prove(request, setting.purpose(project))
        setting.set_target(project=project, wanted=wanted, by=Actor.person(user), proof=proof)
        jobs.run(Job.objects.filter(kind=Kind.CHECK_TARGET).latest("pk").pk, check.work)


def code_of(person: Person) -> str:
    """Return a code of a person's authenticator, as soon as there is one that was not used."""
    while (code := person.code()) is None:
        time.sleep(1)
    return code


def resume_what_stopped(cast: Cast) -> None:
    """Do what a maintainer does who was told that a delivery stopped: the store gave other bytes, or the index refused. Raises Lost."""
    for push in Push.objects.filter(state=PushState.STOPPED).select_related("draft__project"):
        with cast.somebody() as person:
            server = cast.servers[0]
            url = draft_url(server, push.draft.project.name, push.draft.version)
            person.browser.post(f"{url}upstream/resume/", person.browser.ask(url))
