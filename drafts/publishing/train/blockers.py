"""Why a train cannot be published now: what blocks any of its drafts blocks all of them."""

from collections.abc import Sequence

from drafts.models import Draft, File
from drafts.publishing import policy
from drafts.publishing.policy import Blocker, Code


def blockers(drafts: Sequence[Draft], publisher: int | None = None) -> dict[int, list[Blocker]]:
    """Return every reason against each draft, by its id; that it is in the train is none here.

    ``publisher``: who would publish them, by id, where that is known.
    """
    uploads: dict[int, list[File]] = {draft.pk: [] for draft in drafts}
    for file in File.objects.filter(draft__in=drafts).order_by("filename"):
        uploads[file.draft_id].append(file)
    cases = policy.cases(drafts, uploads, publisher=publisher)
    return {draft.pk: besides_the_train(policy.found(cases[draft.pk])) for draft in drafts}


def besides_the_train(found: Sequence[Blocker]) -> list[Blocker]:
    """Leave out the one blocker that publishing the whole train clears."""
    return [blocker for blocker in found if blocker.code != Code.IN_TRAIN]
