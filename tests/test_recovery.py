"""Who lost everything: an operator opens a recovery, 72 hours pass, anybody concerned can object."""

import re
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.core import mail
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

from accounts import recovery
from accounts.audit import Actor
from accounts.models import AuditEvent, FactorHold, Recovery, Session, User
from drafts.management.refusals import Refused
from tests.conftest import PASSWORD, draft_url, sign_in
from tests.test_held_factors import grow_old
from tests.test_second_factors import APP, code_of, shown_secret

pytestmark = pytest.mark.django_db(transaction=True)


def begin(user) -> None:
    call_command("recover", user.email)


def objection(address: str) -> str:
    """The path in the mail that somebody got."""
    (message,) = [one for one in mail.outbox if one.to == [address] and "being recovered" in one.subject]
    return re.search(r"(/account/recovery/\S+)", message.body)[1]


def pass_72_hours() -> None:
    Recovery.objects.update(due_at=timezone.now() - timedelta(seconds=1))


def finish(user, capsys) -> str:
    capsys.readouterr()
    call_command("recover", user.email, "--finish")
    return re.search(r"(/welcome/\S+)", capsys.readouterr().out)[1]


def test_somebody_who_lost_everything_is_let_in_again(project, draft, mike, alice, capsys):
    """It is true that the walk ends with a working factor, which publishes nothing before 72 more hours."""
    grow_old(mike)
    old = sign_in(mike)
    begin(mike)
    assert {address for message in mail.outbox for address in message.to} == {mike.email, alice.email}
    pass_72_hours()
    path = finish(mike, capsys)
    assert old.get("/").status_code == 302
    assert Client().post("/accounts/login/", {"login": mike.email, "password": PASSWORD}).status_code == 200
    elsewhere = Client(REMOTE_ADDR="192.0.2.7")
    assert elsewhere.post(path).status_code == 302
    new = {"password1": "another quiet evening", "password2": "another quiet evening"}
    assert elsewhere.post("/accounts/password/set/", new).status_code == 302
    secret = shown_secret(elsewhere)
    assert elsewhere.post(APP, {"new_code": code_of(secret)}).status_code == 302
    assert elsewhere.get("/").status_code == 200
    form = {"fingerprint": draft.fingerprint(), "code": code_of(secret)}
    refused = elsewhere.post(draft_url(draft, "publish"), form)
    assert refused.status_code == 403
    assert "an operator recovered the account" in refused.content.decode()
    assert {hold.factor is None for hold in FactorHold.objects.standing()} == {True, False}
    events = AuditEvent.objects.filter(event__startswith="recovery:").order_by("pk")
    assert list(events.values_list("event", flat=True)) == ["recovery:opened", "recovery:done"]


@pytest.mark.promise
def test_nothing_is_taken_away_before_72_hours(project, mike, capsys):
    begin(mike)
    before = list(Authenticator.objects.values()), mike.password, Session.objects.count()
    Recovery.objects.update(due_at=timezone.now() + timedelta(minutes=1))
    with pytest.raises(Refused, match="waits until"):
        finish(mike, capsys)
    mike.refresh_from_db()
    assert (list(Authenticator.objects.values()), mike.password, Session.objects.count()) == before


@pytest.mark.promise
@pytest.mark.parametrize("who", ["mike", "alice"])
def test_one_objection_stops_it(project, mike, alice, capsys, who):
    """It is true that the person or an owner stops it without signing in, and that looking at the link does not."""
    begin(mike)
    path = objection(f"{who}@example.org")
    assert "Stop this recovery?" in Client().get(path).content.decode()
    pass_72_hours()
    assert Recovery.objects.get().is_live
    mail.outbox.clear()
    assert "The recovery is stopped" in Client().post(path).content.decode()
    with pytest.raises(Refused, match="no recovery"):
        finish(mike, capsys)
    assert AuditEvent.objects.get(event="recovery:stopped").actor_label == f"{who}@example.org"
    assert {address for message in mail.outbox for address in message.to} == {mike.email, alice.email}
    assert Client().post(path).status_code == 409
    begin(mike)


def test_an_objection_that_comes_too_late_says_so(project, mike, capsys):
    begin(mike)
    path = objection(mike.email)
    pass_72_hours()
    finish(mike, capsys)
    answer = Client().post(path)
    assert answer.status_code == 409
    assert "The recovery is over" in answer.content.decode()


def test_a_recovery_is_opened_and_ended_once(project, mike, capsys):
    begin(mike)
    with pytest.raises(Refused, match="open already"):
        begin(mike)
    pass_72_hours()
    finish(mike, capsys)
    with pytest.raises(Refused, match="no recovery"):
        finish(mike, capsys)


@pytest.mark.parametrize("email", ["nobody@example.org", ""])
def test_there_is_nothing_to_recover_of_nobody(db, email):
    with pytest.raises(Refused, match="no person"):
        call_command("recover", email)


def test_a_closed_account_is_not_recovered(mike):
    User.objects.filter(pk=mike.pk).update(is_active=False)
    mike.refresh_from_db()
    with pytest.raises(recovery.NotRecovered, match="closed"):
        recovery.begin(user=mike, by=Actor.system("tests"), tell=[])


def test_who_is_being_recovered_sees_it_and_stops_it(project, mike):
    begin(mike)
    client = sign_in(mike)
    assert "An operator opened a recovery" in client.get("/account/").content.decode()
    assert "The recovery is stopped" in client.post("/account/recovery/", follow=True).content.decode()
    assert "An operator opened a recovery" not in client.get("/account/").content.decode()
    assert not Recovery.objects.get().is_live
    assert client.post("/account/recovery/").status_code == 302


def test_the_link_is_told_to_nobody_else(project, mike):
    """It is true that the page behind the link sends no address on, and that a wrong link is nothing."""
    begin(mike)
    path = objection(mike.email)
    assert Client().get(path)["Referrer-Policy"] == "no-referrer"
    assert Client().post(f"{path[:-2]}/").status_code == 404
    assert Recovery.objects.get().is_live
