"""What can go wrong with bytes."""


class StorageError(Exception):
    """Bytes could not be kept or found."""


class NoSuchObject(StorageError):
    """There is no object of that name."""


class StorageFull(StorageError):
    """The store cannot take more; nothing was kept."""


class StorageDown(StorageError):
    """The store does not answer, or not as it should: nothing is known of the bytes, and later may be better."""


class StorageRefuses(StorageDown):
    """The store answers, and does not do what it was asked for: it may not, or cannot; later is no better."""


class PartsDiffer(StorageError):
    """The store has not the parts that a client says it sent."""


class UploadGone(StorageDown):
    """A file that was being sent in parts is not on its way any more: it is whole by now, or was given up."""
