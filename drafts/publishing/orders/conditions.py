"""The conditions of a standing order: one function each, every one of which stops it alone."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from accounts.models import AuditEvent
from drafts.access import members
from drafts.access.roles import Act
from drafts.access.terms import differences
from drafts.evidence.compare import Rank
from drafts.inspection.changes import audience
from drafts.inspection.standing import place
from drafts.models import Draft, File, Finding, Inspection, InspectionState, Publisher, StandingOrder
from drafts.publishing import policy
from drafts.publishing.orders.give import is_of
from drafts.publishing.policy import Case, listed

_CLEAR_THEMSELVES = {"CI", "Presscheck", "the clock"}  # owners of blockers that nobody has to clear by hand


class Why(StrEnum):
    """Stable codes of what stops a standing order."""

    ENDED = "ended"
    GIVER = "giver"
    TERMS = "terms"
    NOT_COMPLETE = "not-complete"
    NOT_THE_PUBLISHER = "not-the-publisher"
    COMMITS = "commits"
    EVIDENCE = "evidence"
    EXPECTED = "expected"
    REPLACED = "replaced"
    BLOCKED = "blocked"
    FINDING = "finding"
    ADDS = "adds"
    WORKFLOW = "workflow"


@dataclass(frozen=True, slots=True)
class Reason:
    """One thing that stops an order. ``waits``: it may pass by itself; ``voids``: it ends the order."""

    why: Why
    sentence: str
    waits: bool = False
    voids: bool = False


@dataclass(frozen=True, slots=True)
class Look:
    """What the conditions look at: the order, the draft and everything that the policy knows of it."""

    order: StandingOrder
    draft: Draft
    case: Case
    uploads: tuple[File, ...]


Condition = Callable[[Look], Iterator[Reason]]


def against(order: StandingOrder, draft: Draft) -> list[Reason]:
    """Return everything that keeps an order from publishing a draft now, but what only the CI provider can say."""
    uploads = tuple(draft.files.order_by("filename", "pk"))
    case = policy.cases([draft], {draft.pk: uploads}, publisher=order.given_by_id)[draft.pk]
    look = Look(order, draft, case, uploads)
    return [reason for condition in CONDITIONS for reason in condition(look)]


def stands(order: StandingOrder) -> list[Reason]:
    """Return what speaks against the order itself, whatever it is to publish."""
    if not order.is_live:
        return [Reason(Why.ENDED, f"The order has ended: {order.ended_why or 'its time is over.'}")]
    able = members.allows(project=order.project, user=order.given_by, act=Act.ORDER)
    if not (able and order.given_by.is_active):
        return [
            Reason(Why.GIVER, f"{order.given_by} is not an owner of {order.project} any more.", voids=True)
        ]
    changed = differences(order)
    return (
        [Reason(Why.TERMS, f"Changed since it was given: {listed(changed)}.", voids=True)] if changed else []
    )


def _stands(look: Look) -> Iterator[Reason]:
    yield from stands(look.order)


def _complete(look: Look) -> Iterator[Reason]:
    """Ask for the word of the very job that staged the files: another token's word is not enough."""
    subject = look.draft.audit_subject
    said = (
        AuditEvent.objects.filter(
            scope=subject.scope, on_kind=subject.kind, on_id=subject.id, event="draft:complete-said"
        )
        .order_by("seq")
        .last()
    )
    publishers = {str(file.claims["publisher"]) for file in look.case.files if file.claims}
    if said is None or said.digest != look.draft.fingerprint():
        yield Reason(Why.NOT_COMPLETE, "CI did not say that the draft is complete as it is now.")
    elif said.actor_kind != "publisher" or {said.actor_id} != publishers:
        yield Reason(
            Why.NOT_COMPLETE,
            f"{said.actor_label} said that the draft is complete, and not the job that staged its files.",
        )


def _trusted(look: Look) -> Iterator[Reason]:
    trusted = set(
        Publisher.objects.filter(project=look.draft.project, removed_at=None).values_list("pk", flat=True)
    )
    strange = [
        file.filename
        for file in look.case.files
        if not is_of(look.order.baseline, file.run_claims)
        or file.run_claims is None
        or file.run_claims.publisher not in trusted
    ]
    if strange:
        job = look.order.baseline["workflow"]
        yield Reason(Why.NOT_THE_PUBLISHER, f"Not staged by {job}, a trusted publisher: {listed(strange)}.")
    commits = {file.run_claims.commit for file in look.case.files if file.run_claims}
    if len(commits) > 1 or "" in commits:
        yield Reason(Why.COMMITS, f"The files come from {len(commits)} commits, or do not say from which.")


def _evidence(look: Look) -> Iterator[Reason]:
    short = [one.filename for one in look.case.comparison.short_of(Rank.FETCHED)]
    if short:
        what = f"{len(short)} of {len(look.case.files)} files match no log that Presscheck fetched, and no attestation"
        yield Reason(Why.EVIDENCE, f"{what}: {listed(short)}.", waits=True)


def _expected(look: Look) -> Iterator[Reason]:
    """Wait for every file, whatever a maintainer decided to go without."""
    missing = policy.missing(look.draft, look.case.files)
    lost = [one.filename for one in audience.lost(look.case.files, look.case.before.last_files)]
    if missing or lost:
        names = list(dict.fromkeys([*missing, *lost]))
        yield Reason(
            Why.EXPECTED, f"Not here, and announced or part of the last release: {listed(names)}.", waits=True
        )


def _replaced(look: Look) -> Iterator[Reason]:
    """A file that was deleted and came again with other bytes is replaced, too."""
    bytes_of: dict[str, set[str]] = {}
    for file in look.uploads:
        bytes_of.setdefault(file.filename, set()).add(file.sha256)
    again = {name for name, seen in bytes_of.items() if len(seen) > 1}
    names = sorted(again | {file.filename for file in look.uploads if file.superseded_by_id})
    if names:
        yield Reason(Why.REPLACED, f"Replaced after it was staged: {listed(names)}.")


def _blocked(look: Look) -> Iterator[Reason]:
    for blocker in policy.found(look.case):
        yield Reason(Why.BLOCKED, blocker.sentence, waits=blocker.owner in _CLEAR_THEMSELVES)


def _findings(look: Look) -> Iterator[Reason]:
    before = look.case.before.last_files
    done = Inspection.objects.filter(file__in=before, state=InspectionState.DONE).count()
    if not before or done < len(before):
        yield Reason(
            Why.FINDING, "There is no last release that was inspected whole, to compare findings with."
        )
        return
    known = {(code, where) for code, where, _ in _found(before)}
    new = [what for code, where, what in _found(look.case.files) if (code, where) not in known]
    if new:
        yield Reason(
            Why.FINDING, f"{len(new)} findings that {look.case.before.version} did not have: {listed(new)}."
        )


def _found(files: tuple[File, ...]) -> list[tuple[str, str, str]]:
    rows = Finding.objects.filter(file__in=files).select_related("file").order_by("pk")
    return [(row.code, place(row.path, row.file), f"{row.code} in {row.file}") for row in rows]


def _adds(look: Look) -> Iterator[Reason]:
    if look.case.before.adds:
        yield Reason(Why.ADDS, "The release is published already: an order publishes new releases alone.")


CONDITIONS: tuple[Condition, ...] = (
    _stands,
    _complete,
    _trusted,
    _replaced,
    _evidence,
    _expected,
    _findings,
    _adds,
    _blocked,
)
