"""A connection that breaks: a forwarder to a local port that cuts chosen connections after so many bytes."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress

_LARGE = 64 * 1024


class Cutter:
    """Forwards to a port; ``cuts`` says after how many bytes the next large requests break, one for each.

    ``cut`` counts those that broke, ``carried`` the bytes that came from clients.
    """

    def __init__(self, port: int, cuts: list[int], most: int) -> None:
        self.cuts, self.cut, self.carried = list(cuts), 0, 0
        self._port, self._most = port, most
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"

    def serve(self) -> None:
        while True:
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._forward, args=[client], daemon=True).start()

    def _forward(self, client: socket.socket) -> None:
        with suppress(OSError), client, socket.create_connection(("127.0.0.1", self._port)) as server:
            back = threading.Thread(target=self._back, args=[server, client], daemon=True)
            back.start()
            sent, limit = 0, None
            while data := client.recv(64 * 1024):
                sent += len(data)
                self.carried += len(data)
                if limit is None and sent >= _LARGE and self.cuts and self.cut < self._most:
                    limit = self.cuts.pop(0)
                if limit is not None and sent >= limit:
                    self.cut += 1
                    return
                server.sendall(data)
            back.join(30)

    def _back(self, server: socket.socket, client: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(64 * 1024):
                client.sendall(data)
            client.shutdown(socket.SHUT_WR)

    def close(self) -> None:
        self._listener.close()


@contextmanager
def cutting(port: int, cuts: list[int], most: int | None = None) -> Iterator[Cutter]:
    """Forward to a port for the time of a block; at most ``most`` requests break."""
    cutter = Cutter(port, cuts, len(cuts) if most is None else most)
    threading.Thread(target=cutter.serve, daemon=True).start()
    try:
        yield cutter
    finally:
        cutter.close()
