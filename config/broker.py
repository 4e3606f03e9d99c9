"""Kombu's filesystem transport without its races: a message gets its name only when it is whole, and is taken once."""

import os
import time
import uuid
from pathlib import Path
from queue import Empty
from typing import Any

from kombu.transport import TRANSPORT_ALIASES, filesystem, virtual
from kombu.utils.json import dumps, loads

TRANSPORT = "presscheck-files"
_PATIENCE_SECONDS = 0.5


def folders(root: Path) -> dict[str, Any]:
    """Return the transport's options for a queue under one folder, and make the folder."""
    names = {
        "data_folder_in": "messages",
        "data_folder_out": "messages",
        "processed_folder": "processed",
        "control_folder": "control",
    }
    for name in names.values():
        (root / name).mkdir(parents=True, exist_ok=True)
    return {
        **{option: str(root / name) for option, name in names.items()},
        "store_processed": False,
        "polling_interval": 0.1,
    }


class Channel(filesystem.Channel):
    """Writes under a name that no reader looks for, then renames: readers of the original met half-written files.

    Queues are bound in memory, by everyone who uses them. The original keeps bindings in a file, and a process killed
    while writing it leaves a queue that nobody can use again.
    """

    supports_fanout = False  # nothing here speaks to all workers at once
    get_table = virtual.Channel.get_table

    def _put(self, queue: str, message: Any, **_options: Any) -> None:
        name = f"{int(time.time() * 1000):015d}_{uuid.uuid4()}.{queue}.msg"
        folder = Path(self.data_folder_out)
        part = folder / f".{name}.part"
        part.write_bytes(dumps(message).encode())
        os.replace(part, folder / name)  # noqa: PTH105  atomic on one file system

    def _get(self, queue: str, _timeout: float | None = None) -> Any:
        """Take the oldest message by moving it inside the data folder: the rename succeeds for one reader alone."""
        folder, taken = Path(self.data_folder_in), Path(self.processed_folder)
        for name in sorted(os.listdir(folder)):  # noqa: PTH208  names are enough
            if name.partition(".")[2] != f"{queue}.msg":
                continue
            try:
                os.rename(folder / name, taken / name)  # noqa: PTH104  atomic on one file system
            except FileNotFoundError:
                continue  # another reader was faster
            payload = (taken / name).read_bytes()
            (taken / name).unlink()
            try:
                return loads(payload.decode())
            except ValueError:  # the machine lost power while it was written: the sweep rings again
                continue
        raise Empty


class Transport(filesystem.Transport):
    """The embedded shape's broker."""

    Channel = Channel

    def drain_events(self, connection: Any, timeout: float | None = None) -> None:
        """Wait for a message for half a second at most, so that a worker that is told to end notices soon."""
        super().drain_events(connection, timeout=min(timeout or _PATIENCE_SECONDS, _PATIENCE_SECONDS))


TRANSPORT_ALIASES[TRANSPORT] = "config.broker:Transport"
