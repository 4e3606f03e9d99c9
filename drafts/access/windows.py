"""What goes with another window rule: the one before refuses on while the new one only tells."""

from dataclasses import asdict

from django.utils import timezone

from drafts.dist.windows import TRIAL, Rule
from drafts.models import Kind, Project, jobs


def note(project: Project) -> None:
    """Note, as part of the act that changed its settings, that a project's window rule is another one than it was.

    ``project``: the locked row as it was before; nothing is done where the rule is the same.
    """
    after = Project.objects.get(pk=project.pk).window_rule
    if after == project.window_rule:
        return
    before = _in_force(project)
    Project.objects.filter(pk=project.pk).update(
        window_since=timezone.now(), window_before=asdict(before) if before else None
    )
    jobs.enqueue(kind=Kind.WINDOWS, subject=f"project:{project.pk}")


def _in_force(project: Project) -> Rule | None:
    """Return the rule that refuses today: a rule on trial does not, so that changing it twice opens nothing."""
    if timezone.now() < project.window_since + TRIAL:
        return project.enforced_window.before
    return project.window_rule
