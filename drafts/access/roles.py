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
    MEMBERS = "invite and remove members and change their roles"
    GROUP = "put the project into a group"
    WINDOW = "close and reopen releases"
    APPROVE = "approve drafts"
    ANSWER = "answer testers' reports"
    WEBHOOKS = "set webhooks"
    STATUS = "set the project's status"
    AUDIT = "read the whole record"
    TRAIN = "put drafts on trains and take them out"
    TARGET = "set the upstream target, and finish a publish without it"
    ORDER = "give a standing order"
    REVOKE_ORDER = "see and revoke a standing order"


_REVIEWER = frozenset({Act.SEE, Act.LINK, Act.EVIDENCE, Act.APPROVE})
_MAINTAINER = _REVIEWER | {
    Act.STAGE,
    Act.CANCEL,
    Act.PUBLISH,
    Act.YANK,
    Act.BUILDERS,
    Act.SET_ASIDE,
    Act.DECIDE,
    Act.FINDINGS,
    Act.WINDOW,
    Act.ANSWER,
    Act.TRAIN,
    Act.REVOKE_ORDER,
}
_OWNER = _MAINTAINER | {
    Act.TOKENS,
    Act.POLICY,
    Act.CI,
    Act.PUBLISHERS,
    Act.VOUCH,
    Act.DELETE,
    Act.MEMBERS,
    Act.GROUP,
    Act.WEBHOOKS,
    Act.STATUS,
    Act.AUDIT,
    Act.TARGET,
    Act.ORDER,
}

MAY = {Role.REVIEWER: _REVIEWER, Role.MAINTAINER: _MAINTAINER, Role.OWNER: _OWNER}


def may(role: str, act: Act) -> bool:
    """Say whether a role allows an act; an unknown role allows nothing."""
    return act in MAY.get(Role(role), frozenset()) if role in set(Role) else False
