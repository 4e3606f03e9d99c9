"""What the last release had, as far as its files were inspected: what new findings are measured by."""

from drafts.inspection.changes import last_release
from drafts.inspection.checks import Before
from drafts.models import Draft, Inspection, InspectionState


def before(draft: Draft) -> Before | None:
    """Return what the last release had; None for the first, and where some of its files were not inspected."""
    release = last_release(draft, draft.project.releases.all())
    if release is None:
        return None
    rows = list(Inspection.objects.filter(file__release=release, state=InspectionState.DONE))
    if not rows or len(rows) < release.files.count():
        return None  # what is known in part would make much look new
    tops = frozenset(name for row in rows for name in row.tops)
    return Before(release.version, tops, any(row.natives for row in rows))
