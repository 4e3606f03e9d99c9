"""Where CI's copy and the file that replaced it differ, member by member: by what inspections listed, whatever their size."""

from drafts.dist.copies import Difference, difference
from drafts.evidence import copies
from drafts.inspection.members import NotInspected, members
from drafts.models import File
from drafts.storage import NoSuchObject, StorageDown


def between(before: File, after: File) -> Difference | None:
    """Return where two uploads of one name differ; None where that is not known yet.

    Inspections keep the SHA-256 of every member, so that no archive is opened. Small files are read where one is missing.
    """
    try:
        return difference(_listed(before), _listed(after))
    except (NotInspected, NoSuchObject, StorageDown):
        return copies.compared(before, after)


def _listed(file: File) -> dict[str, str]:
    return {member.path: member.sha256 for member in members(file)}
