"""Members' lists for tests, as an inspection keeps them."""

from drafts.dist import parse_filename
from drafts.dist.members import walk
from drafts.inspection import keeping
from drafts.models import Draft, Inspection, InspectionState
from drafts.storage import opened


def listed(draft: Draft) -> None:
    """List the members of every file of a draft that is not listed yet."""
    for file in draft.files.live().filter(inspection=None):
        with opened(file.kept) as stored:
            members = tuple(found.member for found in walk(stored, parse_filename(file.filename)))
        kept = keeping.keep(keeping.Seen(members))
        Inspection.objects.create(
            file=file,
            state=InspectionState.DONE,
            checks=1,
            members=len(members),
            object_id=kept.object_id,
            sha256=kept.sha256,
            size=kept.size,
        )
