"""The fence around the child: memory, processor time, file sizes, no network, no programs.

The network is taken away twice: by the kernel, where it gives a process a network of its own, and by Python's audit hook.
Imports neither Django nor anything of this project: the child is started with it alone.
"""

import ctypes
import resource
import sys
from typing import Any, NoReturn

MEMORY = 768 * 1024 * 1024  # of addresses; of memory it takes a part of that
SECONDS = 30  # of processor time
FILE = 16 * 1024 * 1024  # the largest file that it may write
FILES = 64  # open at once

_FORBIDDEN = (
    "socket.",
    "subprocess.",
    "os.exec",
    "os.posix_spawn",
    "os.spawn",
    "os.system",
    "os.fork",
    "ctypes.dlopen",
)


_NEW_USER, _NEW_NETWORK = 0x10000000, 0x40000000  # CLONE_NEWUSER and CLONE_NEWNET of unshare(2)


def leave_the_network() -> bool:
    """Move this process into a network of its own, which is empty and down; False where the kernel does not let it."""
    try:
        unshare = ctypes.CDLL(None, use_errno=True).unshare
    except (AttributeError, OSError):  # not Linux
        return False
    # Root may; others may in a user namespace of their own, if the system allows those.
    return any(unshare(flags) == 0 for flags in (_NEW_NETWORK, _NEW_USER | _NEW_NETWORK))


def close() -> None:
    """Shut the fence around this process, for good."""
    leave_the_network()
    for what, limit in (
        (resource.RLIMIT_AS, MEMORY),
        (resource.RLIMIT_CPU, SECONDS),
        (resource.RLIMIT_FSIZE, FILE),
        (resource.RLIMIT_NOFILE, FILES),
        (resource.RLIMIT_CORE, 0),
    ):
        _, most = resource.getrlimit(what)
        least = limit if most == resource.RLIM_INFINITY else min(limit, most)
        resource.setrlimit(what, (least, least))
    sys.addaudithook(_watch)


def _watch(event: str, args: tuple[Any, ...]) -> None:
    """Stop what a tool has no business doing; a hook cannot be taken away again (PEP 578)."""
    if event.startswith(_FORBIDDEN):
        _refuse(event, args)
    if event == "open" and isinstance(args[1], str) and set(args[1]) & set("wax+"):
        _refuse(event, args)


def _refuse(event: str, args: tuple[Any, ...]) -> NoReturn:
    raise PermissionError(f"the fence does not let {event} through: {str(args)[:200]}")
