"""What changed, in a real browser: axe finds nothing, the grid takes arrow keys, a decision is given in place."""

import pytest

from drafts.models import Decision
from tests import wheels
from tests.browser import open_all
from tests.conftest import draft_url, publish
from tests.listing import listed

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def second(ci, alice):
    """sampleproject 1.1, one stable-ABI wheel less than the published 1.0."""
    tags = ["cp311-abi3-manylinux_2_17_x86_64", "cp311-abi3-win_amd64", "cp314-cp314t-win_amd64"]
    for version, some in (("1.0", tags), ("1.1", tags[1:])):
        for one in [*(wheels.wheel(version=version, tag=tag) for tag in some), wheels.sdist(version=version)]:
            assert ci.upload(one).status_code == 200
        draft = ci.row.project.drafts.get(version=version)
        listed(draft)
        if version == "1.0":
            publish(draft, alice)
    return draft


def test_a_lost_wheel_is_decided_where_it_stands(look, second, alice):
    """It is true that on a screen and on a phone the blocker, the grid and the form hold, and the form does what it says."""
    page = look(draft_url(second), user=alice, prepare=open_all)
    assert page.locator(".platforms .lost-word").inner_text() == "1 lost"
    page.locator("#reason-1").fill("Linux wheels follow")
    page.get_by_role("button", name="Publish sampleproject 1.1 without it").click()
    page.wait_for_url("**/drafts/1.1/")
    assert Decision.objects.get().reason == "Linux wheels follow"


def test_a_files_changes(look, second, alice):
    name = "sampleproject-1.1-cp311-abi3-win_amd64.whl"
    look(f"{draft_url(second, 'file-changes', name)}?path=sampleproject/__init__.py", user=alice)
