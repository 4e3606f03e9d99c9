"""Let CI publish: ask it, let it take exactly the reviewed bytes, and verify name by name what appears upstream."""

import json
from collections.abc import Sequence
from datetime import UTC, timedelta
from typing import Any

from django.conf import settings
from django.urls import reverse
from django.utils import timezone
from packaging.utils import (
    InvalidSdistFilename,
    InvalidWheelFilename,
    canonicalize_version,
    parse_sdist_filename,
    parse_wheel_filename,
)

from drafts import outbound
from drafts.models import BurntName, Draft, Job, Push, PushedFile, PushedFileState, PushState
from drafts.notify import standard_webhooks
from drafts.outbound import Limits
from drafts.publishing.targets import deployments, listing, places, rows
from drafts.publishing.targets.deployments import NotTold
from drafts.publishing.targets.listing import Listed
from drafts.publishing.targets.places import Place

LIMIT = timedelta(hours=24)
POLL_SECONDS = (5, 5, 10, 15, 30, 30, 60, 60, 120)
_HOOK = Limits(size=64 * 1024, seconds=20)


class Stop(Exception):
    """A person has to decide; the text says what happened."""

    def __init__(self, words: str, *, alarm: bool = False) -> None:
        super().__init__(words)
        self.alarm = alarm


def step(push: Push, place: Place, job: Job) -> bool:
    """Ask CI once; then look whether it published. True when every file is upstream with the reviewed bytes.

    Raises Stop, NotTold, listing.NotRead, places.Locked.
    """
    if push.begun_at is None:
        rows.asked(push, _ask(push), job)
    listed = listing.read(place, push.draft.project.name)
    waiting = [row for row in rows.deliveries(push) if not _appeared(push, place, row, listed, job)]
    _nothing_else(push, place, listed)
    if not waiting:
        return True
    _in_time(push, place, waiting)
    seconds = POLL_SECONDS[min(push.tries, len(POLL_SECONDS) - 1)]
    rows.later(push, timedelta(seconds=seconds), "", job)  # the rows say how far it is
    return False


def waits_for_ci(draft: Draft) -> bool:
    """Say whether a draft is approved and waits for CI to publish it: then its jobs may take the reviewed bytes.

    Not once that stopped, because of what appeared, the time, or what became of the release here: a person asks again first.
    """
    push = rows.of(draft)
    return push is not None and push.target.by_ci and push.state == PushState.ASKED


def _in_time(push: Push, place: Place, waiting: Sequence[PushedFile]) -> None:
    if push.begun_at is None or timezone.now() < push.begun_at + LIMIT:
        return
    names = ", ".join(row.file.filename for row in waiting[:5])
    raise Stop(
        f"CI was asked to publish, and {len(waiting)} of the files did not appear at {place.label} in "
        f"{LIMIT // timedelta(hours=1)} hours: {names}."
    )


def _appeared(push: Push, place: Place, row: PushedFile, listed: dict[str, Listed], job: Job) -> bool:
    """Say whether a file is upstream with the reviewed bytes. Raises Stop, an alarm, where it has others."""
    if row.state == PushedFileState.CONFIRMED:
        return True
    there = listed.get(row.file.filename)
    if there is None:
        return False
    sha256 = listing.digest(place, there)
    if sha256 == row.file.sha256:
        rows.settle(push, row, PushedFileState.CONFIRMED, "CI published it.", job)
        return True
    words = f"{place.label} shows other bytes than were reviewed: SHA-256 {sha256}."
    rows.settle(push, row, PushedFileState.REFUSED, words, job)
    raise Stop(f"{row.file.filename}: {words} Reviewed was {row.file.sha256}. Yank it there now.", alarm=True)


def _nothing_else(push: Push, place: Place, listed: dict[str, Listed]) -> None:
    """Raise Stop, an alarm, when upstream lists a file of this release that nobody reviewed here."""
    draft = push.draft
    known = set(
        BurntName.objects.filter(project=draft.project, version_key=draft.version_key).values_list(
            "filename", flat=True
        )
    )
    others = sorted(name for name in listed if name not in known and _version(name) == draft.version_key)
    new = [name for name in others if not _older(listed[name], push)]
    if new:
        raise Stop(
            f"{place.label} lists {', '.join(new[:5])} as a file of {draft}, and nobody reviewed it here.",
            alarm=True,
        )


def _older(one: Listed, push: Push) -> bool:
    """Say whether a file was upstream before CI was asked, so that this publish did not bring it."""
    begun = push.begun_at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S") if push.begun_at else ""
    return bool(one.uploaded_at) and one.uploaded_at[:19] < begun


def _version(filename: str) -> str:
    try:
        parse = parse_wheel_filename if filename.endswith(".whl") else parse_sdist_filename
        return canonicalize_version(parse(filename)[1])
    except (InvalidWheelFilename, InvalidSdistFilename):
        return ""


def _ask(push: Push) -> list[str]:
    """Ask CI in each way that the owners set; returns the ways. Raises NotTold, places.Locked."""
    how = []
    if push.target.hook_url:
        _call(push)
        how.append("webhook")
    if push.target.environment:
        how += deployments.approve(push)
    return how


def payload(push: Push) -> dict[str, Any]:
    """Return what CI is told: which release, and where its jobs take the reviewed bytes from."""
    draft = push.draft
    files = {row.file.filename: row.file.sha256 for row in rows.deliveries(push)}
    path = reverse("draft", args=[draft.project.name, draft.version])
    return {
        "type": "draft.approved",
        "timestamp": timezone.now().astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        "data": {
            "project": draft.project.name,
            "version": draft.version,
            "fingerprint": draft.publishing_fingerprint,
            "session": f"{settings.PRESSCHECK_URL}{reverse('session', args=[draft.address])}",
            "review-url": f"{settings.PRESSCHECK_URL}{path}",
            "index": str(push.target),
            "sha256": files,
        },
    }


def _call(push: Push) -> None:
    """Send the signed webhook. A repetition has the same id, so that CI starts once. Raises NotTold, places.Locked."""
    body = json.dumps(payload(push), sort_keys=True).encode()
    name = f"msg_{push.draft.handle}_{push.draft.publishing_fingerprint[:16]}"
    headers = standard_webhooks.headers(places.secret_of(push.target), name, timezone.now(), body)
    try:
        with outbound.post(push.target.hook_url, body=body, limits=_HOOK, headers=headers) as answer:
            status = answer.status
    except outbound.OutboundError as error:
        raise NotTold(f"CI could not be asked to publish. {error}") from error
    if not 200 <= status < 300:  # noqa: PLR2004  HTTP's own numbers
        raise NotTold(f"CI could not be asked to publish: its webhook answered {status}.")
