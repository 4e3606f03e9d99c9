"""A local disk's way of saying that it is full."""

import errno

from drafts.storage.errors import StorageFull

_FULL = {errno.ENOSPC, errno.EDQUOT}


def translated(error: OSError) -> Exception:
    """Return StorageFull for a disk or a quota that is full, else the error itself."""
    if error.errno in _FULL:
        return StorageFull(
            "the server's disk is full: nothing was kept; try again when the operator has made room"
        )
    return error
