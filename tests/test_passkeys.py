"""Passkeys at the very act: one signature is good for one act, one object, one fingerprint, one person, once, five minutes."""

import json
from datetime import timedelta

import pytest
from django.test import Client, RequestFactory
from django.utils import timezone

from accounts import passkeys, stepup
from accounts.models import ActLock, AuditEvent, PasskeyChallenge
from accounts.stepup import Purpose
from drafts.models import DraftState
from tests import wheels
from tests.authenticator import PRESENT, Key, as_json, ask, give_key, press, spelled
from tests.conftest import PASSWORD, draft_url, totp_code
from tests.pressing import assert_untouched
from tests.racing import race

pytestmark = pytest.mark.django_db


@pytest.fixture
def key(mike):
    """mike's security key."""
    return give_key(mike)


@pytest.fixture
def url(draft):
    """Where the draft is published."""
    return draft_url(draft, "publish")


def publish_with(client, draft, credential: str, **form: str):
    fields = {"fingerprint": draft.fingerprint(), "code": "", **form, "credential": credential}
    return client.post(draft_url(draft, "publish"), fields)


def test_a_passkey_publishes(draft, mikes, key, url):
    """It is true that a passkey does what a code does, and that the record says which of the two it was."""
    assert b"Your passkey is asked for" in mikes.get(url).content
    response = press(mikes, url, key, fingerprint=draft.fingerprint())
    assert (response.status_code, response["Location"]) == (302, draft_url(draft))
    draft.refresh_from_db()
    assert draft.state == DraftState.PROCESSING
    assert AuditEvent.objects.get(event="draft:publishing").details["method"] == "webauthn"


def test_a_code_still_does_it(draft, mikes, key):
    assert publish_with(mikes, draft, "", code=totp_code("mike")).status_code == 302


def test_asking_decides_nothing(draft, mikes, key, url):
    """It is true that the question writes a challenge and nothing else."""
    options = ask(mikes, url, fingerprint=draft.fingerprint())
    assert [one["id"] for one in options["allowCredentials"]] == [spelled(key.id)]
    assert options["rpId"] == "localhost"
    row = PasskeyChallenge.objects.get(used_at=None)
    assert (row.act, row.on, row.challenge) == ("publish", draft.subject, options["challenge"])
    assert row.expires_at - row.made_at == timedelta(minutes=5)
    assert_untouched(draft)


@pytest.mark.parametrize("user", ["rita", "charlie", None])
def test_who_may_not_act_is_asked_for_no_passkey(request, draft, url, user):
    """It is true that the gate comes before the question, so that nobody learns of a passkey or of a draft by asking."""
    client = Client()
    if user:
        person = request.getfixturevalue(user)
        give_key(person)
        client.force_login(person)
    before = PasskeyChallenge.objects.count()
    response = client.post(url, {"fingerprint": draft.fingerprint(), "passkey": "ask"})
    assert response.status_code == {"rita": 403, "charlie": 404, None: 302}[user]
    assert PasskeyChallenge.objects.count() == before


# --- signatures that are not what they should be --------------------------------------------------------

FORGED = {
    "of another site": {"origin": "https://evil.example"},
    "of this site's name on another port": {"origin": "http://localhost:1"},
    "of a site whose name ends like this one's": {"origin": "http://evil-localhost"},
    "for another site's name": {"rp": "evil.example"},
    "without a person's touch": {"flags": 0},
    "of making, not of using": {"type": "webauthn.create"},
    "by another key": {"private": Key().private},
    "of a challenge that nobody asked": {"challenge": spelled(bytes(32))},
    "of an empty challenge": {"challenge": ""},
}


@pytest.mark.promise
@pytest.mark.parametrize("wrong", FORGED.values(), ids=FORGED.keys())
def test_a_forged_signature_publishes_nothing(draft, mikes, key, url, wrong):
    options = ask(mikes, url, fingerprint=draft.fingerprint())
    response = publish_with(mikes, draft, key.sign(options, **wrong))
    assert response.status_code == 403
    assert "wrong, too old, or was used before" in response.content.decode()
    assert_untouched(draft)


def test_a_key_without_a_pin_does_it(draft, mikes, key, url):
    """It is true that touching a security key is enough: it stands beside a password."""
    options = ask(mikes, url, fingerprint=draft.fingerprint())
    assert publish_with(mikes, draft, key.sign(options, flags=PRESENT)).status_code == 302


def elsewhere(cast) -> str:
    """A signature for another act of the same person."""
    form = {
        "link_for_ci": "day",
        "publish_from_ci": "refuse",
        "evidence_demand": "nothing",
        "expected_files": "last",
        "window": "limits",
        "window_first_days": "14",
        "window_series": "minor",
        "window_mode": "refuse",
    }
    return cast.key.sign(ask(cast.alices, "/projects/sampleproject/settings/", **form))


def another_draft(cast) -> str:
    assert cast.ci.upload(wheels.wheel(version="2.0")).status_code == 200
    other = cast.draft.project.drafts.get(version="2.0")
    return cast.key.sign(ask(cast.alices, draft_url(other, "publish"), fingerprint=other.fingerprint()))


def another_content(cast) -> str:
    before = cast.asked()
    assert cast.ci.upload(wheels.wheel(salt="built again")).status_code == 200
    return before


def another_person(cast) -> str:
    key = give_key(cast.mike)
    return key.sign(ask(cast.mikes, cast.url, fingerprint=cast.draft.fingerprint()))


def own_key_on_anothers_challenge(cast) -> str:
    give_key(cast.mike)
    return cast.key.sign(ask(cast.mikes, cast.url, fingerprint=cast.draft.fingerprint()))


def too_old(cast) -> str:
    credential = cast.asked()
    now = timezone.now()
    PasskeyChallenge.objects.update(made_at=now - timedelta(minutes=6), expires_at=now - timedelta(seconds=1))
    return credential


def used_and_failed(cast) -> str:
    """Its challenge was answered once already, by a signature that was wrong."""
    options = ask(cast.alices, cast.url, fingerprint=cast.draft.fingerprint())
    assert publish_with(cast.alices, cast.draft, cast.key.sign(options, flags=0)).status_code == 403
    return cast.key.sign(options)


def used_at_sign_in(cast) -> str:
    """What opened the door does not publish."""
    client = Client()
    step = client.post("/accounts/login/", {"login": "alice@example.org", "password": PASSWORD})["Location"]
    credential = cast.key.sign(ask(client, step))
    assert client.post(step, {"code": "", "credential": credential}).status_code == 302
    return credential


def removed_since(cast) -> str:
    from allauth.mfa.models import Authenticator

    credential = cast.asked()
    Authenticator.objects.filter(type="webauthn").delete()
    return credential


ELSEWHERE = [
    elsewhere,
    another_draft,
    another_content,
    another_person,
    own_key_on_anothers_challenge,
    too_old,
    used_and_failed,
    used_at_sign_in,
    removed_since,
]


@pytest.fixture
def cast(draft, ci, alice, mike, mikes, url):
    """Everything that the situations need; alice has a key."""
    from types import SimpleNamespace

    alices = Client()
    alices.force_login(alice)
    key = give_key(alice)
    found = SimpleNamespace(
        draft=draft, ci=ci, alice=alice, mike=mike, mikes=mikes, alices=alices, key=key, url=url
    )
    found.asked = lambda: key.sign(ask(alices, url, fingerprint=draft.fingerprint()))
    return found


@pytest.mark.promise
@pytest.mark.parametrize("situation", ELSEWHERE, ids=lambda one: one.__name__)
def test_a_signature_is_good_for_its_own_act_alone(cast, situation):
    """It is true that what was signed for something else, by somebody else, or before, publishes nothing."""
    credential = situation(cast)
    response = publish_with(cast.alices, cast.draft, credential)
    assert response.status_code == 403, response.content.decode()
    assert_untouched(cast.draft)


THIS = Purpose("revoke a token", "token:1", "f")
OTHERS = {
    "another act": Purpose("make a token", "token:1", "f"),
    "another object": Purpose("revoke a token", "token:2", "f"),
    "another content": Purpose("revoke a token", "token:1", "g"),
    "no content": Purpose("revoke a token", "token:1"),
}


def prove(user, credential: str, purpose: Purpose):
    request = RequestFactory().post("/", {"credential": credential})
    request.user = user
    return stepup.prove(request, purpose)


@pytest.mark.promise
@pytest.mark.parametrize("other", OTHERS.values(), ids=OTHERS.keys())
def test_each_part_of_a_purpose_counts(mike, other):
    """It is true that a signature for a purpose which differs in one part alone proves nothing, and spends nothing of it."""
    key = give_key(mike)
    asked = as_json(passkeys.request_options(mike, other))
    with pytest.raises(stepup.WrongCode):
        prove(mike, key.sign(asked), THIS)
    assert prove(mike, key.sign(asked), other).method == "webauthn"


@pytest.mark.promise
def test_a_signature_works_once(cast):
    """It is true that what proved one act proves nothing a second time, not even the same act."""
    credential = cast.key.sign(ask(cast.alices, "/projects/sampleproject/tokens/", **TOKEN))
    make = {**TOKEN, "code": "", "credential": credential}
    assert cast.alices.post("/projects/sampleproject/tokens/", make).status_code == 200
    before = cast.draft.project.tokens.count()
    assert cast.alices.post("/projects/sampleproject/tokens/", make).status_code == 403
    assert cast.draft.project.tokens.count() == before


@pytest.mark.promise
@pytest.mark.django_db(transaction=True)
def test_one_signature_at_one_moment_proves_once(cast):
    credential = cast.key.sign(ask(cast.alices, "/projects/sampleproject/tokens/", **TOKEN))
    make = {**TOKEN, "code": "", "credential": credential}
    before = cast.draft.project.tokens.count()

    def press_once() -> int:
        client = Client()
        client.cookies = cast.alices.cookies
        return client.post("/projects/sampleproject/tokens/", make).status_code

    assert sorted(race([press_once] * 4)) == [200, 403, 403, 403]
    assert cast.draft.project.tokens.count() == before + 1


TOKEN = {"kind": "upload", "label": "job", "days": "90"}

NONSENSE = [
    "null", "[]", "1", '"x"', "{}", "{", "not json", "[" * 15_000, "{" * 30_000, '{"rawId": 1}', '{"rawId": "%%%"}',
    '{"rawId": {"a": 1}}', '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {}}',
    '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {"clientDataJSON": "AA", "authenticatorData": "AA", "signature": "AA"}}',
    '{"id": "AA", "rawId": "AA", "type": "x", "response": {"clientDataJSON": "e30", "authenticatorData": "", "signature": ""}}',
    '{"id": "AA", "rawId": "AA", "type": "public-key", "response": [1, 2]}', "x" * 1_000_000, "\U0001f600",
]  # fmt: skip


@pytest.mark.parametrize("text", NONSENSE, ids=range(len(NONSENSE)))
def test_what_no_browser_sends_is_refused_in_words(draft, mikes, key, text):
    response = publish_with(mikes, draft, text)
    assert response.status_code == 403
    assert "wrong, too old, or was used before" in response.content.decode()
    assert_untouched(draft)


@pytest.mark.parametrize("field", ["clientDataJSON", "authenticatorData", "signature"])
@pytest.mark.parametrize(
    "spoil", [lambda old: "", lambda old: "AAAA", lambda old: old[:-4], lambda old: 7, lambda old: old * 2]
)
def test_a_spoiled_answer_is_refused_in_words(draft, mikes, key, url, field, spoil):
    answer = json.loads(key.sign(ask(mikes, url, fingerprint=draft.fingerprint())))
    answer["response"][field] = spoil(answer["response"][field])
    assert publish_with(mikes, draft, json.dumps(answer)).status_code == 403
    assert_untouched(draft)


def test_five_wrong_signatures_lock_the_act(draft, mikes, key, url):
    """It is true that a passkey is no way around the lock, in either direction."""
    for _ in range(5):
        options = ask(mikes, url, fingerprint=draft.fingerprint())
        response = publish_with(mikes, draft, key.sign(options, flags=0))
    assert "locked for 15 minutes" in response.content.decode()
    asked = mikes.post(url, {"fingerprint": draft.fingerprint(), "passkey": "ask"})
    assert asked.status_code == 403
    assert publish_with(mikes, draft, "", code=totp_code("mike")).status_code == 403
    ActLock.objects.update(failures=0, locked_until=None)
    assert press(mikes, url, key, fingerprint=draft.fingerprint()).status_code == 302


def test_questions_without_an_answer_come_to_an_end(draft, mikes, key, url, monkeypatch):
    """It is true that nobody fills the table by asking, and that a code still does it."""
    monkeypatch.setattr(passkeys, "MOST_OPEN", 3)
    for _ in range(3):
        ask(mikes, url, fingerprint=draft.fingerprint())
    refused = mikes.post(url, {"fingerprint": draft.fingerprint(), "passkey": "ask"})
    assert refused.status_code == 403
    assert "wait five minutes" in refused.content.decode()
    refused = mikes.post("/account/factors/passkey/", {"code": totp_code("mike")})
    assert refused.status_code == 403
    assert publish_with(mikes, draft, "", code=totp_code("mike")).status_code == 302
