"""Whose yes a receipt names, and whether it counted."""

import base64
import json

import pytest

from accounts.models import AuditEvent
from drafts.models import Project, Receipt
from tests.approving import approve, needs
from tests.conftest import publish
from tests.inspected import inspect_now
from tests.test_approvals import stage_as_maintainer

pytestmark = [pytest.mark.django_db, pytest.mark.promise]


def receipt_of(draft) -> dict:
    payload = Receipt.objects.get(draft=draft).envelope["payload"]
    return json.loads(base64.b64decode(payload))["predicate"]


def said(draft) -> dict[str, tuple[bool, str]]:
    return {one["name"]: (one["counted"], one.get("why", "")) for one in receipt_of(draft)["approvals"]}


@pytest.fixture
def approved(draft, alice, mike, rita):
    """A draft of which mike uploaded a file, and which he, rita and alice approved."""
    stage_as_maintainer(draft)
    inspect_now()
    for user in (mike, rita, alice):
        approve(user, draft)
    return draft


@pytest.mark.parametrize("needed", [0, 1])
def test_a_receipt_says_of_each_yes_whether_it_counted(approved, alice, needed):
    """It is true that neither who uploaded nor who publishes is one of the number, however many were needed."""
    needs(needed)
    publish(approved, alice)
    assert said(approved) == {"mike": (False, "uploaded"), "rita": (True, ""), "alice": (False, "publishes")}
    assert receipt_of(approved)["approvalsNeeded"] == needed
    event = AuditEvent.objects.get(event="draft:published")
    assert (event.details["approvals_needed"], len(event.details["approvals"])) == (needed, 3)


def test_everybody_counts_where_the_project_says_so(approved, alice):
    needs(3, own_approval_counts=True)
    publish(approved, alice)
    assert said(approved) == {"mike": (True, ""), "rita": (True, ""), "alice": (True, "")}


def test_who_is_no_member_any_more_did_not_count(approved, alice, rita):
    Project.objects.get().members.filter(user=rita).delete()
    publish(approved, alice)
    assert said(approved)["rita"] == (False, "no-member")
