"""Every act on an account leaves its event, in its own transaction: none is forgotten, and none speaks of what did not happen."""

import inspect
from datetime import timedelta
from types import SimpleNamespace

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from accounts import audit, closing, devices, emails, factors, holds, passkeys, people, recovery
from accounts.audit import Actor, Origin
from accounts.models import AuditEvent, FactorHold, Recovery, Session, SignInLink
from tests.authenticator import Key, as_json, give_key
from tests.conftest import PASSWORD, sign_in, totp_code
from tests.proofs import proof_of
from tests.test_audit import NoPaper, everything

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
MODULES = (closing, devices, emails, factors, holds, people, recovery)


@pytest.fixture
def cast(mike, alice):
    """mike with a passkey, a hold, a recovery, sessions and a one-time link; alice beside him."""
    give_key(mike)
    sign_in(mike)
    hold = FactorHold.objects.create(user=mike, until=timezone.now() + timedelta(hours=1), reason="it is new")
    nora = people.add(email="nora@example.org", by=SYSTEM)
    return SimpleNamespace(
        mike=mike,
        alice=alice,
        hold=hold,
        nora=nora,
        link=SignInLink.usable(people.invite(nora)),
        by=Actor.person(mike),
    )


def proven(cast, purpose):
    """mike's proof, given before anything is held."""
    FactorHold.objects.filter(user=cast.mike).update(confirmed_at=timezone.now())
    return proof_of(cast.mike, purpose)


def new_passkey(cast):
    purpose = factors.creation_purpose(cast.mike)
    options = as_json(passkeys.creation_options(cast.mike, purpose))
    return passkeys.read_new(cast.mike, purpose, Key().make(options))


def key_of(cast) -> Authenticator:
    return passkeys.of(cast.mike)[0]


def a_session(cast) -> str:
    return devices.handle_of(Session.objects.get(user=cast.mike).session_key)


def opened(cast, *, due: bool) -> Recovery:
    row = recovery.begin(user=cast.mike, by=SYSTEM, tell=[])
    if due:
        Recovery.objects.update(due_at=timezone.now())
    return row


def a_change(cast):
    proof = proven(cast, emails.purpose(cast.mike, "new@example.org"))
    return emails.ask(user=cast.mike, email="new@example.org", by=cast.by, proof=proof)


def prepared(prepare, act):
    """An act whose preparation is no part of it."""
    return prepare, act


def nothing(_cast) -> None:
    return None


ACTS = {
    "closing.close": prepared(nothing, lambda c, _: closing.close(user=c.mike, by=SYSTEM, reason="left")),
    "closing.open_again": prepared(
        lambda c: closing.close(user=c.mike, by=SYSTEM, reason="left"),
        lambda c, _: closing.open_again(user=c.mike, by=SYSTEM),
    ),
    "emails.ask": prepared(
        lambda c: proven(c, emails.purpose(c.mike, "new@example.org")),
        lambda c, proof: emails.ask(user=c.mike, email="new@example.org", by=c.by, proof=proof),
    ),
    "emails.confirm": prepared(a_change, lambda c, change: emails.confirm(change=change, by=c.by)),
    "emails.stop": prepared(a_change, lambda c, _: emails.stop(user=c.mike, by=c.by)),
    "people.name": prepared(nothing, lambda c, _: people.name(user=c.mike, name="Mike M.", by=c.by)),
    "devices.arrive": prepared(
        nothing, lambda c, _: devices.arrive(user=c.mike, presented="", origin=Origin(), how="password")
    ),
    "devices.end": prepared(a_session, lambda c, one: devices.end(user=c.mike, handle=one, by=c.by)),
    "devices.end_others": prepared(nothing, lambda c, _: devices.end_others(user=c.mike, keep="", by=c.by)),
    "factors.add_app": prepared(
        lambda c: proven(c, factors.add_purpose(c.mike, "totp")),
        lambda c, proof: factors.add_app(user=c.mike, secret="A" * 32, by=c.by, proof=proof),
    ),
    "factors.add_passkey": prepared(
        new_passkey, lambda c, new: factors.add_passkey(user=c.mike, name="x", new=new, by=c.by)
    ),
    "factors.remove": prepared(
        lambda c: proven(c, factors.remove_purpose(key_of(c))),
        lambda c, proof: factors.remove(factor=key_of(c), by=c.by, proof=proof),
    ),
    "factors.make_codes": prepared(
        lambda c: proven(c, factors.codes_purpose(c.mike)),
        lambda c, proof: factors.make_codes(user=c.mike, by=c.by, proof=proof),
    ),
    "holds.after_recovery": prepared(nothing, lambda c, _: holds.after_recovery(user=c.mike, by=c.by)),
    "holds.confirm": prepared(
        nothing,
        lambda c, _: holds.confirm(
            hold=c.hold, by=c.by, factor=Authenticator.objects.get(user=c.mike, type="totp").pk
        ),
    ),
    "holds.confirm_for": prepared(nothing, lambda c, _: holds.confirm_for(user=c.mike, by=c.by)),
    "people.add": prepared(nothing, lambda _c, _: people.add(email="new@example.org", by=SYSTEM)),
    "people.let_in": prepared(nothing, lambda c, _: people.let_in(link=c.link, origin=Origin())),
    "people.set_password": prepared(
        nothing, lambda c, _: people.set_password(user=c.mike, password="x" * 20, by=c.by, forgotten=False)
    ),
    "recovery.begin": prepared(
        nothing, lambda c, _: recovery.begin(user=c.mike, by=SYSTEM, tell=[c.alice.email])
    ),
    "recovery.stop": prepared(
        lambda c: opened(c, due=False), lambda c, row: recovery.stop(recovery=row, by=c.by)
    ),
    "recovery.finish": prepared(
        lambda c: opened(c, due=True), lambda c, _: recovery.finish(user=c.mike, by=SYSTEM)
    ),
}
EVENTS = {
    "closing.close": "person:closed",
    "closing.open_again": "person:opened-again",
    "emails.ask": "email:change-asked",
    "emails.confirm": "email:changed",
    "emails.stop": "email:change-stopped",
    "people.name": "person:named",
    "devices.arrive": "person:signed-in",
    "devices.end": "session:ended",
    "devices.end_others": "session:ended",
    "factors.add_app": "factor:added",
    "factors.add_passkey": "factor:added",
    "factors.remove": "factor:removed",
    "factors.make_codes": "recovery-codes:made",
    "holds.after_recovery": "recovery-codes:used",
    "holds.confirm": "factor:confirmed",
    "holds.confirm_for": "factor:confirmed",
    "people.add": "person:added",
    "people.let_in": "person:signed-in-by-link",
    "people.set_password": "password:changed",
    "recovery.begin": "recovery:opened",
    "recovery.stop": "recovery:stopped",
    "recovery.finish": "recovery:done",
}
each = pytest.mark.parametrize("name", ACTS)


def is_act(function) -> bool:
    """What the house calls an act: one transaction, keyword-only."""
    if not inspect.isfunction(function) or not hasattr(function, "__wrapped__"):
        return False
    kinds = {one.kind for one in inspect.signature(function).parameters.values()}
    return kinds == {inspect.Parameter.KEYWORD_ONLY}


def test_no_act_is_left_out_here():
    """It is true that an act that somebody adds to these modules has to be added to this table."""
    found = {
        f"{module.__name__.rpartition('.')[2]}.{name}"
        for module in MODULES
        for name, function in vars(module).items()
        if not name.startswith("_") and is_act(function) and function.__module__ == module.__name__
    }
    assert found == set(ACTS) == set(EVENTS)


@each
def test_an_act_leaves_its_event(cast, name):
    prepare, act = ACTS[name]
    given = prepare(cast)
    before, events = everything(), AuditEvent.objects.count()
    act(cast, given)
    assert everything() != before or name.startswith("devices.end")  # sessions are looked at elsewhere
    assert list(AuditEvent.objects.order_by("pk").values_list("event", flat=True)[events:]) == [EVENTS[name]]
    assert list(audit.verify()) == []


@each
def test_an_act_whose_event_fails_changes_nothing(cast, name, monkeypatch):
    """It is true that act and event live or die together."""

    def refuse(*_args, **_details):
        raise NoPaper

    prepare, act = ACTS[name]
    given = prepare(cast)
    before, sessions = everything(), Session.objects.count()
    monkeypatch.setattr(audit, "record", refuse)
    with pytest.raises(NoPaper):
        act(cast, given)
    assert (everything(), Session.objects.count()) == (before, sessions)


FORMS = [
    ("/accounts/password/change/", {"oldpassword": PASSWORD, "password1": "x" * 20, "password2": "x" * 20}),
    ("/account/factors/app/", {"new_code": "000000", "code": "?"}),
    ("/account/factors/passkey/", {"name": "x", "code": "?"}),
    ("/account/factors/passkey/made/", {"name": "x", "credential": "{}"}),
    ("/account/codes/make/", {"code": "?"}),
    ("/account/sign-ins/end-others/", {}),
    ("/account/sign-ins/x/end/", {}),
    ("/accounts/password/reset/", {"email": "alice@example.org"}),
    ("/accounts/logout/", {}),
]


@pytest.mark.parametrize(("path", "form"), FORMS, ids=[path for path, _ in FORMS])
def test_no_form_writes_what_no_event_tells_of(alice, path, form):
    """It is true of the pages too: where a row of an account changed, there is an event."""
    client = sign_in(alice)
    sign_in(alice)
    before, events = everything(), AuditEvent.objects.count()
    client.post(path, {**form, **({"code": totp_code("alice")} if "code" in form else {})})
    assert everything() == before or AuditEvent.objects.count() > events


def test_a_failed_sign_in_writes_no_row_of_the_account(alice):
    before = everything()
    client = Client()
    client.post("/accounts/login/", {"login": alice.email, "password": "wrong"})
    step = client.post("/accounts/login/", {"login": alice.email, "password": PASSWORD})["Location"]
    client.post(step, {"code": "000000"})
    assert everything() == before
