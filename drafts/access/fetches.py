"""Counting what is fetched through draft links, by what installers say of themselves. No act: a counter."""

import json
import re

from django.db.models import F
from django.utils import timezone

from drafts.models import Draft, Fetch

MOST_AGENTS = 60  # of one draft; whoever comes after them counts as another client
OTHERS = "another client"
_ODD = re.compile(r"[^A-Za-z0-9._+ -]")
_LONGEST_READ = 4000


def agent(user_agent: str) -> str:
    """Say what fetched, from what pip and uv send: ``pip 26.3, CPython 3.13, macOS arm64``.

    Anything else is ``another client``: nobody's browser is worth remembering.
    """
    product, _, rest = user_agent[:_LONGEST_READ].partition(" ")
    name, _, version = product.partition("/")
    if name not in {"pip", "uv"}:
        return OTHERS
    try:
        told = json.loads(rest)
    except ValueError:
        told = {}
    told = told if isinstance(told, dict) else {}
    parts = [f"{name} {_clean(version)}".strip(), _python(told), _platform(told)]
    return ", ".join(part for part in parts if part)[:200]


def _python(told: dict[str, object]) -> str:
    implementation = _named(told.get("implementation"))
    version = ".".join(_clean(told.get("python")).split(".")[:2])
    return " ".join(part for part in (implementation, version) if part)


def _platform(told: dict[str, object]) -> str:
    system = _named(told.get("system")).replace("Darwin", "macOS")
    return " ".join(part for part in (system, _clean(told.get("cpu"))) if part)


def _named(value: object) -> str:
    return _clean(value.get("name")) if isinstance(value, dict) else ""


def _clean(value: object) -> str:
    return _ODD.sub("", value)[:40] if isinstance(value, str) else ""


def count(*, draft: Draft, filename: str, user_agent: str) -> None:
    """Count one fetch of a file."""
    who = agent(user_agent)
    if _counted(draft, filename, who):
        return
    if Fetch.objects.filter(draft=draft).values("agent").distinct().count() >= MOST_AGENTS:
        who = OTHERS
    rows = [Fetch(draft=draft, filename=filename, agent=who)]
    Fetch.objects.bulk_create(rows, ignore_conflicts=True)
    _counted(draft, filename, who)


def _counted(draft: Draft, filename: str, who: str) -> bool:
    rows = Fetch.objects.filter(draft=draft, filename=filename, agent=who)
    return rows.update(count=F("count") + 1, last_at=timezone.now()) == 1
