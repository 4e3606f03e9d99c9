"""Mail to the people of a project."""

import logging
from collections.abc import Collection
from enum import StrEnum

from accounts import mail
from accounts.mail import Letter
from accounts.models import User
from drafts.models import Project, Role

log = logging.getLogger(__name__)

MAINTAINERS = (Role.MAINTAINER, Role.OWNER)


class News(StrEnum):
    """What people can be told of."""

    OPENED = "draft-opened"
    READY = "ready-for-you"
    CHANGES_WANTED = "changes-wanted"
    APPROVALS_VOID = "approvals-void"
    PUBLISHED = "published"
    LATE_FILES = "late-files"
    EXPIRY_NEAR = "expiry-near"
    UPSTREAM_REFUSED = "upstream-refused"
    POLICY = "policy-loosened"
    SCHEDULE = "schedule-canceled"


def tell(
    news: News,
    *,
    project: Project,
    letter: Letter,
    roles: Collection[Role] = MAINTAINERS,
    but: User | None = None,
) -> None:
    """Send a letter to the members with these roles, once the act's transaction is committed; ``but`` did it."""
    log.debug("news of %s: %s", project, news)
    members = User.objects.filter(memberships__project=project, memberships__role__in=roles)
    mail.after_commit(letter, to=[user.email for user in members.order_by("pk") if user != but])
