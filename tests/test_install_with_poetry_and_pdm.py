"""A tester whose project is managed by poetry or pdm adds a draft, with the lines of the tester's page."""

import html
import re
import tomllib
import venv
from importlib import metadata

import pytest

from accounts.audit import Actor
from drafts.access import links
from drafts.models import Draft
from tests import wheels
from tests.clients import module_of

pytestmark = [pytest.mark.clients, pytest.mark.django_db(transaction=True)]

CONSUMER = """\
[project]
name = "consumer"
version = "1"
requires-python = ">=3.11"
"""
POETRY = """\
[tool.poetry]
package-mode = false

[[tool.poetry.source]]
name = "empty"
url = "{index}"
priority = "primary"
"""


@pytest.fixture
def consumer(tmp_path):
    """A project that would like to use sampleproject."""
    folder = tmp_path / "consumer"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(CONSUMER)
    return folder


@pytest.fixture
def link(live, ci):
    """A link to a draft with a wheel and an sdist."""
    for built in (wheels.wheel(), wheels.sdist()):
        assert ci.upload(built).status_code == 200
    return links.make(draft=Draft.objects.get(), by=Actor.system("tests"), label="a tester")


def tab(live, link, name: str) -> list[str]:
    """The lines of one tab."""
    page = live.get(links.url(link)).body.decode()
    shown = re.findall(rf'<pre[^>]*aria-label="{name}"><code>(.*?)</code>', page, re.DOTALL)
    return [html.unescape(line) for line in shown]


def check(consumer, link, lock: str) -> None:
    """Check that the staged wheel is installed, that the lock pins both files, and that the token is nowhere."""
    assert "sampleproject" not in metadata.packages_distributions()  # the tests' own environment
    (module,) = consumer.rglob("sampleproject/__init__.py")
    assert module.read_bytes() == module_of(wheels.wheel())
    text = (consumer / lock).read_text()
    (locked,) = [one for one in tomllib.loads(text)["package"] if one["name"] == "sampleproject"]
    digests = {one["hash"] for one in locked["files"]}
    assert digests == {f"sha256:{built.sha256}" for built in (wheels.wheel(), wheels.sdist())}
    assert links.token(link) not in text + (consumer / "pyproject.toml").read_text()


def test_poetry_adds_the_draft(live, clients, link, consumer, empty_index):
    pyproject = consumer / "pyproject.toml"
    pyproject.write_text(pyproject.read_text() + POETRY.format(index=empty_index))
    lines = tab(live, link, "poetry")
    assert len(lines) == 3
    environment = {"POETRY_VIRTUALENVS_IN_PROJECT": "true", "POETRY_NO_INTERACTION": "1"}
    said = clients.run("/bin/sh", "-ec", "\n".join(lines), folder=consumer, **environment)
    assert said.code == 0, said.text
    check(consumer, link, "poetry.lock")


def test_pdm_adds_the_draft(live, clients, link, consumer, empty_index):
    variable, source, command = tab(live, link, "pdm")
    pyproject = consumer / "pyproject.toml"
    pyproject.write_text(f"{pyproject.read_text()}\n[tool.pdm]\ndistribution = false\n\n{source}\n")
    # pdm installs into the environment whose interpreter it uses, which must not be the tests' own.
    venv.create(consumer / ".venv", symlinks=True)
    environment = {"PDM_PYPI_URL": empty_index, "PDM_CHECK_UPDATE": "false", "PDM_IGNORE_ACTIVE_VENV": "1"}
    environment["PDM_PYTHON"] = str(consumer / ".venv" / "bin" / "python")
    said = clients.run("/bin/sh", "-ec", f"{variable}\n{command}", folder=consumer, **environment)
    assert said.code == 0, said.text
    check(consumer, link, "pdm.lock")
