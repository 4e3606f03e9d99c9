"""Holding the files of a draft against what logs say about them: one verdict for each file."""

from drafts.evidence.compare.claims import Claim, Printed, Rank, Staged, Why, matched_algorithm
from drafts.evidence.compare.judged import Comparison, FileVerdict, Verdict
from drafts.evidence.compare.sorting import compare

__all__ = [
    "Claim",
    "Comparison",
    "FileVerdict",
    "Printed",
    "Rank",
    "Staged",
    "Verdict",
    "Why",
    "compare",
    "matched_algorithm",
]
