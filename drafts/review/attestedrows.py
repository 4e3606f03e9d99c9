"""The attestations of a draft's files in sentences: who signed, or why that is not known."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from drafts.evidence.attested import standing
from drafts.evidence.attested.signer import Signer
from drafts.models import Attested, Draft, File, beside


@dataclass(frozen=True, slots=True)
class AttestedRow:
    """One attestation: ``state`` is ``proven``, ``stranger``, ``unverified`` or ``waiting``."""

    state: str
    text: str


def rows(files: Sequence[File], draft: Draft | None = None) -> dict[int, tuple[AttestedRow, ...]]:
    """Return what is known of each file's attestations, by the file's id, in one query; ``draft``: that all are in."""
    found: defaultdict[int, list[AttestedRow]] = defaultdict(list)
    checked: set[int] = set()
    outcomes = Attested.objects.filter(file__in=files).select_related(
        "file__draft__project__ci_source", "log"
    )
    asked = draft is None or beside.those_with("attested", [draft])
    for one in outcomes.order_by("-came_with_file", "number", "pk") if asked else ():
        found[one.file_id].append(_row(one))
        if one.came_with_file:
            checked.add(one.file_id)
    for file in files:
        if file.attestations_sha256 and file.pk not in checked:
            found[file.pk].insert(
                0, AttestedRow("waiting", "Attestations came with the file. They are being verified.")
            )
    return {pk: tuple(rows) for pk, rows in found.items()}


def _row(one: Attested) -> AttestedRow:
    which = f"Attestation {one.number}{_where(one)}"
    if one.signer is None:
        return AttestedRow("unverified", f"{which} is not verified: {one.reason.rstrip('.')}.")
    who = spelled(Signer.of(one.signer))
    doubts = standing.doubts(one)
    if doubts:
        return AttestedRow("stranger", f"{which} is signed by {who}, which does not count. {doubts}")
    return AttestedRow("proven", f"{which} is signed by {who}: {_whose(one)}.")


def _whose(one: Attested) -> str:
    if one.file.run_claims and not hasattr(one.file.draft.project, "ci_source"):
        return "the run that staged it, of a publisher that this project trusts"
    return "the CI that this project registered"


def _where(one: Attested) -> str:
    if one.found_at:
        return f" found at {one.found_at}"
    return "" if one.came_with_file else f" in “{one.log}”"


def spelled(signer: Signer) -> str:
    """Say who signed, as short as it is clear."""
    if not signer.repository:
        return signer.name or "somebody without a name"
    repository = signer.repository.partition("://")[2].partition("/")[2] or signer.repository
    workflow = signer.workflow.rpartition("/")[2]
    at = f" at {signer.commit[:7]}" if signer.commit else ""
    return f"{repository}{f' ({workflow})' if workflow else ''}{at}"
