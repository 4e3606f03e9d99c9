"""The acts on where a project's CI runs: set it, have it tested, remove it; and the job that tests it."""

import re
from dataclasses import dataclass
from enum import StrEnum

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.stepup import Proof, Purpose
from drafts import outbound, secrets
from drafts.access import members, orders
from drafts.access.roles import Act
from drafts.evidence.providers import KINDS, Kind, Provider, ProviderError
from drafts.models import CiSource, Job, Project, RunHook, jobs
from drafts.models import Kind as JobKind
from drafts.outbound.addresses import parse

_WORKFLOW = re.compile(r"[A-Za-z0-9_./-]{1,190}\.ya?ml")
_MOST_JOBS, _LONGEST_JOB = 50, 200
_TOKEN = re.compile(r"[!-~]{1,500}")


class Event(StrEnum):
    """What can happen to where a project's CI runs."""

    SET = "ci:set"
    CHECKED = "ci:checked"
    REMOVED = "ci:removed"


class BadSource(Exception):
    """It cannot be set like that; the text says why. Nothing was changed."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an owner typed; ``api``, ``workflow`` and ``jobs`` may be empty, an empty ``token`` keeps the one there is.

    ``jobs`` are the names of the jobs whose lines count, which shell patterns may stand for.
    """

    kind: str
    repository: str
    api: str = ""
    workflow: str = ""
    token: str = ""
    jobs: tuple[str, ...] = ()


def purpose(project: Project) -> Purpose:
    """Return what a proof must be for to change where a project's CI runs."""
    return Purpose(act="ci", on=f"project:{project.pk}")


def check_shape(wanted: Wanted) -> Kind:
    """Raise BadSource, before a code is spent, unless everything has the form it must have."""
    kind = KINDS.get(wanted.kind)
    if kind is None:
        raise BadSource("Choose one of the CI providers.")
    if not kind.repository.fullmatch(wanted.repository):
        raise BadSource(
            f"Name the repository as its address spells it, such as the middle of {kind.example}."
        )
    if wanted.api:
        try:
            parse(wanted.api)
        except outbound.Forbidden as error:
            raise BadSource(str(error)) from error
    if wanted.workflow and (wanted.kind != "github" or not _WORKFLOW.fullmatch(wanted.workflow)):
        raise BadSource(
            "A workflow is a file of GitHub Actions, such as release.yml; elsewhere leave it empty."
        )
    if len(wanted.jobs) > _MOST_JOBS or any(len(job) > _LONGEST_JOB for job in wanted.jobs):
        raise BadSource(f"At most {_MOST_JOBS} jobs are named, each with at most {_LONGEST_JOB} characters.")
    if wanted.token and not _TOKEN.fullmatch(wanted.token):
        raise BadSource("A token is one word without spaces.")
    return kind


@transaction.atomic
def set_source(*, project: Project, wanted: Wanted, by: Actor, proof: Proof) -> CiSource:
    """Say where a project's CI runs, and have it tested. Raises BadSource, ProofRefused.

    A token is kept only for the API it was given for: it is never sent to an address that was typed later. The webhook of
    another repository ends.
    """
    project = Project.objects.lock(project.pk)
    _demand(project, proof)
    check_shape(wanted)
    source = CiSource.objects.filter(project=project).first() or CiSource(project=project)
    same_api = (source.kind, source.api) == (wanted.kind, wanted.api)
    if source.token_sealed and not wanted.token and not same_api:
        raise BadSource("Give the token again: the one that is kept was meant for another server.")
    if not same_api or source.repository.lower() != wanted.repository.lower():
        source.repository_id = None
    is_same = same_api and source.repository == wanted.repository
    ended = source.pk and not is_same and RunHook.objects.filter(source=source).delete()[0]
    if wanted.token:
        source.token_sealed = secrets.seal_ci_token(wanted.token)
    source.kind, source.api, source.workflow = wanted.kind, wanted.api, wanted.workflow
    source.repository, source.evidence_jobs = wanted.repository, list(wanted.jobs)
    source.set_at, source.set_by = timezone.now(), proof.user
    source.checked_at, source.check_error = None, ""
    source.save()
    jobs.enqueue(kind=JobKind.CHECK_CI, subject=source.subject)
    orders.terms_changed(project)
    audit.record(
        Event.SET,
        on=source,
        by=by,
        provider=wanted.kind,
        repository=wanted.repository,
        api=wanted.api,
        workflow=wanted.workflow,
        jobs=list(wanted.jobs),
        token="new" if wanted.token else "kept" if source.token_sealed else "none",
        method=proof.method,
        **({"webhook": "ended"} if ended else {}),
    )
    return source


@transaction.atomic
def remove(*, project: Project, by: Actor, proof: Proof) -> bool:
    """Forget where a project's CI runs, and its token. False when there was nothing. Raises ProofRefused, BadSource."""
    project = Project.objects.lock(project.pk)
    _demand(project, proof)
    source = CiSource.objects.filter(project=project).first()
    if source is None:
        return False
    orders.terms_changed(project)
    audit.record(Event.REMOVED, on=source, by=by, repository=source.repository, method=proof.method)
    source.delete()
    return True


def _demand(project: Project, proof: Proof) -> None:
    proof.demand(purpose(project))
    if not members.allows(project, proof.user, Act.CI):
        raise BadSource(f"{proof.user} is not an owner of {project} any more.")


@transaction.atomic
def test_again(*, source: CiSource) -> None:
    """Have the connection tested again: a question, which changes nothing that anybody decided."""
    Project.objects.lock(source.project_id)
    CiSource.objects.filter(pk=source.pk).update(checked_at=None, check_error="")
    jobs.enqueue(kind=JobKind.CHECK_CI, subject=source.subject)


def provider_of(source: CiSource) -> Provider:
    """Return the provider, with the token unsealed. Raises ProviderError when no key of the server opens it."""
    kind = KINDS[source.kind]
    try:
        token = secrets.open_ci_token(source.token_sealed)
    except InvalidToken as error:
        raise ProviderError(
            "The token cannot be read any more, because the server's secret key was replaced: an owner has to give it "
            "again on the project's CI page.",
        ) from error
    return kind.at(source.api or kind.api, source.repository, token)


def check(job: Job) -> None:
    """Do a test: ask for the repository, remember its id, or say what is wrong."""
    source = CiSource.objects.filter(pk=job.subject_id).first()
    if source is None:
        job.finish()
        return
    try:
        found = provider_of(source).repository()
        must_be_the_same(source, found.id)
    except ProviderError as error:
        _settle(job, source, None, str(error))
    else:
        _settle(job, source, found.id, "")


def must_be_the_same(source: CiSource, repository_id: int) -> None:
    """Raise ProviderError when the repository's name belongs to another repository by now."""
    if source.repository_id not in {None, repository_id}:
        raise ProviderError(
            f"The name {source.repository} belongs to another repository now (id {repository_id}, and it was "
            f"{source.repository_id}). Nothing of it is taken. If that is right, an owner can remove it and set it again.",
        )


@transaction.atomic
def _settle(job: Job, source: CiSource, repository_id: int | None, error: str) -> None:
    """Write down what a test found; a source that was set anew has a new job, and this one is fenced."""
    Project.objects.lock(source.project_id)
    job.finish()
    values = {"checked_at": timezone.now(), "check_error": error[:2000]}
    if repository_id is not None:
        values["repository_id"] = repository_id
    if (
        CiSource.objects.filter(pk=source.pk).update(**values)
        and repository_id != source.repository_id
        and repository_id is not None
    ):
        audit.record(Event.CHECKED, on=source, by=Actor.system(), repository_id=repository_id)
