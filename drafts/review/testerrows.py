"""What testers fetched and what they said, as the draft page shows it. Fetched is not tested: two columns."""

from dataclasses import dataclass
from datetime import datetime

from django.db.models import Count, Max, Sum
from django.urls import reverse

from drafts.access.gate import Member
from drafts.access.roles import Act
from drafts.models import Fetch, Report
from drafts.review.sight import Sight

_SHOWN = 100


@dataclass(frozen=True, slots=True)
class ReportRow:
    """One report; ``is_old`` when it was said of other files than are in now."""

    id: int
    who: str
    works: bool
    note: str
    where: str
    sha256: str
    at: datetime
    is_old: bool
    answer: str
    answered_by: str
    answer_url: str = ""
    revoke_url: str = ""


@dataclass(frozen=True, slots=True)
class AgentRow:
    """One installer with its Python and platform: what it fetched, and what testers there said."""

    agent: str
    files: int
    fetched: int
    works: int
    broken: int


@dataclass(frozen=True, slots=True)
class TestersSection:
    """What testers fetched and said of a draft."""

    reports: tuple[ReportRow, ...]
    agents: tuple[AgentRow, ...]
    works: int
    broken: int
    may_answer: bool

    @property
    def summary(self) -> str:
        return f"works {self.works}, broken {self.broken}" if self.reports else ""


def section(who: Member, known: Sight, *, fetched: bool) -> TestersSection:
    """Return the section; ``fetched``: some link was used, so there are fetches to count."""
    opinions = known.opinions
    may_answer = known.draft.is_editable and who.may(Act.ANSWER)
    reports = [one for one in opinions.reports if not one.revoked_at]
    current = opinions.current
    return TestersSection(
        reports=tuple(
            _report(known, one, may_answer=may_answer, is_old=one.fingerprint != opinions.fingerprint)
            for one in reports[:_SHOWN]
        ),
        agents=_agents(known, current, fetched=fetched),
        works=sum(one.works for one in current),
        broken=sum(not one.works for one in current),
        may_answer=may_answer,
    )


def _report(known: Sight, one: Report, *, may_answer: bool, is_old: bool) -> ReportRow:
    where = [known.draft.project.name, known.draft.version, one.pk]
    return ReportRow(
        id=one.pk,
        who=one.who,
        works=one.works,
        note=one.note,
        where=one.agent,
        sha256=one.sha256,
        at=one.at,
        is_old=is_old,
        answer=one.answer,
        answered_by=str(one.answered_by) if one.answered_by else "",
        answer_url=reverse("report-answer", args=where)
        if may_answer and not one.works and not one.answered_at
        else "",
        revoke_url=reverse("report-revoke", args=where) if may_answer else "",
    )


def _agents(known: Sight, reports: list[Report], *, fetched: bool) -> tuple[AgentRow, ...]:
    counted: dict[str, tuple[int, int]] = {}
    if fetched:
        rows = Fetch.objects.filter(draft=known.draft).values("agent")
        for row in rows.annotate(files=Count("filename"), times=Sum("count"), last=Max("last_at")).order_by(
            "-last"
        )[:_SHOWN]:
            counted[row["agent"]] = (row["files"], row["times"])
    said = dict.fromkeys([*counted, *(one.agent for one in reports if one.agent)])
    return tuple(
        AgentRow(
            agent=agent,
            files=counted.get(agent, (0, 0))[0],
            fetched=counted.get(agent, (0, 0))[1],
            works=sum(one.works for one in reports if one.agent == agent),
            broken=sum(not one.works for one in reports if one.agent == agent),
        )
        for agent in said
    )
