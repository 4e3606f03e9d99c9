"""An upstream index that breaks, lies, redirects or stays silent: nothing is lost, sent twice unseen, or shown too early."""

import pytest

from drafts.models import DraftState, Job, JobState, Kind, Push, PushState
from tests.conftest import publish
from tests.sent_on import SDIST, WHEEL, goes_on, is_hidden, loopback_is_allowed, page, states, target, there
from tests.upstreams import refuses, took, upstream

__all__ = ["loopback_is_allowed", "target", "there"]
pytestmark = [pytest.mark.django_db, pytest.mark.promise]


def breaks(asked, name, data):
    """Read everything, and close without an answer."""
    asked.handler.connection.close()


def half(asked, name, data):
    """Answer half of what was promised."""
    asked.begin(200, Content_Length="100")
    asked.handler.wfile.write(b"O")


UNCLEAR = {
    "500": refuses(500, b"oops"),
    "503 from a front": refuses(503, b"<html>no backend</html>"),
    "the line breaks": breaks,
    "half an answer": half,
}


@pytest.mark.parametrize("answer", UNCLEAR.values(), ids=UNCLEAR.keys())
@pytest.mark.parametrize("arrived", [True, False])
def test_what_nobody_knows_of_is_looked_up_and_sent_again(target, there, draft, mike, answer, arrived):
    """It is true that an upload without a clear answer is sent again only if upstream does not list it."""
    there.instead = [took(there, answer) if arrived else answer]
    publish(draft, mike)
    assert (draft.state, states()[WHEEL], is_hidden()) == (DraftState.PROCESSING, "unclear", True)
    goes_on()
    draft.refresh_from_db()
    assert draft.state == DraftState.PUBLISHED
    assert there.uploads == ([WHEEL, SDIST] if arrived else [WHEEL, WHEEL, SDIST])


def test_redirects_are_not_followed(target, there, draft, mike):
    """It is true that neither the file nor the credentials go to where an upstream index sends them."""
    with upstream() as elsewhere:
        there.instead = [lambda asked, *_: asked.redirect(f"{elsewhere.url}/legacy/", 308)]
        publish(draft, mike)
        assert elsewhere.peer.asked == []
    assert draft.state == DraftState.ERROR
    assert "redirects elsewhere (308)" in draft.error


def test_credentials_do_not_follow_the_page(target, there, draft, mike):
    with upstream() as elsewhere:
        real = there._list
        there._list = lambda asked: asked.redirect(f"{elsewhere.url}{asked.path}")
        publish(draft, mike)
        assert elsewhere.peer.asked
        assert all("authorization" not in asked.headers for asked in elsewhere.peer.asked)
        there._list = real


def test_an_upstream_that_is_down_is_asked_again_later(target, there, draft, mike):
    there.down = 503
    publish(draft, mike)
    assert (draft.state, Push.objects.get().tries, there.uploads) == (DraftState.PROCESSING, 1, [])
    there.down = 0
    goes_on()
    draft.refresh_from_db()
    assert draft.state == DraftState.PUBLISHED


def test_an_upstream_that_stays_down_hands_the_draft_back(target, there, draft, mike):
    """It is true that while nothing was sent the draft comes back to its maintainers."""
    there.down = 503
    publish(draft, mike)
    for _ in range(12):
        goes_on()
    draft.refresh_from_db()
    assert draft.state == DraftState.ERROR
    assert "Presscheck tried 10 times" in draft.error
    assert Job.objects.filter(kind=Kind.PUBLISH, state=JobState.FAILED).count() == 1


def test_a_success_that_never_shows_is_waited_for_and_then_stops(target, there, draft, mike):
    there.hidden = {WHEEL, SDIST}
    publish(draft, mike)
    assert (states()[WHEEL], is_hidden()) == ("sent", True)
    Push.objects.update(tries=149)
    goes_on()
    assert Push.objects.get().state == PushState.STOPPED
    assert "lists 0 of 2 so far" in Push.objects.get().words
    draft.refresh_from_db()
    assert (draft.state, is_hidden()) == (DraftState.PROCESSING, True)


@pytest.mark.django_db(transaction=True)
def test_a_digest_that_lies_is_an_alarm(target, there, draft, mike, mikes, mailoutbox):
    """It is true that other bytes upstream under a name that was sent are never shown as success."""
    there.shown = {SDIST: "0" * 64}
    publish(draft, mike)
    push = Push.objects.get()
    assert (push.state, push.alarm, is_hidden()) == (PushState.STOPPED, True, True)
    assert 'data-level="stop"' in page(draft, mikes)
    assert any("is not what was reviewed" in mail.subject for mail in mailoutbox)


def test_a_page_that_is_none_is_no_confirmation(target, there, draft, mike):
    there.page = b"<html>Welcome to the hotel"
    publish(draft, mike)
    draft.refresh_from_db()
    assert draft.state == DraftState.PROCESSING
    assert is_hidden()


def test_a_target_inside_is_not_asked(target, there, draft, mike, settings):
    settings.OUTBOUND_ALLOW = []
    publish(draft, mike)
    assert there.uploads == []
    assert draft.state in {DraftState.PROCESSING, DraftState.OPEN}


def test_too_many_requests_are_no_upload(target, there, draft, mike):
    there.instead = [refuses(429, b"slow down")]
    publish(draft, mike)
    assert (states()[WHEEL], Push.objects.get().tries) == ("pending", 1)
    goes_on()
    draft.refresh_from_db()
    assert draft.state == DraftState.PUBLISHED
