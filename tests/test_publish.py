"""Publishing: what the click needs, what refuses it, and that a refusal changes nothing (promise 6)."""

from datetime import timedelta

import pytest
from allauth.mfa.recovery_codes.internal.auth import RecoveryCodes
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import stepup
from accounts.audit import Actor
from accounts.models import AuditEvent, FactorHold, TotpCounter
from accounts.stepup import Purpose
from drafts.access import links
from drafts.models import Draft, DraftState, IndexPage
from tests import wheels
from tests.conftest import do_jobs, draft_url, publish, sign_in, totp_code
from tests.pressing import assert_untouched, browser_of, mismatch, press
from tests.racing import race

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
SYSTEM = Actor.system("tests")


def test_a_maintainer_with_a_code_and_the_fingerprint_publishes(draft, mike):
    """It is true that the refusals below fail for their one reason: without it the click publishes."""
    assert press(browser_of(mike), draft, code=totp_code("mike"), note="  Looks right. ").status_code == 302
    draft.refresh_from_db()
    assert draft.state == DraftState.PROCESSING
    do_jobs()
    draft.refresh_from_db()
    assert draft.state == DraftState.PUBLISHED
    started, published = AuditEvent.objects.filter(event__startswith="draft:publish").order_by("pk")
    assert (started.actor_label, started.details) == ("mike", {"method": "totp", "note": "Looks right."})
    assert (published.actor_label, published.digest) == ("mike", draft.fingerprint())
    assert published.details["files"] == dict(draft.files.values_list("filename", "sha256"))


def test_a_public_address_opens_nothing_before_all_is_public(draft, mike):
    """It is true that files have public ids while they are being published, which nobody is told and which open nothing."""
    press(browser_of(mike), draft, code=totp_code("mike"))
    token = links.token(links.make(draft=draft, by=SYSTEM))
    told = Client().get(f"/draft/{token}/simple/sampleproject/").content.decode()
    for file in draft.files.completed():
        assert len(file.public_id) == 32
        assert file.public_id not in told
        for method in ("get", "head"):
            for suffix in ("", ".metadata"):
                path = f"/files/{file.public_id}/{file.filename}{suffix}"
                assert getattr(Client(), method)(path).status_code == 404
    do_jobs()
    for file in draft.files.completed():
        assert Client().head(f"/files/{file.public_id}/{file.filename}").status_code == 200


PEOPLE = {"a reviewer": ("rita", 403), "a stranger": ("charlie", 404), "nobody": (None, 302)}


@pytest.mark.parametrize(("name", "status"), PEOPLE.values(), ids=PEOPLE.keys())
@pytest.mark.parametrize("method", ["get", "post"])
def test_who_is_no_maintainer_publishes_nothing(draft, rita, charlie, name, status, method):
    client = browser_of({"rita": rita, "charlie": charlie}[name]) if name else Client()
    form = {"fingerprint": draft.fingerprint(), "code": totp_code(name) if name else "123456"}
    response = getattr(client, method)(draft_url(draft, "publish"), form)
    assert response.status_code == status
    assert_untouched(draft)


def _used(user) -> str:
    code = totp_code("mike")
    request = RequestFactory().post("/", {"code": code})
    request.user = user
    stepup.prove(request, Purpose("another act", "draft:0"))
    return code


def _recovery(user) -> str:
    return RecoveryCodes(user.authenticator_set.get(type="recovery_codes")).get_unused_codes()[0]


CODES = {
    "no code": lambda mike: "",
    "letters": lambda mike: "abcdef",
    "a wrong code": lambda mike: "000000" if totp_code("mike") != "000000" else "000001",
    "a code of two minutes ago": lambda mike: totp_code("mike", ahead=-4),
    "a code of the next minutes": lambda mike: totp_code("mike", ahead=4),
    "the code of somebody else": lambda mike: totp_code("alice"),
    "a code that was used": _used,
    "a recovery code": _recovery,
}


@pytest.mark.parametrize("code", CODES.values(), ids=CODES.keys())
def test_without_a_code_given_now_nothing_is_published(draft, mike, code):
    """It is true that only a code of the person's own authenticator, of now, and never used before, publishes."""
    response = press(browser_of(mike), draft, code=code(mike))
    assert response.status_code == 403
    assert b"Nothing was changed" in response.content or b"Type the six digits" in response.content
    assert_untouched(draft)


def test_the_code_of_the_sign_in_publishes_nothing(draft, mike):
    """It is true that a code which opened the door is spent, also for whoever looked over the shoulder."""
    client, code = Client(), totp_code("mike")
    client.post("/accounts/login/", {"login": mike.email, "password": "correct horse battery staple"})
    assert client.post("/accounts/2fa/authenticate/", {"code": code}).status_code == 302
    assert press(client, draft, code=code).status_code == 403
    assert_untouched(draft)
    assert press(client, draft, code=totp_code("mike", ahead=1)).status_code == 302


def test_a_fresh_sign_in_alone_publishes_nothing(draft, mike):
    assert press(sign_in(mike), draft).status_code == 403
    assert_untouched(draft)


def test_a_factor_that_is_too_fresh_publishes_nothing(draft, mike):
    FactorHold.objects.create(user=mike, until=timezone.now() + timedelta(hours=1), reason="it is new")
    response = press(browser_of(mike), draft, code=totp_code("mike"))
    assert response.status_code == 403
    assert b"it is new" in response.content
    assert_untouched(draft)
    FactorHold.objects.update(until=timezone.now())
    assert press(browser_of(mike), draft, code=totp_code("mike")).status_code == 302


def test_a_file_that_changed_is_shown_and_the_code_is_not_spent(draft, mike, ci):
    """It is true that a click on a page that is out of date is refused with 409 and the difference."""
    seen, code = draft.fingerprint(), totp_code("mike")
    old = draft.files.get(filetype="bdist_wheel")
    new = wheels.wheel(salt="late")
    assert ci.upload(new).status_code == 200
    client = browser_of(mike)
    response = client.post(draft_url(draft, "publish"), {"fingerprint": seen, "code": code})
    assert response.status_code == 409
    page = response.content.decode()
    assert old.filename in page
    assert old.sha256[:8] in page
    assert new.sha256[:8] in page
    assert_untouched(draft)
    assert press(client, draft, code=code).status_code == 302


@pytest.mark.parametrize("fingerprint", ["", "0" * 64, "nonsense"])
def test_a_fingerprint_that_is_not_the_drafts(draft, mike, fingerprint):
    form = {"fingerprint": fingerprint, "code": totp_code("mike")}
    assert browser_of(mike).post(draft_url(draft, "publish"), form).status_code == 409
    assert_untouched(draft)


def not_ready(draft, rita) -> None:
    draft.files.filter(filetype="sdist").update(state="processing")


BLOCKED = {
    "evidence against it": (mismatch, "not what CI logged"),
    "a file not ready": (not_ready, "Not ready"),
}


@pytest.mark.parametrize(("block", "words"), BLOCKED.values(), ids=BLOCKED.keys())
def test_a_blocker_refuses_before_the_code_is_spent(draft, mike, rita, block, words):
    block(draft, rita)
    client, last = browser_of(mike), TotpCounter.objects.get(user=mike).last_counter
    response = press(client, draft, code=totp_code("mike"))
    assert response.status_code == 409
    assert words in response.content.decode()
    assert_untouched(draft)
    assert TotpCounter.objects.get(user=mike).last_counter == last
    assert client.get(draft_url(draft, "publish")).status_code == 302


def test_a_draft_without_files_is_not_published(draft, mike):
    for file in draft.files.all():
        file.cancel()
    assert press(browser_of(mike), draft, code=totp_code("mike")).status_code == 409
    assert_untouched(draft)


def test_what_is_published_or_canceled_is_not_published_again(draft, mike):
    client = browser_of(mike)
    publish(draft, mike, client)
    before = IndexPage.objects.get().serial, AuditEvent.objects.count()
    response = press(client, draft, code=totp_code("mike"))
    assert response.status_code == 302
    do_jobs()
    assert (IndexPage.objects.get().serial, AuditEvent.objects.count()) == before
    draft.refresh_from_db()
    assert draft.state == DraftState.PUBLISHED


@pytest.mark.django_db(transaction=True)
def test_one_code_publishes_one_draft(draft, ci, mike):
    """It is true that a code given twice at one moment, for two drafts, publishes one of them."""
    assert ci.upload(wheels.wheel(version="2.0")).status_code == 200
    both, code = list(Draft.objects.all()), totp_code("mike")
    calls = [lambda one=one: press(browser_of(mike), one, code=code).status_code for one in both]
    assert sorted(race(calls)) == [302, 403]
    assert sorted(Draft.objects.values_list("state", flat=True)) == ["open", "processing"]
