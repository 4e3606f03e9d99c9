"""What changed: against the newest published release before, against what the release has already, against an earlier upload."""

from drafts.inspection.changes.before import NOTHING, Before, befores, last_release
from drafts.inspection.changes.change import Change, ChangeKind
from drafts.inspection.changes.everything import changes

__all__ = ["NOTHING", "Before", "Change", "ChangeKind", "befores", "changes", "last_release"]
