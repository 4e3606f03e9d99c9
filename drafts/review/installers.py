"""The lines that install a draft, one tab for each installer: testers copy them, tests run them."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.conf import settings

from drafts.access import links
from drafts.access.gate import DraftAccess


@dataclass(frozen=True, slots=True)
class Tab:
    """The lines of one installer: what to say before each, and the line."""

    id: str
    title: str
    lines: tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Draft:
    """What the lines speak of: projects and pinned requirements as they stand between quotes, the token, the addresses."""

    project: str
    requirement: str
    token: str
    scheme: str
    host: str  # with the path under which the server is reached
    base: str  # with the token in its path

    @property
    def variable(self) -> str:
        """Return the line with the Basic form: installers redact passwords, paths they print."""
        return f"export DRAFT={self.scheme}://draft:{self.token}@{self.host}/draft/simple/"

    @property
    def simple(self) -> str:
        return f"{self.base}simple/"


def tabs(access: DraftAccess) -> tuple[Tab, ...]:
    """Return the tabs for what a draft link opens."""
    server = urlsplit(settings.PRESSCHECK_URL)
    draft = _Draft(
        project='", "'.join(access.names),
        requirement='" "'.join(f"{draft.project.plain_name}=={draft.version}" for draft in access.drafts),
        token=links.token(access.link),
        scheme=server.scheme,
        host=f"{server.netloc}{server.path}",
        base=links.url(access.link),
    )
    return (_pip(draft), _uv(draft), _hashes(draft), _poetry(draft), _pdm(draft))


def _pip(draft: _Draft) -> Tab:
    return Tab(
        "pip",
        "pip",
        (
            ("The address first, so that it does not end up in scripts:", draft.variable),
            (
                "Then install exactly this version:",
                f'pip install --extra-index-url "$DRAFT" "{draft.requirement}"',
            ),
            (
                "More: the address with the token in its path",
                f'pip install --extra-index-url "{draft.simple}" "{draft.requirement}"',
            ),
        ),
    )


def _uv(draft: _Draft) -> Tab:
    return Tab(
        "uv",
        "uv",
        (
            ("The address first:", draft.variable),
            (
                "Then, into the environment you are in:",
                f'uv pip install --index "$DRAFT" "{draft.requirement}"',
            ),
            (
                "More: the address with the token in its path",
                f'uv pip install --index "{draft.simple}" "{draft.requirement}"',
            ),
        ),
    )


def _hashes(draft: _Draft) -> Tab:
    line = (
        f'pip install --extra-index-url "$DRAFT" --no-deps --require-hashes -r {draft.base}requirements.txt'
    )
    return Tab("hashes", "with hashes", (("Pinned to the staged bytes by SHA-256:", line),))


def _poetry(draft: _Draft) -> Tab:
    user = f"POETRY_HTTP_BASIC_DRAFT_USERNAME=draft POETRY_HTTP_BASIC_DRAFT_PASSWORD={draft.token}"
    source = f"poetry source add --priority=explicit draft {draft.scheme}://{draft.host}/draft/simple/"
    return Tab(
        "poetry",
        "poetry",
        (
            ("The token first, which stays out of pyproject.toml and poetry.lock:", f"export {user}"),
            ("A source that is asked for this project alone:", source),
            ("Then add exactly this version:", f'poetry add --source draft "{draft.requirement}"'),
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
            ("Then add exactly this version:", f'pdm add "{draft.requirement}"'),
        ),
    )
