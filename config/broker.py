"""Kombu's filesystem transport without its race: a message gets its name only when it is whole."""

import os
import time
import uuid
from pathlib import Path
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem
from kombu.utils.json import dumps

TRANSPORT = "presscheck-files"


class Channel(filesystem.Channel):
    """Writes under a name that no reader looks for, then renames (kombu issue 1551: readers met half-written files)."""

    def _put(self, queue: str, message: Any, **_options: Any) -> None:
        name = f"{int(time.time() * 1000):015d}_{uuid.uuid4()}.{queue}.msg"
        folder = Path(self.data_folder_out)
        part = folder / f".{name}.part"
        part.write_bytes(dumps(message).encode())
        os.replace(part, folder / name)  # noqa: PTH105  atomic on one file system


class Transport(filesystem.Transport):
    """The embedded shape's broker."""

    Channel = Channel


TRANSPORT_ALIASES[TRANSPORT] = "config.broker:Transport"
