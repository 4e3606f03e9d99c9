"""Messages by which CI providers tell that a run ended: who signed them, and which run they name.

GitHub: the event ``workflow_run``, signed with HMAC-SHA256 over the body. GitLab: pipeline events, with the secret itself
as their token.
"""

import hmac
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime

from django.utils.dateparse import parse_datetime

from drafts.evidence.providers.api import Record
from drafts.evidence.providers.runs import RunState


class Nothing(Exception):
    """The message names no run that ended; the sentence says what it is."""


@dataclass(frozen=True, slots=True)
class Named:
    """The run that a message names. All of it is a claim, until the provider itself is asked.

    ``own``: not of a fork. ``ended_at`` is None where the message does not say; ``workflow`` is empty at GitLab.
    """

    run: int
    repository: str
    repository_id: int
    event: str
    own: bool
    state: RunState
    attempt: int = 1
    workflow: str = ""
    ended_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Messages:
    """How one provider's messages are read: the headers of its signature and of the delivery's name, and two functions.

    ``is_signed`` compares in constant time. ``read`` raises Nothing, and ProviderError for an unknown form.
    """

    signature: str
    delivery: str
    is_signed: Callable[[str, bytes, str], bool]
    read: Callable[[Mapping[str, str], Record], Named]


def _signed_by_hmac(given: str, body: bytes, secret: str) -> bool:
    expected = "sha256=" + hmac.new(secret.encode(), body, "sha256").hexdigest()
    return hmac.compare_digest(given.encode(), expected.encode())


def _signed_by_token(given: str, body: bytes, secret: str) -> bool:
    del body
    return hmac.compare_digest(given.encode(), secret.encode())


def _of_github(headers: Mapping[str, str], told: Record) -> Named:
    event = headers.get("X-GitHub-Event", "")
    if event == "ping":
        raise Nothing("GitHub asked whether somebody is there: the webhook works.")
    if event != "workflow_run":
        raise Nothing(f"It is of the event {event[:60] or '(none)'}, and not of workflow_run.")
    if told.text("action") != "completed":
        raise Nothing("The run had not ended.")
    run, repository = told.record("workflow_run"), told.record("repository")
    number = repository.number("id")
    succeeded = run.text("conclusion") == "success"
    return Named(
        run=run.number("id"),
        repository=repository.text("full_name"),
        repository_id=number,
        event=run.text("event"),
        own=run.record("head_repository").number("id", 0) == number,
        state=RunState.SUCCEEDED if succeeded else RunState.FAILED,
        attempt=run.number("run_attempt", 1),
        workflow=run.text("path").partition("@")[0],
    )


def _of_gitlab(headers: Mapping[str, str], told: Record) -> Named:
    if told.text("object_kind") != "pipeline":
        event = headers.get("X-Gitlab-Event", "") or told.text("object_kind")
        raise Nothing(f"It is a {event[:60] or 'message without a name'}, and not a Pipeline Hook.")
    pipeline, project = told.record("object_attributes"), told.record("project")
    status = pipeline.text("status")
    ended = pipeline.text("finished_at")
    if not ended or status not in {"success", "failed", "canceled", "skipped"}:
        raise Nothing("The pipeline had not ended.")
    return Named(
        run=pipeline.number("id"),
        repository=project.text("path_with_namespace"),
        repository_id=project.number("id"),
        event=pipeline.text("source"),
        own=not told.record("merge_request").values,
        state=RunState.SUCCEEDED if status == "success" else RunState.FAILED,
        ended_at=_moment(ended),
    )


def _moment(text: str) -> datetime | None:
    """Read GitLab's spelling of a moment: ``2026-11-22 01:58:03 UTC``, or RFC 3339."""
    try:
        found = parse_datetime(text.replace(" UTC", "Z"))
    except ValueError:
        return None
    return found if found is None or found.tzinfo else found.replace(tzinfo=UTC)


MESSAGES: dict[str, Messages] = {
    "github": Messages("X-Hub-Signature-256", "X-GitHub-Delivery", _signed_by_hmac, _of_github),
    "gitlab": Messages("X-Gitlab-Token", "X-Gitlab-Event-UUID", _signed_by_token, _of_gitlab),
}
