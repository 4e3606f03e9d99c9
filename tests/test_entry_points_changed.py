"""Commands that a release adds, drops or points elsewhere stand among its changes, by name."""

import pytest

from drafts.models import Draft
from tests import wheels
from tests.conftest import draft_url, publish

pytestmark = pytest.mark.django_db


def wheel(version: str, *lines: str) -> wheels.Built:
    path = f"sampleproject-{version}.dist-info/entry_points.txt"
    return wheels.wheel(version=version, files={path: "\n".join([*lines, ""])} if lines else {})


def changed(ci, alice, mikes, before: tuple[str, ...], now: tuple[str, ...]) -> str:
    """What the page of 1.1 says after 1.0 was published."""
    ci.upload(wheel("1.0", *before))
    publish(Draft.objects.get(), alice)
    assert ci.upload(wheel("1.1", *now)).status_code == 200
    page = mikes.get(draft_url(Draft.objects.get(version="1.1"))).content.decode()
    return page.partition('id="changes"')[2].partition("</details>")[0]


COMMANDS = ("[console_scripts]", "sample = sampleproject:main")
CASES = {
    "a new command": ((), COMMANDS, ["command sample added", "runs sampleproject:main"]),
    "a command less": (COMMANDS, (), ["command sample removed", "was sampleproject:main"]),
    "a command that runs something else": (
        COMMANDS,
        (COMMANDS[0], "sample = sampleproject.other:go"),
        ["command sample changed", "sampleproject:main → sampleproject.other:go"],
    ),
    "a plugin": (COMMANDS, (*COMMANDS, "[pytest11]", "Sample = sampleproject"), ["Sample of pytest11 added"]),
}


@pytest.mark.parametrize(("before", "now", "words"), CASES.values(), ids=CASES.keys())
def test_each_difference_is_named(ci, alice, mikes, before, now, words):
    section = changed(ci, alice, mikes, before, now)
    assert [word for word in words if word not in section] == []
    assert "1 entry point" in section


def test_the_same_entry_points_are_no_change(ci, alice, mikes):
    assert "entry point" not in changed(ci, alice, mikes, COMMANDS, COMMANDS)


def test_entry_points_that_cannot_be_read_are_still_said_to_differ(ci, alice, mikes):
    section = changed(ci, alice, mikes, COMMANDS, ("no section", "x"))
    assert "Its entry points changed." in section
    assert "command sample" not in section
