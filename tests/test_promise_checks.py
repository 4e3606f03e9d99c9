"""The checks of the fault campaign can fail: each names a state that was broken on purpose, and is silent about a whole one."""

import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent
from bench.faults.acts.claims import Decided, Happened, LinkIs, Logged, Revoked, Staged
from bench.faults.browser import Answer
from bench.faults.ledger import Ledger, Sighting
from bench.faults.promises import PROMISES, State
from bench.faults.shelf import Bucket, Folder, Inventory, Key
from drafts.access import links, tokens
from drafts.models import (
    BurntName,
    Draft,
    DraftLink,
    DraftState,
    File,
    IndexPage,
    Job,
    Kind,
    Membership,
    Project,
    Token,
    TokenKind,
    jobs,
)
from drafts.models.tokens import DraftLinkQuerySet
from drafts.storage import storage
from tests import stored, wheels
from tests.conftest import make_ci, publish, sign_in
from tests.test_promises_bytes import one_bit

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise]
BY = Actor.system("tests")


@dataclass
class Since:
    """A shelf without what earlier tests left on it."""

    shelf: Folder | Bucket
    before: set[Key] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.has_public = self.shelf.has_public
        self.before = set(self.shelf.stamps())

    def stamps(self) -> dict[Key, str]:
        return {key: stamp for key, stamp in self.shelf.stamps().items() if key not in self.before}

    def digest(self, key: Key) -> str:
        return self.shelf.digest(key)


def ask(path: str, headers: dict[str, str]) -> Answer:
    response = Client().get(path, headers=dict(headers))
    body = b"".join(response.streaming_content) if response.streaming else response.content
    return Answer(response.status_code, {name.lower(): value for name, value in response.items()}, body)


@pytest.fixture
def shelf():
    """What this test stores."""
    if bucket := settings.PRESSCHECK_S3_BUCKET:
        return Since(Bucket(settings.PRESSCHECK_S3_ENDPOINT, bucket, os.environ))
    return Since(Folder(Path(settings.STORAGE_DIR)))


@dataclass
class Whole:
    """A state in which every promise is kept: a published draft, a live one with a link, a canceled file, revoked things."""

    published: Draft
    live: Draft
    link: DraftLink
    ci: object
    shelf: Since
    ledger: Ledger = field(default_factory=Ledger)

    def state(self) -> State:
        return State([ask, ask], Inventory(self.shelf), self.ledger, {"sampleproject": self.ci.token})

    def seen(self, *files: File, project: str = "sampleproject") -> None:
        """Somebody saw these files on the index, just now."""
        now = time.time()
        self.ledger.saw(
            Sighting(now, now, project, frozenset((file.filename, file.sha256) for file in files))
        )


@pytest.fixture
def whole(shelf, draft, mike, ci):
    ci.upload(wheels.wheel(salt="again"))
    publish(draft, mike, sign_in(mike))
    assert draft.state == DraftState.PUBLISHED
    for built in (wheels.wheel(version="2.0"), wheels.sdist(version="2.0")):
        assert ci.upload(built).status_code == 200
    live = Draft.objects.live().get()
    link = links.make(draft=live, by=BY)
    links.revoke(link=links.make(draft=live, by=BY), by=BY)
    ledger = Ledger()
    row, text = tokens.make(project=live.project, kind=TokenKind.UPLOAD, by=BY)
    tokens.revoke(token=row, by=BY)
    ledger.revoked.add(text)
    whole = Whole(draft, live, link, ci, shelf, ledger)
    whole.seen(*File.objects.published())
    return whole


@pytest.mark.parametrize("number", PROMISES)
def test_a_whole_state_breaks_no_promise(whole, number):
    assert list(PROMISES[number](whole.state())) == []


def _a_page_names_a_staged_file(whole: Whole) -> None:
    staged = whole.live.files.first()
    page = IndexPage.objects.get()
    IndexPage.objects.update(html=bytes(page.html) + f"<!-- {staged.handle} -->".encode())


def _an_unpublished_file_is_answered_for(whole: Whole) -> None:
    staged = whole.live.files.first()
    File.objects.filter(pk=staged.pk).update(public_id="f" * 32)
    get = whole.state

    def told(path: str, headers: dict[str, str]) -> Answer:
        return Answer(403, {}, b"") if "f" * 32 in path else ask(path, headers)

    whole.state = lambda: State([told], get().inventory, whole.ledger, {})


def _a_project_is_listed_too_early(_whole: Whole) -> None:
    Project.objects.update(first_published_at=None)


def _half_a_draft_is_published(whole: Whole) -> None:
    file = whole.published.files.published().first()
    File.objects.filter(pk=file.pk).update(release=None, published_at=None)


def _a_reader_saw_half(whole: Whole) -> None:
    whole.seen(File.objects.published().first())


def _a_reader_saw_what_is_staged(whole: Whole) -> None:
    whole.seen(*File.objects.published(), whole.live.files.first())


def _a_reader_saw_it_too_early(_whole: Whole) -> None:
    later = timezone.now() + timedelta(minutes=1)
    File.objects.published().update(published_at=later)


def _a_file_vanished(whole: Whole) -> None:
    whole.seen()


def _a_page_is_old(_whole: Whole) -> None:
    Project.objects.update(serial=7)


def _a_name_is_free_again(_whole: Whole) -> None:
    BurntName.objects.first().delete()


def _a_name_is_used_again(whole: Whole) -> None:
    first = File.objects.published().first()
    again = whole.live.files.filter(filetype=first.filetype)
    again.update(
        filename=first.filename, release=first.release, public_id="e" * 32, published_at=timezone.now()
    )


def _a_reservation_stayed(whole: Whole) -> None:
    BurntName.objects.filter(draft=whole.published).update(permanent=False)


def _a_name_was_seen_with_other_bytes(whole: Whole) -> None:
    file = File.objects.published().first()
    file.sha256 = "0" * 64
    whole.seen(file)


def _bytes_are_gone(whole: Whole) -> None:
    stored.change(whole.live.files.first(), lambda _data: None)


def _a_bit_flipped(whole: Whole) -> None:
    stored.change(whole.published.files.published().first(), one_bit)


def _metadata_flipped(whole: Whole) -> None:
    stored.change(whole.live.files.first(), one_bit, metadata=True)


def _other_files_were_reviewed(whole: Whole) -> None:
    Draft.objects.filter(pk=whole.published.pk).update(publishing_fingerprint="0" * 64)


def _a_token_is_of_another_project(whole: Whole) -> None:
    other = Project.objects.create(name="another")
    Token.objects.filter(pk=whole.ci.row.pk).update(project=other)


def _a_token_staged_after_its_end(whole: Whole) -> None:
    Token.objects.filter(pk=whole.ci.row.pk).update(revoked_at=whole.published.opened_at)


def _a_token_replaced_what_others_staged(whole: Whole) -> None:
    other = make_ci(whole.live.project, label="other")
    whole.published.files.superseded().update(staged_by_token=other.row)


def _a_revoked_token_is_let_in(whole: Whole) -> None:
    whole.ledger.revoked.add(whole.ci.token)


def _nobody_decided(whole: Whole) -> None:
    _without_triggers(lambda: AuditEvent.objects.filter(event="draft:publishing").delete())


def _no_second_factor_was_given(_whole: Whole) -> None:
    _without_triggers(
        lambda: AuditEvent.objects.filter(event="draft:publishing").update(details={"method": "none"})
    )


def _the_publisher_is_a_stranger(whole: Whole) -> None:
    Membership.objects.filter(user=whole.published.publishing_by_id).delete()


def _without_triggers(do: Callable[[], object]) -> None:
    triggers = import_module("accounts.migrations.0002_append_only")
    with connection.schema_editor() as editor:
        triggers.drop(None, editor)
    try:
        do()
    finally:
        with connection.schema_editor() as editor:
            triggers.make(None, editor)


def _an_event_is_dropped(_whole: Whole) -> None:
    _without_triggers(lambda: AuditEvent.objects.filter(event="file:staged").last().delete())


def _a_token_without_an_event(whole: Whole) -> None:
    row = whole.ci.row
    row.pk, row.token_sha256 = None, "0" * 64
    row.save()


def _a_link_is_revoked_without_an_event(whole: Whole) -> None:
    DraftLink.objects.filter(pk=whole.link.pk).update(revoked_at=timezone.now())


def _a_draft_is_canceled_without_an_event(whole: Whole) -> None:
    Draft.objects.filter(pk=whole.live.pk).update(state=DraftState.CANCELED, ended_at=timezone.now())


def _a_file_without_an_event(whole: Whole) -> None:
    file = whole.live.files.first()
    whole.live.files.exclude(pk=file.pk).update(sha256=file.sha256)


def _a_file_is_deleted_without_an_event(whole: Whole) -> None:
    whole.live.files.first().cancel()


def _a_link_dies_though_its_draft_lives(whole: Whole) -> None:
    _answering(whole, f"/draft/{links.token(whole.link)}/", 404)


def _answering(whole: Whole, start: str, status: int) -> None:
    """Let the server answer everything below an address with one status."""

    def told(path: str, headers: dict[str, str]) -> Answer:
        return Answer(status, {}, b"") if path.startswith(start) else ask(path, headers)

    get = whole.state
    whole.state = lambda: State([told], get().inventory, whole.ledger, {})


def _a_link_shows_another_draft(whole: Whole) -> None:
    File.objects.filter(draft=whole.published).update(release=None, published_at=None)
    _swapped(whole, whole.published)


def _swapped(whole: Whole, other: Draft) -> None:
    """Let the link's address show what another draft holds."""

    def told(path: str, headers: dict[str, str]) -> Answer:
        if "/only/simple/" not in path:
            return ask(path, headers)
        return Answer(200, {}, " ".join(file.sha256 for file in other.files.all()).encode())

    get = whole.state
    whole.state = lambda: State([told], get().inventory, whole.ledger, {})


def _a_job_is_left(whole: Whole) -> None:
    jobs.enqueue(kind=Kind.PURGE, subject=whole.live.subject)


def _a_draft_hangs(whole: Whole) -> None:
    rows = Draft.objects.filter(pk=whole.live.pk)
    rows.update(
        state=DraftState.PROCESSING,
        publishing_fingerprint="0" * 64,
        publishing_by=whole.published.publishing_by,
    )


def _an_error_without_words(whole: Whole) -> None:
    Draft.objects.filter(pk=whole.live.pk).update(state=DraftState.ERROR)


def _a_job_was_given_up(whole: Whole) -> None:
    job = Job.objects.create(kind=Kind.PURGE, subject=whole.live.subject)
    jobs.claim(job.pk).give_up("no more")


def _bytes_without_a_row(_whole: Whole) -> None:
    stored.kept(b"nobody's")


def _a_public_copy_without_a_row(whole: Whole) -> None:
    if not whole.shelf.has_public:
        return _bytes_without_a_row(whole)
    copied = stored.kept(b"nobody's", public=True)
    storage().promote(copied)
    storage().delete(copied.object_id)
    return None


def _a_hostile_archive_is_staged(whole: Whole) -> None:
    whole.ledger.hostile.add(whole.live.files.first().sha256)


def _something_was_unpacked(whole: Whole) -> None:
    writer = storage().create(whole.live.files.first().object_id, "__init__.py")
    writer.write(b"unpacked")
    writer.commit()


BREAKS = {
    1: [_a_page_names_a_staged_file, _an_unpublished_file_is_answered_for, _a_project_is_listed_too_early],
    2: [
        _half_a_draft_is_published,
        _a_reader_saw_half,
        _a_reader_saw_what_is_staged,
        _a_reader_saw_it_too_early,
        _a_file_vanished,
        _a_page_is_old,
    ],
    3: [
        _a_name_is_free_again,
        _a_name_is_used_again,
        _a_reservation_stayed,
        _a_name_was_seen_with_other_bytes,
    ],
    4: [_bytes_are_gone, _a_bit_flipped, _metadata_flipped, _other_files_were_reviewed],
    5: [
        _a_token_is_of_another_project,
        _a_token_staged_after_its_end,
        _a_token_replaced_what_others_staged,
        _a_revoked_token_is_let_in,
    ],
    6: [_nobody_decided, _no_second_factor_was_given, _the_publisher_is_a_stranger],
    7: [
        _an_event_is_dropped,
        _a_token_without_an_event,
        _a_link_is_revoked_without_an_event,
        _a_draft_is_canceled_without_an_event,
        _a_file_without_an_event,
        _a_file_is_deleted_without_an_event,
    ],
    8: [_a_link_dies_though_its_draft_lives, _a_link_shows_another_draft],
    9: [
        _a_job_is_left,
        _a_draft_hangs,
        _an_error_without_words,
        _a_job_was_given_up,
        _bytes_without_a_row,
        _a_public_copy_without_a_row,
    ],
    10: [_a_hostile_archive_is_staged, _something_was_unpacked],
}
CASES = [(number, broken) for number, some in BREAKS.items() for broken in some]


@pytest.mark.parametrize(("number", "spoil"), CASES, ids=[spoil.__name__.strip("_") for _, spoil in CASES])
def test_a_broken_promise_is_named(whole, number, spoil):
    """It is true that the promise's own check says what is wrong."""
    spoil(whole)
    found = list(PROMISES[number](whole.state()))
    assert found, "nothing was noticed"
    assert all(isinstance(words, str) and words for words in found)


def test_a_link_that_is_revoked_and_opens_is_named(whole, monkeypatch):
    monkeypatch.setattr(DraftLinkQuerySet, "valid", lambda rows: rows.all())
    assert [words for words in PROMISES[8](whole.state()) if "answers 200, not 404" in words]


NOW = timezone.now()
UNTRUE = {
    "a file": Staged("sampleproject", "sampleproject-9.whl", "0" * 64),
    "an event": Happened("draft:canceled", "sampleproject 2.0", NOW),
    "a publish": Decided("sampleproject 2.0", "0" * 64, NOW),
    "a link": LinkIs("pcd_none", revoked=False),
    "a token": Revoked("pcu_none"),
    "a log": Logged("sampleproject 2.0", "0" * 64),
}


@pytest.mark.parametrize("claim", UNTRUE.values(), ids=UNTRUE.keys())
def test_a_client_that_was_told_what_is_not_so_is_named(whole, claim):
    whole.ledger.claim(claim)
    assert len(list(PROMISES[9](whole.state()))) == 1


def test_a_dishonest_answer_is_named(whole):
    whole.ledger.complain("'upload a file' was answered 500")
    assert list(PROMISES[9](whole.state())) == ["'upload a file' was answered 500"]
