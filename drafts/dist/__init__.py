"""What a distribution is: file names, archives, core metadata, fingerprint and coverage. Pure Python."""

from .archives import Limits, Member
from .distribution import Distribution, open_distribution
from .errors import BadDistribution, Code, Refusal
from .fingerprint import fingerprint
from .metadata import CoreMetadata
from .names import FileName, FileType, check_name, parse_filename

__all__ = [
    "BadDistribution",
    "Code",
    "CoreMetadata",
    "Distribution",
    "FileName",
    "FileType",
    "Limits",
    "Member",
    "Refusal",
    "check_name",
    "fingerprint",
    "open_distribution",
    "parse_filename",
]
