"""Drafts: the unpublished work on one release."""

import secrets
from datetime import datetime, timedelta
from enum import StrEnum
from typing import TYPE_CHECKING, Any, ClassVar, Protocol

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.utils import timezone
from packaging.utils import canonicalize_version

from accounts import audit
from accounts.compiled import Compiled, CompiledUpdate
from accounts.models import User
from drafts.dist.fingerprint import fingerprint
from drafts.models.projects import Project
from drafts.models.spaces import Space

if TYPE_CHECKING:
    from collections.abc import Iterable


class Printed(Protocol):
    """What a fingerprint names of a file."""

    @property
    def filename(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def sha256(self) -> str: ...
    @property
    def attestations_sha256(self) -> str: ...


class DraftState(StrEnum):
    """PEP 694's names for the states of a publishing session."""

    OPEN = "open"
    PROCESSING = "processing"
    ERROR = "error"
    PUBLISHED = "published"
    CANCELED = "canceled"


EDITABLE = (DraftState.OPEN, DraftState.ERROR)
LIVE = (*EDITABLE, DraftState.PROCESSING)
TERMINAL_KEPT = timedelta(days=30)  # how long upload credentials are told of what ended


class NotEditable(Exception):
    """The draft's files cannot change now; the text says why."""


class Changed(Exception):
    """The draft is not as it was when the person decided; the page shows what changed."""


def new_handle() -> str:
    """Return 128 random bits in hex: the name of a draft in the upload API's URLs."""
    return secrets.token_hex(16)


class DraftQuerySet(models.QuerySet["Draft"]):
    """Named questions about drafts."""

    def visible_to(self, user: User) -> "DraftQuerySet":
        return self.filter(project__in=Project.objects.visible_to(user))

    def live(self) -> "DraftQuerySet":
        return self.filter(state__in=LIVE)

    def expired(self) -> "DraftQuerySet":
        """Drafts whose time is over; what becomes of one that is scheduled, its schedule decides."""
        return self.filter(state__in=EDITABLE, expires_at__lte=timezone.now(), publish_at=None)

    def expiring(self, *, within: timedelta) -> "DraftQuerySet":
        """Return those that end soon, and of whose end nobody was reminded."""
        soon = self.filter(state__in=EDITABLE, expires_at__lte=timezone.now() + within)
        return soon.exclude(reminded_of=F("expires_at"))

    def of_release(self, project: Project, version: str) -> "DraftQuerySet":
        """Drafts of one release; 1.0 and 1.0.0 are one."""
        return self.filter(project=project, version_key=canonicalize_version(version))

    def latest_of(self, project: Project, version: str) -> "Draft | None":
        """The draft a version's page shows: the live one, else the one that ended last."""
        rows = self.of_release(project, version).select_related("project")
        return rows.live().first() or rows.order_by("-pk").first()

    def lock_live(self, project: Project, version: str) -> "Draft | None":
        """Lock the live draft of a release whose project this transaction has locked, and return it."""
        for draft in _LOCKED_LIVE.models(project=project.pk, version_key=canonicalize_version(version)):
            draft.project = project
            return draft
        return None

    def editable_of(self, project: Project, version_key: str) -> "Draft | None":
        """Lock and return the draft of a release whose files may change; None where there is none."""
        row = self.filter(project=project, version_key=version_key, state__in=EDITABLE).first()
        return self.lock(row) if row else None

    def lock(self, draft: "Draft") -> "Draft":
        """Lock the draft's project, then the draft, for this transaction, and return the row as it is now."""
        project = Project.objects.lock(draft.project_id)
        draft = self.select_for_update(of=("self",)).get(pk=draft.pk)
        draft.project = project
        return draft

    def lock_all(self, drafts: "Iterable[Draft]") -> "list[Draft]":
        """Lock several drafts' projects by id, then the drafts by id, and return the rows in the order of their projects."""
        known = {draft.pk: draft.project_id for draft in drafts}
        projects = {found: Project.objects.lock(found) for found in sorted(set(known.values()))}
        rows = list(self.select_for_update().filter(pk__in=known).order_by("pk"))
        for row in rows:
            row.project = projects[
                row.project_id
            ]  # one object of each, so that what one draft changes the next sees
        return sorted(rows, key=lambda row: (row.project_id, row.pk))


class Draft(models.Model):
    """PEP 694's publishing session and its stage. At most one per release is not ended."""

    project = models.ForeignKey(Project, on_delete=models.PROTECT, related_name="drafts")
    version = models.CharField(max_length=200, help_text="normalised, as first spelled: 1.0")
    version_key = models.CharField(max_length=200, help_text="canonical, decides identity: 1")
    state = models.CharField(max_length=16, default=DraftState.OPEN)
    handle = models.CharField(max_length=32, unique=True, default=new_handle)
    opened_at = models.DateTimeField(default=timezone.now)
    opened_by = models.CharField(max_length=64)
    expires_at = models.DateTimeField()
    changed_at = models.DateTimeField(default=timezone.now)
    serial = models.PositiveBigIntegerField(default=0)
    ended_at = models.DateTimeField(null=True)
    ended_by = models.CharField(max_length=300, blank=True)
    error = models.TextField(blank=True)
    publishing_fingerprint = models.CharField(max_length=64, blank=True)
    publishing_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    publishing_note = models.TextField(blank=True)
    expects = models.JSONField(default=list, help_text="file names that publishing waits for")
    complete_said_at = models.DateTimeField(null=True)
    complete_said_by = models.CharField(max_length=300, blank=True)
    complete_said_of = models.CharField(max_length=64, blank=True, help_text="the fingerprint at that time")
    purged_at = models.DateTimeField(null=True)
    publish_at = models.DateTimeField(
        null=True, help_text="the time that was chosen at the click; none: not scheduled"
    )
    publishing_decided_at = models.DateTimeField(null=True, help_text="when the second factor was given")
    publishing_method = models.CharField(max_length=16, blank=True)
    publishing_factor = models.PositiveBigIntegerField(default=0, help_text="the factor that was given")
    publishing_yanked = models.CharField(
        max_length=500, blank=True, help_text="the reason, to publish yanked"
    )
    publishing_closes = models.BooleanField(
        default=False, help_text="the release takes no more files at once"
    )
    reminded_of = models.DateTimeField(null=True, help_text="the expiry that people were reminded of")
    ready_told_of = models.CharField(
        max_length=64, blank=True, help_text="the fingerprint that people were told is ready for them"
    )
    approvals_said = models.PositiveIntegerField(default=0, help_text="how many approvals were ever given")
    reports_said = models.PositiveIntegerField(default=0, help_text="how many reports testers ever made")
    ready_asked_serial = models.PositiveBigIntegerField(
        default=0, help_text="the serial at which it was last asked whether it waits for people alone"
    )
    train = models.ForeignKey("drafts.Train", on_delete=models.PROTECT, null=True, related_name="drafts")
    publishing_order = models.ForeignKey(
        "drafts.StandingOrder", on_delete=models.PROTECT, null=True, related_name="+"
    )
    order_said = models.TextField(blank=True, help_text="why the standing order waits or did not publish it")

    objects: ClassVar = DraftQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["project", "version_key"],
                condition=Q(state__in=LIVE),
                name="one_live_draft_per_release",
            ),
            models.CheckConstraint(condition=Q(state__in=list(DraftState)), name="a_draft_state_is_pep_694s"),
            models.CheckConstraint(
                condition=Q(state__in=LIVE, ended_at=None) | Q(~Q(state__in=LIVE), ended_at__isnull=False),
                name="a_draft_that_ended_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(state=DraftState.PROCESSING)
                | (~Q(publishing_fingerprint="") & Q(publishing_by__isnull=False)),
                name="a_draft_being_published_says_by_whom_and_what",
            ),
            models.CheckConstraint(
                condition=Q(publish_at=None)
                | (
                    Q(state__in=EDITABLE, publishing_by__isnull=False, publishing_decided_at__isnull=False)
                    & ~Q(publishing_fingerprint="")
                    & ~Q(publishing_method="")
                ),
                name="a_scheduled_draft_waits_and_says_by_whom_and_what",
            ),
            models.CheckConstraint(
                condition=Q(publish_at=None) | Q(publish_at__lt=F("expires_at")),
                name="a_schedule_lies_before_the_expiry",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["expires_at"], condition=Q(state__in=EDITABLE), name="drafts_expiring"),
            models.Index(fields=["project", "version_key", "-id"], name="drafts_of_release"),
        ]

    def __str__(self) -> str:
        return f"{self.project.name} {self.version}"

    @property
    def subject(self) -> str:
        """Return the draft's name in the job table and in proofs."""
        return f"draft:{self.pk}"

    @property
    def address(self) -> str:
        """Return its handle as the paths of publishing sessions say it, with its project's space."""
        return f"{Space(self.project.space).prefix}{self.handle}"

    @property
    def decided_by(self) -> str:
        """Return who decided to publish it: a person, or a standing order by its words."""
        return str(self.publishing_order or self.publishing_by)

    @property
    def is_open(self) -> bool:
        """Whether it neither ended nor is being published; it may be scheduled."""
        return self.state in EDITABLE

    @property
    def is_editable(self) -> bool:
        """Whether its files may change."""
        return self.is_open and self.publish_at is None

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    def must_be_editable(self, *, even_scheduled: bool = False) -> None:
        """Raise NotEditable, in words, unless files may change; ``even_scheduled``: for acts that change no file."""
        if self.state == DraftState.PROCESSING:
            raise NotEditable(f"{self} is being published: its files cannot change now")
        if not self.is_open:
            raise NotEditable(f"the draft of {self} is {self.state}: it cannot change any more")
        if self.publish_at is not None and not even_scheduled:
            raise NotEditable(
                f"{self} is scheduled to be published: it cannot change until a maintainer withdraws the schedule"
            )

    def fingerprint(self) -> str:
        """Return the SHA-256 that names exactly the files that are in now."""
        return self.fingerprint_of(self.files.live())

    def fingerprint_of(self, files: "Iterable[Printed]") -> str:
        """Return the fingerprint that the draft has, or had, with these files."""
        lines = [(file.filename, file.size, file.sha256, file.attestations_sha256 or None) for file in files]
        return fingerprint(self.project.plain_name, self.version, lines)

    def touch(self) -> None:
        """Note that something changed, and renew the expiry: its project's days (7) from now, never beyond opened + 30."""
        now = timezone.now()
        renewed = min(
            now + self.project.draft_life,
            self.opened_at + timedelta(days=settings.DRAFT_LIFETIME_MAX_DAYS),
        )
        self.expires_at, self.changed_at = max(self.expires_at, renewed), now
        _TOUCH.do(draft=self.pk, expires_at=self.expires_at, changed_at=now)

    def bump(self) -> None:
        """Let pages that are being watched know that there is something new."""
        type(self).objects.filter(pk=self.pk).update(serial=F("serial") + 1)

    @property
    def audit_subject(self) -> audit.Subject:
        """Return how events speak of it."""
        return audit.Subject(f"project:{self.project_id}", "draft", str(self.pk), str(self))


def _live_of(project: int, version_key: str) -> "models.QuerySet[Draft]":
    rows = Draft.objects.live().filter(project=project, version_key=version_key)
    return rows.select_for_update(of=("self",))


def _touched(
    draft: int, expires_at: datetime, changed_at: datetime
) -> "tuple[models.QuerySet[Draft], dict[str, Any]]":
    return Draft.objects.filter(pk=draft), {
        "expires_at": expires_at,
        "changed_at": changed_at,
        "serial": F("serial") + 1,
    }


_LOCKED_LIVE, _TOUCH = Compiled(_live_of), CompiledUpdate(_touched)
