"""What was decided before the moment: an order that comes after CI's word, and a time that the record and the receipt name."""

import pytest

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.models import DraftState
from drafts.publishing.orders import give
from tests.conftest import draft_url
from tests.coupled import receipt_of
from tests.test_schedule import scheduled, time_comes

__all__ = ["scheduled"]
pytestmark = [pytest.mark.django_db, pytest.mark.promise]


def test_an_order_that_is_given_after_ci_said_complete_acts_at_once(world):
    """It is true that CI's word need not come again, and that without an order it publishes nothing."""
    give.revoke(order=world.order, by=Actor.person(world.owner), user=world.owner)
    draft = world.stage()
    world.prove()
    draft = world.complete(draft)
    assert draft.state == DraftState.OPEN
    world.give()
    draft = world.work(draft)
    assert draft.state == DraftState.PUBLISHED, draft.order_said
    assert AuditEvent.objects.filter(event="draft:complete-said", on_id=str(draft.pk)).count() == 1


def test_a_publish_at_a_time_names_the_time_on_record_and_in_the_receipt(scheduled, mikes):
    time_comes(scheduled)
    chosen = AuditEvent.objects.get(event="draft:scheduled").details["at"]
    published = AuditEvent.objects.get(event="draft:published").details
    assert published["schedule"]["at"] == receipt_of(scheduled)["schedule"]["at"] == chosen
    assert "at the time that was chosen" in mikes.get(draft_url(scheduled)).content.decode()
