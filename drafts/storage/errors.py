"""What can go wrong with bytes."""


class StorageError(Exception):
    """Bytes could not be kept or found."""


class NoSuchObject(StorageError):
    """There is no object of that name."""


class StorageFull(StorageError):
    """The store cannot take more; nothing was kept."""
