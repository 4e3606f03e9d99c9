"""Approving, webhooks, news and testers' reports in a real browser: axe finds nothing, and nothing runs off a phone."""

import pytest

from accounts.audit import Actor, Origin
from drafts.access import links
from drafts.models import Approval, Delivery, Report, Says, Webhook
from drafts.publishing import reports
from drafts.publishing.reports import Told
from tests import wheels
from tests.approving import approve, needs
from tests.browser import open_all
from tests.conftest import draft_url, totp_code
from tests.inspected import inspect_now

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]
SYSTEM = Actor.system("tests")
LONG = "the wheel lacks its licence file " * 8


@pytest.fixture
def said(draft, ci, rita, mike):
    """A draft of which everything was said: a void yes, a no, a report that waits."""
    needs(2, soak_hours=24, answer_reports=True)
    inspect_now()
    approve(rita, draft, Says.YES, LONG)
    assert ci.upload(wheels.wheel(build="1")).status_code == 200
    inspect_now()
    approve(mike, draft, Says.CHANGES, LONG)
    link = links.make(draft=draft, by=SYSTEM, label="Tom")
    told = Told(works=False, note=LONG, name="Tom", where="CPython 3.13, Linux")
    reports.report(link=link, told=told, origin=Origin())
    return draft


def test_a_reviewer_approves_from_a_phone(look, said, rita):
    """It is true that from the draft's page two presses and a code do it."""
    page = look(draft_url(said), user=rita, prepare=open_all)
    page.locator("#approvals").get_by_role("link", name="Approve…").click()
    page.get_by_label("Note for the record").fill("looked again")
    page.get_by_label("Code of your authenticator app").fill(totp_code("rita"))
    page.get_by_role("button", name="Approve sampleproject 1.0").click()
    page.wait_for_url("**/drafts/1.0/")
    assert Approval.objects.standing().filter(user=rita).get().note == "looked again"


def test_the_pages_of_saying_so(look, said, rita, mike):
    look(f"{draft_url(said, 'approve')}?says=changes", user=rita)
    look(draft_url(said, "approval-withdraw", Approval.objects.standing().get().pk), user=mike)


def test_a_tester_reports_from_a_phone(look, said):
    page = look(f"/draft/{links.token(said.links.get())}/")
    page.get_by_label("Works here").check()
    page.get_by_label("What happened").fill("all tests pass")
    page.get_by_role("button", name="Send the report").click()
    page.wait_for_url("**/report")
    assert page.get_by_role("heading", name="Reported").is_visible()
    assert Report.objects.filter(works=True).count() == 1


def test_the_pages_of_webhooks_and_news(look, said, alice):
    hook = Webhook.objects.create(
        project=said.project,
        url=f"https://ci.example.org/{'presscheck/' * 12}",
        events=["draft.published"],
        secret_sealed="x",
        made_by=alice,
    )
    Delivery.objects.create(webhook=hook, event="draft.ready", body="{}", status=503, answer=LONG * 3)
    for path in (
        "webhooks/",
        f"webhooks/{hook.pk}/",
        f"webhooks/{hook.pk}/rotate/",
        "settings/?preset=strict",
    ):
        look(f"/projects/sampleproject/{path}", user=alice)
    look("/account/news/", user=alice)
