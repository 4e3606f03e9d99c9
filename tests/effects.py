"""What a process leaves behind, effect by effect, and its end at one of them: nobody writes the list of steps down.

An effect is a commit, a statement outside of transactions, a file or folder made, renamed or deleted, and a request to another
server. Whatever else a process does dies with it, so a process that ends between two effects in every place ends in every way that
can matter. Effects are named by the code that causes them, so that a step that is added later is struck without being listed.
"""

import os
import signal
import sys
from collections.abc import Callable, Collection, Iterator
from enum import StrEnum
from pathlib import Path
from types import FrameType

from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from django.db.models import Model

_OURS = ("drafts.", "accounts.")
_BELOW = ("drafts.storage", "drafts.outbound", "drafts.models", "accounts.audit")  # what many rooms call
_READS = ("SELECT", "PRAGMA", "SAVEPOINT", "RELEASE", "ROLLBACK", "BEGIN", "COMMIT", "SET", "SHOW", "WITH")
_FILES = {"os.rename", "os.remove", "os.mkdir", "os.rmdir", "os.link", "os.symlink", "os.truncate"}
_NOT_KEPT = ("/dev/null", "/proc/")
_WRITES = os.O_WRONLY | os.O_RDWR | os.O_CREAT


class Effects:
    """Tells ``told`` of the first effect that is not in ``but``, and ends the process there.

    ``afresh``: each run begins with a new thing, and effects are told apart by the code alone; else all runs go on with one
    thing, and they are told apart by the rows and files too that the code was called with.
    """

    def __init__(self, but: Collection[str], told: Callable[[str], None], *, afresh: bool) -> None:
        self._but, self._told, self._afresh = frozenset(but), told, afresh
        self._wrote = self._is_within = False

    def watch(self) -> None:
        """Begin; there is no end to it, but the process's."""
        commit, effects = BaseDatabaseWrapper._commit, self

        def committed(wrapper: BaseDatabaseWrapper) -> None:
            if not effects._wrote:
                commit(wrapper)
                return
            effects._wrote = False
            name = effects._name("commit")
            effects._pass(f"before the {name}")
            commit(wrapper)
            effects._pass(f"after the {name}")

        BaseDatabaseWrapper._commit = committed
        connection.execute_wrappers.append(self._statement)
        sys.addaudithook(self._event)

    def _statement(self, execute, sql, params, many, context):
        if sql.lstrip().upper().startswith(_READS):
            return execute(sql, params, many, context)
        if context["connection"].in_atomic_block:
            self._wrote = True
            return execute(sql, params, many, context)
        name = self._name("statement")
        self._pass(f"before the {name}")
        result = execute(sql, params, many, context)
        self._pass(f"after the {name}")
        return result

    def _event(self, event: str, told: tuple) -> None:
        if self._is_within or not (event in _FILES or event in {"open", "http.client.send"}):
            return
        self._is_within = True
        try:
            if event == "http.client.send":
                self._pass(
                    f"before {'the head' if _is_head(*told) else 'the body'} of a {self._name('request')}"
                )
            elif _is_kept(event, told):
                self._pass(f"before {self._name(event)}")
        finally:
            self._is_within = False

    def _pass(self, name: str) -> None:
        if name not in self._but:
            self._told(name)
            os.kill(os.getpid(), signal.SIGKILL)

    def _name(self, what: str) -> str:
        """Return who causes an effect: the function that does it, and the one of a room above that it does it for."""
        frames = list(_ours(sys._getframe(2), labels=not self._afresh))
        if not frames:
            return f"{what} of no room"
        above = next((one for one in frames if not one.startswith(_BELOW)), frames[0])
        return f"{what} of {frames[0]}" + (f" for {above}" if above != frames[0] else "")


def _is_head(conn, data) -> bool:
    return isinstance(data, bytes) and data.startswith(f"{getattr(conn, '_method', '')} /".encode())


def _is_kept(event: str, told: tuple) -> bool:
    path = os.fspath(told[0]) if isinstance(told[0], str | os.PathLike) else ""
    if not path or path.startswith(_NOT_KEPT) or "__pycache__" in path:
        return False
    return event != "open" or bool((told[2] or 0) & _WRITES)


def _ours(frame: FrameType | None, *, labels: bool) -> Iterator[str]:
    """Yield the program's functions from here up, with what they were called with; also one that ``atomic`` ended."""
    while frame is not None:
        module, code = frame.f_globals.get("__name__", ""), frame.f_code
        if module == "contextlib" and code.co_name == "inner" and "func" in frame.f_locals:
            func = frame.f_locals["func"]
            given = [*enumerate(frame.f_locals["args"]), *frame.f_locals["kwds"].items()]
            if func.__module__.startswith(_OURS):
                yield f"{func.__module__}:{func.__qualname__}" + (_labels(given) if labels else "")
        elif module.startswith(_OURS) and not code.co_name.startswith("<"):
            names = code.co_varnames[: code.co_argcount + code.co_kwonlyargcount]
            given = [(name, frame.f_locals.get(name)) for name in names]
            yield f"{module}:{code.co_qualname}" + (_labels(given) if labels else "")
        frame = frame.f_back


def _labels(given: list[tuple[object, object]]) -> str:
    found = [label for name, value in given if (label := _label(name, value))]
    return f"({', '.join(found)})" if found else ""


def _label(name: object, value: object) -> str:
    """Name what tells one call from another, whichever process makes it."""
    if name == "offset":
        return f"offset {value}"
    if isinstance(value, StrEnum):
        return str(value)
    if filename := getattr(value, "filename", ""):
        return Path(str(filename)).name
    if not isinstance(value, Model) or hasattr(value, "object_id"):  # a new one in each process
        return ""
    return f"{type(value).__name__} {getattr(value, 'subject', '') or value.pk}"  # of a job there may be a new one, too
