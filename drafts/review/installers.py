"""The lines that install a draft, one tab for each installer: testers copy them, tests run them."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from drafts.access import links
from drafts.access.gate import DraftAccess

Line = tuple[str, str]  # what to say before it, and the line
_BARE = "The address with the token in its path, which tools print and write down:"


@dataclass(frozen=True, slots=True)
class Tab:
    """The lines of one installer; ``more`` are other ways to the same end."""

    id: str
    title: str
    lines: tuple[Line, ...]
    more: tuple[Line, ...] = ()


@dataclass(frozen=True, slots=True)
class _Draft:
    """What the lines speak of: names, pinned requirements, the token, the addresses; ``folder`` is the pages' below a link."""

    names: tuple[str, ...]
    versions: tuple[str, ...]
    token: str
    scheme: str
    host: str  # with the path under which the server is reached
    base: str  # with the token in its path
    folder: str

    @property
    def is_overlay(self) -> bool:
        """Say whether the one address answers for every name, so that no other index is to be asked."""
        return self.folder == "all/simple/"

    @property
    def project(self) -> str:
        """Return the names as they stand between quotes."""
        return '", "'.join(dict.fromkeys(self.names))

    @property
    def pins(self) -> tuple[str, ...]:
        return tuple(f"{name}=={version}" for name, version in zip(self.names, self.versions, strict=True))

    @property
    def quoted(self) -> str:
        """Return the pinned requirements, each in quotes."""
        return " ".join(f'"{pin}"' for pin in self.pins)

    @property
    def bare(self) -> str:
        """Return the address with the token in its path."""
        return f"{self.base}{self.folder}"

    @property
    def variable(self) -> str:
        """Return the line with the Basic form: installers redact passwords, paths they print."""
        return f"export DRAFT={self.scheme}://draft:{self.token}@{self.host}/draft/{self.folder}"

    def pip(self, options: str, index: str = "$DRAFT") -> str:
        """Return a line for pip. It adds what the variable or pip.conf names to what a line names, so the variable is set."""
        if not self.is_overlay:
            return f'pip install --extra-index-url "{index}" {options}'
        return f'PIP_EXTRA_INDEX_URL="{index}" pip install --index-url "{index}" {options}'

    def uv(self, command: str, rest: str, index: str = "$DRAFT") -> str:
        """Return a line for uv: ``--index`` goes first, and where nothing has a name, the default one is asked."""
        default = f'--default-index "{index}" ' if self.is_overlay else ""
        return f'{command} {default}--index "{index}" {rest}'

    @property
    def environment(self) -> str:
        """Return the variables for tools that call pip or uv themselves."""
        names = ["PIP_EXTRA_INDEX_URL", "UV_INDEX"]
        names += ["PIP_INDEX_URL", "UV_DEFAULT_INDEX"] if self.is_overlay else []
        return " ".join(f'{name}="$DRAFT"' for name in sorted(names))


def tabs(access: DraftAccess) -> tuple[Tab, ...]:
    """Return the tabs for what a draft link opens."""
    server = urlsplit(settings.PRESSCHECK_URL)
    draft = _Draft(
        names=tuple(draft.project.plain_name for draft in access.drafts),
        versions=tuple(draft.version for draft in access.drafts),
        token=links.token(access.link),
        scheme=server.scheme,
        host=f"{server.netloc}{server.path}",
        base=links.url(access.link),
        folder="all/simple/" if settings.PRESSCHECK_UPSTREAM_INDEX else "simple/",
    )
    return tuple(tab(draft) for tab in (_pip, _uv, _hashes, _pipx, _tox, _poetry, _pdm))


def _pip(draft: _Draft) -> Tab:
    return Tab(
        "pip",
        "pip",
        (
            ("The address first, so that it does not end up in scripts:", draft.variable),
            (_exactly(draft), draft.pip(draft.quoted)),
        ),
        (
            (_BARE, draft.pip(draft.quoted, draft.bare)),
            *_beside(draft, f'pip install --extra-index-url "{draft.base}simple/" {draft.quoted}'),
        ),
    )


def _uv(draft: _Draft) -> Tab:
    once = [
        (f"Or run the command {name} once:", draft.uv("uvx", f'"{name}@{version}"'))
        for name, version in zip(draft.names, draft.versions, strict=True)
    ]
    return Tab(
        "uv",
        "uv",
        (
            ("The address first:", draft.variable),
            ("Then, into the environment you are in:", draft.uv("uv pip install", draft.quoted)),
            (
                "Or into a project, whose pyproject.toml then names the index without the password:",
                draft.uv("uv add", draft.quoted),
            ),
            *once,
        ),
        (
            (_BARE, draft.uv("uv pip install", draft.quoted, draft.bare)),
            *_beside(draft, f'uv pip install --index "{draft.base}simple/" {draft.quoted}'),
        ),
    )


def _exactly(draft: _Draft) -> str:
    if draft.is_overlay:
        return "Then install exactly this version, and what it needs, from this one index:"
    return "Then install exactly this version:"


def _beside(draft: _Draft, line: str) -> tuple[Line, ...]:
    """Return the line with the merged page, which is no other than the first where there is no overlay."""
    return (("Beside the indexes that you use anyway:", line),) if draft.is_overlay else ()


def _hashes(draft: _Draft) -> Tab:
    pinned = f'--no-deps --require-hashes -r "${{DRAFT%{draft.folder}}}requirements.txt"'
    return Tab(
        "hashes",
        "with hashes",
        (
            ("The address first:", draft.variable),
            ("Pinned to the staged bytes by SHA-256:", draft.pip(pinned)),
            (
                "Or only check that these are the bytes you would get:",
                draft.pip(f"--dry-run --ignore-installed {pinned}"),
            ),
        ),
    )


def _pipx(draft: _Draft) -> Tab:
    lines = [
        (f"Then install the commands of {name}:", f'{draft.environment} pipx install "{pin}"')
        for name, pin in zip(draft.names, draft.pins, strict=True)
    ]
    return Tab("pipx", "pipx", (("The address first:", draft.variable), *lines))


def _tox(draft: _Draft) -> Tab:
    more = " ".join(f'-x "testenv.deps+={pin}"' for pin in draft.pins)
    return Tab(
        "tox",
        "tox",
        (
            ("The address first:", draft.variable),
            (
                "Then run your tests, with exactly this version in every environment:",
                f"{draft.environment} tox run {more}",
            ),
        ),
    )


def _poetry(draft: _Draft) -> Tab:
    user = f"POETRY_HTTP_BASIC_DRAFT_USERNAME=draft POETRY_HTTP_BASIC_DRAFT_PASSWORD={draft.token}"
    source = f"poetry source add --priority=explicit draft {draft.scheme}://{draft.host}/draft/simple/"
    return Tab(
        "poetry",
        "poetry",
        (
            ("The token first, which stays out of pyproject.toml and poetry.lock:", f"export {user}"),
            ("A source that is asked for this project alone:", source),
            ("Then add exactly this version:", f"poetry add --source draft {draft.quoted}"),
        ),
    )


def _pdm(draft: _Draft) -> Tab:
    url = f"{draft.scheme}://draft:${{DRAFT_TOKEN}}@{draft.host}/draft/simple/"
    source = f'[[tool.pdm.source]]\nname = "draft"\nurl = "{url}"\ninclude_packages = ["{draft.project}"]'
    return Tab(
        "pdm",
        "pdm",
        (
            (
                "The token first, which stays out of pyproject.toml and pdm.lock:",
                f"export DRAFT_TOKEN={draft.token}",
            ),
            ("A source that is asked for this project alone, in pyproject.toml:", source),
            ("Then add exactly this version:", f"pdm add {draft.quoted}"),
        ),
    )
