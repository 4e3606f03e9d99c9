"""The sample project of an empty index: a published release, and a draft with something to see."""

from dataclasses import dataclass

from django.db import transaction
from packaging.version import Version

from accounts import audit, people
from accounts.audit import Actor
from accounts.models import User
from drafts.access import projects, tokens
from drafts.dist import parse_filename
from drafts.evidence import add
from drafts.intake import door
from drafts.intake.arrival import Upload
from drafts.intake.rules import Stager
from drafts.intake.stage import Staged
from drafts.models import Draft, DraftState, Kind, Project, Token, TokenKind, jobs
from drafts.operations import sample_files
from drafts.operations.sample_files import NAME, Built
from drafts.publishing import flip, publish

OWNER = "owner@example.org"
PUBLISHED, DRAFT = "1.0", "1.1"
_PYTHONS = ("cp311", "cp312", "cp313")
_PLATFORMS = ("manylinux_2_28_x86_64", "macosx_11_0_arm64", "win_amd64")
_LOST = "cp313-cp313-macosx_11_0_arm64"
_NEW = "cp314-cp314-manylinux_2_28_x86_64"
_REPLACED = "cp312-cp312-win_amd64"
_SYSTEM = Actor.system("first start")
_NOTE = "Sample content, published when Presscheck was started for the first time. No person and no second factor was asked."


class NotPublished(Exception):
    """The sample release could not be published: a defect."""


@dataclass(frozen=True, slots=True)
class Made:
    """What was made: the project's owner, and the text of the upload token."""

    owner: User
    token: str


def is_wanted() -> bool:
    """Say whether the index is still empty: neither people nor projects."""
    return not User.objects.exists() and not Project.objects.exists()


@transaction.atomic
def make() -> Made:
    """Make the sample, whole or not at all, by the acts that people and CI jobs use."""
    owner = people.add(email=OWNER, name="Owner of the sample", by=_SYSTEM)
    robot = _robot()
    project = projects.create(name=NAME, by=_SYSTEM, owner=OWNER)
    token, text = tokens.make(
        project=project, kind=TokenKind.UPLOAD, by=_SYSTEM, user=owner, label="sample CI"
    )
    first = _published_files()
    draft = _staged(project, token, PUBLISHED, first)
    _logged(draft, robot, first)
    _publish_without_a_person(draft, robot)
    ci, replacement = _draft_files()
    draft = _staged(project, token, DRAFT, [*ci, replacement])
    _logged(draft, robot, ci)
    return Made(owner, text)


def _robot() -> User:
    """Return who signs for what no person did; it can never sign in."""
    robot = people.add(email="sample@presscheck.invalid", name="Presscheck (sample)", by=_SYSTEM)
    robot.is_active = False
    robot.save(update_fields=["is_active"])
    return robot


def _published_files() -> list[Built]:
    tags = [f"{python}-{python}-{platform}" for python in _PYTHONS for platform in _PLATFORMS]
    return [*(sample_files.wheel(PUBLISHED, tag) for tag in tags), sample_files.sdist(PUBLISHED)]


def _draft_files() -> tuple[list[Built], Built]:
    """Return what CI built (one wheel less than last time, one for a new Python) and another upload of one file."""
    tags = [f"{python}-{python}-{platform}" for python in _PYTHONS for platform in _PLATFORMS]
    tags = [*(tag for tag in tags if tag != _LOST), _NEW]
    ci = [*(sample_files.wheel(DRAFT, tag) for tag in tags), sample_files.sdist(DRAFT)]
    return ci, sample_files.wheel(DRAFT, _REPLACED, note="built again on somebody's own machine")


def _staged(project: Project, token: Token, version: str, files: list[Built]) -> Draft:
    by = Stager(actor=_SYSTEM, token=token)
    for built in files:
        draft = _stage(project, Version(version), built, by).draft
    assert draft is not None
    return draft


def _stage(project: Project, version: Version, built: Built, by: Stager) -> Staged:
    upload = Upload(parse_filename(built.filename))
    try:
        upload.write(built.data)
        return door.take(upload, project=project, version=version, by=by)
    finally:
        upload.discard()


def _logged(draft: Draft, robot: User, files: list[Built]) -> None:
    """Add what a build job would have printed about the files."""
    lines = [f"{built.sha256}  dist/{built.filename}" for built in files]
    log = "\n".join(["$ sha256sum dist/*", *lines, ""]).encode()
    add.paste(draft=draft, data=log, label="sample build log", user=robot, by=_SYSTEM)


def _publish_without_a_person(draft: Draft, robot: User) -> None:
    """Decide in place of ``publishing.publish.start``, which no command and no system can pass; then the usual job.

    Allowed for sample content of an empty index alone. Raises NotPublished.
    """
    fingerprint = draft.fingerprint()
    publish.reserve(draft=draft)
    draft.state, draft.publishing_fingerprint = DraftState.PROCESSING, fingerprint
    draft.publishing_by, draft.publishing_note = robot, _NOTE
    draft.save(update_fields=["state", "publishing_fingerprint", "publishing_by", "publishing_note"])
    audit.record(publish.Event.STARTED, on=draft, by=_SYSTEM, digest=fingerprint, method="none", note=_NOTE)
    job = jobs.claim(jobs.enqueue(kind=Kind.PUBLISH, subject=draft.subject).pk)
    assert job is not None
    flip.work(job)
    draft.refresh_from_db()
    if draft.state != DraftState.PUBLISHED:
        raise NotPublished(draft.error)
