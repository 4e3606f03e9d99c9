"""The publish confirmation leads with what changed since the reader approved, in words and by digest."""

import pytest

from drafts.intake import deleting
from tests import wheels
from tests.approving import approve, browser
from tests.conftest import SYSTEM, draft_url
from tests.inspected import inspect_now
from tests.test_approvals import stage_as_maintainer

pytestmark = pytest.mark.django_db


def confirmation(draft, mike) -> str:
    inspect_now()
    page = browser(mike).get(draft_url(draft, "publish"))
    assert page.status_code == 200
    return page.content.decode()


def test_it_says_nothing_to_who_never_approved(draft, mike, rita):
    approve(rita, draft)
    assert "since-approved" not in confirmation(draft, mike)


def test_it_leads_with_nothing_while_the_approval_stands(draft, mike):
    approve(mike, draft)
    page = confirmation(draft, mike)
    assert "Changed since you approved" in page
    assert ": nothing." in page
    assert page.index("since-approved") < page.index("become visible on this index")


def test_it_leads_with_the_file_that_changed(draft, mike):
    """It is true that the change stands before everything else, with both digests."""
    approve(mike, draft)
    before, after = wheels.wheel(), wheels.wheel(salt="other")
    stage_as_maintainer(draft)
    page = confirmation(draft, mike)
    assert "Changed since you approved: 1 file<" in page
    assert page.index("since-approved") < page.index("become visible on this index")
    shown = page[page.index("since-approved") : page.index("become visible on this index")].replace(
        "\u2009", ""
    )
    assert before.sha256[:8] in shown
    assert after.sha256[:8] in shown


def test_it_says_when_files_changed_and_changed_back(draft, ci, mike):
    approve(mike, draft)
    assert ci.upload(wheels.wheel(build="1")).status_code == 200
    extra = draft.files.live().get(filename=wheels.wheel(build="1").filename)
    deleting.delete_file(draft=draft, filename=extra.filename, by=SYSTEM, seen=extra.sha256)
    assert "files came and went in between, so that approval is void" in confirmation(draft, mike)


def test_who_approved_before_is_shown_it_though_somebody_approved_since(draft, rita, alice):
    """It is true that a second yes leads with what changed since that person's first, not since the newest yes."""
    approve(rita, draft)
    stage_as_maintainer(draft)
    approve(alice, draft)
    page = browser(rita).get(draft_url(draft, "approve"), {"says": "yes"}).content.decode()
    assert "Changed since you approved: 1 file<" in page
    assert wheels.wheel().sha256[:8] in page.replace("\u2009", "")
