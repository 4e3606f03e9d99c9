"""The acts on CI runs: ask for one to be fetched, and say which version of several to take."""

from enum import StrEnum

from django.db import transaction
from django.utils import timezone
from packaging.version import InvalidVersion, Version

from accounts import audit
from accounts.audit import Actor
from accounts.models import User
from drafts.evidence.providers import KINDS, pointed_at
from drafts.models import CiRun, CiSource, FetchState, Kind, Project, jobs


class Event(StrEnum):
    """What can happen to a run that is fetched."""

    ASKED = "run:asked"
    FETCHED = "run:fetched"
    FAILED = "run:failed"


class NoSource(Exception):
    """The project does not say where its CI runs."""


class NotOffered(Exception):
    """The run does not wait for that choice."""


@transaction.atomic
def ask(
    *,
    project: Project,
    text: str,
    version: str = "",
    user: User,
    by: Actor,
    takes_files: bool = True,
    by_hook: bool = False,
) -> CiRun:
    """Have a run fetched that somebody pasted the address of; ``version`` when its draft is known.

    A run that was fetched before is fetched again: identical files stay as they are. ``takes_files`` false: only the
    logs are added, to the draft of ``version``. ``by_hook``: CI named it, and ``user`` set up that it may. Raises NoSource,
    NoRun.
    """
    project = Project.objects.lock(project.pk)
    source = CiSource.objects.filter(project=project).first()
    if source is None:
        raise NoSource(
            "The project does not say where its CI runs. An owner sets that on the project's CI page."
        )
    pointer = pointed_at(text, kind=KINDS[source.kind], repository=source.repository)
    run, is_new = CiRun.objects.get_or_create(
        project=project,
        kind=source.kind,
        repository=source.repository,
        number=pointer.run,
        defaults={"asked_by": user, "version": version, "takes_files": takes_files},
    )
    if not is_new and run.state == FetchState.FETCHING:
        return run
    run.takes_files = takes_files
    run.by_hook = by_hook
    _begin(run, user, version)
    taken_as = {"taken_as": str(user)} if by_hook else {}
    audit.record(Event.ASKED, on=run, by=by, version=version, files=takes_files, **taken_as)
    return run


@transaction.atomic
def choose(*, run: CiRun, version: str, user: User, by: Actor) -> CiRun:
    """Say which version's files are taken of a run that holds several. Raises NotOffered."""
    Project.objects.lock(run.project_id)
    run = CiRun.objects.select_for_update().get(pk=run.pk)
    if run.state != FetchState.CHOOSE or version not in run.outcome.get("versions", []):
        raise NotOffered(f"{run} does not wait for this choice any more: look at what came of it.")
    run.by_hook = False
    _begin(run, user, version)
    audit.record(Event.ASKED, on=run, by=by, version=version)
    return run


def _begin(run: CiRun, user: User, version: str) -> None:
    run.state, run.error, run.ended_at, run.outcome = FetchState.FETCHING, "", None, {}
    run.asked_by, run.named_by, run.asked_at, run.version = user, None, timezone.now(), version
    run.save()
    jobs.enqueue(kind=Kind.FETCH_RUN, subject=run.subject)


def wanted(run: CiRun) -> Version | None:
    """Return the version whose files are wanted; None for the only one there is."""
    return read_version(run.version)


def read_version(text: str) -> Version | None:
    """Return what a form says of the version; None for nothing, and for what is none (PEP 440)."""
    try:
        return Version(text)
    except InvalidVersion:
        return None
