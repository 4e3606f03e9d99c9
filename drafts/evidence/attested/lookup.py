"""Looking attestations up where the project's CI keeps them, by the digests of a draft's files: the act, and its job."""

from dataclasses import dataclass, field
from datetime import timedelta
from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.models import User
from drafts.evidence import sources
from drafts.evidence.attested import job as verifying
from drafts.evidence.attested.job import Outcome
from drafts.evidence.providers import Down, Provider, ProviderError, RateLimited
from drafts.models import AttestationSearch, Attested, CiSource, Draft, EvidenceLog, Job, Kind, Project, jobs

_LONGEST_WAIT = timedelta(hours=1)
_PATIENCE = 4  # times that a provider may be down
_MOST_FILES = 300


class Event(StrEnum):
    """What is on record of it; what came of it is an event of verifying."""

    LOOKED_FOR = "evidence:attestations-looked-for"


class NowhereToLook(Exception):
    """The project does not say where its CI runs; the text says who can."""


@transaction.atomic
def look(*, draft: Draft, user: User, by: Actor) -> None:
    """Have attestations of a draft's files looked for at the project's CI. Raises NowhereToLook, NotEditable."""
    Project.objects.lock(draft.project_id)
    draft = Draft.objects.lock(draft)
    draft.must_be_editable()
    source = CiSource.objects.filter(project=draft.project_id).first()
    if source is None:
        raise NowhereToLook(
            "The project does not say where its CI runs. An owner sets that on the project's CI page."
        )
    values = {"asked_by": user, "asked_at": timezone.now(), "ended_at": None, "failed": False, "said": ""}
    AttestationSearch.objects.update_or_create(draft=draft, defaults=values)
    jobs.enqueue(kind=Kind.FIND_ATTESTATIONS, subject=draft.subject)
    draft.bump()
    audit.record(Event.LOOKED_FOR, on=draft, by=by, repository=source.repository)


@dataclass(slots=True)
class _Found:
    """What was found so far: verified or not, and for how many files there was none."""

    outcomes: list[Outcome] = field(default_factory=list)
    files: int = 0
    without: int = 0

    def said(self, name: str) -> str:
        """Say what came of it."""
        if not self.files:
            return "There were no files to look for."
        said = f"{name} keeps attestations of {self.files - self.without} of {self.files} files."
        verified = sum(one.signer is not None for one in self.outcomes)
        return f"{said} {verified} of {len(self.outcomes)} could be verified." if self.outcomes else said


def work(job: Job) -> None:
    """Do a search; done again it comes to the same."""
    rows = AttestationSearch.objects.select_related("draft__project", "asked_by").filter(ended_at=None)
    search = rows.filter(draft=job.subject_id).first()
    if search is None or not search.draft.is_editable:
        job.finish()
        return
    try:
        provider = _provider(search)
        found = _find(search.draft, provider, job)
    except RateLimited as error:
        if error.until <= timezone.now() + _LONGEST_WAIT:
            _wait(search, job, error)
        else:
            _fail(search, job, f"{error} That is too long to wait here: look again then.")
    except Down as error:
        if job.failures + 1 < _PATIENCE:
            raise
        _fail(search, job, str(error))
    except ProviderError as error:
        _fail(search, job, str(error))
    else:
        _settle(search, job, found, provider.name)


def _provider(search: AttestationSearch) -> Provider:
    source = CiSource.objects.filter(project=search.draft.project_id).first()
    if source is None:
        raise ProviderError("The project does not say any more where its CI runs.")
    return sources.provider_of(source)


def _find(draft: Draft, provider: Provider, job: Job) -> _Found:
    """Ask about every file, and verify what is there, without the network. Raises ProviderError."""
    found = _Found()
    files = list(draft.files.live().order_by("filename")[:_MOST_FILES])
    for done, file in enumerate(files, 1):
        job.renew(done=done, total=len(files))
        found.files += 1
        statements = provider.attestations(file.sha256)
        found.without += not statements
        for number, statement in enumerate(statements, 1):
            found.outcomes += verifying.outcomes([file], number, statement)
    return found


@transaction.atomic
def _wait(search: AttestationSearch, job: Job, error: RateLimited) -> None:
    draft = Draft.objects.lock(search.draft)
    job.postpone(error.until, str(error))
    AttestationSearch.objects.filter(pk=search.pk).update(said=str(error))
    draft.bump()


@transaction.atomic
def _fail(search: AttestationSearch, job: Job, reason: str) -> None:
    draft = Draft.objects.lock(search.draft)
    job.give_up(reason)
    _end(search, reason, failed=True)
    draft.bump()


def _settle(search: AttestationSearch, job: Job, found: _Found, name: str) -> None:
    """Write down what was found: each that verifies becomes a log of whoever asked, with one digest."""
    texts = verifying.kept(found.outcomes)
    with transaction.atomic():
        draft = Draft.objects.lock(search.draft)
        job.finish()
        earlier = Attested.objects.filter(file__draft=draft).exclude(found_at="")
        logs = set(earlier.exclude(log=None).values_list("log", flat=True))
        earlier.delete()
        for one in found.outcomes:
            label = f"attestation {one.number} of {one.file.filename} at {name}"
            log = verifying.log_of(draft, one, texts, {"added_by_user": search.asked_by}, label)
            verifying.row(one, log, found_at=name)
            logs -= {log.pk} if log else set()
        # What is not there any more says nothing: without the signature's row it would be somebody's word.
        EvidenceLog.objects.filter(pk__in=logs, attested=None).delete()
        _end(search, found.said(name))
        draft.bump()
        verifying.record(draft, found.outcomes)


def _end(search: AttestationSearch, said: str, *, failed: bool = False) -> None:
    values = {"ended_at": timezone.now(), "said": said[:2000], "failed": failed}
    AttestationSearch.objects.filter(pk=search.pk, asked_at=search.asked_at).update(**values)
