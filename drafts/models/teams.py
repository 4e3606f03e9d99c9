"""Teams, which hold roles on many projects, and groups, which name projects that release together."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from accounts.models import User
from drafts.models.projects import Project, Role

NAME = r"^[a-z0-9]+(-[a-z0-9]+)*$"


class Team(models.Model):
    """People who hold roles on projects together. Its leads say who is in it, each project's owners what it may there."""

    name = models.CharField(max_length=60, unique=True)
    created_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(name__regex=NAME), name="a_teams_name_is_normalised"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def audit_subject(self) -> audit.Subject:
        """Return how events speak of it."""
        return audit.Subject(f"team:{self.pk}", "team", str(self.pk), self.name)


class TeamMember(models.Model):
    """A person in a team; a lead says who else is."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="people")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="teams")
    is_lead = models.BooleanField(default=False)
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["team", "user"], name="a_person_is_in_a_team_once"),
        ]

    def __str__(self) -> str:
        return f"{self.user_id} in {self.team_id}"


class TeamRole(models.Model):
    """A team's role on a project."""

    team = models.ForeignKey(Team, on_delete=models.CASCADE, related_name="roles")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="team_roles")
    role = models.CharField(max_length=16)
    since = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project", "team"], name="one_role_per_team_and_project"),
            models.CheckConstraint(condition=Q(role__in=list(Role)), name="a_teams_role_is_one_of_three"),
        ]

    def __str__(self) -> str:
        return f"{self.team_id} {self.role} of {self.project_id}"


class GroupQuerySet(models.QuerySet["Group"]):
    """Named questions about groups."""

    def visible_to(self, user: User) -> "GroupQuerySet":
        """Groups with a project that the person is a member of."""
        return self.filter(
            pk__in=GroupProject.objects.filter(project__in=Project.objects.visible_to(user)).values("group")
        )

    def of(self, project: Project) -> "Group | None":
        """Return the group that a project releases with."""
        return self.filter(projects__project=project).first()


class Group(models.Model):
    """Projects that release together. A project is in one group at most, so that a commit's drafts have one train to join."""

    name = models.CharField(max_length=60, unique=True)
    created_at = models.DateTimeField(default=timezone.now)

    objects: ClassVar = GroupQuerySet.as_manager()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(name__regex=NAME), name="a_groups_name_is_normalised"),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def audit_subject(self) -> audit.Subject:
        """Return how events speak of it."""
        return audit.Subject(f"group:{self.pk}", "group", str(self.pk), self.name)

    def members(self) -> "models.QuerySet[Project]":
        """Return its projects, by name."""
        rows: models.QuerySet[Project] = Project.objects.filter(in_groups__group=self).order_by("name")
        return rows


class GroupProject(models.Model):
    """A project in a group."""

    group = models.ForeignKey(Group, on_delete=models.CASCADE, related_name="projects")
    project = models.ForeignKey(Project, on_delete=models.CASCADE, related_name="in_groups")
    added_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["project"], name="a_project_is_in_one_group_at_most"),
        ]

    def __str__(self) -> str:
        return f"{self.project_id} in {self.group_id}"
