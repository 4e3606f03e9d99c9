"""The pages of sandboxes in a real browser: axe finds nothing, and each list marks what is of the sandbox."""

import pytest

from tests.conftest import draft_url

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_axe_finds_nothing_on_the_pages_of_sandboxes(look, sand_draft, alice, charlie):
    """It is true of a person without one, of one who has one, and of its draft and queue."""
    assert look("/sandbox/", user=charlie).get_by_role("button", name="Make the sandbox").is_visible()
    for path in ("/sandbox/", "/sandbox/projects/sampleproject/", draft_url(sand_draft), "/help/ci/?sandbox"):
        look(path, user=alice)
    page = look("/", user=alice)
    assert page.locator('.queue [data-state="sandbox"]').count() == 1
