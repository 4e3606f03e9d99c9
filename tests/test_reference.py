"""What docs/reference.md names is what there is: commands, options, settings, targets, addresses."""

import re
import shutil
import subprocess
from pathlib import Path

import pytest
from django.core.management import get_commands, load_command_class
from django.urls import Resolver404, resolve

ROOT = Path(__file__).resolve().parent.parent
REFERENCE = (ROOT / "docs" / "reference.md").read_text(encoding="utf-8")
OURS = {name for name, where in get_commands().items() if where == "drafts"}
DJANGOS = {
    "help",
    "version",
    "verbosity",
    "settings",
    "pythonpath",
    "traceback",
    "no_color",
    "force_color",
    "skip_checks",
}


def rows(heading: str) -> list[list[str]]:
    """The cells of every row of the table under a heading, without its head."""
    section = REFERENCE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    lines = [line.replace("\\|", "/") for line in section.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines[2:]]


def spelled(cell: str) -> list[str]:
    """What a cell spells in code."""
    return re.findall(r"`([^`]+)`", cell)


SYNOPSES = {spelled(row[0])[0].partition(" ")[0]: spelled(row[0])[0] for row in rows("Command line")}


def test_every_command_is_there_and_no_other():
    assert set(SYNOPSES) == OURS


@pytest.mark.parametrize("command", sorted(OURS))
def test_a_command_takes_what_its_line_says(command):
    parser = load_command_class("drafts", command).create_parser("manage.py", command)
    own = [action for action in parser._actions if action.dest not in DJANGOS]
    options = {option for action in own for option in action.option_strings}
    arguments = [action.metavar or action.dest for action in own if not action.option_strings]
    synopsis = SYNOPSES[command]
    assert set(re.findall(r"--[a-z-]+", synopsis)) == options
    assert re.findall(r"(?<= )[A-Z]+", re.sub(r"\[[^]]*\]|--[a-z]+ [A-Z]+", "", synopsis)) == arguments
    required = {option for action in own if action.required for option in action.option_strings}
    assert required == {option for option in options if f"[{option}" not in synopsis}


def settings_read() -> set[str]:
    """The names of all settings that config/settings reads."""
    sources = [path.read_text(encoding="utf-8") for path in (ROOT / "config" / "settings").glob("*.py")]
    return set(re.findall(r'(?:env|listed|number|count|environ\.get)\(\s*"([A-Z0-9_]+)"', "\n".join(sources)))


def test_every_setting_is_there_and_no_other():
    read = settings_read()
    assert "PRESSCHECK_URL" in read
    assert {name for row in rows("Settings") for name in spelled(row[0])} == read


def test_every_target_is_there_and_no_other():
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    targets = set(re.search(r"^\.PHONY: (.*)$", makefile, re.MULTILINE)[1].split())
    assert {spelled(row[0])[0].removeprefix("make ") for row in rows("Make")} == targets
    for target in targets:
        assert re.search(rf"^{target}:.* ## ", makefile, re.MULTILINE), f"{target} says nothing in make help"


ADDRESSES = [address for row in rows("URLs") for address in spelled(row[0]) if address.startswith("/")]


@pytest.mark.parametrize("address", ADDRESSES)
def test_every_address_leads_somewhere(address):
    path = re.sub(r"\{\w+\}", "sample", address)
    try:
        assert resolve(path).func.__name__ != "nothing"
    except Resolver404:
        pytest.fail(f"{address} leads nowhere")


def test_every_address_for_machines_is_there():
    from drafts.urls import urlpatterns

    first = {str(pattern.pattern).partition("/")[0].partition("<")[0] for pattern in urlpatterns}
    assert {address.split("/")[1].partition("{")[0] for address in ADDRESSES} >= first


@pytest.mark.skipif(shutil.which("make") is None, reason="make is not installed")
@pytest.mark.parametrize("python", ["false", "no-such-python"])
def test_make_says_in_one_line_that_python_is_too_old(tmp_path, python):
    (tmp_path / "Makefile").write_text((ROOT / "Makefile").read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "requirements.lock").touch()
    done = subprocess.run(
        ["make", "-s", "run", f"PYTHON={python}"], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert done.stderr.splitlines()[0].startswith(
        f"Presscheck needs Python 3.11 or newer, and '{python}' is not"
    )
    assert not (tmp_path / ".venv").exists()
