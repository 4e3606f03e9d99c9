"""The policy: why a draft cannot be published now. The page shows it and the act enforces it: one function.

Rules stand in a module for each subject and are listed here, in the order in which their blockers are shown.
"""

from collections.abc import Callable, Iterator, Sequence

from drafts.models import Draft, File
from drafts.publishing.policy import (
    approvals,
    environments,
    evidence,
    expected,
    files,
    findings,
    links,
    standing,
    trains,
    upstream,
    windows,
)
from drafts.publishing.policy.blocker import Blocker, Code, listed
from drafts.publishing.policy.case import Case, cases
from drafts.publishing.policy.files import missing

__all__ = ["Blocker", "Case", "Code", "blockers", "cases", "found", "listed", "missing"]

Rule = Callable[[Case], Iterator[Blocker]]

RULES: tuple[Rule, ...] = (
    files.ended,
    files.no_files,
    files.not_ready,
    files.failed,
    files.expected,
    files.builders,
    evidence.compared,
    evidence.demanded,
    environments.changed,
    environments.sources,
    environments.new_files,
    expected.as_last_time,
    expected.as_patterns,
    files.name_published,
    files.staged_by_leaked,
    findings.refused,
    findings.leaked,
    findings.not_inspected,
    findings.inspected,
    windows.closed,
    approvals.changes_wanted,
    approvals.reports,
    approvals.approvals,
    approvals.soak,
    standing.quarantined,
    standing.archived,
    standing.read_only,
    trains.in_train,
    upstream.ready,
    upstream.rules,
    upstream.attestations,
)


def blockers(
    draft: Draft, uploads: Sequence[File] | None = None, *, publisher: int | None = None
) -> list[Blocker]:
    """Return every reason why this draft cannot be published now; empty means that it can.

    ``uploads``: all of the draft's files by name, superseded ones too, where the caller has read them. ``publisher``:
    the person who would publish, by id, whose own yes may not count.
    """
    known = list(draft.files.order_by("filename")) if uploads is None else uploads
    return found(cases([draft], {draft.pk: known}, publisher=publisher)[draft.pk])


def found(case: Case) -> list[Blocker]:
    """Return the blockers of a case, each with the address where it is cleared."""
    return [blocker for rule in RULES for blocker in links.linked(case.draft, rule(case))]
