"""GitHub's deployment protection rules: the jobs that wait for Presscheck's yes get it, and no other job does.

The runs are those that staged the files: who they are, their identity tokens said.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

import jwt
from django.conf import settings

from drafts import outbound
from drafts.models import Push
from drafts.outbound import Answer, Limits
from drafts.publishing.targets import places

_LIMITS = Limits(size=1024 * 1024, seconds=20)
_VERSION = {"Accept": "application/vnd.github+json", "X-GitHub-Api-Version": "2022-11-28"}
_TRIES = 5  # about six minutes, in which a job comes to its environment
_REFUSED = 422
_LEEWAY, _GOOD_FOR = 60, 540  # seconds; GitHub takes at most ten minutes


class NotTold(Exception):
    """GitHub could not be told; the text says why. It may go better in a while."""


class NothingWaits(NotTold):
    """GitHub says that no deployment waits for this answer: it was given before, or its job is not there yet."""


def runs(push: Push) -> list[tuple[str, int]]:
    """Return the repositories and numbers of the runs that staged a draft's files."""
    claims = [row.file.run_claims for row in push.deliveries.select_related("file")]
    return sorted({(one.repository, int(one.run)) for one in claims if one is not None and one.run})


def approve(push: Push) -> list[str]:
    """Let each run that staged files go on to its environment; returns what was said to whom. Raises NotTold, Locked."""
    found = runs(push)
    if not found:
        raise NotTold(
            f"No file of {push.draft} was staged by a run of GitHub Actions with its own identity, so there is no run to "
            "let go on."
        )
    try:
        app = jwt.encode(_claims(push.target.app_id), _private_key(push), algorithm="RS256")
    except (ValueError, jwt.PyJWTError) as error:
        raise NotTold("The key of the GitHub app that is kept is no RSA key in PEM.") from error
    said = []
    for repository, run in found:
        token = _token(repository, app)
        url = f"{settings.GITHUB_API}/repos/{repository}/actions/runs/{run}/deployment_protection_rule"
        comment = f"Presscheck: reviewed content {push.draft.publishing_fingerprint[:12]} was approved."
        told = {"environment_name": push.target.environment, "state": "approved", "comment": comment}
        said.append(f"deployment of {repository} run {run}{_approved(push, url, token, told)}")
    return said


def _approved(push: Push, url: str, token: str, told: dict[str, Any]) -> str:
    """Say yes to one run; returns what GitHub made of it. Raises NotTold.

    A yes that was said before a worker died is refused when it is said again, and so is one that comes before its job:
    so GitHub is asked some times, and then what appears upstream decides.
    """
    try:
        _post(url, token, told)
    except NothingWaits:
        if push.tries + 1 < _TRIES:
            raise
        return ": GitHub says that none waits for it (approved before, or its job did not ask)"
    return ""


def _private_key(push: Push) -> str:
    return places.opened(push.target, push.target.app_key_sealed)


def _claims(app_id: str) -> dict[str, Any]:
    now = int(datetime.now(UTC).timestamp())
    return {"iat": now - _LEEWAY, "exp": now + _GOOD_FOR, "iss": app_id}


def _token(repository: str, app: str) -> str:
    """Return a token of the app for one repository, good for an hour."""
    url = f"{settings.GITHUB_API}/repos/{repository}/installation"
    with (
        _refusals(),
        outbound.get(
            url, limits=_LIMITS, headers=_VERSION, credentials={"Authorization": f"Bearer {app}"}
        ) as answer,
    ):
        installation = _read(answer)
    found = _post(f"{settings.GITHUB_API}/app/installations/{int(installation['id'])}/access_tokens", app, {})
    return str(found["token"])


def _post(url: str, token: str, told: dict[str, Any]) -> dict[str, Any]:
    headers = {**_VERSION, "Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    with (
        _refusals(),
        outbound.post(url, body=json.dumps(told).encode(), limits=_LIMITS, headers=headers) as answer,
    ):
        return _read(answer)


def _read(answer: Answer) -> dict[str, Any]:
    if answer.status == _REFUSED:
        raise NothingWaits(
            f"GitHub says that no deployment waits for a yes at {answer.address}: it was approved before, or its job has "
            "not come to its environment yet."
        )
    if not 200 <= answer.status < 300:  # noqa: PLR2004  HTTP's own numbers
        raise NotTold(f"{answer.address} answered {answer.status}: may the app decide on deployments there?")
    body = answer.read()
    found = json.loads(body) if body else {}
    return found if isinstance(found, dict) else {}


@contextmanager
def _refusals() -> Iterator[None]:
    """Say in words what kept GitHub from being told."""
    try:
        yield
    except outbound.OutboundError as error:
        raise NotTold(f"GitHub could not be told that the release is approved. {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise NotTold("GitHub's answer does not have the form that its API documents.") from error
