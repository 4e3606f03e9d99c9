"""Trains and upstream indexes: all drafts show here in one moment, and then each is brought upstream, however far another got."""

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEvent
from drafts.models import Draft, DraftState, Job, Kind, Push, PushedFile, PushState, Release, Train
from tests import stored
from tests.conftest import draft_url, totp_code
from tests.coupled import nothing_public, press_train, publish_train, receipt_of, visible
from tests.sent_on import goes_on, loopback_is_allowed, there
from tests.test_promises_bytes import one_bit
from tests.upstreams import aimed, refuses, upstream

__all__ = ["loopback_is_allowed", "there"]
pytestmark = [pytest.mark.django_db, pytest.mark.promise, pytest.mark.state]
ALL = {"sampleproject": 2, "companion": 2}


@pytest.fixture
def elsewhere():
    """The upstream index of companion."""
    with upstream() as double:
        yield double


@pytest.fixture
def both(train, there, elsewhere, project, companion, alice) -> Train:
    """A train whose two projects go to two upstream indexes."""
    aimed(there, project, alice)
    aimed(elsewhere, companion, alice)
    return train


def page(client: Client, train: Train) -> str:
    return client.get(reverse("train", args=[train.pk])).content.decode()


def pushes() -> dict[str, str]:
    return dict(Push.objects.values_list("draft__project__name", "state"))


def test_a_train_shows_here_at_once_and_then_goes_upstream(both, there, elsewhere, mikes):
    """It is true that each draft's files go to its own index, wheels first, after everything shows here."""
    asked = mikes.get(reverse("train-publish", args=[both.pk])).content.decode()
    assert asked.count("Once the train shows here, the files go to") == 2
    publish_train(mikes, both, "mike")
    assert (both.state, visible()) == ("published", ALL)
    assert [name.rpartition(".")[2] for name in there.uploads] == ["whl", "gz"]
    assert len(elsewhere.uploads) == 2
    assert pushes() == {"sampleproject": "done", "companion": "done"}
    for draft in both.drafts.all():
        events = AuditEvent.objects.filter(on_kind="draft", on_id=str(draft.pk)).order_by("seq")
        order = [
            row.event for row in events if row.event in {"draft:published", "upstream:sent", "upstream:done"}
        ]
        assert order == ["draft:published", "upstream:sent", "upstream:sent", "upstream:done"]
        assert receipt_of(draft)["upstream"]["state"] == "waiting"
    assert "Upstream: 2 of 2 drafts done." in page(mikes, both)


def test_nothing_goes_upstream_before_the_train_shows_here(both, there, elsewhere, draft, mikes):
    """It is true that a train which is handed back, because a bit differs, sent nothing anywhere."""
    assert press_train(mikes, both, "mike").status_code == 302
    assert set(pushes().values()) == {"waiting"}
    assert not Job.objects.filter(kind=Kind.PUBLISH).exists()
    stored.change(draft.files.first(), one_bit)
    goes_on()
    assert nothing_public()
    assert there.uploads == elsewhere.uploads == []
    assert not Push.objects.exists()
    assert set(Draft.objects.values_list("state", flat=True)) == {"error"}


@pytest.fixture
def refused(both, there, mikes) -> Draft:
    """One index refuses the sdist; the other takes everything."""
    there.instead = [None, refuses(403, b"no such user"), refuses(403, b"no such user")]
    publish_train(mikes, both, "mike")
    return both.drafts.get(project__name="sampleproject")


def test_one_refusal_stops_that_draft_alone_and_is_told(both, refused, elsewhere, mikes, alice):
    """It is true that everything shows here, the other index has its files, and the pages say which file is where."""
    assert (both.state, visible(), refused.state) == ("published", ALL, DraftState.PUBLISHED)
    assert pushes() == {"sampleproject": "stopped", "companion": "done"}
    assert len(elsewhere.files) == 2
    shown = page(mikes, both)
    assert "Upstream: 1 of 2 drafts done, 1 stopped and waits for a person." in shown
    assert "stopped, 1 of 2 files" in shown
    assert "hx-get" not in shown
    own = mikes.get(draft_url(refused)).content.decode()
    assert "may lack some of its files" in own
    assert "no such user" in own
    assert "Nothing shows on this index yet" not in own
    states = set(PushedFile.objects.filter(push=refused.pk).values_list("state", flat=True))
    assert states in ({"refused", "sent"}, {"refused", "confirmed"})


def test_a_stopped_delivery_is_resumed(both, refused, there, mikes):
    there.instead = []
    assert mikes.post(draft_url(refused, "upstream-resume")).status_code == 302
    goes_on()
    assert pushes() == {"sampleproject": "done", "companion": "done"}
    assert len(there.files) == 2
    assert AuditEvent.objects.filter(event="draft:published").count() == 2
    refused.refresh_from_db()
    assert refused.state == DraftState.PUBLISHED


def test_an_owner_leaves_the_rest(both, refused, there, alice):
    client = Client()
    client.force_login(alice)
    url = draft_url(refused, "upstream-finish")
    assert "Leave sampleproject 1.0 here alone" in client.get(url).content.decode()
    form = {"reason": "the name is taken there", "code": totp_code("alice")}
    assert client.post(url, form).status_code == 302
    goes_on()
    push = Push.objects.get(draft=refused)
    assert (push.state, visible()) == (PushState.LEFT, ALL)
    assert AuditEvent.objects.get(event="upstream:left").details["reason"] == "the name is taken there"
    assert "left by an owner" in page(client, both)


def test_an_index_that_is_down_is_tried_again_and_nothing_is_handed_back(both, there, mikes):
    """It is true that the tenth failure stops the delivery of a draft that shows here, and takes nothing back."""
    there.down = 503
    publish_train(mikes, both, "mike")
    assert (both.state, visible()) == ("published", ALL)
    assert "hx-get" in page(mikes, both)
    assert "0 of 2 files confirmed" in page(mikes, both)
    Push.objects.filter(draft__project__name="sampleproject").update(tries=9)
    goes_on()
    assert visible() == ALL
    assert pushes()["sampleproject"] == "waiting"
    there.down = 0
    goes_on()
    assert pushes() == {"sampleproject": "done", "companion": "done"}


def _yanked(draft: Draft) -> None:
    draft.files.update(yanked="a mistake")


def _in_quarantine(draft: Draft) -> None:
    Release.objects.filter(project=draft.project).update(quarantined_at=timezone.now(), quarantine_reason="x")


@pytest.mark.parametrize("change", [_yanked, _in_quarantine])
def test_what_is_taken_back_here_is_not_sent_elsewhere(both, there, draft, mikes, change):
    """It is true that a delivery which was still to come stops, and says why, when the release is yanked or hidden here."""
    there.down = 503
    publish_train(mikes, both, "mike")
    change(draft)
    there.down = 0
    goes_on()
    assert (pushes()["sampleproject"], there.uploads) == ("stopped", [])
    assert "nothing more of it is sent" in Push.objects.get(draft=draft).words


@pytest.mark.embedded  # in a bucket other copies are sent
def test_files_that_a_delivery_finds_spoiled_are_not_sent(both, there, draft, mikes):
    """It is true that what is sent is what was reviewed, also after it shows here."""
    there.down = 503
    publish_train(mikes, both, "mike")
    stored.change(draft.files.get(filetype="bdist_wheel"), one_bit)
    there.down = 0
    goes_on()
    assert pushes()["sampleproject"] == "stopped"
    assert there.files == {}
