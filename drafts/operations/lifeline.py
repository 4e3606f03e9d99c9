"""A child process ends when its parent ends, however that happens (Linux; harmless elsewhere)."""

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1
_libc = ctypes.CDLL(None) if sys.platform == "linux" else None


def hold(parent: int) -> None:
    """Ask the kernel to kill this process when ``parent`` (a process id) dies; see prctl(2).

    Called between fork and exec too, so it does next to nothing.
    """
    if _libc is None:
        return
    _libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)
    if os.getppid() != parent:  # it died before the kernel was asked
        os._exit(1)
