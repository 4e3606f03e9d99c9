"""Promise 7: every act leaves one event in its own transaction, and events stay."""

import sqlite3
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from types import SimpleNamespace

import pytest
from django.apps import apps
from django.core.files.uploadedfile import SimpleUploadedFile
from django.db import DatabaseError, connection, transaction
from django.test import Client

from accounts import audit, people
from accounts.audit import Actor
from accounts.events import Event
from accounts.models import AuditChain, AuditEvent
from drafts.access import links, tokens
from drafts.access.projects import create
from drafts.intake import stage
from drafts.models import Draft, Job, Project, TokenKind
from tests import bodies, wheels
from tests.conftest import do_jobs, draft_url, make_ci, totp_code
from tests.databases import migrated
from tests.racing import race

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
SYSTEM = Actor.system("tests")


class Cast:
    """Everybody and everything that the acts of the table need."""

    def __init__(self, draft: Draft, ci, mike) -> None:
        self.draft, self.ci, self.mike = draft, ci, mike
        self.link = links.make(draft=draft, by=SYSTEM)
        self.token, _ = tokens.make(project=draft.project, kind=TokenKind.READ, by=SYSTEM)
        self.evidence, self.evidence_token = tokens.make(
            project=draft.project, kind=TokenKind.EVIDENCE, by=SYSTEM
        )
        self.browser = Client(raise_request_exception=False)
        self.browser.force_login(mike)

    def post(self, name: str, *more: object, **form: object) -> None:
        self.browser.post(draft_url(self.draft, name, *more), form)

    def say(self, version: str) -> None:
        """Post evidence as a build job does."""
        Client(raise_request_exception=False).post(
            f"/evidence/?project={self.draft.project.name}&version={version}",
            f"{wheels.wheel().sha256}  {wheels.wheel().filename}".encode(),
            content_type="text/plain",
            headers={"Authorization": f"Bearer {self.evidence_token}"},
        )


@pytest.fixture
def cast(draft, ci, mike):
    """The draft, the token, mike and his browser."""
    return Cast(draft, ci, mike)


def _file(salt: str) -> SimpleUploadedFile:
    built = wheels.wheel(salt=salt)
    return SimpleUploadedFile(built.filename, built.data)


ACTS: dict[str, tuple[Callable[[Cast], object], list[str]]] = {
    "stage": (lambda cast: cast.ci.upload(wheels.wheel(build="1")), ["file:staged"]),
    "open and stage": (
        lambda cast: cast.ci.upload(wheels.wheel(version="2.0")),
        ["draft:opened", "file:staged"],
    ),
    "replace": (lambda cast: cast.ci.upload(wheels.wheel(salt="new")), ["file:replaced"]),
    "replace in the browser": (
        lambda cast: cast.post("file-upload", content=_file("mine")),
        ["file:replaced"],
    ),
    "delete a file": (
        lambda cast: cast.post("file-delete", wheels.wheel().filename, seen=wheels.wheel().sha256),
        ["file:deleted"],
    ),
    "add evidence": (
        lambda cast: cast.post("evidence-add", log=f"{wheels.wheel().sha256}  {wheels.wheel().filename}"),
        ["evidence:added"],
    ),
    "post evidence": (lambda cast: cast.say("1.0"), ["evidence:added"]),
    "post evidence before there is a draft": (lambda cast: cast.say("9.0"), ["evidence:waits"]),
    "make a link": (lambda cast: cast.post("link-make", label="a friend"), ["link:made"]),
    "revoke a link": (lambda cast: cast.post("link-revoke", cast.link.pk), ["link:revoked"]),
    "extend": (lambda cast: cast.post("draft-extend"), ["draft:extended"]),
    "cancel": (lambda cast: cast.post("draft-cancel"), ["draft:canceled"]),
    "publish": (
        lambda cast: cast.post("publish", fingerprint=cast.draft.fingerprint(), code=totp_code("mike")),
        ["draft:publishing"],
    ),
    "make a token": (
        lambda cast: tokens.make(project=cast.draft.project, kind=TokenKind.UPLOAD, by=SYSTEM),
        ["token:made"],
    ),
    "revoke a token": (lambda cast: tokens.revoke(token=cast.token, by=SYSTEM), ["token:revoked"]),
    "make a project": (
        lambda cast: create(name="new", by=SYSTEM, owner=cast.mike.email),
        ["project:created"],
    ),
    "add a person": (lambda cast: people.add(email="new@example.org", by=SYSTEM), ["person:added"]),
}
acts = pytest.mark.parametrize(("act", "expected"), ACTS.values(), ids=ACTS.keys())


@acts
def test_an_act_leaves_its_event(cast, act, expected):
    """It is true that each act leaves exactly its own events, at the head of a chain that holds."""
    before = AuditEvent.objects.count()
    act(cast)
    assert list(AuditEvent.objects.order_by("pk").values_list("event", flat=True)[before:]) == expected
    assert list(audit.verify()) == []


# A try is counted, and a code or a passkey's challenge spent, even when the act fails.
IGNORED = {"TotpCounter", "ActLock", "Session", "PasskeyChallenge"}


def everything() -> dict[str, list]:
    """Every row of every table, but for what is no part of an act."""
    rows = {}
    with connection.cursor() as cursor:
        for model in apps.get_models():
            if model.__name__ not in IGNORED:
                columns = [f.column for f in model._meta.concrete_fields if f.attname != "last_used_at"]
                cursor.execute(
                    f"SELECT {', '.join(map(connection.ops.quote_name, columns))} FROM {model._meta.db_table}"
                )
                rows[model.__name__] = sorted(map(repr, cursor.fetchall()))
    return rows


class NoPaper(Exception):
    """The audit trail cannot be written."""


@pytest.fixture
def no_paper(monkeypatch):
    """Let every event fail at its last moment."""

    def refuse(*args, **details):
        raise NoPaper

    return lambda: monkeypatch.setattr(audit, "record", refuse)


@acts
def test_an_act_whose_event_fails_changes_nothing(cast, no_paper, act, expected):
    """It is true that act and event live or die together: no row and no byte is left of an act without its event."""
    before, objects = everything(), bodies.stored()
    no_paper()
    with suppress(NoPaper):
        act(cast)
    assert everything() == before
    assert bodies.stored() == objects


def test_a_flip_whose_event_fails_publishes_nothing(cast, no_paper):
    """It is true that the job behind publishing goes back to waiting with nothing visible, and succeeds later."""
    cast.post("publish", fingerprint=cast.draft.fingerprint(), code=totp_code("mike"))
    before = everything()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(audit, "record", lambda *_args, **_details: (_ for _ in ()).throw(NoPaper()))
        do_jobs()
    after = everything()
    assert after.pop("Job") != before.pop("Job")
    assert after == before
    Job.objects.update(not_before="2020-01-01T00:00:00Z")
    do_jobs()
    cast.draft.refresh_from_db()
    assert cast.draft.state == "published"


def test_an_expiry_whose_event_fails_cancels_nothing(cast, no_paper):
    Draft.objects.update(expires_at="2020-01-01T00:00:00Z")
    before = everything()
    no_paper()
    with pytest.raises(NoPaper):
        stage.expire(draft=cast.draft)
    assert everything() == before


@pytest.mark.django_db(transaction=True)
def test_an_event_is_part_of_a_transaction(project):
    with pytest.raises(audit.NoTransaction):
        audit.record(Event.ADDED, on=project, by=SYSTEM)
    assert list(audit.verify()) == []


@pytest.mark.django_db(transaction=True)
def test_a_chain_holds_whatever_races(project):
    """It is true that acts at one moment stand in one chain, without a gap and without a fork."""
    jobs = [make_ci(project, label=str(n)) for n in range(6)]
    race([lambda ci=ci, n=n: ci.upload(wheels.wheel(build=str(n + 1))) for n, ci in enumerate(jobs)])
    scope = project.audit_subject.scope
    seqs = list(AuditEvent.objects.filter(scope=scope).order_by("seq").values_list("seq", flat=True))
    assert seqs == list(range(1, 15))  # the project, six tokens, the draft, six files
    assert list(audit.verify()) == []


def test_an_event_outlives_what_it_speaks_of():
    """It is true that no event holds a foreign key."""
    assert not [
        field.name
        for field in AuditEvent._meta.get_fields()
        if field.many_to_one or (field.one_to_one and field.concrete)
    ]


TABLE = AuditEvent._meta.db_table
FORGERIES = {
    "save": lambda row: row.save(),
    "save one field": lambda row: row.save(update_fields=["actor_label"]),
    "update": lambda row: AuditEvent.objects.update(actor_label="nobody"),
    "delete": lambda row: AuditEvent.objects.filter(pk=row.pk).delete(),
    "delete all": lambda row: AuditEvent.objects.all().delete(),
    "bulk update": lambda row: AuditEvent.objects.bulk_update([row], ["details"]),
    "raw update": lambda row: connection.cursor().execute(f"UPDATE {TABLE} SET actor_label = 'nobody'"),
    "raw delete": lambda row: connection.cursor().execute(f"DELETE FROM {TABLE} WHERE id = %s", [row.pk]),
    "raw replace": lambda row: connection.cursor().execute(
        f"INSERT OR REPLACE INTO {TABLE} SELECT * FROM {TABLE} WHERE id = %s", [row.pk]
    ),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_the_database_refuses_to_change_an_event(project, forge):
    """It is true that an event cannot be changed or deleted, by the ORM or by hand."""
    row = AuditEvent.objects.earliest("pk")
    before = list(AuditEvent.objects.values())
    with pytest.raises(DatabaseError), transaction.atomic():
        forge(row)
    assert list(AuditEvent.objects.values()) == before


def test_a_fresh_database_refuses_too(tmp_path):
    """It is true that the migrations alone make the triggers, without any help from the tests."""
    migrated(tmp_path)
    database = sqlite3.connect(tmp_path / "presscheck.sqlite3")
    try:
        values = "('site', 1, 'x', '2026-01-01', 'system', '', '', 'x', '1', 'x', '', '{}', '', '', 'h')"
        columns = [f.column for f in AuditEvent._meta.concrete_fields if not f.primary_key]
        database.execute(f"INSERT INTO {TABLE} ({', '.join(columns)}) VALUES {values}")
        for statement in (f"UPDATE {TABLE} SET event = 'y'", f"DELETE FROM {TABLE}"):
            with pytest.raises(sqlite3.IntegrityError, match="append-only"):
                database.execute(statement)
    finally:
        database.close()


def _sql(statement: str) -> Callable[[str], None]:
    return lambda scope: connection.cursor().execute(statement.format(table=TABLE), [scope])


TAMPERED = {
    "a word changed": _sql("UPDATE {table} SET actor_label = 'mallory' WHERE scope = %s AND seq = 2"),
    "details changed": _sql("UPDATE {table} SET details = '{{}}' WHERE scope = %s AND seq = 2"),
    "a time changed": _sql("UPDATE {table} SET at = '2020-01-01 00:00:00' WHERE scope = %s AND seq = 2"),
    "one deleted in the middle": _sql("DELETE FROM {table} WHERE scope = %s AND seq = 2"),
    "the first deleted": _sql("DELETE FROM {table} WHERE scope = %s AND seq = 1"),
    "the tail deleted": _sql("DELETE FROM {table} WHERE scope = %s AND seq >= 4"),
    "all deleted": _sql("DELETE FROM {table} WHERE scope = %s"),
    "moved to another chain": _sql("UPDATE {table} SET scope = 'project:0' WHERE scope = %s AND seq = 2"),
    "two swapped": _sql(
        "UPDATE {table} SET seq = CASE seq WHEN 2 THEN 1003 WHEN 3 THEN 2 ELSE seq END WHERE scope = %s"
    ),
    "the head deleted": lambda scope: AuditChain.objects.filter(scope=scope).delete(),
    "the head set back": lambda scope: AuditChain.objects.filter(scope=scope).update(seq=3),
}


@pytest.mark.parametrize("tamper", TAMPERED.values(), ids=TAMPERED.keys())
def test_a_chain_that_was_tampered_with_is_found(draft, tamper):
    """It is true that whoever gets past the triggers leaves a break that a walk along the chain finds."""
    assert list(audit.verify()) == []
    by_hand = SimpleNamespace(connection=connection, execute=connection.cursor().execute)
    import_module("accounts.migrations.0002_append_only").drop(None, by_hand)
    scope = Project.objects.get().audit_subject.scope
    tamper(scope)
    assert {found.scope for found in audit.verify()} >= {scope}
    assert all(found.reason for found in audit.verify())
