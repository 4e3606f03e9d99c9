"""The read-only switch: operators let nothing change for a while; what is published is read as ever."""

import json

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent
from drafts.access import operators
from drafts.models import Draft, File, Job, ReadOnly
from drafts.operations import sweeps
from tests import wheels
from tests.conftest import SYSTEM, do_jobs, draft_url, publish, sign_in, totp_code
from tests.inspected import inspect_now
from tests.test_roles import PAGES, address, ask, where
from tests.trusted import exchange, provider, publisher

__all__ = ["provider", "publisher", "where"]
pytestmark = pytest.mark.django_db
SWITCH = reverse("operators-read-only")
WHY = "The disk is being replaced."


def press(client: Client, act: str, **form: str):
    return client.post(SWITCH, {"act": act, "reason": WHY, "code": totp_code("olga"), **form})


@pytest.fixture
def still(db):
    """A server that is read-only."""
    operators.make_read_only(reason=WHY, by=SYSTEM)


@pytest.mark.promise
def test_no_page_takes_a_change(where, alice, still):
    """It is true that every form of every page answers 503 in words, with Retry-After, and changes nothing."""
    browser = Client()
    browser.force_login(alice)
    before = AuditEvent.objects.count()
    for route, page in PAGES.items():
        if "post" in page.methods:
            answer = browser.post(address(route, where), {"code": totp_code("alice")})
            assert (answer.status_code, answer["Retry-After"]) == (503, "600"), route
            assert WHY in answer.content.decode()
    assert AuditEvent.objects.count() == before
    for route, page in PAGES.items():
        if "get" in page.methods:
            assert ask(browser, "get", address(route, where)).status_code in {200, 302}, route


@pytest.mark.promise
def test_no_upload_is_taken(draft, ci, still):
    """It is true that both doors and the one for evidence refuse with a code and Retry-After, and keep nothing."""
    before = (File.objects.count(), AuditEvent.objects.count())
    body = json.dumps({"meta": {"api-version": "2.0"}, "name": "sampleproject", "version": "2.0"})
    told = {"Authorization": ci.basic, "Accept": "application/vnd.pypi.upload.v2+json"}
    answers = [
        ci.upload(wheels.wheel(build="1")),
        Client().post("/upload/", body, content_type="application/vnd.pypi.upload.v2+json", headers=told),
        Client().post(
            "/evidence/?project=sampleproject&version=1.0", b"x", content_type="text/plain", headers=told
        ),
    ]
    for answer in answers:
        assert (answer.status_code, answer["Retry-After"]) == (503, "600")
        assert answer.json()["errors"][0]["code"] == "read-only"
        assert WHY in answer.reason_phrase
    assert (File.objects.count(), AuditEvent.objects.count()) == before


def test_no_account_changes(alice, still):
    """It is true of factors, codes, name and address; ending a sign-in, and signing in and out, go on."""
    browser, before = Client(), AuditEvent.objects.count()
    browser.force_login(alice)
    held = [
        "factors/app/",
        "factors/passkey/",
        "factors/1/remove/",
        "codes/make/",
        "name/",
        "email/",
        "email/x/",
    ]
    for path in held:
        answer = browser.post(f"/account/{path}", {"code": totp_code("alice"), "name": "Alice B"})
        assert (answer.status_code, answer["Retry-After"]) == (503, "600"), path
        assert WHY in answer.content.decode()
    assert AuditEvent.objects.count() == before
    assert browser.get("/account/").status_code == 200
    assert browser.post("/account/sign-ins/end-others/").status_code in {302, 403}
    sign_in(alice)


def test_no_token_is_minted(publisher, provider, still):
    """It is true that a job is told so in words, and its identity is good afterwards."""
    token = provider.token()
    answer = exchange(token)
    assert (answer.status_code, answer["Retry-After"]) == (503, "600")
    assert WHY in answer.json()["message"]
    operators.make_writable(by=SYSTEM)
    assert exchange(token).status_code == 200


def test_what_is_published_is_read_as_ever(draft, mike, mikes):
    publish(draft, mike, mikes)
    operators.make_read_only(reason=WHY, by=SYSTEM)
    file = File.objects.published().first()
    answer = Client().get(f"/files/{file.public_id}/{file.filename}")
    assert (answer.status_code, len(b"".join(answer.streaming_content))) == (200, file.size)
    assert Client().get("/simple/sampleproject/").status_code == 200


def test_a_publish_that_was_pressed_before_waits_and_goes_on_by_itself(draft, mike, mikes):
    """It is true that nothing becomes visible while it lasts, and that nobody has to press again."""
    inspect_now()
    form = {"fingerprint": draft.fingerprint(), "code": totp_code("mike")}
    mikes.post(draft_url(draft, "publish"), form)
    operators.make_read_only(reason=WHY, by=SYSTEM)
    do_jobs()
    assert File.objects.published().count() == 0
    job = Job.objects.get(kind="publishing.publish")
    assert (job.state, job.failures, WHY in job.error) == ("waiting", 0, True)
    operators.make_writable(by=SYSTEM)
    Job.objects.update(not_before="2020-01-01T00:00:00Z")
    do_jobs()
    assert File.objects.published().count() == 2


def test_it_is_a_blocker(draft, mikes, still):
    assert 'data-blocker="read-only"' in mikes.get(draft_url(draft)).content.decode()


def test_no_draft_expires(draft, still):
    Draft.objects.update(expires_at="2020-01-01T00:00:00Z")
    assert sweeps.expire_drafts() == 0
    operators.make_writable(by=SYSTEM)
    assert sweeps.expire_drafts() == 1


def test_an_operator_presses_it_and_takes_it_back(olgas):
    """It is true that it takes a reason and a second factor, that it works while read-only, and is on record."""
    assert press(olgas, "on", reason=" ").status_code == 403
    assert press(olgas, "on", code="").status_code == 403
    assert ReadOnly.now() is None
    assert press(olgas, "on").status_code == 302
    page = olgas.get(reverse("operators")).content.decode()
    assert 'data-read-only="on"' in page
    assert WHY in page
    assert press(olgas, "off").status_code == 302
    assert ReadOnly.now() is None
    events = AuditEvent.objects.filter(event__startswith="server:").order_by("seq")
    assert [(row.event, row.actor_label) for row in events] == [
        ("server:read-only", "olga"),
        ("server:writable", "olga"),
    ]


def test_it_is_on_or_off_once(db):
    assert operators.make_read_only(reason=WHY, by=SYSTEM)
    assert not operators.make_read_only(reason="again", by=SYSTEM)
    assert operators.make_writable(by=SYSTEM)
    assert not operators.make_writable(by=SYSTEM)
    assert AuditEvent.objects.filter(event__startswith="server:").count() == 2


def test_people_can_sign_in_meanwhile(alice, still):
    from tests.conftest import sign_in

    assert sign_in(alice).get("/").status_code == 200
