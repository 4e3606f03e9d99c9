"""Inspecting a distribution in memory, as the job does, without a row: what was found, by code."""

import io
import time

from drafts.dist import open_distribution, parse_filename
from drafts.inspection import reading
from drafts.inspection.checks import CHECKS, Subject
from drafts.inspection.reading import Clock, Findings
from tests.wheels import Built


def findings(built: Built, **more) -> list[tuple[str, str, int | None]]:
    """Code, path and line of everything that the checks of this project find; ``more`` is known of the subject."""
    return [(str(one.code), one.path, one.line) for one, _ in found(built, **more).all()]


def found(built: Built, **more) -> Findings:
    name = parse_filename(built.filename)
    metadata = open_distribution(io.BytesIO(built.data), built.filename).metadata
    seen, file = Findings(), io.BytesIO(built.data)
    read = reading.read(file, name, seen, Clock(time.monotonic() + 60, lambda _: None))
    others = reading.stronger_digests(file, name, read.kept)
    subject = Subject(
        name=name,
        metadata=metadata,
        members=read.members,
        kept=read.kept,
        natives=read.natives,
        problems=read.problems,
        other_digests=others,
        **more,
    )
    for check in CHECKS:
        seen.run(check, subject)
    return seen


def codes(built: Built, **more) -> list[str]:
    """The codes that are found, once each, in order."""
    return sorted({code for code, _, _ in findings(built, **more)})
