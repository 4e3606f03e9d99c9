"""File upload sessions: files of the Upload 2.0 API on their way into a draft, and the bytes received so far."""

import secrets
from typing import ClassVar

from django.db import connection, models
from django.db.models import Q
from django.utils import timezone

from drafts.models.drafts import Draft
from drafts.models.files import File, FileState
from drafts.models.projects import Project
from drafts.models.tokens import Token

UNDER_WAY = (FileState.PENDING, FileState.PROCESSING)
IN_THE_WAY = (*UNDER_WAY, FileState.ERROR)


# One question in SQL's own words, because it is asked twice for each file that comes.
_TAKEN = """
SELECT COALESCE((SELECT SUM(file.size) FROM drafts_file file JOIN drafts_draft draft ON draft.id = file.draft_id
                 WHERE draft.project_id = %s AND file.purged_at IS NULL), 0)
     + COALESCE((SELECT SUM(upload.size) FROM drafts_uploadsession upload JOIN drafts_draft draft ON draft.id = upload.draft_id
                 WHERE draft.project_id = %s AND upload.state IN (%s, %s) AND upload.id <> %s), 0)
"""


def new_upload_handle() -> str:
    """Return 128 random bits in hex: the name of a file upload session in URLs."""
    return secrets.token_hex(16)


class UploadSessionQuerySet(models.QuerySet["UploadSession"]):
    """Named questions about file upload sessions."""

    def under_way(self) -> "UploadSessionQuerySet":
        """Those whose bytes are kept: they arrive, or are being looked at."""
        return self.filter(state__in=UNDER_WAY)

    def in_the_way(self) -> "UploadSessionQuerySet":
        """Those that keep their name from other uploads, and their draft from being published."""
        return self.filter(state__in=IN_THE_WAY)

    def taken_bytes(self, project: Project, *, but: "UploadSession | None" = None) -> int:
        """Return how many bytes a project has taken: kept of its files, or announced and not in a draft yet."""
        with connection.cursor() as cursor:
            cursor.execute(_TAKEN, [project.pk, project.pk, *map(str, UNDER_WAY), but.pk if but else 0])
            return int(cursor.fetchone()[0])

    def lock(self, upload: "UploadSession") -> "UploadSession":
        """Lock one session, after its draft, and return the row as it is now."""
        return self.select_for_update(of=("self",)).select_related("file").get(pk=upload.pk)


class UploadSession(models.Model):
    """PEP 694's file upload session: announced, received, looked at; ``file`` is what became of it.

    ``hashes``: algorithm to hex digest, as announced. ``digests``: the same as received, when they were computed on the
    way. ``sending``: what its mechanism has to remember. ``failure``: why it is in ``error``, as ``{status, errors}``.
    """

    draft = models.ForeignKey(Draft, on_delete=models.PROTECT, related_name="arriving")
    handle = models.CharField(max_length=32, unique=True, default=new_upload_handle)
    filename = models.CharField(max_length=250)
    filetype = models.CharField(max_length=16)
    identity = models.CharField(max_length=200)
    size = models.PositiveBigIntegerField()
    hashes = models.JSONField()
    mechanism = models.CharField(max_length=64)
    state = models.CharField(max_length=16, default=FileState.PENDING)
    received = models.PositiveBigIntegerField(default=0)
    digests = models.JSONField(default=dict)
    sending = models.JSONField(default=dict)
    attestations = models.JSONField(null=True)
    failure = models.JSONField(default=dict)
    staged_by_token = models.ForeignKey(Token, on_delete=models.PROTECT, related_name="+")
    announced_at = models.DateTimeField(default=timezone.now)
    last_activity = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    file = models.ForeignKey(File, on_delete=models.PROTECT, null=True, related_name="sessions")

    objects: ClassVar = UploadSessionQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["draft", "filename"],
                condition=Q(state__in=IN_THE_WAY),
                name="one_upload_of_a_name_is_in_the_way",
            ),
            models.UniqueConstraint(
                fields=["draft", "identity"],
                condition=Q(state__in=IN_THE_WAY),
                name="one_upload_of_an_identity_is_in_the_way",
            ),
            models.CheckConstraint(
                condition=Q(state__in=list(FileState)), name="an_upload_state_is_pep_694s"
            ),
            models.CheckConstraint(
                condition=Q(state__in=UNDER_WAY, ended_at=None)
                | Q(~Q(state__in=UNDER_WAY), ended_at__isnull=False),
                name="an_upload_that_ended_says_when",
            ),
            models.CheckConstraint(
                condition=Q(state=FileState.COMPLETED, file__isnull=False)
                | Q(~Q(state=FileState.COMPLETED), file=None),
                name="a_completed_upload_has_a_file",
            ),
            models.CheckConstraint(
                condition=Q(size__gt=0, received__lte=models.F("size")),
                name="an_upload_receives_what_was_announced",
            ),
        ]
        indexes: ClassVar = [models.Index(fields=["draft", "filename"], name="uploads_of_draft")]

    def __str__(self) -> str:
        return self.filename

    @property
    def subject(self) -> str:
        """Return its name in the job table."""
        return f"upload:{self.pk}"

    @property
    def status(self) -> str:
        """Return its state as clients see it: a completed upload whose file left the draft is canceled."""
        if self.file is not None and self.file.state == FileState.CANCELED:
            return FileState.CANCELED
        return self.state

    @property
    def percent(self) -> int:
        """Return how much has arrived, rounded down."""
        return self.received * 100 // self.size

    @property
    def error(self) -> str:
        """Return why it failed, in words; empty unless it did."""
        return " ".join(error["message"] for error in self.failure.get("errors", ()))

    def end(self, state: FileState, *, file: File | None = None) -> None:
        """Leave the states in which bytes arrive, or give up a failed session."""
        self.state, self.file, self.ended_at = state, file, timezone.now()
        self.save(update_fields=["state", "file", "ended_at"])


class UploadPart(models.Model):
    """One stored piece of a file that arrives: the whole of it, or ``size`` bytes from ``offset``.

    The row goes before its bytes do, or when a file's row takes them over.
    """

    upload = models.ForeignKey(UploadSession, on_delete=models.PROTECT, related_name="parts")
    object_id = models.CharField(max_length=32, unique=True)
    stored_as = models.CharField(max_length=250)
    offset = models.PositiveBigIntegerField()
    size = models.PositiveBigIntegerField()
    sha256 = models.CharField(
        max_length=64, blank=True, help_text="empty: the bytes did not pass this server"
    )

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["upload", "offset"], name="one_part_of_an_upload_per_offset"),
            models.CheckConstraint(condition=Q(size__gt=0), name="a_part_is_not_empty"),
        ]

    def __str__(self) -> str:
        return f"{self.upload_id} from {self.offset}"
