"""Rules about people's word: approvals, changes wanted, the time to look, testers' reports."""

from collections.abc import Iterator
from datetime import timedelta

from django.utils import timezone

from drafts.models import Says
from drafts.publishing.opinions import Opinions, Standing
from drafts.publishing.policy.blocker import Blocker, Code, listed
from drafts.publishing.policy.case import Case


def changes_wanted(case: Case) -> Iterator[Blocker]:
    for one in case.opinions.no if case.draft.is_live else ():
        yield Blocker(
            Code.CHANGES_WANTED,
            "Changes wanted",
            f"{one.user} says: {one.note} Only {one.user} can take this back; new files make it void.",
            str(one.user),
        )


def approvals(case: Case) -> Iterator[Blocker]:
    opinions = case.opinions
    if not case.draft.is_live or not case.files or not opinions.missing:
        return
    had = listed([str(one.user) for one in opinions.yes])
    said = f"{len(opinions.yes)} of {opinions.needed} approvals{f', by {had}' if had else ''}."
    own = (
        ""
        if case.draft.project.own_approval_counts
        else " The yes of who uploaded, or publishes, does not count."
    )
    yield Blocker(Code.APPROVALS_MISSING, "Approvals missing", f"{said}{_void(opinions)}{own}", "a reviewer")


def _void(opinions: Opinions) -> str:
    """Say whose yes to other files is void, of those who have not said yes again."""
    again = {one.user_id for one in opinions.yes}
    void = [
        one
        for one in opinions.approvals
        if one.says == Says.YES and opinions.standing(one) == Standing.VOID and one.user_id not in again
    ]
    names = list(dict.fromkeys(str(one.user) for one in void))
    if not names:
        return ""
    many = (
        f"{len(names)} approvals, by {listed(names)}, are"
        if len(names) > 1
        else f"The approval of {names[0]} is"
    )
    return f" {many} void: files changed since."


def soak(case: Case) -> Iterator[Blocker]:
    hours, changed = case.draft.project.soak_hours, case.opinions.changed_at
    if not case.draft.is_live or not case.files or not hours or changed is None:
        return
    gone = timezone.now() - changed
    if gone < timedelta(hours=hours):
        past = max(0, int(gone.total_seconds() // 3600))
        yield Blocker(
            Code.SOAK,
            "Time to look",
            f"{past} h of {hours} h since the files last changed. It can be published from "
            f"{changed + timedelta(hours=hours):%d %B %H:%M} UTC on.",
            "the clock",
        )


def reports(case: Case) -> Iterator[Blocker]:
    unanswered = case.opinions.unanswered if case.draft.project.answer_reports else []
    if not case.draft.is_live or not unanswered:
        return
    total = sum(
        not one.works and one.fingerprint == case.opinions.fingerprint for one in case.opinions.reports
    )
    who = listed([one.who for one in unanswered])
    yield Blocker(
        Code.REPORTS_UNANSWERED,
        "A tester says it is broken" if len(unanswered) == 1 else "Testers say it is broken",
        f"{len(unanswered)} of {total} such report{'' if total == 1 else 's'} without an answer: {who}.",
        "you",
    )
