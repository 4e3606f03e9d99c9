"""After publishing every file is fetched once through its public address and compared with what was reviewed."""

import pytest
from django.test import Client

from accounts.models import AuditEvent
from drafts.models import File, Job, JobState, Kind, LookBack
from tests import wheels
from tests.conftest import do_jobs, draft_url, publish
from tests.providers.peers import peer
from tests.test_jobs import due_now

pytestmark = pytest.mark.django_db


@pytest.fixture
def front(settings):
    """What stands before this server, as readers see it: it hands out what a test gives it."""
    built = {one.filename: one.data for one in (wheels.wheel(), wheels.sdist())}

    def answer(asked):
        name = asked.path.rpartition("/")[2]
        if answer.instead and name.endswith(".whl"):
            answer.instead(asked, built[name])
        else:
            asked.answer(200, built[name])

    answer.instead = None
    with peer(answer) as there:
        settings.PRESSCHECK_URL = there.url
        there.answering = answer
        yield there


def page(draft, client) -> str:
    return client.get(draft_url(draft)).content.decode()


def test_files_that_come_back_as_reviewed_are_said_to(front, draft, mike, mikes):
    """It is true that each file is fetched once, through its public address."""
    publish(draft, mike)
    expected = {f"/files/{file.public_id}/{file.filename}" for file in File.objects.published()}
    assert {asked.path for asked in front.asked} == expected
    assert len(front.asked) == 2
    row = LookBack.objects.get()
    assert (row.files, row.differ, row.error) == (2, {}, "")
    assert AuditEvent.objects.filter(event="draft:fetched-back").count() == 1
    assert "2 of 2 files have the reviewed bytes" in page(draft, mikes)


def test_what_the_sandbox_published_is_fetched_from_there(front, sand_draft, alice):
    """It is true that a file of the sandbox is fetched through the sandbox's address, and nothing through the index's."""
    front.answering.instead = lambda asked, _data: asked.answer(200, wheels.wheel(salt="sand").data)
    publish(sand_draft, alice)
    file = File.objects.published().get()
    assert [asked.path for asked in front.asked] == [f"/sandbox/files/{file.public_id}/{file.filename}"]
    assert LookBack.objects.get().differ == {}


WRONG = {
    "other bytes": (lambda asked, data: asked.answer(200, data[:-1] + b"x"), "hands out other bytes"),
    "bytes that are missing": (lambda asked, data: asked.answer(200, data[:-1]), "hands out other bytes"),
    "more bytes": (
        lambda asked, data: asked.answer(200, data + bytes(5000)),
        "more bytes than were reviewed",
    ),
    "nothing": (lambda asked, _data: asked.answer(404), "answers 404"),
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(("answer", "words"), WRONG.values(), ids=WRONG.keys())
def test_a_difference_is_an_alarm(front, draft, mike, mikes, mailoutbox, answer, words):
    """It is true that other bytes at a public address are told to the maintainers, by mail and in red."""
    front.answering.instead = answer
    publish(draft, mike)
    assert words in LookBack.objects.get().differ["sampleproject-1.0-py3-none-any.whl"]
    assert AuditEvent.objects.filter(event="draft:public-bytes-differ").count() == 1
    text = page(draft, mikes)
    assert "Installers get other bytes than were reviewed" in text
    assert words in text
    assert any("other bytes than were reviewed" in mail.subject for mail in mailoutbox)


def test_what_cannot_be_fetched_is_tried_again_and_then_said(front, draft, mike, mikes):
    front.answering.instead = lambda asked, _data: asked.handler.connection.close()
    publish(draft, mike)
    assert Job.objects.get(kind=Kind.LOOK_BACK).state == JobState.WAITING
    assert not LookBack.objects.exists()
    for _ in range(8):
        due_now()
        do_jobs()
    assert "broke" in LookBack.objects.get().error
    assert AuditEvent.objects.filter(event="draft:not-fetched-back").count() == 1
    assert "Not fetched back" in page(draft, mikes)


def test_only_the_servers_own_address_is_asked_inside(front, draft, mike):
    """It is true that a front which redirects to an inner address does not get it asked."""
    with peer(lambda asked: asked.answer(200, b"inner"), host="127.0.0.1") as inner:
        front.answering.instead = lambda asked, _data: asked.redirect(f"{inner.url}/secret")
        publish(draft, mike)
        assert inner.asked == []
    assert "not a public address" in Job.objects.get(kind=Kind.LOOK_BACK).error


def test_a_private_index_has_no_public_addresses(front, draft, mike, settings):
    settings.INDEX_IS_PRIVATE = True
    publish(draft, mike)
    assert front.asked == []
    assert "private" in LookBack.objects.get().error


def test_looking_back_twice_changes_nothing(front, draft, mike):
    publish(draft, mike)
    Job.objects.filter(kind=Kind.LOOK_BACK).update(state=JobState.WAITING, ended_at=None)
    do_jobs()
    assert LookBack.objects.count() == 1
    assert len(front.asked) == 2
    assert Client().get("/simple/sampleproject/").status_code == 200
