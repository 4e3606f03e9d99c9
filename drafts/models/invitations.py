"""Invitations by mail: to a project in a role, or to a team."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from drafts.models.projects import Project, Role
from drafts.models.teams import Team


class InvitationQuerySet(models.QuerySet["Invitation"]):
    """Named questions about invitations."""

    def open(self) -> "InvitationQuerySet":
        """Neither accepted nor revoked nor too old."""
        return self.filter(accepted_at=None, revoked_at=None, expires_at__gt=timezone.now())


class Invitation(models.Model):
    """A link that one address was mailed, good once; only its digest is kept."""

    project = models.ForeignKey(Project, on_delete=models.CASCADE, null=True, related_name="invitations")
    team = models.ForeignKey(Team, on_delete=models.CASCADE, null=True, related_name="invitations")
    role = models.CharField(max_length=16, blank=True, help_text="on the project")
    as_lead = models.BooleanField(default=False, help_text="of the team")
    email = models.EmailField()
    token_sha256 = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    invited_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects: ClassVar = InvitationQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(project__isnull=False, team=None, as_lead=False, role__in=list(Role))
                | Q(project=None, team__isnull=False, role=""),
                name="an_invitation_is_to_a_project_in_a_role_or_to_a_team",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None) | Q(revoked_at=None),
                name="an_invitation_that_was_revoked_is_not_accepted",
            ),
        ]

    def __str__(self) -> str:
        return f"invitation of {self.email}"

    @property
    def to(self) -> str:
        """Return what it lets in to, in words."""
        return f"the team {self.team}" if self.team else str(self.project)

    @property
    def as_what(self) -> str:
        """Return what the person is to be there."""
        return self.role or ("lead" if self.as_lead else "member")

    @property
    def audit_subject(self) -> audit.Subject:
        """Return how events speak of it."""
        scope = f"team:{self.team_id}" if self.team_id else f"project:{self.project_id}"
        return audit.Subject(scope, "invitation", str(self.pk), str(self))
