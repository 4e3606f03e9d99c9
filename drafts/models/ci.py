"""Where a project's CI runs, and the runs that were fetched from there."""

from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from drafts.models.projects import Project
from drafts.models.tokens import Token


class CiKind(StrEnum):
    """The CI providers there are."""

    GITHUB = "github"
    GITLAB = "gitlab"


class CiSource(models.Model):
    """The repository whose runs may be fetched, and the sealed token that reads it. At most one per project."""

    project = models.OneToOneField(Project, on_delete=models.PROTECT, related_name="ci_source")
    kind = models.CharField(max_length=16)
    api = models.CharField(max_length=300, blank=True, help_text="base address; empty: the server's default")
    repository = models.CharField(max_length=300)
    repository_id = models.PositiveBigIntegerField(
        null=True, help_text="as first seen; a name can change hands"
    )
    workflow = models.CharField(max_length=200, blank=True, help_text="empty: any")
    evidence_jobs = models.JSONField(
        default=list, help_text="names of jobs whose lines count; empty: those that made the files"
    )
    token_sealed = models.TextField(blank=True)
    set_at = models.DateTimeField(default=timezone.now)
    set_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.PROTECT, related_name="+")
    checked_at = models.DateTimeField(null=True)
    check_error = models.TextField(blank=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=list(CiKind)), name="a_ci_source_is_of_a_known_kind"),
            models.CheckConstraint(condition=~Q(repository=""), name="a_ci_source_names_a_repository"),
        ]

    def __str__(self) -> str:
        return f"{self.repository} ({self.kind})"

    @property
    def subject(self) -> str:
        return f"ci:{self.pk}"

    @property
    def audit_subject(self) -> audit.Subject:
        """Return how events speak of it."""
        return audit.Subject(f"project:{self.project_id}", "ci", str(self.pk), str(self))


class FetchState(StrEnum):
    """Where fetching a run stands. ``choose``: it holds files of several versions, and a person says which."""

    FETCHING = "fetching"
    CHOOSE = "choose"
    DONE = "done"
    FAILED = "failed"


class CiRun(models.Model):
    """One run: what the provider said of it, and what came of it.

    A member asked for it, or the token that its job minted named it when it staged files (``named_by``). ``by_hook``: its
    CI named it, by the webhook of ``asked_by``.
    ``error``: why it failed, and while it is fetched what is waited for.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="ci_runs")
    kind = models.CharField(max_length=16)
    repository = models.CharField(max_length=300)
    number = models.PositiveBigIntegerField()
    version = models.CharField(max_length=200, blank=True, help_text="which one to take; empty: the only one")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    named_by = models.ForeignKey(Token, on_delete=models.PROTECT, null=True, related_name="+")
    by_hook = models.BooleanField(default=False)
    asked_at = models.DateTimeField(default=timezone.now)
    state = models.CharField(max_length=16, default=FetchState.FETCHING)
    error = models.TextField(blank=True)
    ended_at = models.DateTimeField(null=True)
    event = models.CharField(max_length=60, blank=True)
    branch = models.CharField(max_length=300, blank=True)
    commit = models.CharField(max_length=64, blank=True)
    workflow = models.CharField(max_length=300, blank=True)
    attempt = models.PositiveIntegerField(default=0)
    run_state = models.CharField(max_length=16, blank=True)
    takes_files = models.BooleanField(default=True, help_text="false: its logs alone are fetched")
    outcome = models.JSONField(default=dict)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "kind", "repository", "number"], name="one_row_per_run_of_a_project"
            ),
            models.CheckConstraint(condition=Q(state__in=list(FetchState)), name="a_fetch_has_a_known_state"),
            models.CheckConstraint(
                condition=Q(state=FetchState.FETCHING, ended_at=None)
                | Q(~Q(state=FetchState.FETCHING), ended_at__isnull=False),
                name="a_fetch_that_ended_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(state=FetchState.FAILED) | ~Q(error=""), name="a_fetch_that_failed_says_why"
            ),
            models.CheckConstraint(
                condition=Q(asked_by__isnull=False, named_by=None) | Q(asked_by=None, named_by__isnull=False),
                name="a_run_was_asked_for_by_a_person_or_named_by_a_token",
            ),
        ]

    def __str__(self) -> str:
        return f"run {self.number}"

    @property
    def subject(self) -> str:
        """Return the run's name in the job table."""
        return f"run:{self.pk}"

    @property
    def audit_subject(self) -> audit.Subject:
        """Return how events speak of it."""
        return audit.Subject(
            f"project:{self.project_id}", "run", str(self.pk), f"{self} of {self.repository}"
        )


@dataclass(frozen=True, slots=True)
class Provenance:
    """Which run and which of its artifacts a file was taken from. Stays with the file as it was told then."""

    repository: str
    run: int
    attempt: int
    artifact: str
    commit: str
    row: int

    @classmethod
    def of(cls, values: dict[str, Any]) -> "Provenance":
        """Read what ``values`` made."""
        return cls(**values)

    @property
    def values(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    def __str__(self) -> str:
        again = f" (attempt {self.attempt})" if self.attempt > 1 else ""
        return (
            f"taken from run {self.run}{again}, artifact {self.artifact}, at {self.commit[:7] or 'no commit'}"
        )
