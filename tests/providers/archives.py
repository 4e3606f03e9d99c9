"""Artifacts' ZIP archives, written as uploaders write them: streamed, sizes after the data."""

import io
import zipfile


class _Pipe(io.RawIOBase):
    """A stream that cannot seek."""

    def __init__(self) -> None:
        self.data = bytearray()

    def writable(self) -> bool:
        return True

    def write(self, data) -> int:
        self.data += data
        return len(data)


def zipped(members: dict[str, bytes]) -> bytes:
    """Build an artifact's archive."""
    pipe = _Pipe()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return bytes(pipe.data)
