"""Trains: several drafts, also of different projects, that are reviewed by one link and published in one act."""

from collections.abc import Iterable
from enum import StrEnum
from typing import ClassVar

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import User
from drafts.dist.fingerprint import of_train
from drafts.models.drafts import Changed, Draft, NotEditable
from drafts.models.projects import Project
from drafts.models.tokens import new_link_handle


class TrainState(StrEnum):
    """Where a train stands: a draft's words, and ``dissolved`` once its last draft was taken out."""

    OPEN = "open"
    PROCESSING = "processing"
    ERROR = "error"
    PUBLISHED = "published"
    DISSOLVED = "dissolved"


EDITABLE = (TrainState.OPEN, TrainState.ERROR)
LIVE = (*EDITABLE, TrainState.PROCESSING)
LONGEST_LABEL = 100


class TrainQuerySet(models.QuerySet["Train"]):
    """Named questions about trains."""

    def live(self) -> "TrainQuerySet":
        return self.filter(state__in=LIVE)

    def visible_to(self, user: User) -> "TrainQuerySet":
        """Trains with a draft of one of the person's projects."""
        return self.filter(drafts__project__in=Project.objects.visible_to(user)).distinct()

    def lock(self, train: "Train") -> "Train":
        """Lock one train, after its projects and drafts, and return the row as it is now."""
        return self.select_for_update().get(pk=train.pk)

    def lock_whole(self, train: "Train") -> "tuple[Train, list[Draft]]":
        """Lock all projects of a train by id, its drafts by id, then the train. Raises Changed when a draft came or went."""
        drafts = Draft.objects.lock_all(Draft.objects.filter(train=train))
        locked = self.lock(train)
        if set(Draft.objects.filter(train=locked)) != set(drafts):
            raise Changed(f"a draft came to the train {locked.label}, or left it, a moment ago")
        return locked, drafts


class Train(models.Model):
    """Several drafts as one unit. ``key`` is empty for one that a person made; drafts of CI find theirs by it."""

    label = models.CharField(max_length=LONGEST_LABEL)
    key = models.CharField(max_length=64, blank=True)
    state = models.CharField(max_length=16, default=TrainState.OPEN)
    made_at = models.DateTimeField(default=timezone.now)
    made_by = models.CharField(max_length=300)
    ended_at = models.DateTimeField(null=True)
    error = models.TextField(blank=True)
    publishing_fingerprint = models.CharField(max_length=64, blank=True)
    publishing_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")

    objects: ClassVar = TrainQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["key"], condition=Q(state__in=LIVE) & ~Q(key=""), name="one_live_train_of_a_key"
            ),
            models.CheckConstraint(
                condition=Q(state__in=list(TrainState)), name="a_train_is_open_to_dissolved"
            ),
            models.CheckConstraint(
                condition=Q(state__in=LIVE, ended_at=None) | Q(~Q(state__in=LIVE), ended_at__isnull=False),
                name="a_train_that_ended_says_when",
            ),
            models.CheckConstraint(
                condition=~Q(state=TrainState.PROCESSING)
                | (~Q(publishing_fingerprint="") & Q(publishing_by__isnull=False)),
                name="a_train_being_published_says_by_whom_and_what",
            ),
        ]

    def __str__(self) -> str:
        return f"train {self.label}"

    @property
    def subject(self) -> str:
        """Return the train's name in the job table and in proofs."""
        return f"train:{self.pk}"

    @property
    def is_editable(self) -> bool:
        return self.state in EDITABLE

    @property
    def is_live(self) -> bool:
        return self.state in LIVE

    def must_be_editable(self) -> None:
        """Raise NotEditable, in words, unless drafts may come and go."""
        if self.state == TrainState.PROCESSING:
            raise NotEditable(f"the train {self.label} is being published: no draft comes or goes now")
        if not self.is_editable:
            raise NotEditable(f"the train {self.label} is {self.state}: it cannot change any more")

    def fingerprint_of(self, drafts: Iterable[Draft]) -> str:
        """Return the SHA-256 that names exactly the files of exactly these drafts."""
        return of_train((draft.project.name, draft.version, draft.fingerprint()) for draft in drafts)


class TrainLinkQuerySet(models.QuerySet["TrainLink"]):
    """Named questions about links to trains."""

    def valid(self) -> "TrainLinkQuerySet":
        return self.filter(revoked_at=None, expires_at__gt=timezone.now())


class TrainLink(models.Model):
    """A capability to read all drafts of one train; its token is derived as a draft link's is."""

    train = models.ForeignKey(Train, on_delete=models.PROTECT, related_name="links")
    handle = models.CharField(max_length=16, unique=True, default=new_link_handle)
    rotation = models.PositiveIntegerField(default=0)
    key_id = models.CharField(max_length=16)
    label = models.CharField(max_length=200)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    expires_at = models.DateTimeField()
    revoked_at = models.DateTimeField(null=True)
    last_used_at = models.DateTimeField(null=True)
    uses = models.PositiveBigIntegerField(default=0)
    with_others = models.BooleanField(
        default=False, help_text="on a private index: opens what else its maker may read there"
    )

    objects: ClassVar = TrainLinkQuerySet.as_manager()

    def __str__(self) -> str:
        return f'link "{self.label}"'
