"""Running the child: what goes in, what comes out, and what is said when it dies or takes too long."""

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.conf import settings

SECONDS = 60.0  # that all tasks of one child may take
_BEAT = 2.0
_CHILD = "drafts.inspection.tools.child"


@dataclass(frozen=True, slots=True)
class Answer:
    """What came of one task, or in words why nothing did."""

    done: Any = None
    failed: str = ""


def do(tasks: Sequence[dict[str, Any]], beat: Callable[[], None]) -> list[Answer]:
    """Do tasks in a child process, in order; one that kills the child does not keep the others from their turn.

    ``beat`` is called every few seconds and may raise: then the child is killed.
    """
    answers: list[Answer] = []
    while len(answers) < len(tasks):
        came, reason = _child(tasks[len(answers) :], beat)
        answers += came
        if reason:
            answers.append(Answer(failed=reason))
    return answers


def _child(tasks: Sequence[dict[str, Any]], beat: Callable[[], None]) -> tuple[list[Answer], str]:
    """Start one child; return the answers that came, and why the next one did not ('' when all came).

    It reads from a file and writes to one: a pipe that nobody empties would stop it, and the fence limits files.
    """
    with (
        tempfile.TemporaryDirectory(dir=settings.DATA_DIR) as home,
        tempfile.TemporaryFile(dir=settings.DATA_DIR) as sent,
        tempfile.TemporaryFile(dir=settings.DATA_DIR) as came,
    ):
        sent.writelines(json.dumps(task).encode() + b"\n" for task in tasks)
        sent.seek(0)
        process = subprocess.Popen(  # noqa: S603  our own program
            [sys.executable, "-E", "-s", "-m", _CHILD],
            cwd=settings.BASE_DIR,
            env={
                "HOME": home,
                "TMPDIR": home,
                "LANG": "C.UTF-8",
            },  # nothing of the server's: its secrets stand there
            stdin=sent,
            stdout=came,
            stderr=subprocess.DEVNULL,
        )
        is_late = _waited(process, beat)
        came.seek(0)
        answers = [Answer(**json.loads(line)) for line in came if line.endswith(b"\n")]
    if len(answers) >= len(tasks):
        return answers[: len(tasks)], ""
    return answers, f"it took longer than {SECONDS:.0f} seconds" if is_late else _ending(process.returncode)


def _waited(process: "subprocess.Popen[bytes]", beat: Callable[[], None]) -> bool:
    """Wait until the child ends, or end it when its time is over; say whether it was."""
    deadline = time.monotonic() + SECONDS
    try:
        while True:
            try:
                process.wait(_BEAT)
            except subprocess.TimeoutExpired:
                beat()
            else:
                return False
            if time.monotonic() > deadline:
                return True
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()


def _ending(code: int) -> str:
    if code < 0:
        return f"it was ended by signal {-code}, as one that takes too much memory or time is"
    return f"it ended with code {code}"


def place(folder: Path, number: int, head: bytes) -> Path:
    """Return where a copied member lies: under a name of ours, with the suffix that its format has."""
    return folder / f"{number:04}{'.pyd' if head.startswith(b'MZ') else '.so'}"
