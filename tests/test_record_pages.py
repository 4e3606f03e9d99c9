"""The record on pages: owners read their project's, operators all; filtered, a page at a time, and out as JSON lines."""

import json
from collections.abc import Callable

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import audit, trail
from accounts.audit import Actor, Subject
from accounts.models import AuditChain, AuditCheckpoint, AuditEvent
from drafts.access.projects import create
from drafts.models import Project
from drafts.publishing import checkpoints
from tests.conftest import SYSTEM, publish
from tests.test_checkpoints import rewritten, without_triggers

pytestmark = pytest.mark.django_db
PAGE = reverse("project-audit", args=["sampleproject"])
EXPORT = reverse("project-audit-export", args=["sampleproject"])
SITE = reverse("operators-audit")


@pytest.fixture
def alices(alice):
    """alice's browser, signed in."""
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def published(draft, mike, mikes):
    """sampleproject 1.0, published."""
    publish(draft, mike, mikes)
    return draft


def shown(client: Client, url: str = PAGE, **filters: str) -> list[str]:
    """The events that a page lists, newest first."""
    return [line.event for line in client.get(url, filters).context["p"].events]


def test_an_owner_reads_all_of_it(published, alices):
    """It is true that every event of the project is there, with who, on what, and its details in words."""
    every = AuditEvent.objects.filter(scope=published.project.audit_subject.scope).order_by("-seq")
    assert shown(alices) == list(every.values_list("event", flat=True))
    page = alices.get(PAGE).content.decode()
    for words in ("pressed Publish", "mike", "release.yml", "sampleproject 1.0", "uploaders"):
        assert words in page
    assert every.first().hash in page


FILTERS: dict[str, tuple[dict[str, str], Callable[[AuditEvent], bool]]] = {
    "a name": ({"who": "MIK"}, lambda row: row.actor_label == "mike"),
    "a kind": ({"what": "file:"}, lambda row: row.event.startswith("file:")),
    "one event": ({"what": "draft:published"}, lambda row: row.event == "draft:published"),
    "a subject": ({"on": "sampleproject 1"}, lambda row: row.on_label.startswith("sampleproject 1")),
    "two at once": (
        {"who": "mike", "what": "draft:"},
        lambda row: row.actor_label == "mike" and row.event.startswith("draft:"),
    ),
    "from today": ({"since": f"{timezone.now():%Y-%m-%d}"}, lambda row: True),
    "until yesterday": ({"until": "2026-01-01"}, lambda row: False),
    "nobody": ({"who": "zoe"}, lambda row: False),
    "wildcards are letters": ({"who": "%"}, lambda row: False),
    "another project's": ({"scope": "site"}, lambda row: True),
}


@pytest.mark.parametrize(("filters", "wanted"), FILTERS.values(), ids=FILTERS.keys())
def test_it_is_filtered(published, alices, filters, wanted):
    """It is true that a filter leaves exactly what it says, on the page and in the export, and never another chain."""
    rows = AuditEvent.objects.filter(scope=published.project.audit_subject.scope).order_by("-seq")
    expected = [row.event for row in rows if wanted(row)]
    assert shown(alices, **filters) == expected
    answer = alices.post(EXPORT, filters)
    lines = [json.loads(line) for line in b"".join(answer.streaming_content).splitlines()]
    assert [line["event"] for line in reversed(lines) if line["event"] != "audit:exported"] == expected


@pytest.mark.parametrize("name", ["who", "on"])
def test_a_name_leads_to_all_of_it(published, alices, name):
    line = next(line for line in alices.get(PAGE).context["p"].events if line.event == "draft:publishing")
    found = alices.get(getattr(line, f"{name}_url")).context["p"].events
    assert found
    assert {getattr(one, name) for one in found} == {getattr(line, name)}


@pytest.mark.parametrize("since", ["yesterday", "2026-13-01", "x" * 500])
def test_a_day_that_is_none_is_said(published, alices, since):
    answer = alices.get(PAGE, {"since": since})
    assert answer.status_code == 400
    assert "is a day such as" in answer.content.decode()


def many(project: Project, count: int) -> None:
    """Write events as quickly as they can be written."""
    subject, now = project.audit_subject, timezone.now()
    first = AuditEvent.objects.filter(scope=subject.scope).count() + 1
    AuditEvent.objects.bulk_create(
        AuditEvent(
            scope=subject.scope,
            seq=number,
            event="file:staged",
            at=now,
            actor_kind="token",
            actor_id="7",
            actor_label="ci",
            on_kind="draft",
            on_id="1",
            on_label=f"sampleproject {number}",
            hash=f"{number:064x}",
        )
        for number in range(first, first + count)
    )
    AuditChain.objects.filter(scope=subject.scope).update(seq=first + count - 1)


def test_pages_follow_each_other_by_key(project, alices):
    """It is true that each event is on one page, also while new ones come, and that a page asks as often for many."""
    few = _asked(alices)
    many(project, 120)
    assert _asked(alices) == few
    numbers, url = [], PAGE
    while url:
        record = alices.get(url).context["p"]
        numbers += [line.seq for line in record.events]
        many(project, 1)
        url = record.older_url
    assert numbers == list(range(121, 0, -1))


def _asked(client: Client) -> int:
    client.get(PAGE)
    with CaptureQueriesContext(connection) as queries:
        assert client.get(PAGE).status_code == 200
    return len(queries)


@pytest.mark.parametrize("before", ["", "-1", "x", "9" * 30, "²"])
def test_a_key_that_is_none_is_the_first_page(published, alices, before):
    assert shown(alices, before=before) == shown(alices)


def test_an_export_is_whole_and_an_event(published, alices):
    """It is true that with its lines anybody can walk the chain, and that who exported what is on record."""
    answer = alices.post(EXPORT, {"what": "draft:"})
    assert answer["Content-Disposition"].startswith("attachment")
    list(answer.streaming_content)
    row = AuditEvent.objects.get(event="audit:exported")
    assert (row.actor_label, row.details["filter"]["what"]) == ("alice", "draft:")
    lines = [json.loads(line) for line in b"".join(alices.post(EXPORT).streaming_content).splitlines()]
    previous = ""
    for line in lines:
        assert line["previous"] == previous
        previous = line["hash"]
    assert [line["seq"] for line in lines] == list(range(1, len(lines) + 1))


def test_an_export_travels_in_pieces(project, alices):
    """It is true that a long record is never in memory as a whole, and that none of it is lost between two pieces."""
    many(project, 2500)
    pieces = [*trail.export(asked=trail.Filter(scope=project.audit_subject.scope), on=project, by=SYSTEM)]
    assert [piece.count("\n") for piece in pieces] == [1000, 1000, 501]


def test_operators_read_every_chain_and_one_of_them(published, olgas, alice):
    create(name="another", by=SYSTEM, owner=alice.email)
    every = set(AuditEvent.objects.values_list("scope", flat=True))
    assert {line.scope for line in olgas.get(SITE).context["p"].events} == every
    scope = Project.objects.get(name="another").audit_subject.scope
    assert {line.scope for line in olgas.get(SITE, {"scope": scope}).context["p"].events} == {scope}
    lines = b"".join(olgas.post(reverse("operators-audit-export"), {"scope": scope}).streaming_content)
    assert {json.loads(line)["scope"] for line in lines.splitlines()} == {scope}
    assert AuditEvent.objects.get(event="audit:exported").scope == "site"


def test_the_page_says_how_far_it_was_verified(published, alices):
    """It is true that it speaks of the last walk along the chain, and of one that found a break, in red."""
    assert "none verified yet" in alices.get(PAGE).content.decode()
    checkpoints.daily()
    page = alices.get(PAGE).content.decode()
    standing = trail.standing(published.project.audit_subject.scope)
    assert standing.verified == standing.events > 0
    assert f"{standing.verified} of {standing.events} events verified" in page
    without_triggers()
    rewritten(published.project.audit_subject.scope)
    AuditEvent.objects.filter(seq=2).update(actor_label="mallory")
    AuditCheckpoint.objects.update(at="2020-01-01T00:00:00Z")
    checkpoints.daily()
    assert "did not hold" in alices.get(PAGE).content.decode()


def test_what_an_event_holds_is_text(project, alices):
    """It is true that names and details of others are escaped, and hidden characters spelled out."""
    actor = Actor(audit.ActorKind.PERSON, "1", "<b>eve</b>\u202e")
    subject = Subject(project.audit_subject.scope, "draft", "1", "<i>x</i>")
    with transaction.atomic():
        audit.record(trail.Event.EXPORTED, on=subject, by=actor, note="<script>", many=["a\u200b"] * 3)
    page = alices.get(PAGE).content.decode()
    assert "&lt;b&gt;eve&lt;/b&gt;⟨U+202E⟩" in page
    assert "&lt;script&gt;" in page
    assert not [part for part in ("<script>", "<i>x", "\u202e", "\u200b") if part in page]


def test_a_new_project_has_a_record_of_one(project, alices):
    assert shown(alices) == ["project:created"]
    assert "No event is like that" in alices.get(PAGE, {"who": "zoe"}).content.decode()
