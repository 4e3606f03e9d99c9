"""Ways to break each promise behind the server's back."""

from datetime import timedelta

from django.utils import timezone

from accounts.models import AuditEvent
from bench.faults.browser import Answer
from bench.faults.promises import State
from drafts.access import links
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
    jobs,
)
from drafts.storage import storage
from tests import stored
from tests.conftest import make_ci
from tests.test_promises_bytes import one_bit
from tests.whole import Whole, answering, ask, swapped, without_triggers


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
    without_triggers(lambda: AuditEvent.objects.filter(event="draft:publishing").delete())


def _no_second_factor_was_given(_whole: Whole) -> None:
    without_triggers(
        lambda: AuditEvent.objects.filter(event="draft:publishing").update(details={"method": "none"})
    )


def _the_publisher_is_a_stranger(whole: Whole) -> None:
    Membership.objects.filter(user=whole.published.publishing_by_id).delete()


def _an_event_is_dropped(_whole: Whole) -> None:
    without_triggers(lambda: AuditEvent.objects.filter(event="file:staged").last().delete())


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
    answering(whole, f"/draft/{links.token(whole.link)}/", 404)


def _a_link_shows_another_draft(whole: Whole) -> None:
    File.objects.filter(draft=whole.published).update(release=None, published_at=None)
    swapped(whole, whole.published)


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
