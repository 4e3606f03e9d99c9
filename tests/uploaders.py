"""The six clients that upload through the legacy API, each as its documentation says to use it in a build job."""

import hashlib
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests import wheels
from tests.clients import BIN, Clients, Said

PYPROJECT = """\
[build-system]
requires = ["flit_core>=4"]
build-backend = "flit_core.buildapi"

[project]
name = "sampleproject"
version = "1.0"
description = "A sample"
requires-python = ">=3.11"
"""


@dataclass(frozen=True)
class Checkout:
    """A project's folder as a build job has it, with what was built in ``dist``."""

    folder: Path

    def build(self, *, salt: str = "", size: int = 0) -> None:
        """Build a wheel and an sdist; another ``salt`` gives other bytes, ``size`` random ones make them larger."""
        extra = {"sampleproject/large.bin": hashlib.shake_128(salt.encode()).digest(size)} if size else None
        files = {"sampleproject/__init__.py": f"SALT = {salt!r}\n", **(extra or {})}
        for built in (wheels.wheel(files=files), wheels.sdist(files=files)):
            built.write(self.folder / "dist")
        for path, content in files.items():  # flit builds for itself
            target = self.folder / path
            target.parent.mkdir(exist_ok=True)
            target.write_bytes(content if isinstance(content, bytes) else content.encode())

    @property
    def digests(self) -> dict[str, str]:
        """The SHA-256 of each file in ``dist``, which for flit is what it built last."""
        return {
            path.name: hashlib.sha256(path.read_bytes()).hexdigest()
            for path in (self.folder / "dist").iterdir()
            if path.suffix in {".whl", ".gz"}
        }


@pytest.fixture
def checkout(tmp_path):
    """sampleproject 1.0, built."""
    folder = tmp_path / "checkout"
    (folder / "dist").mkdir(parents=True)
    (folder / "pyproject.toml").write_text(PYPROJECT)
    made = Checkout(folder)
    made.build()
    return made


Upload = Callable[..., Said]


def twine(clients: Clients, folder: Path, url: str, token: str, *more: str) -> Said:
    return clients.run(
        *(sys.executable, "-m", "twine", "upload", "--non-interactive", "--disable-progress-bar"),
        *more,
        *_files(folder),
        folder=folder,
        TWINE_REPOSITORY_URL=url,
        TWINE_USERNAME="__token__",
        TWINE_PASSWORD=token,
    )


def uv(clients: Clients, folder: Path, url: str, token: str, *more: str) -> Said:
    return clients.run(
        *(str(BIN / "uv"), "publish", *more), folder=folder, UV_PUBLISH_URL=url, UV_PUBLISH_TOKEN=token
    )


def poetry(clients: Clients, folder: Path, url: str, token: str, *more: str) -> Said:
    return clients.run(
        *(str(BIN / "poetry"), "publish", "--no-interaction", "--repository", "presscheck", *more),
        folder=folder,
        POETRY_REPOSITORIES_PRESSCHECK_URL=url,
        POETRY_PYPI_TOKEN_PRESSCHECK=token,
    )


def hatch(clients: Clients, folder: Path, url: str, token: str, *more: str) -> Said:
    return clients.run(
        *(str(BIN / "hatch"), "publish", "--no-prompt", *more),
        folder=folder,
        HATCH_INDEX_REPO=url,
        HATCH_INDEX_USER="__token__",
        HATCH_INDEX_AUTH=token,
    )


def flit(clients: Clients, folder: Path, url: str, token: str, *more: str) -> Said:
    return clients.run(
        *(str(BIN / "flit"), "publish", *more),
        folder=folder,
        FLIT_INDEX_URL=url,
        FLIT_USERNAME="__token__",
        FLIT_PASSWORD=token,
        SOURCE_DATE_EPOCH=str(wheels.LONG_AGO_SECONDS),
    )


def pdm(clients: Clients, folder: Path, url: str, token: str, *more: str) -> Said:
    return clients.run(
        *(str(BIN / "pdm"), "publish", "--no-build", *more),
        folder=folder,
        PDM_PUBLISH_REPO=url,
        PDM_PUBLISH_USERNAME="__token__",
        PDM_PUBLISH_PASSWORD=token,
        PDM_CHECK_UPDATE="false",
        PDM_USE_VENV="false",
    )


UPLOADERS: dict[str, Upload] = {one.__name__: one for one in (twine, uv, poetry, hatch, flit, pdm)}


def _files(folder: Path) -> list[str]:
    return sorted(str(path) for path in (folder / "dist").iterdir())
