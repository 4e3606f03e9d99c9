"""What acts on members, publishers, policy, CI and target tell a standing order: that its terms may have changed."""

from drafts.models import Kind, Project, StandingOrder, jobs


def terms_changed(project: Project) -> None:
    """Have the project's standing order looked at, if it has one: part of the act that changed something."""
    if StandingOrder.objects.live().filter(project=project).exists():
        jobs.enqueue(kind=Kind.ORDER_TERMS, subject=f"project:{project.pk}")
