"""Trusted publishers: CI jobs that a project knows by what an identity provider says of them, without a stored secret."""

import hashlib
import json
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, ClassVar
from urllib.parse import urlsplit

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from drafts.models.projects import Project

GITHUB_ISSUER = "https://token.actions.githubusercontent.com"
GITLAB_ISSUER = "https://gitlab.com"


class PublisherKind(StrEnum):
    """Whose claims they are, which decides how they are read."""

    GITHUB = "github"
    GITLAB = "gitlab"
    OIDC = "oidc"


class PublisherQuerySet(models.QuerySet["Publisher"]):
    """Named questions about trusted publishers."""

    def trusted(self) -> "PublisherQuerySet":
        return self.filter(removed_at=None)


class Publisher(models.Model):
    """One job that may mint upload tokens for one project; which one, does not change after it was added.

    ``owner_id`` and ``repository_id``: as an owner said, or as the first run that matched had them. Names change hands.
    ``rules``: claims and the exact values they must have, for issuers whose claims are not known here.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="publishers")
    kind = models.CharField(max_length=16)
    issuer = models.CharField(max_length=300)
    repository = models.CharField(max_length=300, blank=True)
    workflow = models.CharField(max_length=200, blank=True)
    environment = models.CharField(max_length=255, blank=True, help_text="empty: any, or none")
    rules = models.JSONField(default=dict)
    spelled = models.CharField(max_length=64, editable=False)
    owner_id = models.CharField(max_length=40, blank=True)
    repository_id = models.CharField(max_length=40, blank=True)
    ids_said = models.CharField(max_length=300, blank=True, help_text="why the ids are not known yet")
    added_at = models.DateTimeField(default=timezone.now)
    added_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    removed_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    refused_at = models.DateTimeField(null=True)
    refused_why = models.CharField(max_length=300, blank=True)

    objects: ClassVar = PublisherQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(kind__in=list(PublisherKind)), name="a_publisher_is_of_a_known_kind"
            ),
            models.UniqueConstraint(
                fields=["project", "spelled"],
                condition=Q(removed_at=None),
                name="a_project_trusts_a_publisher_once",
            ),
            models.CheckConstraint(
                condition=Q(kind=PublisherKind.OIDC) | (~Q(repository="") & ~Q(workflow="")),
                name="a_publisher_names_repository_and_workflow",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["issuer"], condition=Q(removed_at=None), name="publishers_of_issuer")
        ]

    def __str__(self) -> str:
        if self.kind == PublisherKind.OIDC:
            return f"{self.rules.get('sub', '')} of {self.issuer}"
        where = f" in {self.environment}" if self.environment else ""
        return f"{self.workflow} of {self.repository}{where}"

    def spell(self) -> None:
        """Note the digest that says which job it is."""
        named = [self.kind, self.issuer, self.repository.lower(), self.workflow, self.environment]
        self.spelled = hashlib.sha256(json.dumps([named, self.rules], sort_keys=True).encode()).hexdigest()

    @property
    def audit_subject(self) -> audit.Subject:
        """Return how events speak of it."""
        return audit.Subject(f"project:{self.project_id}", "publisher", str(self.pk), str(self))


class SpentIdentity(models.Model):
    """An identity token that was exchanged: it is not good a second time. Kept until it would be refused as expired."""

    digest = models.CharField(max_length=64, primary_key=True)
    until = models.DateTimeField()

    def __str__(self) -> str:
        return self.digest


@dataclass(frozen=True, slots=True)
class RunClaims:
    """What an identity provider said of the job that minted a token: stays with the files that it stages.

    ``repository_id``, ``run``, ``attempt`` and ``job`` as text, in the provider's spelling; empty where it does not say.
    """

    publisher: int
    kind: str
    issuer: str
    repository: str = ""
    repository_id: str = ""
    commit: str = ""
    run: str = ""
    attempt: str = ""
    workflow: str = ""
    environment: str = ""
    event: str = ""
    ref: str = ""
    job: str = ""

    @classmethod
    def of(cls, values: dict[str, Any]) -> "RunClaims":
        """Read what ``values`` made."""
        return cls(**values)

    @property
    def values(self) -> dict[str, Any]:
        """Return it as JSON values."""
        return asdict(self)

    @property
    def url(self) -> str:
        """Return the run's address at the provider; empty where it is not known how one is built."""
        if not (self.repository and self.run.isdecimal()):
            return ""
        if self.kind == PublisherKind.GITHUB:
            host = "github.com" if self.issuer == GITHUB_ISSUER else urlsplit(self.issuer).netloc
            return f"https://{host}/{self.repository}/actions/runs/{self.run}"
        is_gitlab = self.kind == PublisherKind.GITLAB
        return f"{self.issuer}/{self.repository}/-/pipelines/{self.run}" if is_gitlab else ""

    def __str__(self) -> str:
        commit = f" at {self.commit[:7]}" if self.commit else ""
        again = f" (attempt {self.attempt})" if self.attempt not in {"", "1"} else ""
        run = f", run {self.run}{again}" if self.run else ""
        return f"{self.workflow.rpartition('/')[2] or 'a trusted publisher'}{commit}{run}"
