"""Evidence: what somebody other than the uploader's request says the digests are."""

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from drafts.models.ci import CiRun
from drafts.models.drafts import EDITABLE, Draft
from drafts.models.files import File
from drafts.models.projects import Project
from drafts.models.tokens import Token, TokenKind

EVERY_FILE = "*"


@dataclass(frozen=True, slots=True)
class PrintedBy:
    """Which job of which run printed a log. Stays with the log as the provider told it then.

    ``row`` is the run's. ``said`` says why it proves no more than pasted text, where it does not.
    """

    kind: str
    repository: str
    workflow: str
    run: int
    attempt: int
    commit: str
    job: str
    row: int
    said: str = ""

    @classmethod
    def of(cls, values: dict[str, Any]) -> "PrintedBy":
        """Read what ``values`` made."""
        return cls(**values)

    @property
    def values(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    @property
    def job_key(self) -> str:
        """Return a name that is equal for the same job of another run."""
        return f"{self.kind}\n{self.repository.lower()}\n{self.workflow}\n{self.job}"


class EvidenceQuerySet(models.QuerySet["EvidenceLog"]):
    """Named questions about logs."""

    def read_before(self, reader: int) -> "EvidenceQuerySet":
        """Logs that an older program read and that can still decide: of a draft that may change, or waiting for one."""
        undecided = Q(draft=None) | Q(draft__state__in=EDITABLE)
        return self.filter(undecided, reader__lt=reader, purged_at=None)

    def waiting_for(self, project: Project, version_key: str) -> "EvidenceQuerySet":
        """Logs that came before the release had a draft."""
        return self.filter(draft=None, project=project, version_key=version_key)

    def about(self, project: Project, version_key: str) -> "EvidenceQuerySet":
        """Logs that a release has, in its drafts or waiting for one, whose text is kept."""
        of_draft = Q(draft__project=project, draft__version_key=version_key)
        return self.filter(of_draft | Q(draft=None, project=project, version_key=version_key), purged_at=None)


class EvidenceLog(models.Model):
    """One log or checksum file, kept as it came but for masked secrets.

    One that was posted before its release had a draft waits without one, by project and version.
    """

    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, null=True, related_name="evidence")
    project = models.ForeignKey(Project, on_delete=models.PROTECT, null=True, related_name="+")
    version_key = models.CharField(max_length=200, blank=True)
    label = models.CharField(max_length=200)
    rank = models.PositiveSmallIntegerField()
    added_at = models.DateTimeField(default=timezone.now)
    added_by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    added_by_token = models.ForeignKey(Token, on_delete=models.PROTECT, null=True, related_name="+")
    added_by_run = models.ForeignKey(CiRun, on_delete=models.PROTECT, null=True, related_name="logs")
    sha256 = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    found = models.PositiveIntegerField(help_text="how many digests were read from it")
    cut = models.BooleanField(default=False)
    reader = models.PositiveSmallIntegerField(
        default=0, help_text="the number of the program that read it; older ones are read again"
    )
    attests = models.BooleanField(default=False, help_text="it may hold attestations")
    masked = models.PositiveIntegerField(
        default=0, help_text="how many secrets were masked before it was kept"
    )
    printed_by = models.JSONField(null=True, default=None, help_text="the job, where a run's log was fetched")
    vouches = models.JSONField(
        default=list, help_text="files for which a fetched log counts as fetched; * for all"
    )
    set_aside_at = models.DateTimeField(null=True)
    set_aside_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    set_aside_reason = models.TextField(blank=True)
    object_id = models.CharField(max_length=32, unique=True)
    purged_at = models.DateTimeField(null=True)

    objects: ClassVar = EvidenceQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(draft__isnull=False) | (Q(project__isnull=False) & ~Q(version_key="")),
                name="a_log_without_a_draft_says_what_it_waits_for",
            ),
            models.UniqueConstraint(
                fields=["project", "version_key", "sha256", "added_by_token"],
                condition=Q(draft=None),
                name="a_token_has_a_log_wait_once",
            ),
            models.CheckConstraint(
                condition=Q(set_aside_at=None, set_aside_by=None, set_aside_reason="")
                | (Q(set_aside_at__isnull=False, set_aside_by__isnull=False) & ~Q(set_aside_reason="")),
                name="a_log_that_is_set_aside_says_by_whom_and_why",
            ),
            models.UniqueConstraint(
                fields=["draft", "sha256", "added_by_user"],
                condition=Q(added_by_user__isnull=False),
                name="a_person_adds_a_log_once",
            ),
            models.UniqueConstraint(
                fields=["draft", "sha256", "added_by_token"],
                condition=Q(added_by_token__isnull=False),
                name="a_token_adds_a_log_once",
            ),
            models.UniqueConstraint(
                fields=["draft", "sha256", "added_by_run"],
                condition=Q(added_by_run__isnull=False),
                name="a_run_adds_a_log_once",
            ),
            models.CheckConstraint(
                condition=Q(added_by_token__isnull=False, added_by_user=None, added_by_run=None)
                | Q(added_by_token=None, added_by_user__isnull=False, added_by_run=None)
                | Q(added_by_token=None, added_by_user=None, added_by_run__isnull=False),
                name="a_log_was_added_by_a_token_a_person_or_a_run",
            ),
        ]

    def __str__(self) -> str:
        return self.label

    @property
    def subject(self) -> str:
        """Return the log's name in the job table and in proofs."""
        return f"log:{self.pk}"

    @property
    def added_by(self) -> str:
        """Return an opaque name of who added it; a run is nobody who stages, so its logs are independent."""
        if self.added_by_run_id:
            return f"run:{self.added_by_run_id}"
        return self.added_by_token.key if self.added_by_token else f"person:{self.added_by_user_id}"

    @property
    def of_own_files(self) -> bool:
        """Say whether it came with an upload token, which has a say about what it staged and nothing else."""
        return self.added_by_token is not None and self.added_by_token.kind == TokenKind.UPLOAD

    def vouches_for(self, filename: str | None) -> bool:
        """Say whether the job that printed it is one whose lines count for this file."""
        return EVERY_FILE in self.vouches or filename in self.vouches


class LoggedDigest(models.Model):
    """One digest that a log says a file has."""

    log = models.ForeignKey(EvidenceLog, on_delete=models.CASCADE, related_name="digests")
    filename = models.CharField(max_length=300, null=True)
    algorithm = models.CharField(max_length=16)
    digest = models.CharField(max_length=256)
    line = models.PositiveIntegerField()
    form = models.CharField(max_length=40)
    hidden = models.BooleanField(default=False, help_text="a terminal would not show it")
    step = models.CharField(max_length=200, blank=True, help_text="of the job, as the log names it")
    excerpt = models.CharField(max_length=1000, blank=True)

    def __str__(self) -> str:
        return f"{self.filename or '(no name)'} {self.algorithm}:{self.digest[:12]}"


class Attested(models.Model):
    """What verifying one attestation for one file came to: who signed it, or why it is not verified."""

    file = models.ForeignKey(File, on_delete=models.PROTECT, related_name="attested")
    log = models.ForeignKey(EvidenceLog, on_delete=models.CASCADE, null=True, related_name="attested")
    number = models.PositiveSmallIntegerField(help_text="which of them, from 1")
    came_with_file = models.BooleanField(help_text="false: a member added it, or it was looked up")
    found_at = models.CharField(max_length=40, blank=True, help_text="the provider where it was looked up")
    signer = models.JSONField(null=True, help_text="what the certificate says; none: not verified")
    reason = models.TextField(blank=True)
    checked_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["file", "number"],
                condition=Q(came_with_file=True),
                name="an_attestation_of_a_file_has_one_outcome",
            ),
            models.UniqueConstraint(
                fields=["file", "number"],
                condition=~Q(found_at=""),
                name="an_attestation_that_was_looked_up_has_one_outcome",
            ),
            models.CheckConstraint(
                condition=Q(found_at="") | Q(came_with_file=False),
                name="an_attestation_comes_with_its_file_or_is_looked_up",
            ),
            models.CheckConstraint(
                condition=Q(signer__isnull=True) & ~Q(reason="")
                | Q(signer__isnull=False, reason="", log__isnull=False),
                name="an_attestation_has_a_signer_and_a_log_or_a_reason",
            ),
        ]

    def __str__(self) -> str:
        return f"attestation {self.number} of {self.file_id}"


class ProvenanceObject(models.Model):
    """What readers get of a published file's attestations (PEP 740), as it was decided when it was published."""

    file = models.OneToOneField(
        File, on_delete=models.PROTECT, primary_key=True, related_name="provenance_object"
    )
    body = models.TextField(help_text="the object as JSON")

    def __str__(self) -> str:
        return f"provenance of {self.file_id}"


class AttestationSearch(models.Model):
    """The last time that attestations of a draft's files were looked for, and in a sentence what came of it.

    While it is under way (no ``ended_at``), ``said`` is what is waited for.
    """

    draft = models.OneToOneField(
        Draft, on_delete=models.PROTECT, primary_key=True, related_name="attestation_search"
    )
    asked_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    asked_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    failed = models.BooleanField(default=False)
    said = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(ended_at=None, failed=False) | (Q(ended_at__isnull=False) & ~Q(said="")),
                name="a_search_that_ended_says_what_it_came_to",
            ),
        ]

    def __str__(self) -> str:
        return f"search for attestations of {self.draft_id}"
