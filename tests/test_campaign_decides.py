"""The fault campaign's maintainers decide what a late file's page asks, so that it can be published."""

import pytest

from bench.faults.acts.decisions import asked
from drafts.models import Draft
from drafts.publishing.policy import blockers
from tests import wheels
from tests.conftest import draft_url, publish

pytestmark = pytest.mark.django_db


def test_whatever_a_late_wheel_asks_is_decided_from_its_page(draft, ci, mikes, alice):
    publish(draft, alice)
    assert (
        ci.upload(
            wheels.wheel(tag="cp312-cp312-win_amd64", files={"sampleproject/x.py": "x = 1\n"})
        ).status_code
        == 200
    )
    late = Draft.objects.get(ended_at=None)
    page = mikes.get(draft_url(late)).content.decode()
    wanted = list(asked(page))
    assert {kind for _, kind, _ in wanted} == {one.decision for one in blockers(late)}
    assert len(wanted) >= 2
    for action, kind, what in wanted:
        mikes.post(action, {"kind": kind, "what": what, "reason": "why not"})
    assert blockers(late) == []


def test_a_page_that_asks_nothing_gives_nothing_to_decide(draft, mikes):
    assert list(asked(mikes.get(draft_url(draft)).content.decode())) == []
