"""The campaign's checks of the upstream index and of trains' links can fail: each names a state that was broken on purpose."""

import json
import time
from dataclasses import replace

import pytest
from django.test import Client
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from bench.faults.acts.claims import TrainLinkIs
from bench.faults.browser import Answer
from bench.faults.promises import access
from bench.faults.promises.elsewhere import what_is_upstream_was_reviewed
from bench.faults.promises.state import State
from drafts.access import links
from drafts.models import Push, TrainLink
from drafts.publishing.train import acts
from tests.conftest import publish
from tests.coupled import publish_train
from tests.test_promise_checks_together import _drop, _NoBytes, _undone
from tests.upstreams import aimed, upstream

pytestmark = [pytest.mark.django_db, pytest.mark.promise]


def _ask(path: str, headers) -> Answer:
    answer = Client().get(path, headers=headers)
    return Answer(answer.status_code, dict(answer.headers), answer.content)


def _state(elsewhere: dict[str, str] | None = None) -> State:
    return State([_ask], _NoBytes(), elsewhere=elsewhere or {})


@pytest.fixture
def delivered(project, alice, draft, mike, settings):
    """A draft that was brought upstream and published; yields what is there, by name and digest."""
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    with upstream() as there:
        aimed(there, project, alice)
        publish(draft, mike)
        yield {name: there.digest(name) for name in there.files}


UPSTREAM = {
    "a file that nobody published": (lambda there: there.update({"x.whl": "0" * 64}), "no such file was published"),
    "other bytes": (lambda there: there.update(dict.fromkeys(there, "0" * 64)), "not there with the reviewed bytes"),
    "a file that is not there": (lambda there: there.popitem(), "not there with the reviewed bytes"),
    "half a delivery": (lambda _there: Push.objects.update(state="sending", ended_at=None), "stands upstream as"),
    "an end without an event": (lambda _there: _drop("upstream:done"), "0 events upstream:done, not 1"),
    "a file without an event": (lambda _there: _drop("upstream:confirmed"), "0 events upstream:confirmed, not 2"),
}  # fmt: skip


def test_a_delivery_that_is_whole_breaks_no_promise_and_one_that_was_broken_is_named(delivered):
    assert len(delivered) == 2
    assert list(what_is_upstream_was_reviewed(_state(delivered))) == []
    for name, (spoil, words) in UPSTREAM.items():
        there = dict(delivered)
        with _undone():
            spoil(there)
            found = list(what_is_upstream_was_reviewed(_state(there)))
        assert any(words in one for one in found), (name, found)


def _told(draft, name: str = "msg_1", **files: str) -> dict:
    """What CI's webhook was told of a draft."""
    sha256 = dict(draft.files.values_list("filename", "sha256")) | files
    data = {"project": "sampleproject", "version": "1.0", "fingerprint": draft.publishing_fingerprint}
    return {"headers": {"webhook-id": name}, "body": json.dumps({"data": {**data, "sha256": sha256}})}


def _event(draft, name: str) -> None:
    audit.record(name, on=draft, by=Actor.system("tests"))


def test_a_publish_that_went_back_or_asked_otherwise_after_its_first_file_was_upstream_is_named(
    delivered, draft
):
    """It is true of a publish that is undone, of files that change, of an sdist that comes first, and of what CI is told."""
    now = time.time()
    came = {name: now + name.endswith(".tar.gz") for name in delivered}
    right = State([_ask], _NoBytes(), elsewhere=delivered, since=came, asked=[_told(draft)] * 2)
    assert list(what_is_upstream_was_reviewed(right)) == []
    broken = {
        "draft:publishing-failed, after": replace(right, since=dict.fromkeys(came, now - 60)),
        "file:deleted, after": replace(right, since=dict.fromkeys(came, now - 60)),
        "sdist was upstream before": replace(right, since={name: -at for name, at in came.items()}),
        "asked by 2 names": replace(right, asked=[_told(draft), _told(draft, "msg_2")]),
        "other files than were reviewed": replace(right, asked=[_told(draft, **{"x.whl": "0" * 64})]),
    }
    for words, state in broken.items():
        with _undone():
            if words.endswith("after"):
                _event(draft, words.partition(",")[0])
            found = list(what_is_upstream_was_reviewed(state))
        assert any(words in one for one in found), (words, found)


@pytest.fixture
def link(train, mike) -> TrainLink:
    """A link to the train, for a tester."""
    return acts.make_link(train=train, label="a tester", by=Actor.person(mike), user=mike)


def test_a_trains_link_that_opens_what_it_may_breaks_no_promise(link, train, mikes):
    """It is true while the drafts are staged, when one is canceled, when all are published, and once it is revoked."""
    told = TrainLinkIs(links.token(link), revoked=False)
    assert (list(access._wrong_train_link(_state(), link)), told.wrong()) == ([], "")
    with _undone():
        train.drafts.filter(project__name="companion").update(state="canceled", ended_at=timezone.now())
        assert list(access._wrong_train_link(_state(), link)) == []
    with _undone():
        TrainLink.objects.update(revoked_at=timezone.now())
        assert list(access._wrong_train_link(_state(), TrainLink.objects.get())) == []
    publish_train(mikes, train, "mike")
    assert list(access._wrong_train_link(_state(), TrainLink.objects.get())) == []


def test_a_trains_link_that_opens_more_or_less_is_named(link, train):
    state, asked = _state(), _ask
    for status, words in ((404, "answers 404, not 200"), (302, "answers 302, not 200")):
        state.ask = [lambda path, headers, status=status: Answer(status, {}, b"")]
        assert any(words in one for one in access._wrong_train_link(state, link))
    state.ask = [
        lambda path, headers: asked(
            path.replace("/only/simple/companion/", "/only/simple/sampleproject/"), headers
        )
    ]
    assert any("does not show companion" in one for one in access._wrong_train_link(state, link))
    state.ask = [lambda path, headers: Answer(200, {}, b'{"projects": []}')]
    assert any("lists other projects" in one for one in access._wrong_train_link(state, link))
    gone = TrainLinkIs(links.token(link), revoked=True)
    assert "it is not" in gone.wrong()
