"""Files: wheels and sdists, staged and published, and the names that are burnt."""

import secrets
from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from drafts.dist.late import LateKind
from drafts.models.drafts import Draft
from drafts.models.projects import Project
from drafts.models.publishers import RunClaims
from drafts.models.releases import Release
from drafts.models.spaces import Space
from drafts.models.tokens import Token
from drafts.storage import METADATA, Kept


class FileState(StrEnum):
    """PEP 694's names for the states of a file upload session."""

    PENDING = "pending"
    PROCESSING = "processing"
    COMPLETED = "completed"
    ERROR = "error"
    CANCELED = "canceled"


IN_DRAFT = (FileState.PENDING, FileState.PROCESSING, FileState.COMPLETED, FileState.ERROR)


def new_public_id() -> str:
    """Return 128 random bits in hex: the file's name in public URLs, first told by the page that publishes it."""
    return secrets.token_hex(16)


def new_handle() -> str:
    """Return 128 random bits in hex, which change with the bytes: the file's name in draft URLs."""
    return secrets.token_hex(16)


class FileQuerySet(models.QuerySet["File"]):
    """Named questions about files."""

    def live(self) -> "FileQuerySet":
        """Files that are in a draft (or were, when it was published)."""
        return self.filter(state__in=IN_DRAFT)

    def completed(self) -> "FileQuerySet":
        return self.filter(state=FileState.COMPLETED)

    def installable(self) -> "FileQuerySet":
        """Files that a draft's index hands out: what inspection refuses is not among them."""
        return self.completed().filter(refused=False)

    def published(self) -> "FileQuerySet":
        return self.filter(release__isnull=False)  # exclude() writes it so that SQLite takes twice as long

    def offered(self) -> "FileQuerySet":
        """Published files that readers get: what is quarantined is not among them."""
        return self.published().filter(release__quarantined_at=None, release__project__quarantined_at=None)

    def take_off(self) -> int:
        """Make published files nobody's to read any more, and say of how many; part of an act, which has their bytes purged."""
        return self.update(
            state=FileState.CANCELED,
            ended_at=timezone.now(),
            release=None,
            published_at=None,
            yanked=None,
            late_seconds=None,
            late_kind="",
        )

    def superseded(self) -> "FileQuerySet":
        return self.exclude(superseded_by=None)

    def named(self, filename: str) -> "File | None":
        return self.filter(filename=filename).first()

    def with_bytes(self) -> "FileQuerySet":
        return self.filter(purged_at=None)


class File(models.Model):
    """One wheel or sdist: one upload of it. A replaced upload keeps its row, canceled, with ``superseded_by``."""

    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="files")
    release = models.ForeignKey(Release, on_delete=models.PROTECT, null=True, related_name="files")
    filename = models.CharField(max_length=250)
    filetype = models.CharField(max_length=16)
    identity = models.CharField(max_length=200)
    state = models.CharField(max_length=16, default=FileState.COMPLETED)
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(max_length=64)
    blake2b_256 = models.CharField(max_length=64)
    object_id = models.CharField(max_length=32, unique=True)
    handle = models.CharField(max_length=32, unique=True, default=new_handle)
    public_id = models.CharField(max_length=32, unique=True, null=True)
    requires_python = models.CharField(max_length=500, blank=True)
    metadata_sha256 = models.CharField(max_length=64)
    attestations_sha256 = models.CharField(max_length=64, blank=True)
    core_metadata = models.JSONField(default=dict)
    form_fields = models.JSONField(
        default=dict, help_text="what the form said that brought it, lists by field; empty: there was no form"
    )
    staged_at = models.DateTimeField(default=timezone.now)
    staged_by_token = models.ForeignKey(Token, on_delete=models.PROTECT, null=True, related_name="files")
    staged_by_user = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.PROTECT, null=True, related_name="+"
    )
    taken_from = models.JSONField(
        null=True, default=None, help_text="provenance, where it came from a CI run"
    )
    refused = models.BooleanField(default=False, help_text="inspection found what no draft link may hand out")
    claims = models.JSONField(null=True, default=None, help_text="what was said of the run that staged it")
    leaked_at = models.DateTimeField(
        null=True,
        help_text="when the token that staged it was said to have leaked, while its draft was not published",
    )
    superseded_by = models.ForeignKey("self", on_delete=models.PROTECT, null=True, related_name="replaces")
    ended_at = models.DateTimeField(null=True)
    published_at = models.DateTimeField(null=True)
    yanked = models.CharField(max_length=500, null=True, default=None)
    late_seconds = models.PositiveBigIntegerField(
        null=True, help_text="after the release's first file; none: not late"
    )
    late_kind = models.CharField(max_length=32, blank=True)
    purged_at = models.DateTimeField(null=True)

    objects: ClassVar = FileQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["draft", "filename"],
                condition=Q(state__in=IN_DRAFT),
                name="one_file_of_a_name_per_draft",
            ),
            models.UniqueConstraint(
                fields=["draft", "identity"],
                condition=Q(state__in=IN_DRAFT),
                name="one_file_of_an_identity_per_draft",
            ),
            models.CheckConstraint(
                condition=Q(staged_by_token__isnull=False, staged_by_user=None)
                | Q(staged_by_token=None, staged_by_user__isnull=False),
                name="a_file_was_staged_by_a_token_or_a_person",
            ),
            models.CheckConstraint(
                condition=Q(release=None, published_at=None)
                | Q(release__isnull=False, public_id__isnull=False, published_at__isnull=False),
                name="a_published_file_has_a_public_id_and_a_time",
            ),
            models.CheckConstraint(
                condition=Q(state__in=IN_DRAFT, ended_at=None)
                | Q(state=FileState.CANCELED, ended_at__isnull=False),
                name="a_canceled_file_says_when",
            ),
            models.CheckConstraint(condition=Q(size__gt=0), name="a_file_is_not_empty"),
            models.CheckConstraint(
                condition=Q(late_seconds=None, late_kind="")
                | (Q(late_seconds__isnull=False, late_kind__in=list(LateKind)) & ~Q(published_at=None)),
                name="a_late_file_is_published_and_says_its_kind",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["draft", "filename"], name="files_of_draft"),
            models.Index(
                fields=["-late_seconds"], condition=Q(late_seconds__isnull=False), name="late_files_by_lag"
            ),
        ]

    def __str__(self) -> str:
        return self.filename

    @property
    def staged_by(self) -> str:
        """Return an opaque name of who staged it, equal for the same credential, trusted publisher or person."""
        if self.claims:
            return f"publisher:{self.claims['publisher']}"
        return (
            f"token:{self.staged_by_token_id}"
            if self.staged_by_token_id
            else f"person:{self.staged_by_user_id}"
        )

    @property
    def run_claims(self) -> RunClaims | None:
        """Return what an identity provider said of the run that staged it; None where none did."""
        return RunClaims.of(self.claims) if self.claims else None

    @property
    def built_from(self) -> str:
        """Return the commit that it is known to come from; empty where nobody said."""
        told = self.taken_from or self.claims or {}
        return str(told.get("commit", ""))

    @property
    def kept(self) -> Kept:
        """Return where the bytes are served from: with a public id only when the file is published."""
        return Kept(self.object_id, self.filename, self.filename, self._told_id)

    @property
    def kept_metadata(self) -> Kept:
        """Return where METADATA is served from (PEP 658)."""
        return Kept(self.object_id, METADATA, self.metadata_filename, self._told_id)

    @property
    def _told_id(self) -> str:
        return self.public_id or "" if self.release_id else ""

    @property
    def metadata_filename(self) -> str:
        return f"{self.filename}.metadata"

    @property
    def subject(self) -> str:
        return f"file:{self.pk}"

    def cancel(self, *, superseded_by: "File | None" = None) -> None:
        """Take the file out of its draft; the row and, for now, the bytes stay."""
        self.state, self.ended_at, self.superseded_by = FileState.CANCELED, timezone.now(), superseded_by
        self.save(update_fields=["state", "ended_at", "superseded_by"])


class Attestations(models.Model):
    """The attestations that came with a file (PEP 740), as a JSON array; their shape was checked, and nothing else."""

    file = models.OneToOneField(File, on_delete=models.PROTECT, primary_key=True, related_name="attestations")
    statements = models.JSONField()

    def __str__(self) -> str:
        return f"attestations of {self.file_id}"


class BurntName(models.Model):
    """A file name that is published, was published, or is reserved by a publish that is under way, in its space.

    A reservation (``permanent`` false) goes when its publish fails; a permanent row of the index is never deleted, one
    of the sandbox goes with its project.
    """

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="burnt_names")
    version_key = models.CharField(max_length=200)
    space = models.CharField(max_length=8, default=Space.INDEX)
    filename = models.CharField(max_length=250)
    identity = models.CharField(max_length=200)
    sha256 = models.CharField(max_length=64)
    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="burnt_names")
    permanent = models.BooleanField(default=False)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "version_key", "identity"], name="same_file_other_spelling"
            ),
            models.UniqueConstraint(
                fields=["filename", "space"], name="one_published_file_of_a_name_per_space"
            ),
            models.CheckConstraint(condition=Q(space__in=list(Space)), name="a_name_is_burnt_in_a_space"),
        ]

    def __str__(self) -> str:
        return self.filename
