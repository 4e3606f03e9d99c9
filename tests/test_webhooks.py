"""Webhooks: signed as Standard Webhooks has it, tried for a day, sent nowhere that the server may not reach."""

import base64
import hashlib
import hmac
import json
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest
from django.core import mail as outbox
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent
from accounts.stepup import ProofRefused
from drafts.access.members import NotYours
from drafts.models import Delivery, Job, Kind, Webhook
from drafts.notify import deliver, hooks
from tests.approving import browser
from tests.conftest import do_jobs, publish, totp_code
from tests.proofs import proof_of

pytestmark = pytest.mark.django_db


class Receiver(BaseHTTPRequestHandler):
    """Keeps what it is sent, and answers as it is told."""

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.got.append((dict(self.headers.items()), body))
        status = self.server.answers.pop(0) if self.server.answers else 204
        self.send_response(status)
        if status in {301, 307}:
            self.send_header("Location", "/elsewhere")
        self.end_headers()
        if status != 204:
            self.wfile.write(b"words of the receiver" * 100)

    def log_message(self, *_args) -> None:
        """Say nothing."""


@contextmanager
def receiver():
    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        server.got, server.answers = [], []
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        yield server
        server.shutdown()
        thread.join()


@pytest.fixture
def there(settings):
    """A receiver on loopback that the operator allows."""
    settings.OUTBOUND_ALLOW = ["127.0.0.0/8"]
    with receiver() as server:
        server.url = f"http://127.0.0.1:{server.server_port}/hook"
        yield server


def add(alice, project, url: str, events=()) -> tuple[Webhook, str]:
    proof = proof_of(alice, hooks.purpose(project, "add", url))
    return hooks.add(project=project, url=url, events=events, by=Actor.person(alice), proof=proof)


def verify(secret: str, headers: dict[str, str], body: bytes) -> dict:
    """Check a message as the specification's text says, with nothing of ours."""
    told = {name.lower(): value for name, value in headers.items()}
    key = base64.b64decode(secret.split("_", 1)[1])
    signed = f"{told['webhook-id']}.{told['webhook-timestamp']}.".encode() + body
    mine = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    versions = [one.split(",", 1) for one in told["webhook-signature"].split(" ")]
    assert any(version == "v1" and hmac.compare_digest(text, mine) for version, text in versions)
    assert abs(int(told["webhook-timestamp"]) - timezone.now().timestamp()) < 300
    return json.loads(body)


def again_now() -> None:
    Job.objects.filter(kind=Kind.DELIVER).update(not_before=timezone.now())
    do_jobs()


def test_what_happens_to_a_draft_arrives_signed(there, draft, alice, mike, project):
    """It is true that a receiver which knows the secret alone verifies each message, and that each tells one event."""
    _, secret = add(alice, project, there.url)
    publish(draft, mike)
    told = {body["type"]: body["data"] for body in (verify(secret, *got) for got in there.got)}
    assert set(told) == {"draft.published"}
    assert told["draft.published"]["files"] == {file.filename: file.sha256 for file in draft.files.all()}
    assert told["draft.published"]["version"] == "1.0"
    assert [told["draft.published"][key] for key in ("name", "space")] == ["sampleproject", "index"]
    assert [one.state for one in Delivery.objects.all()] == ["delivered"]
    assert len({headers["webhook-id"] for headers, _ in there.got}) == len(there.got)


@pytest.mark.promise
def test_a_message_with_another_secret_or_body_does_not_verify(there, project, alice):
    hook, secret = add(alice, project, there.url)
    hooks.test(hook=hook, by=actor())
    do_jobs()
    headers, body = there.got[0]
    verify(secret, headers, body)
    for wrong in (
        (secret, headers, body + b" "),
        ("whsec_" + base64.b64encode(b"x" * 32).decode(), headers, body),
    ):
        with pytest.raises(AssertionError):
            verify(*wrong)


def actor():
    return Actor.system("tests")


def test_a_webhook_hears_what_it_asked_for(there, draft, mike, alice, project):
    add(alice, project, there.url, [hooks.Event.CANCELED])
    publish(draft, mike)
    assert there.got == []


def test_after_a_rotation_both_secrets_verify_for_a_day(there, project, alice):
    hook, old = add(alice, project, there.url)
    new = hooks.rotate(
        hook=hook, by=actor(), proof=proof_of(alice, hooks.purpose(project, "rotate", f"webhook:{hook.pk}"))
    )
    hooks.test(hook=hook, by=actor())
    do_jobs()
    verify(old, *there.got[0])
    verify(new, *there.got[0])
    Webhook.objects.update(old_secret_until=timezone.now())
    hooks.test(hook=hook, by=actor())
    do_jobs()
    verify(new, *there.got[1])
    with pytest.raises(AssertionError):
        verify(old, *there.got[1])


@pytest.mark.promise
def test_a_message_is_tried_for_a_day_with_the_same_id(there, project, alice):
    """It is true that a receiver that comes back gets what it missed, once, and can tell by its id."""
    hook, secret = add(alice, project, there.url)
    there.answers += [500, 503]
    hooks.test(hook=hook, by=actor())
    do_jobs()
    message = Delivery.objects.get()
    assert (message.state, message.attempts, message.status) == ("waiting", 1, 500)
    assert message.answer.startswith("words of the receiver")
    assert len(message.answer) <= 500
    again_now()
    again_now()
    again_now()
    message.refresh_from_db()
    assert (message.state, message.attempts, message.status) == ("delivered", 3, 204)
    assert len({headers["webhook-id"] for headers, _ in there.got}) == 1
    assert len(there.got) == 3
    verify(secret, *there.got[-1])
    assert timedelta(hours=24) < sum(deliver.BACKOFF, timedelta()) < timedelta(hours=27)


def failing(hook: Webhook, there) -> None:
    """Let one message fail as often as it is tried."""
    there.answers += [500]
    hooks.test(hook=hook, by=actor())
    Delivery.objects.filter(state="waiting").update(attempts=len(deliver.BACKOFF))
    do_jobs()


def test_after_five_messages_that_failed_it_is_switched_off(there, project, alice, draft):
    """It is true that owners are mailed, nothing more is written for it, and one success begins the count again."""
    hook, _ = add(alice, project, there.url)
    for _ in range(4):
        failing(hook, there)
    hooks.test(hook=hook, by=actor())
    do_jobs()
    assert Webhook.objects.get().failed_in_a_row == 0
    for _ in range(5):
        failing(hook, there)
    assert Webhook.objects.get().disabled_at
    assert [m.to for m in outbox.outbox if "switched off" in m.subject] == [[alice.email]]
    assert AuditEvent.objects.filter(event="webhook:disabled").count() == 1
    with pytest.raises(hooks.NoWebhook):
        hooks.test(hook=Webhook.objects.get(), by=actor())
    before = Delivery.objects.count()
    hooks.emit(hooks.Event.READY, draft=draft)
    assert Delivery.objects.count() == before


def test_a_receiver_that_is_gone_is_told_nothing_more(there, project, alice):
    hook, _ = add(alice, project, there.url)
    there.answers.append(410)
    hooks.test(hook=hook, by=actor())
    do_jobs()
    assert Webhook.objects.get().disabled_at
    assert Delivery.objects.get().state == "failed"


@pytest.mark.promise
def test_a_redirect_is_not_followed(there, project, alice):
    """It is true that what was signed for one address goes to no other."""
    hook, _ = add(alice, project, there.url)
    there.answers.append(307)
    hooks.test(hook=hook, by=actor())
    do_jobs()
    assert len(there.got) == 1
    assert (Delivery.objects.get().state, Delivery.objects.get().status) == ("waiting", 307)


@pytest.mark.promise
@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1:9/hook",
        "https://127.0.0.1/hook",
        "https://169.254.169.254/latest",
        "https://[::1]/",
        "https://user:pw@example.org/",
        "ftp://example.org/",
        "javascript:x",
        "",
    ],
)
def test_an_address_inside_is_no_webhook(project, alice, url):
    """It is true of the page, and of a message to an address that came to lead inside afterwards."""
    page = browser(alice)
    response = page.post("/projects/sampleproject/webhooks/", {"url": url, "code": totp_code("alice")})
    assert response.status_code == 400
    assert not Webhook.objects.exists()


@pytest.mark.promise
def test_an_address_that_leads_inside_later_is_not_asked(there, project, alice, settings):
    hook, _ = add(alice, project, there.url)
    settings.OUTBOUND_ALLOW = []
    hooks.test(hook=hook, by=actor())
    do_jobs()
    assert there.got == []
    assert "is not asked" in Delivery.objects.get().answer


@pytest.mark.promise
def test_the_acts_take_an_owners_proof_for_this_very_act(there, project, alice, mike):
    url = there.url
    for proof, error in (
        (proof_of(alice, hooks.purpose(project, "add", "https://elsewhere.example/")), ProofRefused),
        (proof_of(alice, hooks.purpose(project, "remove", url)), ProofRefused),
        (proof_of(mike, hooks.purpose(project, "add", url)), NotYours),
    ):
        with pytest.raises(error):
            hooks.add(project=project, url=url, events=[], by=actor(), proof=proof)
    assert not Webhook.objects.exists()


def test_an_owner_adds_tests_and_removes_one_on_the_pages(there, project, alice):
    """It is true that the secret is shown once, and kept encrypted."""
    page = browser(alice)
    form = {"url": there.url, "events": ["draft.published"], "code": totp_code("alice")}
    made = page.post("/projects/sampleproject/webhooks/", form)
    hook = Webhook.objects.get()
    assert "whsec_" in made.content.decode()
    assert "whsec_" not in hook.secret_sealed
    base = f"/projects/sampleproject/webhooks/{hook.pk}/"
    assert b"whsec_" not in page.get(base).content
    page.post(f"{base}test/")
    do_jobs()
    message = Delivery.objects.get()
    assert b"delivered" in page.get(base).content
    page.post(f"{base}again/{message.pk}/")
    do_jobs()
    assert len(there.got) == 2
    assert there.got[0][0]["webhook-id"] == there.got[1][0]["webhook-id"]
    assert b"whsec_" in page.post(f"{base}rotate/", {"code": totp_code("alice")}).content
    assert page.post(f"{base}remove/", {"code": "000000"}).status_code == 403
    assert page.post(f"{base}remove/", {"code": totp_code("alice")}).status_code == 302
    assert page.get(base).status_code == 404
    assert [e.event for e in AuditEvent.objects.filter(event__startswith="webhook:").order_by("seq")] == [
        "webhook:added",
        "webhook:tested",
        "webhook:redelivered",
        "webhook:secret-rotated",
        "webhook:removed",
    ]


def test_old_messages_are_forgotten(there, project, alice):
    hook, _ = add(alice, project, there.url)
    hooks.test(hook=hook, by=actor())
    do_jobs()
    assert deliver.forget() == 0
    Delivery.objects.update(ended_at=timezone.now() - timedelta(days=31))
    assert deliver.forget() == 1
