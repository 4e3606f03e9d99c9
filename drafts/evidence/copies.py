"""CI's copy at hand: where an earlier upload and the one that replaced it differ, member by member."""

import io

from django.core.cache import cache

from drafts.dist import BadDistribution, parse_filename
from drafts.dist.copies import Difference, difference, digests
from drafts.models import File
from drafts.storage import StorageDown, opened

_AT_ONCE = 16 * 1024**2  # bytes of a file that a page reads while somebody waits for it
_INFLATED = 256 * 1024**2
_KEPT_SECONDS = 24 * 3600


def compared(before: File, after: File) -> Difference | None:
    """Return where two uploads of one name differ; None where that cannot be said, or takes longer than a page may.

    Contents decide, by SHA-256: times, order and compression do not, and what an archive says of itself does not.
    """
    key = f"copies:{before.sha256}:{after.sha256}"
    known = cache.get(key)
    if known is not None:
        return Difference(*known)
    if max(before.size, after.size) > _AT_ONCE:
        return None
    try:
        found = difference(_digests(before), _digests(after))
    except (BadDistribution, StorageDown, OSError):
        return None
    cache.set(key, (found.changed, found.only_before, found.only_after, found.members), _KEPT_SECONDS)
    return found


def _digests(file: File) -> dict[str, str]:
    with opened(file.kept) as stored:
        # Members are sought back and forth, and a bucket answers each time: a small file is read at once.
        whole = io.BytesIO(stored.read()) if file.size <= _AT_ONCE else stored
        return digests(whole, parse_filename(file.filename), most=_INFLATED)
