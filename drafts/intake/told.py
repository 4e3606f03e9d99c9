"""What CI is told, and what it is not: logs of build jobs are often public, so the draft link stays out by default."""

from dataclasses import dataclass

from drafts.access import links
from drafts.access.gate import Credential
from drafts.models import Draft, Project, PublishFromCi

RETRY_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Stage:
    """What PEP 694 lets a session body leave out: the stage's address and the token in it."""

    url: str
    token: str


def stage(draft: Draft, credential: Credential) -> Stage | None:
    """Return the stage of a draft for an answer to this credential; None, and it is left out, unless the project says so.

    A builder is never told: an invitation has a link of its own, which is revoked with it.
    """
    if credential.token.draft_id is not None:
        return None
    link = links.for_ci(draft=draft, by=credential.actor)
    if link is None:
        return None
    try:
        return Stage(url=f"{links.url(link)}simple/", token=links.token(link))
    except KeyError:  # its key was retired: the link opens nothing
        return None


def publish_status(project: Project) -> int:
    """Return the status of the answer to an upload credential that calls publish, which never publishes.

    403, or 202 (with ``Retry-After``, the session staying open) where a client that publishes by default is to end well.
    """
    return 202 if project.publish_from_ci == PublishFromCi.WAIT else 403
