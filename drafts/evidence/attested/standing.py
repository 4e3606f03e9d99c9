"""What verified attestations are worth now: asked with every comparison, because an owner may register another CI."""

from collections.abc import Iterable
from dataclasses import dataclass, replace

from drafts.evidence.attested.identity import why_not
from drafts.evidence.attested.signer import Signer
from drafts.evidence.compare import Claim, Rank
from drafts.models import Attested, CiSource

SIGNATURE = "signature"

# The log and what it says of which file: (log, file name, SHA-256).
Said = tuple[int, str, str]


@dataclass(frozen=True, slots=True)
class Standing:
    """Which lines of which logs a signature proves, and the logs that are nothing but a stranger's signature."""

    proven: frozenset[Said]
    strangers: frozenset[int]

    def counted(self, claim: Claim) -> Claim | None:
        """Return the claim, of the rank ``attested`` where a signature proves it; None where it is a stranger's.

        Whoever uploads a file can sign it as somebody: that such a signature is good says nothing for the file.
        """
        if (claim.log, claim.filename, claim.digest) in self.proven:
            return replace(claim, rank=Rank.ATTESTED, by=SIGNATURE, of_own_files=False, why=None)
        return None if claim.log in self.strangers else claim


def standing(draft_ids: Iterable[int]) -> Standing:
    """Ask what the verified attestations of some drafts are worth, in one query."""
    rows = Attested.objects.filter(signer__isnull=False, log__isnull=False, file__draft__in=draft_ids)
    good, strangers = set[Said](), set[int]()
    for row in rows.select_related("file__draft__project__ci_source"):
        assert row.log_id is not None
        if not doubts(row):
            good.add((row.log_id, row.file.filename, row.file.sha256))
        elif row.came_with_file or row.found_at:
            strangers.add(row.log_id)
    return Standing(frozenset(good), frozenset(strangers))


def doubts(row: Attested) -> str:
    """Return why a verified attestation proves no more than pasted text; empty when nothing speaks against it."""
    source: CiSource | None = getattr(row.file.draft.project, "ci_source", None)
    return why_not(Signer.of(row.signer or {}), source, row.file.run_claims)
