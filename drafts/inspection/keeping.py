"""What an inspection keeps in storage: the members and the rendered description, as one compressed JSON object.

Not in the database: twenty thousand members are a megabyte after compression, and a release can have 150 such files.
"""

import gzip
import hashlib
import json
from dataclasses import dataclass
from functools import lru_cache

from drafts.dist.members import Member
from drafts.storage import NoSuchObject, new_object_id, storage, whole

OBJECT_NAME = "inspection.json.gz"
_FORMAT = 1
_LEVEL = 5


@dataclass(frozen=True, slots=True)
class Seen:
    """What an inspection saw: every member in archive order, and the description as HTML ('' where it has none).

    A description whose markup does not render is kept as plain text, and ``renders`` is False.
    """

    members: tuple[Member, ...]
    description: str = ""
    renders: bool = True


@dataclass(frozen=True, slots=True)
class KeptSeen:
    """Where it lies: the object's id, its SHA-256 in hex and size in bytes."""

    object_id: str
    sha256: str
    size: int


def keep(seen: Seen) -> KeptSeen:
    """Write what was seen under a new id, before any row speaks of it. Raises StorageFull, StorageDown."""
    told = {
        "format": _FORMAT,
        "members": [[one.path, one.size, one.mode, one.sha256, one.compressed] for one in seen.members],
        "description": seen.description,
        "renders": seen.renders,
    }
    data = gzip.compress(json.dumps(told, separators=(",", ":")).encode(), _LEVEL, mtime=0)
    object_id = new_object_id()
    writer = storage().create(object_id, OBJECT_NAME)
    try:
        writer.write(data)
        writer.commit()
    except BaseException:
        writer.abort()
        raise
    return KeptSeen(object_id, hashlib.sha256(data).hexdigest(), len(data))


@lru_cache(maxsize=8)  # an object is written once; a release's files are compared one with another
def read(object_id: str, sha256: str) -> Seen:
    """Read what was kept, and see that it is that. Raises NoSuchObject, StorageDown."""
    told = json.loads(gzip.decompress(whole(object_id, OBJECT_NAME, sha256=sha256)))
    if told["format"] != _FORMAT:
        raise NoSuchObject(f"the inspection was kept in format {told['format']}, which is not read any more")
    return Seen(tuple(Member(*values) for values in told["members"]), told["description"], told["renders"])
