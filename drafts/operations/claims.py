"""What a server needs for itself alone: its data folder and its port. Standard library only, so that it starts at once."""

import fcntl
import os
import socket
from ipaddress import ip_address
from pathlib import Path


class NotStarted(Exception):
    """The server cannot start, or did not; the text says why and what to do."""


class DataFolder:
    """The claim on a data folder: one server at a time."""

    def __init__(self, folder: Path) -> None:
        """Claim the folder until ``release``, or until this process ends. Raises NotStarted."""
        try:
            folder.mkdir(parents=True, exist_ok=True)
            self._file = (folder / "up.lock").open("a+", encoding="ascii")
        except OSError as error:
            raise NotStarted(f"cannot write to the data folder {folder}: {error.strerror}") from error
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            self._file.seek(0)
            other = self._file.read().strip() or "?"
            self._file.close()
            raise NotStarted(
                f"another server (process {other}) runs on {folder}: end it, or choose another folder with --data",
            ) from error
        self._file.truncate(0)
        self._file.write(f"{os.getpid()}\n")
        self._file.flush()

    def release(self) -> None:
        """Let another server have the folder."""
        self._file.close()


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens; it stays open while web processes come and go. Raises NotStarted."""
    try:
        family, _, _, _, address = socket.getaddrinfo(host.strip("[]"), port, type=socket.SOCK_STREAM)[0]
        listener = socket.socket(family, socket.SOCK_STREAM)
    except OSError as error:
        raise NotStarted(f"'{host}' is not an address of this machine: {error.strerror}") from error
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(2048)
    except OSError as error:
        listener.close()
        raise NotStarted(
            f"cannot listen on {host} port {port} ({error.strerror}): choose another with --port"
        ) from error
    return listener


def refuse_http_in_public(host: str, url: str) -> None:
    """Raise NotStarted when other machines could reach a server that people use without https."""
    if not url.startswith("https://") and not is_loopback(host):
        raise in_the_clear(host)


def in_the_clear(host: str) -> NotStarted:
    """Return the words for a server without https that other machines can reach."""
    return NotStarted(
        f"other machines can reach {host}, and passwords and tokens must not travel in the clear: put a proxy with "
        "https in front and set PRESSCHECK_URL=https://…, or listen on 127.0.0.1",
    )


def is_loopback(host: str) -> bool:
    """Say whether an address or a name, as it is spelled, leads to this machine alone."""
    try:
        return ip_address(host.strip("[]")).is_loopback
    except ValueError:
        return host == "localhost"
