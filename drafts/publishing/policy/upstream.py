"""Rules about the upstream target: whether it can be reached, and what it would refuse, said before the click."""

import re
from collections.abc import Iterator
from datetime import datetime, timedelta

from django.utils import timezone
from packaging.version import InvalidVersion, Version

from drafts.models import DecisionKind, Target, TargetKind
from drafts.publishing.policy.blocker import Blocker, Code, listed
from drafts.publishing.policy.case import Case
from drafts.publishing.policy.files import exactly
from drafts.publishing.targets import places

OPEN_DAYS = 14  # how long PyPI and TestPyPI take files of a release, from its first one
# The platform tags that PyPI takes.
_TAKEN = re.compile(
    r"any|win32|win_(?:amd64|arm64|ia64)|linux_armv[67]l|manylinux(?:1|2010|2014|_\d+_\d+)_\w+|musllinux_\d+_\d+_\w+"
    r"|macosx_\d+_\d+_\w+|ios_\d+_\d+_\w+|android_\d+_\w+|(?:pyodide|pyemscripten)_\d+(?:_\d+)?_wasm32"
)


def ready(case: Case) -> Iterator[Blocker]:
    """Ask for a target that answers and whose credentials can be read."""
    target = case.target
    if target is None or not case.draft.is_live:
        return
    if target.checked_at is None:
        yield _blocker(
            f"{target} is being looked at for the first time.", "Presscheck", title="Upstream index"
        )
    elif target.check_error:
        yield _blocker(f"{target.check_error} Presscheck looks again every few minutes.", "you")
    try:
        places.place_of(target)
    except places.Locked as error:
        yield _blocker(str(error), "you")


def rules(case: Case) -> Iterator[Blocker]:
    """Say what PyPI and TestPyPI would refuse."""
    target = case.target
    if target is None or target.kind == TargetKind.OTHER or not case.draft.is_live:
        return
    version = Version(case.draft.version)
    if version.local:
        yield _blocker(
            f"{target} takes no local versions, and {version} is one. Build it without +{version.local}.",
            "you",
        )
    refused = [file.filename for file in case.files if not _is_taken(file.filename)]
    if refused:
        yield _blocker(
            f"{target} takes no wheels with the platform tags of {len(refused)} of {len(case.files)} files "
            f"({listed(refused)}). Repair them for manylinux or musllinux, or delete them.",
            "you",
        )
    if days := _age(case, target):
        yield _blocker(
            f"{target} takes files for {OPEN_DAYS} days after the first one of a release, and {case.draft} began {days} days "
            "ago. Publish them as a new version.",
            "you",
        )


def attestations(case: Case) -> Iterator[Blocker]:
    """Ask for a decision when users of PyPI lose the attestations that they had."""
    target = case.target
    if target is None or target.kind == TargetKind.OTHER or target.by_ci or not case.draft.is_live:
        return
    if not target.known.get("attested") or not case.files:
        return
    decided = case.decided(DecisionKind.NO_ATTESTATIONS)
    what = tuple(exactly(file) for file in case.files)
    if decided.issuperset(what):
        return
    yield Blocker(
        Code.TARGET_ATTESTATIONS,
        f"{target} will show no attestations for these files",
        f"{target.known.get('newest')} has them there. The index takes them only from the trusted publisher that uploads, and "
        "Presscheck uploads with a token. Let CI publish keeps them.",
        "you",
        subject=str(target),
        decision=DecisionKind.NO_ATTESTATIONS,
        what=what,
    )


def _blocker(detail: str, owner: str, *, title: str = "Upstream index not ready") -> Blocker:
    return Blocker(Code.TARGET_NOT_READY, title, detail, owner)


def _is_taken(filename: str) -> bool:
    if not filename.endswith(".whl"):
        return True
    platforms = filename.removesuffix(".whl").rpartition("-")[2].split(".")
    return all(_TAKEN.fullmatch(tag) for tag in platforms)


def _age(case: Case, target: Target) -> int:
    """Return how many days ago the release began, upstream or here, where that is too long; else 0."""
    moments = [case.before.same.published_at] if case.before.same else []
    for spelled, at in target.known.get("began", {}).items():
        if at and _same(spelled, case.draft.version):
            moments.append(datetime.fromisoformat(at))
    if not moments or timezone.now() - min(moments) <= timedelta(days=OPEN_DAYS):
        return 0
    return (timezone.now() - min(moments)).days


def _same(one: str, other: str) -> bool:
    try:
        return Version(one) == Version(other)
    except InvalidVersion:
        return False
