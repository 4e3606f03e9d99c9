"""What a standing order must still be when its draft becomes visible."""

from drafts.models import Draft, StandingOrder
from drafts.publishing.orders.conditions import stands
from drafts.publishing.promotion import NotTheReviewedBytes


class NotOrdered(NotTheReviewedBytes):
    """The standing order that decided it was revoked or is void: nothing is published."""


def must_stand(draft: Draft) -> None:
    """Raise NotOrdered unless the order that published a draft, if one did, stands: asked under the project's lock."""
    if draft.publishing_order_id is None:
        return
    order = StandingOrder.objects.select_related("given_by", "project").get(pk=draft.publishing_order_id)
    if reasons := stands(order):
        raise NotOrdered(f"The {order} does not stand any more. {reasons[0].sentence} Nothing was published.")
