"""A file that can be read from anywhere, whatever holds its bytes."""

import io


class SeekableBytes(io.RawIOBase):
    """Where reading stands in ``size`` bytes; whoever knows the bytes writes ``readinto``, which moves ``_position``."""

    def __init__(self, size: int) -> None:
        super().__init__()
        self._size, self._position = size, 0

    def readable(self) -> bool:
        return True

    def seekable(self) -> bool:
        return True

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Move; beyond the end there is nothing to read. Raises ValueError before the beginning."""
        target = offset + {io.SEEK_SET: 0, io.SEEK_CUR: self._position, io.SEEK_END: self._size}[whence]
        if target < 0:
            raise ValueError("before the beginning of the file")
        self._position = target
        return target

    def tell(self) -> int:
        return self._position
