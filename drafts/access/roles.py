"""Which role may do what on a project: one table, default deny."""

from enum import StrEnum

from drafts.models import Role


class Act(StrEnum):
    """What a member can do on a project's pages."""

    SEE = "see"
    LINK = "make and revoke draft links"
    EVIDENCE = "add evidence"
    STAGE = "upload, replace and delete staged files"
    CANCEL = "cancel and extend drafts"
    PUBLISH = "publish"
    YANK = "yank what is published"
    DELETE = "delete what is published"
    BUILDERS = "invite builders"
    TOKENS = "make and revoke tokens"
    POLICY = "change the project's settings"
    CI = "set where CI runs"
    SET_ASIDE = "set evidence aside"
    FINDINGS = "accept findings"
    DECIDE = "decide what is published all the same"
    PUBLISHERS = "add and remove trusted publishers"
    VOUCH = "confirm a member's new second factor"


_REVIEWER = frozenset({Act.SEE, Act.LINK, Act.EVIDENCE})
_MAINTAINER = _REVIEWER | {
    Act.STAGE,
    Act.CANCEL,
    Act.PUBLISH,
    Act.YANK,
    Act.BUILDERS,
    Act.SET_ASIDE,
    Act.DECIDE,
    Act.FINDINGS,
}
_OWNER = _MAINTAINER | {Act.TOKENS, Act.POLICY, Act.CI, Act.PUBLISHERS, Act.VOUCH, Act.DELETE}

MAY = {Role.REVIEWER: _REVIEWER, Role.MAINTAINER: _MAINTAINER, Role.OWNER: _OWNER}


def may(role: str, act: Act) -> bool:
    """Say whether a role allows an act; an unknown role allows nothing."""
    return act in MAY.get(Role(role), frozenset()) if role in set(Role) else False
