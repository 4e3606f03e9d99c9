"""Another address, confirmed from its mailbox by whoever is signed in; and another name."""

import re

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts import emails
from accounts.models import AuditEvent, EmailChange, User
from accounts.stepup import ProofRefused
from tests.conftest import PASSWORD, totp_code
from tests.proofs import proof_of

pytestmark = pytest.mark.django_db(transaction=True)
PAGE = "/account/email/"


def ask(browser, email="new@example.org", **form):
    return browser.post(PAGE, {"email": email, "code": totp_code("mike"), **form})


def link(email="new@example.org") -> str:
    message = [one for one in mail.outbox if one.to == [email]][-1]
    return re.search(r"(/account/email/\S+)", message.body)[1]


def address() -> str:
    return User.objects.get(name="mike").email


def test_a_person_gets_another_address(mike, mikes):
    """It is true that the new address confirms, both are told, and the new one signs in."""
    assert ask(mikes, " New@Example.org ").status_code == 302
    assert address() == "mike@example.org"
    assert "was mailed there" in mikes.get("/account/").content.decode()
    page = mikes.get(link())
    assert "new@example.org" in page.content.decode()
    assert page["Referrer-Policy"] == "no-referrer"
    assert address() == "mike@example.org"
    assert mikes.post(link()).status_code == 302
    assert address() == "new@example.org"
    told = [(one.to[0], one.subject.partition("] ")[2]) for one in mail.outbox]
    assert sorted(told) == [
        ("mike@example.org", "Another address was asked for"),
        ("mike@example.org", "The address of your account was changed"),
        ("new@example.org", "Confirm your new address"),
        ("new@example.org", "The address of your account was changed"),
    ]
    step = Client().post("/accounts/login/", {"login": "new@example.org", "password": PASSWORD})
    assert step.status_code == 302
    old = Client().post("/accounts/login/", {"login": "mike@example.org", "password": PASSWORD})
    assert old.status_code == 200
    said = AuditEvent.objects.filter(event__startswith="email:").order_by("pk")
    assert [row.event for row in said] == ["email:change-asked", "email:changed"]


def test_another_persons_session_confirms_nothing(mike, mikes, charlie):
    """It is true that the link in a forwarded mail changes nothing for who is not signed in to the account."""
    ask(mikes)
    other = Client()
    other.force_login(charlie)
    assert [other.get(link()).status_code, other.post(link()).status_code] == [404, 404]
    assert Client().post(link()).status_code == 302
    assert (address(), charlie.email) == ("mike@example.org", "charlie@example.org")


def stopped(mikes):
    assert mikes.post("/account/email/stop/").status_code == 302


def too_old(mikes):
    EmailChange.objects.update(expires_at=timezone.now())


def used(mikes):
    assert mikes.post(link()).status_code == 302


def asked_again(mikes):
    assert ask(mikes, "third@example.org").status_code == 302


@pytest.mark.promise
@pytest.mark.parametrize("how", [stopped, too_old, used, asked_again])
def test_a_link_that_is_over_changes_nothing(mike, mikes, how):
    ask(mikes)
    path = link()
    how(mikes)
    before = address()
    assert [mikes.get(path).status_code, mikes.post(path).status_code] == [404, 404]
    assert address() == before


@pytest.mark.promise
def test_the_page_does_not_say_which_addresses_have_accounts(mike, mikes, charlie):
    """It is true that a taken address gets the same answer, and is told so itself."""
    free, taken = ask(mikes), ask(mikes, charlie.email)
    assert (free.status_code, free["Location"]) == (taken.status_code, taken["Location"])
    assert not EmailChange.objects.filter(ended_at=None).exists()
    assert "has an account already" in mail.outbox[-1].subject
    assert mail.outbox[-1].to == [charlie.email]


def test_an_address_that_was_taken_meanwhile_is_refused(mike, mikes, charlie):
    """It is true that the database decides who has an address."""
    ask(mikes)
    User.objects.filter(pk=charlie.pk).update(email="new@example.org")
    answer = mikes.post(link())
    assert (answer.status_code, "cannot be had" in answer.content.decode()) == (409, True)
    assert address() == "mike@example.org"


REFUSED = {
    "no address": ({"email": ""}, 400),
    "no e-mail address": ({"email": "mike at home"}, 400),
    "the same": ({"email": "Mike@example.org"}, 400),
    "a line break": ({"email": "a@example.org\nBcc: b@example.org"}, 400),
    "no code": ({"code": ""}, 403),
    "a wrong code": ({"code": "000000"}, 403),
}


@pytest.mark.parametrize(("form", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_a_change_is_refused_in_words(mike, mikes, form, status):
    answer = ask(mikes, **form)
    assert (answer.status_code, 'role="alert"' in answer.content.decode()) == (status, True)
    assert (EmailChange.objects.count(), mail.outbox) == (0, [])


@pytest.mark.promise
def test_a_proof_is_for_one_person_and_one_address(mike, charlie):
    for user, email in ((mike, "other@example.org"), (charlie, "new@example.org")):
        with pytest.raises(ProofRefused):
            emails.ask(
                user=mike, email="new@example.org", by=None, proof=proof_of(user, emails.purpose(user, email))
            )
    assert not EmailChange.objects.exists()


def test_a_person_has_another_name(mike, mikes):
    """It is true that it shows, is on record, and nothing is for no change."""
    for name in ("Mike  Miller ", "Mike Miller"):
        assert mikes.post("/account/name/", {"name": name}).status_code == 302
    mike.refresh_from_db()
    assert mike.name == "Mike Miller"
    event = AuditEvent.objects.get(event="person:named")
    assert (event.details["before"], event.details["after"]) == ("mike", "Mike Miller")
