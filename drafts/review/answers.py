"""Answers that several pages give: what you decided on is no longer what is there."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from drafts.access.gate import Member
from drafts.models import Draft
from drafts.review import history
from drafts.review import page as pages
from drafts.review.rows import Confirm

CONFLICT = 409


def show_changed(request: HttpRequest, who: Member, draft: Draft, seen: str) -> HttpResponse:
    """Refuse with 409 and show the difference between what was seen and what is."""
    page = pages.draft_page(who, draft)
    confirm = Confirm(
        fingerprint=page.fingerprint, totals=page.totals, changed=history.differences(draft, seen) or ()
    )
    return render(request, "review/changed.html", {"page": page, "confirm": confirm}, status=CONFLICT)
