"""The cast and the things: alice owns, mike maintains, rita reviews, charlie is a stranger, ci is the upload token."""

import base64
from dataclasses import dataclass

import pytest
from allauth.mfa.totp.internal.auth import format_hotp_value, hotp_value
from django.test import Client
from django.urls import reverse

from accounts import people
from accounts.audit import Actor
from accounts.models import AuditEvent, TotpCounter, User
from drafts.access import tokens
from drafts.access.projects import create
from drafts.models import Draft, File, Job, Kind, Project, TokenKind, jobs
from tests import bodies, wheels
from tests.environment import DATA, PORT

pytest_plugins = [
    "tests.surroundings",
    "tests.databases",
    "tests.stored",
    "tests.live",
    "tests.clients",
    "tests.uploaders",
    "tests.browser",
    "tests.fault_proxy",
    "tests.backups",
    "tests.fronted",
    "tests.waiting",
    "tests.inspected",
    "tests.volunteers",
    "tests.trusted",
    "tests.followed",
    "tests.coupled",
    "tests.ordered",
    "tests.sandboxed",
    "tests.hooked",
    "tests.overlaid",
    "tests.scripted",
    "tests.named_runs",
]

SYSTEM = Actor.system("tests")
PASSWORD = "correct horse battery staple"
SECRETS = {
    "alice": base64.b32encode(b"alice-alice-alice-al").decode(),
    "mike": base64.b32encode(b"mike-mike-mike-mike-").decode(),
    "rita": base64.b32encode(b"rita-rita-rita-rita-").decode(),
    "charlie": base64.b32encode(b"charlie-charlie-char").decode(),
    "olga": base64.b32encode(b"olga-olga-olga-olga-").decode(),
}


@pytest.fixture(scope="session")
def django_db_modify_db_settings():
    """Leave the database's name alone: each test process has its own data folder, which live servers share."""


@pytest.fixture(scope="session")
def base_url():
    """The address of this process's server, in place of pytest-playwright's fixture, which pytest deprecates."""
    return f"http://localhost:{PORT}"


def totp_code(name: str, *, ahead: int = 0) -> str:
    """The next code of this person that was not used yet, as their authenticator would show it."""
    import time

    user = User.objects.get(email=f"{name}@example.org")
    row = TotpCounter.objects.filter(user=user).first()
    counter = int(time.time()) // 30 + ahead
    if row and row.last_counter >= counter:
        # Nobody waits half a minute in a test: forget that a code was used.
        TotpCounter.objects.filter(user=user).update(last_counter=counter - 1)
    return format_hotp_value(hotp_value(SECRETS[name], counter))


def person(name: str) -> User:
    """Make somebody who is fully enrolled."""
    return people.add(
        email=f"{name}@example.org",
        name=name,
        password=PASSWORD,
        totp_secret=SECRETS[name],
        by=Actor.system("tests"),
    )


@pytest.fixture
def alice(db):
    """Owns the project."""
    return person("alice")


@pytest.fixture
def mike(db):
    """Maintains the project."""
    return person("mike")


@pytest.fixture
def mikes(mike):
    """mike's browser, signed in."""
    client = Client()
    client.force_login(mike)
    return client


@pytest.fixture
def rita(db):
    """Only reviews."""
    return person("rita")


@pytest.fixture
def charlie(db):
    """A stranger."""
    return person("charlie")


@pytest.fixture
def olga(db):
    """Runs the server."""
    user = person("olga")
    User.objects.filter(pk=user.pk).update(is_staff=True)
    user.refresh_from_db()
    return user


@pytest.fixture
def olgas(olga):
    """olga's browser, signed in."""
    client = Client()
    client.force_login(olga)
    return client


@pytest.fixture
def project(alice, mike, rita):
    """sampleproject, with alice, mike and rita on it."""
    return create(
        name="sampleproject",
        by=Actor.system("tests"),
        owner=alice.email,
        maintainers=[mike.email],
        reviewers=[rita.email],
    )


@dataclass(frozen=True)
class Ci:
    """The upload token, and how a build job uses it."""

    token: str
    row: object

    @property
    def basic(self) -> str:
        return "Basic " + base64.b64encode(f"__token__:{self.token}".encode()).decode()

    def upload(self, built: wheels.Built, **changes):
        """Post one file to /legacy/ as twine does; ``changes`` replace fields, None leaves one out."""
        return upload(Client(), built, self.basic, **changes)


def upload_form(built: wheels.Built, **changes):
    """The fields of a legacy upload."""
    import hashlib

    from django.core.files.uploadedfile import SimpleUploadedFile

    is_wheel = built.filename.endswith(".whl")
    stem = built.filename.removesuffix(".tar.gz")
    name, version = built.filename.split("-")[:2] if is_wheel else stem.rsplit("-", 1)
    form = {
        ":action": "file_upload",
        "protocol_version": "1",
        "name": name,
        "version": version,
        "filetype": "bdist_wheel" if is_wheel else "sdist",
        "metadata_version": "2.1",
        "sha256_digest": hashlib.sha256(built.data).hexdigest(),
        "content": SimpleUploadedFile(built.filename, built.data),
    }
    form.update(changes)
    return {key: value for key, value in form.items() if value is not None}


def upload(client: Client, built: wheels.Built, authorization: str | None, **changes):
    """Post one file to /legacy/."""
    headers = {"Authorization": authorization} if authorization else {}
    return client.post("/legacy/", upload_form(built, **changes), headers=headers)


def make_ci(project: Project, **options) -> Ci:
    """Make an upload token."""
    row, token = tokens.make(
        project=project,
        kind=TokenKind.UPLOAD,
        by=Actor.system("tests"),
        label=options.pop("label", "release.yml"),
        **options,
    )
    return Ci(token, row)


@pytest.fixture
def ci(project):
    """The upload token of the project."""
    return make_ci(project)


def sign_in(user: User, client: Client | None = None) -> Client:
    """A browser in which this person gave password and code, through the pages."""
    client = client or Client()
    name = user.email.split("@")[0]
    response = client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    assert response.status_code == 302, response.content.decode()
    response = client.post(response["Location"], {"code": totp_code(name)})
    assert response.status_code == 302, response.content.decode()
    return client


HANDLERS = {}


def do_jobs() -> int:
    """Do every job that is due, as a worker would; returns how many."""
    from drafts.access import handover, loosening
    from drafts.evidence import owners, sources
    from drafts.evidence.attested import job as attested
    from drafts.evidence.attested import lookup
    from drafts.inspection import inspect
    from drafts.inspection.installability import resolve
    from drafts.intake import purge
    from drafts.intake.runs import fetch
    from drafts.intake.upload2 import complete
    from drafts.notify import deliver, mail
    from drafts.publishing import edge, flip, lookback, ready, schedule, windows
    from drafts.publishing.orders import give
    from drafts.publishing.orders import job as order
    from drafts.publishing.receipt import job as receipt
    from drafts.publishing.targets import check
    from drafts.publishing.train import flip as train

    handlers = {
        Kind.PUBLISH: flip.work,
        Kind.PURGE: purge.work,
        Kind.COMPLETE: complete.work,
        Kind.FETCH_RUN: fetch.work,
        Kind.CHECK_CI: sources.check,
        Kind.FIND_OWNER: owners.work,
        Kind.INSPECT: inspect.work,
        Kind.RESOLVE: resolve.work,
        Kind.VERIFY_ATTESTATIONS: attested.work,
        Kind.RECEIPT: receipt.work,
        Kind.FIND_ATTESTATIONS: lookup.work,
        Kind.LOOSEN: loosening.work,
        Kind.HAND_OVER: handover.work,
        Kind.SCHEDULED: schedule.work,
        Kind.WINDOWS: windows.work,
        Kind.SEND_MAIL: mail.work,
        Kind.DELIVER: deliver.work,
        Kind.READY: ready.work,
        Kind.EDGE: edge.work,
        Kind.TRAIN: train.work,
        Kind.CHECK_TARGET: check.work,
        Kind.LOOK_BACK: lookback.work,
        Kind.ORDER: order.work,
        Kind.ORDER_TERMS: give.hold_to_terms,
    }
    done = 0
    while due := list(Job.objects.due()):
        for job in due:
            jobs.run(job.pk, handlers[Kind(job.kind)])
            done += 1
    return done


def draft_url(draft: Draft, name: str = "draft", *more) -> str:
    """A page of a draft."""
    return reverse(name, args=[draft.project.name, draft.version, *more])


def publish(draft: Draft, user: User, client: Client | None = None, **form):
    """Press Publish as the page would, and let the worker do its part."""
    from tests.inspected import inspect_now

    inspect_now()
    client = client or sign_in(user)
    name = user.email.split("@")[0]
    fields = {"fingerprint": draft.fingerprint(), "code": totp_code(name), **form}
    response = client.post(draft_url(draft, "publish"), fields)
    do_jobs()
    draft.refresh_from_db()
    return response


@pytest.fixture
def draft(ci):
    """A draft of sampleproject 1.0: a wheel and an sdist that ci staged."""
    for built in (wheels.wheel(), wheels.sdist()):
        assert ci.upload(built).status_code == 200
    return Draft.objects.get()


@pytest.fixture
def data_folder():
    """The data folder of this test process."""
    return DATA


@pytest.fixture
def nothing_kept(ci):
    """Fails the test unless everything is as it was: rows, events and bytes."""
    events, objects = AuditEvent.objects.count(), bodies.stored()
    yield
    assert (File.objects.count(), Draft.objects.count()) == (0, 0)
    assert AuditEvent.objects.count() == events
    assert bodies.stored() == objects
