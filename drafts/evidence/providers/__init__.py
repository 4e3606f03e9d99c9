"""CI providers behind one protocol: each is one file, listed here."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from drafts.evidence.providers.errors import (
    Down,
    Expired,
    NotThere,
    ProviderError,
    RateLimited,
    TooMuch,
    WrongToken,
)
from drafts.evidence.providers.github import GitHub
from drafts.evidence.providers.gitlab import GitLab
from drafts.evidence.providers.runs import Artifact, CiJob, Provider, Repository, Run, RunState

__all__ = [
    "KINDS",
    "Artifact",
    "CiJob",
    "Down",
    "Expired",
    "Kind",
    "NoRun",
    "NotThere",
    "Pointer",
    "Provider",
    "ProviderError",
    "RateLimited",
    "Repository",
    "Run",
    "RunState",
    "TooMuch",
    "WrongToken",
    "pointed_at",
]

_DIGITS = re.compile(r"[0-9]{1,18}")


class NoRun(Exception):
    """The text names no run of the project's CI; the sentence says what would."""


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of provider: how it is called, where its API is by default, and what its runs' addresses look like."""

    label: str
    setting: str
    at: Callable[[str, str, str], Provider]
    repository: re.Pattern[str]
    run: re.Pattern[str]
    example: str
    run_page: str

    @property
    def api(self) -> str:
        return str(getattr(settings, self.setting))

    def page(self, api: str, repository: str, run: int) -> str:
        """Return where people look at a run, by where its API is (both providers' documented forms)."""
        return self.web(api) + self.run_page.format(repository=repository, run=run)

    @staticmethod
    def web(api: str) -> str:
        """Return the address of the pages beside an API (both providers' documented forms)."""
        web = api.replace("https://api.github.com", "https://github.com")
        return web.removesuffix("/api/v3").removesuffix("/api/v4")


KINDS: dict[str, Kind] = {
    "github": Kind(
        label="GitHub Actions",
        setting="GITHUB_API",
        at=GitHub.at,
        repository=re.compile(r"[A-Za-z0-9-]{1,100}/(?!\.{1,2}\Z)[A-Za-z0-9._-]{1,100}"),
        run=re.compile(r"/(?P<repository>[^/]+/[^/]+)/actions/runs/(?P<run>[0-9]{1,18})(?:/.*)?"),
        example="https://github.com/owner/name/actions/runs/8812",
        run_page="/{repository}/actions/runs/{run}",
    ),
    "gitlab": Kind(
        label="GitLab CI",
        setting="GITLAB_API",
        at=GitLab.at,
        repository=re.compile(r"(?:[A-Za-z0-9_][A-Za-z0-9._-]{0,99}/){1,20}[A-Za-z0-9_][A-Za-z0-9._-]{0,99}"),
        run=re.compile(r"/(?P<repository>.+)/-/pipelines/(?P<run>[0-9]{1,18})(?:/.*)?"),
        example="https://gitlab.com/group/name/-/pipelines/8812",
        run_page="/{repository}/-/pipelines/{run}",
    ),
}


@dataclass(frozen=True, slots=True)
class Pointer:
    """The ids that a pasted address holds; nothing else of it is used. ``repository`` is empty for a bare number."""

    run: int
    repository: str = ""


def pointed_at(text: str, *, kind: Kind, repository: str) -> Pointer:
    """Read a pasted address of a run, or its bare number. Raises NoRun, also for another repository's run."""
    text = text.strip()
    if _DIGITS.fullmatch(text):
        return Pointer(int(text))
    try:
        found = kind.run.fullmatch(urlsplit(text).path)
    except ValueError:
        found = None
    if found is None:
        raise NoRun(
            f"That is not the address of a run. Copy it from the browser: it looks like {kind.example}."
        )
    named = found["repository"]
    if not f"/{named}".lower().endswith(f"/{repository}".lower()):
        raise NoRun(
            f"That run belongs to {named[:200]}, and this project's CI is {repository}: nothing was fetched."
        )
    return Pointer(int(found["run"]), named)
