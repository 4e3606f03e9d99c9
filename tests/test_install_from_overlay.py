"""A tester installs a draft and all that it needs from one index, by the lines of the tester's page, with the real tools."""

import subprocess

import pytest

from drafts.models import Draft
from tests import wheels
from tests.clients import module_of
from tests.conftest import make_ci
from tests.overlaid import lines, other

pytestmark = [pytest.mark.clients, pytest.mark.django_db(transaction=True)]

TOOLS = ["pip", "uv"]
# Indexes of the tester's own, which have another file of the same version: none of them may be taken.
OWN = {"pip": ["PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL"], "uv": ["UV_DEFAULT_INDEX", "UV_INDEX"]}
COMMAND = {
    "sampleproject/__init__.py": "def main():\n    import dependency\n    print('it', 'ran')\n",
    "sampleproject-1.0.dist-info/entry_points.txt": "[console_scripts]\nsampleproject = sampleproject:main\n",
}
TOX = """\
[tox]
env_list = py
no_package = true

[testenv]
deps = sampleproject
commands = python -c "import sampleproject; sampleproject.main()"
"""


def dependency(name: str = "dependency") -> wheels.Built:
    return wheels.wheel(name)


def staged(ci, requires: str = "dependency>=1", **knobs) -> wheels.Built:
    """Stage sampleproject 1.0, which needs something that is only upstream."""
    built = wheels.wheel(requires_dist=(requires,), **knobs)
    assert ci.upload(built).status_code == 200
    return built


def run(clients, export: str, command: str, target, **variables: str):
    into = command.replace(" install ", f" install --target {target} ", 1)
    return clients.run("/bin/sh", "-ec", f"{export}\n{into}", **variables)


@pytest.mark.parametrize("tool", TOOLS)
def test_the_first_line_installs_the_draft_and_what_it_needs(overlaid, clients, ci, tmp_path, tool):
    """It is true that the draft comes from here although upstream has its name, and that upstream sees no token."""
    built, found = staged(ci), overlaid.upstream
    found.add("dependency", dependency())
    found.add("sampleproject", wheels.wheel(salt="elsewhere"), wheels.wheel(version="9.0"))
    token = overlaid.link(Draft.objects.get())
    export, command = overlaid.tab(token, tool)[:2]
    assert f"draft:{token}@" in export
    assert token not in command
    said = run(clients, export, command, tmp_path / "here", **dict.fromkeys(OWN[tool], f"{found.base}/"))
    assert said.code == 0, said.text
    assert (tmp_path / "here/sampleproject/__init__.py").read_bytes() == module_of(built)
    assert (tmp_path / "here/dependency/__init__.py").exists()
    assert "sampleproject" not in found.names
    heard = "".join(found.headers) + "".join(found.asked)
    assert token not in heard
    assert "authorization" not in heard.lower()
    assert token not in said


@pytest.mark.parametrize("tool", TOOLS)
def test_what_is_kept_here_is_not_taken_from_elsewhere(overlaid, clients, ci, alice, tmp_path, tool):
    """It is true that a dependency which is here, unpublished, fails the line, whatever other indexes the tester has."""
    make_ci(other(alice, "secret")).upload(dependency("secret"))
    staged(ci, "secret>=1")
    found = overlaid.upstream
    found.add("secret", wheels.wheel("secret", version="9.0"))
    token = overlaid.link(Draft.objects.get(project__name="sampleproject"))
    export, command = overlaid.tab(token, tool)[:2]
    said = run(clients, export, command, tmp_path / "here", **dict.fromkeys(OWN[tool], f"{found.base}/"))
    assert said.code != 0
    assert "secret" in said
    assert "secret" not in found.names
    assert not (tmp_path / "here/secret").exists()


SILENT = {"pip": "No matching distribution found for silent-pip", "uv": "503 Service Unavailable"}


@pytest.mark.parametrize("tool", TOOLS)
def test_an_upstream_that_is_down_ends_the_line(overlaid, clients, ci, tmp_path, tool):
    """It is true that both stop, uv with the status in its words, and that what is here installs all the same."""
    staged(ci, f"silent-{tool}>=1")
    overlaid.upstream.status = 500
    export, command = overlaid.tab(overlaid.link(Draft.objects.get()), tool)[:2]
    said = run(clients, export, command, tmp_path / "here")
    assert said.code != 0
    assert SILENT[tool] in said, said.text
    alone = run(clients, export, command.replace(" install ", " install --no-deps ", 1), tmp_path / "alone")
    assert alone.code == 0, alone.text


def test_pinned_by_hash_from_one_index(overlaid, clients, ci, tmp_path):
    """It is true that the token is in no line but the first, and that the check takes these bytes and no others."""
    built = staged(ci)
    token = overlaid.link(Draft.objects.get())
    export, install, check = overlaid.tab(token, "with hashes")
    assert token not in install + check
    said = run(clients, export, install, tmp_path / "here")
    assert said.code == 0, said.text
    assert (tmp_path / "here/sampleproject/__init__.py").read_bytes() == module_of(built)
    assert "Would install sampleproject-1.0" in clients.shell(export, check)


def test_uvx_runs_the_draft_and_uv_add_takes_it_into_a_project(overlaid, clients, ci, tmp_path):
    staged(ci, files=COMMAND)
    overlaid.upstream.add("dependency", dependency())
    token = overlaid.link(Draft.objects.get())
    export, _, add, once, *_more = overlaid.tab(token, "uv")
    said = clients.shell(export, once)
    assert (said.code, "it ran" in said) == (0, True), said.text
    folder = tmp_path / "consumer"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "consumer"\nversion = "1"\nrequires-python = ">=3.11"\n'
    )
    said = clients.run("/bin/sh", "-ec", f"{export}\n{add}", folder=folder)
    assert said.code == 0, said.text
    (module,) = folder.rglob("sampleproject/__init__.py")
    assert module.read_text() == COMMAND["sampleproject/__init__.py"]
    assert token not in (folder / "uv.lock").read_text() + (folder / "pyproject.toml").read_text()


@pytest.fixture(params=["overlay", "merged"])
def shown(request, overlaid, live, clients, ci):
    """What shows a tab's lines: a server with an upstream index, and one without, beside the tester's own index."""
    staged(ci, files=COMMAND)
    overlaid.upstream.add("dependency", dependency())
    token = overlaid.link(Draft.objects.get())
    if request.param == "overlay":
        return lambda tab: (overlaid.tab(token, tab), {})
    own = f"{overlaid.upstream.base}/"
    return lambda tab: (lines(live, token, tab), {"PIP_INDEX_URL": own, "UV_DEFAULT_INDEX": own})


def test_pipx_installs_the_drafts_command(shown, clients):
    (export, command), own = shown("pipx")
    said = clients.run("/bin/sh", "-ec", f"{export}\n{command}", **own)
    assert said.code == 0, said.text
    program = clients.home / ".local/bin/sampleproject"
    assert subprocess.run([program], capture_output=True, check=True).stdout == b"it ran\n"


@pytest.mark.parametrize("shown", ["merged"], indirect=True)
def test_tox_tests_against_the_draft(shown, clients, tmp_path):
    (export, command), own = shown("tox")
    folder = tmp_path / "tested"
    folder.mkdir()
    (folder / "tox.ini").write_text(TOX)
    said = clients.run("/bin/sh", "-ec", f"{export}\n{command}", folder=folder, **own)
    assert (said.code, "it ran" in said) == (0, True), said.text
