"""Pressing Publish, and what must be as it was when the click was refused."""

from django.test import Client

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.evidence.add import paste
from drafts.models import BurntName, Draft, DraftState, IndexPage, Job, Kind
from tests.conftest import draft_url


def browser_of(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def press(client: Client, draft: Draft, **form: str):
    return client.post(draft_url(draft, "publish"), {"fingerprint": draft.fingerprint(), **form})


def assert_untouched(draft: Draft) -> None:
    draft.refresh_from_db()
    assert draft.state == DraftState.OPEN
    assert draft.publishing_by is None
    assert (
        BurntName.objects.count(),
        Job.objects.exclude(kind__in=[Kind.INSPECT, Kind.SEND_MAIL]).count(),
        IndexPage.objects.count(),
    ) == (0, 0, 0)
    assert not AuditEvent.objects.filter(event__startswith="draft:publish").exists()


def mismatch(draft, rita) -> None:
    file = draft.files.get(filetype="bdist_wheel")
    log = f"{'0' * 64}  {file.filename}\n".encode()
    paste(draft=draft, data=log, label="log", user=rita, by=Actor.system("tests"))
