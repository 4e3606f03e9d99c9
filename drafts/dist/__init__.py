"""What a distribution is: file names, archives, core metadata, fingerprint and coverage. Pure Python."""

from .archives import Member
from .distribution import Distribution, open_distribution
from .errors import BadDistribution, Code, Findings, Refusal
from .fingerprint import fingerprint
from .limits import Limits
from .metadata import CoreMetadata
from .names import FileName, FileType, check_name, parse_filename

__all__ = [
    "BadDistribution",
    "Code",
    "CoreMetadata",
    "Distribution",
    "FileName",
    "FileType",
    "Findings",
    "Limits",
    "Member",
    "Refusal",
    "check_name",
    "fingerprint",
    "open_distribution",
    "parse_filename",
]
