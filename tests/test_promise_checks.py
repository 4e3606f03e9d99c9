"""The checks of the fault campaign can fail: each names a state that was broken on purpose, and is silent about a whole one."""

import os
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from bench.faults.acts.claims import Decided, Happened, LinkIs, Logged, Revoked, Staged
from bench.faults.ledger import Ledger
from bench.faults.promises import PROMISES
from bench.faults.shelf import Bucket, Folder
from drafts.access import links, tokens
from drafts.models import Draft, DraftState, File, TokenKind
from drafts.models.tokens import DraftLinkQuerySet
from tests import wheels
from tests.conftest import publish
from tests.spoiled import BREAKS
from tests.whole import Since, Whole

pytestmark = pytest.mark.django_db(transaction=True)
# Where bytes lie and what triggers refuse differs between the shapes; rows and answers are the same questions on each.
OF_EACH_SHAPE = {
    "bytes_are_gone",
    "a_bit_flipped",
    "metadata_flipped",
    "nobody_decided",
    "no_second_factor_was_given",
    "an_event_is_dropped",
    "bytes_without_a_row",
    "a_public_copy_without_a_row",
    "something_was_unpacked",
}
BY = Actor.system("tests")


@pytest.fixture
def shelf():
    """What this test stores."""
    if bucket := settings.PRESSCHECK_S3_BUCKET:
        return Since(Bucket(settings.PRESSCHECK_S3_ENDPOINT, bucket, os.environ))
    return Since(Folder(Path(settings.STORAGE_DIR)))


@pytest.fixture
def whole(shelf, draft, mike, ci):
    ci.upload(wheels.wheel(salt="again"))
    browser = Client()
    browser.force_login(mike)  # the pages throttle who signs in sixty times a minute
    publish(draft, mike, browser)
    assert draft.state == DraftState.PUBLISHED
    for built in (wheels.wheel(version="2.0"), wheels.sdist(version="2.0")):
        assert ci.upload(built).status_code == 200
    live = Draft.objects.live().get()
    link = links.make(draft=live, by=BY)
    links.revoke(link=links.make(draft=live, by=BY), by=BY)
    ledger = Ledger()
    row, text = tokens.make(project=live.project, kind=TokenKind.UPLOAD, by=BY)
    tokens.revoke(token=row, by=BY)
    ledger.revoked.add(text)
    whole = Whole(draft, live, link, ci, shelf, ledger)
    whole.seen(*File.objects.published())
    return whole


@pytest.mark.promise
def test_a_whole_state_breaks_no_promise(whole):
    found = {number: list(check(whole.state())) for number, check in PROMISES.items()}
    assert [words for words in found.items() if words[1]] == []


def case(number: int, spoil):
    name = spoil.__name__.strip("_")
    marks = [pytest.mark.promise] if name in OF_EACH_SHAPE else []
    return pytest.param(number, spoil, id=name, marks=marks)


@pytest.mark.parametrize(
    ("number", "spoil"), [case(number, spoil) for number, some in BREAKS.items() for spoil in some]
)
def test_a_broken_promise_is_named(whole, number, spoil):
    """It is true that the promise's own check says what is wrong."""
    spoil(whole)
    found = list(PROMISES[number](whole.state()))
    assert found, "nothing was noticed"
    assert all(isinstance(words, str) and words for words in found)


def test_a_link_that_is_revoked_and_opens_is_named(whole, monkeypatch):
    monkeypatch.setattr(DraftLinkQuerySet, "valid", lambda rows: rows.all())
    assert [words for words in PROMISES[8](whole.state()) if "answers 200, not 404" in words]


NOW = timezone.now()
UNTRUE = {
    "a file": Staged("sampleproject", "sampleproject-9.whl", "0" * 64),
    "an event": Happened("draft:canceled", "sampleproject 2.0", NOW),
    "a publish": Decided("sampleproject 2.0", "0" * 64, NOW),
    "a link": LinkIs("pcd_none", revoked=False),
    "a token": Revoked("pcu_none"),
    "a log": Logged("sampleproject 2.0", "0" * 64),
}


@pytest.mark.parametrize("claim", UNTRUE.values(), ids=UNTRUE.keys())
def test_a_client_that_was_told_what_is_not_so_is_named(whole, claim):
    whole.ledger.claim(claim)
    assert len(list(PROMISES[9](whole.state()))) == 1


def test_a_dishonest_answer_is_named(whole):
    whole.ledger.complain("'upload a file' was answered 500")
    assert list(PROMISES[9](whole.state())) == ["'upload a file' was answered 500"]
