"""The index behind this one: which names are never looked for there, and whether it lists the others.

What it said is kept in this process, for a while and for so many names: in the shared cache, names that a stranger makes
up would push out what throttles count.
"""

import re
import secrets
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass
from fnmatch import fnmatchcase
from http import HTTPStatus

from django.conf import settings
from django.utils.crypto import salted_hmac

from drafts import outbound
from drafts.models import Project
from drafts.outbound import Limits, OutboundError

_PAGE = Limits(size=64 * 1024**2, seconds=5.0, idle=4.0)  # its status is asked for, its body is not read
_UNKNOWN = {HTTPStatus.NOT_FOUND, HTTPStatus.GONE}
_LISTED_SECONDS, _UNKNOWN_SECONDS, _SILENT_SECONDS = 600.0, 60.0, 5.0
_MOST_KEPT = 4096
_LINE_SECONDS = 1.0  # waited for others' questions to be answered
_NAME = re.compile(r"[a-z0-9]+(?:-[a-z0-9]+)*")
_LONGEST_NAME = 200
RETRY_SECONDS = 1  # pip asks six times and sleeps as long each time


class UpstreamSilent(Exception):
    """The upstream index did not say whether it has a name, so it is not known whether there is such a project."""


@dataclass(frozen=True, slots=True)
class _Kept:
    listed: bool | None  # None: it did not say
    until: float


class _Said:
    """What the upstream index said of names; the one asked longest ago goes first."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._kept: OrderedDict[str, _Kept] = OrderedDict()

    def of(self, address: str) -> _Kept | None:
        with self._lock:
            kept = self._kept.get(address)
        return kept if kept is not None and kept.until > time.monotonic() else None

    def keep(self, address: str, *, listed: bool | None, seconds: float) -> None:
        with self._lock:
            self._kept[address] = _Kept(listed, time.monotonic() + seconds)
            self._kept.move_to_end(address)
            while len(self._kept) > _MOST_KEPT:
                self._kept.popitem(last=False)


_said = _Said()
_line = threading.BoundedSemaphore(max(1, settings.WEB_THREADS // 4))


def is_name(text: str) -> bool:
    """Say whether a text is a normalised name (PEP 503): nothing else is sent anywhere or looked up."""
    return len(text) <= _LONGEST_NAME and _NAME.fullmatch(text) is not None


def is_reserved(name: str) -> bool:
    """Say whether a name is this index's by its operator's word, whether there is such a project or not."""
    return any(fnmatchcase(name, pattern) for pattern in settings.PRESSCHECK_OWN_NAMES)


def is_ours(name: str) -> bool:
    """Say whether a name is this index's, so that no other index may answer for it: published or not."""
    return is_reserved(name) or Project.objects.filter(name=name).exists()


def address_of(name: str) -> str:
    """Return where the upstream index has the page of a name."""
    return f"{settings.PRESSCHECK_UPSTREAM_INDEX}/{name}/"


def has(name: str) -> bool:
    """Say whether a project is to be looked for upstream: it is listed there, and its name is not this index's.

    Of a name that is here the upstream index is not told; it is asked for one that nobody has, so that neither time nor a
    fault tells what is here. Raises UpstreamSilent.
    """
    if not settings.PRESSCHECK_UPSTREAM_INDEX or is_reserved(name):
        return False
    if is_ours(name):
        _lists(salted_hmac("drafts.index.upstream", name, algorithm="sha256").hexdigest()[:32])
        return False
    return _lists(name)


def problem() -> str:
    """Say in words why the upstream index is none, for the operator; empty when it answers as one does."""
    address = address_of(secrets.token_hex(16))
    try:
        with outbound.get(address, limits=_PAGE) as answer:
            status = answer.status
    except OutboundError as error:
        return f"{error} Testers' overlays answer 503 for what is not here"
    if status in _UNKNOWN:
        return ""
    return f"{answer.address} answered {status}, and an index says 404 of a name that nobody has: is it the base address?"


def _lists(name: str) -> bool:
    base = settings.PRESSCHECK_UPSTREAM_INDEX
    for address in (base, address_of(name)):  # the base is kept only while nobody answers there
        kept = _said.of(address)
        if kept is not None and kept.listed is None:
            raise UpstreamSilent
        if kept is not None:
            return bool(kept.listed)
    if not _line.acquire(timeout=_LINE_SECONDS):
        raise UpstreamSilent
    try:
        return _asked(name)
    finally:
        _line.release()


def _asked(name: str) -> bool:
    address = address_of(name)
    try:
        with outbound.get(address, limits=_PAGE) as answer:
            status = answer.status
    except OutboundError as error:
        _said.keep(settings.PRESSCHECK_UPSTREAM_INDEX, listed=None, seconds=_SILENT_SECONDS)
        raise UpstreamSilent from error
    if status == HTTPStatus.OK:
        _said.keep(address, listed=True, seconds=_LISTED_SECONDS)
        return True
    if status in _UNKNOWN:
        _said.keep(address, listed=False, seconds=_UNKNOWN_SECONDS)
        return False
    _said.keep(address, listed=None, seconds=_SILENT_SECONDS)
    raise UpstreamSilent
