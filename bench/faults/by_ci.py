"""CI that publishes: it is asked by the webhook, takes exactly the reviewed bytes of an approved draft, and uploads them upstream."""

import hashlib
import json
import time
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urljoin

from bench.faults import leads
from bench.faults.acts.uploads import send
from bench.faults.browser import Browser, Lost
from bench.faults.cast import basic
from bench.faults.elsewhere import TOKEN
from bench.faults.leads import PATIENCE_SECONDS, Led, asked
from drafts.models import Push, PushState
from drafts.notify import standard_webhooks
from tests.wheels import Built

_PAUSE_SECONDS = 0.1
_TYPE = "application/vnd.pypi.upload.v2+json"
_OK, _THERE = 200, 400


def nothing(led: Led) -> bool:
    """Publish a release that CI is asked to bring upstream: it begins when the fault is over."""
    return _published(led, 0)


def in_part(led: Led) -> bool:
    """Publish a release of which CI brings one file upstream before the fault, and the others after it."""
    return _published(led, 1)


def _published(led: Led, before: int) -> bool:
    if not leads.click(led):
        return False
    wanted = _asked(led)
    for number, (name, sha256) in enumerate(wanted.items()):
        if number == before:
            led.struck.wait()
        _bring(led, name, sha256)
    return True


def _asked(led: Led) -> dict[str, str]:
    """Wait until the webhook says what to publish; returns the digests by file name, wheels first."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until:
        for told in led.elsewhere.shelf.told():
            data = json.loads(told["body"])["data"]
            if (data["project"], data["version"]) == (led.projects[0], led.version):
                _must_be_signed(led, told)
                return dict(sorted(data["sha256"].items(), key=lambda one: one[0].endswith(".tar.gz")))
        time.sleep(_PAUSE_SECONDS)
    raise TimeoutError("CI was not asked to publish")


def _must_be_signed(led: Led, told: dict[str, Any]) -> None:
    headers, body = told["headers"], told["body"].encode()
    at = datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC)
    right = standard_webhooks.signature(led.elsewhere.hook_secret, headers["webhook-id"], at, body)
    if headers["webhook-signature"] != right:
        led.cast.ledger.complain(f"{led.projects[0]} {led.version}: CI was asked without the right signature")


def _bring(led: Led, name: str, sha256: str) -> None:
    """Take a file from Presscheck and upload it, as often as it takes; until somebody ends this publish."""
    until = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < until and not _is_over(led):
        try:
            data = _taken(led, name, sha256)
            if data and _uploaded(led, Built(name, data)):
                return
        except Lost:
            pass
        time.sleep(_PAUSE_SECONDS)


def _is_over(led: Led) -> bool:
    push = Push.objects.filter(draft__project__name=led.projects[0], draft__version=led.version)
    return asked(lambda: not push.exclude(state__in=(PushState.DONE, PushState.LEFT)).exists())


def _taken(led: Led, name: str, sha256: str) -> bytes:
    """Take one approved file; nothing, while the server cannot give it. Raises Lost."""
    headers = {"Authorization": led.cast.basic(led.projects[0]), "Accept": _TYPE}
    handle = _handle(led)
    answer = Browser().ask(f"{led.server}/upload/{handle}/", headers=headers)
    if answer.status != _OK:
        return b""
    where = json.loads(answer.body)["meta"]["_presscheck"].get("approved", {}).get(name, "")
    if not where:
        return b""
    url = f"{led.server}/upload/{where.partition('/upload/')[2]}"
    answer = Browser().ask(url, headers=headers)
    if answer.status == 302:
        answer = Browser().ask(urljoin(url, answer.headers["location"]))
    if answer.status != _OK:
        return b""
    if hashlib.sha256(answer.body).hexdigest() != sha256:
        if not led.cast.ledger.lies:
            led.cast.ledger.complain(f"{name}: CI was given other bytes than it was told to publish")
        return b""
    return answer.body


def _handle(led: Led) -> str:
    """Return the session's handle, as the webhook names it."""
    for told in led.elsewhere.shelf.told():
        data = json.loads(told["body"])["data"]
        if (data["project"], data["version"]) == (led.projects[0], led.version):
            return str(data["session"]).rstrip("/").rpartition("/")[2]
    raise AssertionError("CI was asked before")


def _uploaded(led: Led, built: Built) -> bool:
    """Upload one file with CI's own identity. Raises Lost."""
    answer = send(led.elsewhere.url, built, basic("__token__", TOKEN), led.projects[0], led.version)
    return answer.status in {_OK, _THERE}  # 400: what it took without a word
