"""Projects and the people on them."""

from datetime import timedelta
from enum import StrEnum
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from accounts.compiled import Compiled
from accounts.models import User
from drafts.dist.windows import Enforced, Rule, Series, Window, WindowMode
from drafts.models.spaces import Space, split


class Role(StrEnum):
    """What a member is, per project."""

    REVIEWER = "reviewer"
    MAINTAINER = "maintainer"
    OWNER = "owner"


class LinkForCi(StrEnum):
    """Whether answers to an upload credential carry a draft link, and how long that link is good."""

    NEVER = "never"
    DAY = "day"
    FULL = "full"


class PublishFromCi(StrEnum):
    """What an upload credential that calls publish is told: that it may not (403), or to wait (202)."""

    REFUSE = "refuse"
    WAIT = "wait"


class EvidenceDemand(StrEnum):
    """What evidence every file must match before it is published: none, or one of this rank or better."""

    NOTHING = "nothing"
    PASTED = "pasted"
    CI = "ci"
    FETCHED = "fetched"
    ATTESTED = "attested"


class ExpectedFiles(StrEnum):
    """Which files publishing waits for: those for whom the last release had a wheel, those of patterns, or none."""

    LAST = "last"
    PATTERNS = "patterns"
    NOTHING = "nothing"


class ProjectStatus(StrEnum):
    """What owners say of a project as a whole (PEP 792). ``quarantined`` is said by operators, beside it."""

    ACTIVE = "active"
    DEPRECATED = "deprecated"
    ARCHIVED = "archived"


QUARANTINED = "quarantined"
_NORMAL = "[a-z0-9]+(-[a-z0-9]+)*"


class ProjectQuerySet(models.QuerySet["Project"]):
    """Named questions about projects."""

    def visible_to(self, user: User) -> "ProjectQuerySet":
        """Projects on which the person has a role, of their own or by a team."""
        own = Project.objects.filter(members__user=user)
        teams = Project.objects.filter(team_roles__team__people__user=user)
        return self.filter(Q(pk__in=own.values("pk")) | Q(pk__in=teams.values("pk")))

    def published(self, space: Space) -> "ProjectQuerySet":
        return self.filter(space=space, ended_at=None).exclude(first_published_at=None)

    def sandboxes(self) -> "ProjectQuerySet":
        """Projects of the sandbox that did not expire."""
        return self.filter(space=Space.SANDBOX, ended_at=None)

    def of_name(self, name: str, user: User) -> "tuple[Project, Role] | None":
        """Return the project of this name, which says its space, and a person's role there; None for a stranger."""
        from drafts.models import standing

        row = self.filter(name=name).annotate(rank=standing.rank_for(user)).first()
        role = standing.role_of_rank(getattr(row, "rank", 0))
        return (row, role) if row is not None and role is not None else None

    def lock(self, project_id: int) -> "Project":
        """Lock one project for this transaction: the first lock of every act. Raises Project.DoesNotExist."""
        return _only(_LOCKED.models(project_id=project_id))

    def at(self, project_id: int) -> "Project":
        """Return one project as it is now. Raises Project.DoesNotExist."""
        return _only(_BY_ID.models(project_id=project_id))


class Project(models.Model):
    """A normalised name (PEP 503) with members and releases; invisible on the index until its first publish.

    ``name`` says the space, for people, paths and look-ups alike: ``demo`` of the index, ``sandbox/demo`` of the sandbox.
    Whoever looks one up by a bare name gets none of the sandbox; what installers read is ``plain_name``.
    """

    name = models.CharField(max_length=200, unique=True)
    space = models.CharField(max_length=8, default=Space.INDEX)
    ended_at = models.DateTimeField(
        null=True, help_text="of a sandbox: when it expired and its name was freed"
    )
    reminded_of = models.DateTimeField(null=True, help_text="of a sandbox: the end that people were told of")
    created_at = models.DateTimeField(default=timezone.now)
    first_published_at = models.DateTimeField(null=True)
    quota = models.PositiveBigIntegerField(null=True, help_text="bytes; empty: the server's default")
    local_versions = models.BooleanField(default=False)
    direct_urls = models.BooleanField(
        default=False, help_text="requirements may name addresses instead of versions"
    )
    link_for_ci = models.CharField(max_length=8, default=LinkForCi.NEVER)
    publish_from_ci = models.CharField(max_length=8, default=PublishFromCi.REFUSE)
    evidence_demand = models.CharField(max_length=8, default=EvidenceDemand.NOTHING)
    expected_files = models.CharField(max_length=8, default=ExpectedFiles.LAST)
    expected_patterns = models.JSONField(default=list, help_text="shell patterns of file names")
    serial = models.PositiveBigIntegerField(default=0)
    window = models.CharField(max_length=8, default=Window.LIMITS)
    window_first_days = models.PositiveSmallIntegerField(default=14, help_text="0: no such limit")
    window_last_days = models.PositiveSmallIntegerField(default=0, help_text="0: no such limit")
    window_newer = models.BooleanField(default=False)
    window_series = models.CharField(max_length=8, default=Series.MINOR)
    window_series_lines = models.JSONField(default=list, help_text="what a series is, where lines say it")
    window_mode = models.CharField(max_length=8, default=WindowMode.REFUSE)
    window_since = models.DateTimeField(default=timezone.now, help_text="since when the rule holds")
    window_before = models.JSONField(
        null=True, help_text="the rule that refuses while the new one only tells"
    )
    approvals_needed = models.PositiveSmallIntegerField(default=0)
    own_approval_counts = models.BooleanField(
        default=False, help_text="the yes of who uploaded, or publishes, counts"
    )
    soak_hours = models.PositiveSmallIntegerField(default=0, help_text="from the last change of files on")
    answer_reports = models.BooleanField(
        default=False, help_text="a tester's report that it is broken waits for an answer"
    )
    draft_days = models.PositiveSmallIntegerField(
        default=0, help_text="a draft's life from its last upload; 0: the server's"
    )
    status = models.CharField(max_length=12, default=ProjectStatus.ACTIVE)
    status_reason = models.CharField(max_length=500, blank=True)
    quarantined_at = models.DateTimeField(null=True)
    quarantine_reason = models.CharField(max_length=500, blank=True)

    objects: ClassVar = ProjectQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(space=Space.INDEX, ended_at=None, name__regex=rf"^{_NORMAL}$")
                | Q(space=Space.SANDBOX, ended_at=None, name__regex=rf"^sandbox/{_NORMAL}$")
                | Q(space=Space.SANDBOX, ended_at__isnull=False, name__regex=rf"^sandbox/{_NORMAL}\.[0-9]+$"),
                name="a_project_name_is_normalised_and_says_its_space",
            ),
            models.CheckConstraint(
                condition=Q(link_for_ci__in=list(LinkForCi)), name="a_link_for_ci_is_never_a_day_or_full"
            ),
            models.CheckConstraint(
                condition=Q(publish_from_ci__in=list(PublishFromCi)),
                name="a_publish_from_ci_is_refused_or_waits",
            ),
            models.CheckConstraint(
                condition=Q(evidence_demand__in=list(EvidenceDemand)), name="evidence_is_demanded_by_its_rank"
            ),
            models.CheckConstraint(
                condition=Q(expected_files__in=list(ExpectedFiles)),
                name="expected_files_are_last_times_patterns_or_none",
            ),
            models.CheckConstraint(
                condition=Q(window__in=list(Window)), name="a_window_is_none_limits_or_ever"
            ),
            models.CheckConstraint(
                condition=Q(window_series__in=list(Series)), name="a_series_is_by_leading_numbers_or_lines"
            ),
            models.CheckConstraint(
                condition=~Q(window_series=Series.LINES) | ~Q(window_series_lines=[]),
                name="a_series_by_lines_has_one",
            ),
            models.CheckConstraint(
                condition=Q(window_mode__in=list(WindowMode)), name="a_window_tells_or_refuses"
            ),
            models.CheckConstraint(
                condition=~Q(window=Window.LIMITS)
                | Q(window_first_days__gt=0)
                | Q(window_last_days__gt=0)
                | Q(window_newer=True),
                name="a_window_of_limits_has_one",
            ),
            models.CheckConstraint(
                condition=Q(draft_days__lte=30),
                name="a_draft_lives_a_month_at_most",
            ),
            models.CheckConstraint(
                condition=Q(status__in=list(ProjectStatus)),
                name="a_project_is_active_deprecated_or_archived",
            ),
            models.CheckConstraint(
                condition=Q(quarantined_at=None, quarantine_reason="")
                | (Q(quarantined_at__isnull=False) & ~Q(quarantine_reason="")),
                name="a_quarantine_of_a_project_says_why",
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def plain_name(self) -> str:
        """Return its name as installers and file names say it, which know no spaces."""
        return split(self.name)[1].partition(".")[0]

    @property
    def is_sandbox(self) -> bool:
        return self.space == Space.SANDBOX

    @property
    def path(self) -> str:
        """Return the path of its page for people."""
        return f"/{Space(self.space).prefix}projects/{split(self.name)[1]}/"

    @property
    def quota_bytes(self) -> int:
        default = settings.SANDBOX_QUOTA if self.is_sandbox else settings.PROJECT_QUOTA
        return self.quota if self.quota is not None else default

    @property
    def window_rule(self) -> Rule:
        """Return until when its releases take more files."""
        return Rule(
            Window(self.window),
            self.window_first_days,
            self.window_last_days,
            self.window_newer,
            Series(self.window_series),
            WindowMode(self.window_mode),
            tuple(self.window_series_lines) if self.window_series == Series.LINES else (),
        )

    @property
    def enforced_window(self) -> Enforced:
        """Return the rule with what it was before, which goes on refusing while a new one only tells."""
        before = Rule.read(self.window_before) if self.window_before else None
        return Enforced(self.window_rule, self.window_since, before)

    @property
    def draft_life(self) -> timedelta:
        """Return how long a draft lives from its last upload on."""
        return timedelta(days=self.draft_days or settings.DRAFT_LIFETIME_DAYS)

    @property
    def is_quarantined(self) -> bool:
        return self.quarantined_at is not None

    @property
    def takes_uploads(self) -> bool:
        """Say whether its owners and the operators let files come in."""
        return not self.is_quarantined and self.status != ProjectStatus.ARCHIVED

    @property
    def shown_status(self) -> tuple[str, str]:
        """Return the status that installers are told (PEP 792), and its reason; a quarantine goes before all else."""
        if self.is_quarantined:
            return QUARANTINED, self.quarantine_reason
        return self.status, self.status_reason

    @property
    def audit_subject(self) -> audit.Subject:
        """Return how events speak of it."""
        return audit.Subject(f"project:{self.pk}", "project", str(self.pk), self.name)


def _by_id(project_id: int) -> ProjectQuerySet:
    return Project.objects.filter(pk=project_id)


def _locked(project_id: int) -> ProjectQuerySet:
    return _by_id(project_id).select_for_update()


_BY_ID, _LOCKED = Compiled(_by_id), Compiled(_locked)


def _only(rows: list[Project]) -> Project:
    if not rows:
        raise Project.DoesNotExist("there is no such project any more")
    return rows[0]
