"""Mail to people: text and HTML, one link, nothing that a name could do to it, and no act that waits for it."""

import pytest
from django.core import mail as outbox
from django.db import transaction

from accounts import mail
from accounts.mail import Letter

LETTER = Letter("A subject", ("First.", "Second & <b>third</b>."), "/account/", "Look at it")


def sent() -> tuple:
    (message,) = outbox.outbox
    return message, message.body, message.alternatives[0][0]


def test_a_letter_says_the_same_as_text_and_as_html(settings):
    mail.send(LETTER, to=["alice@example.org"])
    message, text, html = sent()
    assert message.subject == "[Presscheck] A subject"
    assert "Second & <b>third</b>." in text
    assert "Second &amp; &lt;b&gt;third&lt;/b&gt;." in html
    assert f"Look at it:\n{settings.PRESSCHECK_URL}/account/" in text
    assert html.count("<a ") == 1
    assert f'<a href="{settings.PRESSCHECK_URL}/account/">Look at it</a>' in html
    assert "!" not in text + html.replace("<!doctype", "")


def test_a_letter_without_a_link_has_none():
    mail.send(Letter("x", ("y",)), to=["alice@example.org"])
    assert "<a " not in sent()[2]


@pytest.mark.parametrize("subject", ["a\r\nBcc: mallory@example.org", "a\nb", "\x85c", "x" * 500])
def test_a_subject_is_one_header(subject):
    """It is true that whatever stands in a name adds no header to a mail."""
    mail.send(Letter(subject, ("x",)), to=["alice@example.org"])
    message = sent()[0].message()
    assert message["Bcc"] is None
    assert message["To"] == "alice@example.org"


def test_each_address_gets_its_own_letter_once():
    mail.send(LETTER, to=["a@example.org", "b@example.org", "a@example.org"])
    assert [message.to for message in outbox.outbox] == [["a@example.org"], ["b@example.org"]]


@pytest.mark.parametrize("address", ["", "nobody", "a@example.org\nBcc: b@example.org"])
def test_an_address_that_is_none_stops_nothing(address):
    mail.send(LETTER, to=[address, "b@example.org"])
    assert outbox.outbox[-1].to == ["b@example.org"]


def test_a_server_that_is_away_stops_nothing(settings, caplog):
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    mail.send(LETTER, to=["alice@example.org"])
    assert "could not be sent" in caplog.text


@pytest.mark.django_db(transaction=True)
def test_an_act_that_fails_sends_nothing():
    def act(*, fails: bool) -> None:
        with transaction.atomic():
            mail.after_commit(LETTER, to=["alice@example.org"])
            assert outbox.outbox == []
            if fails:
                raise RuntimeError

    with pytest.raises(RuntimeError):
        act(fails=True)
    assert outbox.outbox == []
    act(fails=False)
    assert len(outbox.outbox) == 1
