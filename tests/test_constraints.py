"""The database refuses impossible rows: each constraint, named as a sentence, broken once."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import ActLock, AuditEvent, User
from drafts.evidence.add import paste
from drafts.models import (
    Builder,
    BurntName,
    CiRun,
    CiSource,
    Draft,
    DraftLink,
    EvidenceLog,
    File,
    Job,
    Membership,
    Project,
    Release,
    Token,
    UploadPart,
    UploadSession,
    jobs,
)
from drafts.models.files import new_handle
from drafts.models.tokens import new_link_handle

pytestmark = pytest.mark.django_db


def again(row: models.Model, **changes: object) -> None:
    """Write the same row a second time, with changes."""
    row.pk = None
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(force_insert=True)


def file(**changes: object) -> None:
    """Write the wheel a second time, with new ids: nothing but the changes is in the way."""
    fresh = {"object_id": new_handle(), "handle": new_handle()}
    again(File.objects.get(filetype="bdist_wheel"), **{**fresh, **changes})


def log(**changes: object) -> None:
    again(EvidenceLog.objects.earliest("pk"), **{"object_id": new_handle(), **changes})


def burn(**changes: object) -> None:
    draft = Draft.objects.get()
    row = {"filename": "a", "identity": "a", "sha256": "0" * 64, "project": draft.project, "draft": draft}
    BurntName.objects.create(version_key="1", **{**row, **changes})


def link(**fields: object) -> DraftLink:
    return DraftLink.objects.create(
        draft=Draft.objects.get(),
        key_id="x",
        label="x",
        expires_at=NOW,
        **{"handle": new_link_handle(), **fields},
    )


def upload(**changes: object) -> UploadSession:
    """Write an upload that is pending."""
    own = {"draft": Draft.objects.get(), "staged_by_token": Token.objects.get(), "hashes": {}, "size": 10}
    return UploadSession.objects.create(
        **{**own, "filename": "a", "identity": "a", "filetype": "x", **changes}
    )


def part(of: UploadSession, **changes: object) -> None:
    """Write a part of an upload."""
    row = {"object_id": new_handle(), "stored_as": "a", "offset": 0, "size": 1, **changes}
    UploadPart.objects.create(upload=of, **row)


def run(**changes: object) -> CiRun:
    row = {"kind": "github", "repository": "a/b", "number": 8812, "asked_by": user()}
    return CiRun.objects.create(project=Project.objects.get(), **{**row, **changes})


def source(**changes: object) -> None:
    row = {"kind": "github", "repository": "a/b", "set_by": user()}
    CiSource.objects.create(project=Project.objects.get(), **{**row, **changes})


def user() -> User:
    return User.objects.get(email="mike@example.org")


NOW = timezone.now()
BREACHES: dict[str, Callable[[], object]] = {
    "one_live_draft_per_release": lambda: again(Draft.objects.get(), handle="x"),
    "a_draft_state_is_pep_694s": lambda: Draft.objects.update(state="closed", ended_at=NOW),
    "a_draft_that_ended_says_when": lambda: Draft.objects.update(state="canceled"),
    "a_draft_being_published_says_by_whom_and_what": lambda: Draft.objects.update(state="processing"),
    "one_file_of_a_name_per_draft": lambda: file(identity="another"),
    "one_file_of_an_identity_per_draft": lambda: file(filename="another"),
    "a_file_was_staged_by_a_token_or_a_person": lambda: File.objects.update(staged_by_user=user()),
    "a_published_file_has_a_public_id_and_a_time": lambda: File.objects.update(published_at=NOW),
    "a_canceled_file_says_when": lambda: File.objects.update(state="canceled"),
    "a_file_is_not_empty": lambda: File.objects.update(size=0),
    "one_upload_of_a_name_is_in_the_way": lambda: (upload(), upload(identity="b")),
    "one_upload_of_an_identity_is_in_the_way": lambda: (upload(), upload(filename="b")),
    "an_upload_state_is_pep_694s": lambda: upload(state="lost", ended_at=NOW),
    "an_upload_that_ended_says_when": lambda: upload(state="canceled"),
    "a_completed_upload_has_a_file": lambda: upload(state="completed", ended_at=NOW),
    "an_upload_receives_what_was_announced": lambda: upload(received=11),
    "one_part_of_an_upload_per_offset": lambda: (part(one := upload()), part(one)),
    "a_part_is_not_empty": lambda: part(upload(), size=0),
    "same_file_other_spelling": lambda: (burn(), burn(filename="b")),
    "a_project_name_is_normalised": lambda: Project.objects.update(name="Sample.Project"),
    "one_role_per_person_and_project": lambda: again(Membership.objects.first()),
    "a_role_is_one_of_three": lambda: Membership.objects.update(role="admin"),
    "one_release_per_version": lambda: (
        Release.objects.create(
            project=Project.objects.get(), version="1.0", version_key="1", published_at=NOW
        ),
        Release.objects.create(project=Project.objects.get(), version="1", version_key="1", published_at=NOW),
    ),
    "a_link_for_ci_is_never_a_day_or_full": lambda: Project.objects.update(link_for_ci="maybe"),
    "a_publish_from_ci_is_refused_or_waits": lambda: Project.objects.update(publish_from_ci="maybe"),
    "one_link_for_ci_per_draft": lambda: [link(for_ci=True) for _ in "ab"],
    "a_builder_is_asked_for_files": lambda: Builder.objects.create(
        draft=Draft.objects.get(),
        name="x",
        expected=0,
        token=Token.objects.get(),
        link=link(),
        invited_by=user(),
    ),
    "a_token_has_one_of_three_kinds": lambda: Token.objects.update(kind="master"),
    "a_person_adds_a_log_once": log,
    "a_token_adds_a_log_once": lambda: (
        log(added_by_user=None, added_by_token=Token.objects.get(), sha256="1" * 64),
        log(added_by_user=None, added_by_token=Token.objects.get(), sha256="1" * 64),
    ),
    "a_run_adds_a_log_once": lambda: (
        log(added_by_user=None, added_by_run=run(), sha256="1" * 64),
        log(added_by_user=None, added_by_run=CiRun.objects.get(), sha256="1" * 64),
    ),
    "a_log_was_added_by_a_token_a_person_or_a_run": lambda: EvidenceLog.objects.update(added_by_user=None),
    "a_ci_source_is_of_a_known_kind": lambda: source(kind="jenkins"),
    "a_ci_source_names_a_repository": lambda: source(repository=""),
    "one_row_per_run_of_a_project": lambda: (run(), run()),
    "a_fetch_has_a_known_state": lambda: run(state="lost", ended_at=NOW),
    "a_fetch_that_ended_says_when": lambda: run(state="done"),
    "a_fetch_that_failed_says_why": lambda: run(state="failed", ended_at=NOW),
    "one_live_job_per_kind_and_subject": lambda: again(jobs.enqueue(kind=jobs.Kind.PURGE, subject="draft:1")),
    "a_running_job_has_a_lease": lambda: (
        jobs.enqueue(kind=jobs.Kind.PURGE, subject="draft:1"),
        Job.objects.update(state="running"),
    ),
    "one_lock_per_person_and_act": lambda: [ActLock.objects.create(user=user(), act="publish") for _ in "ab"],
    "one_event_per_place_in_the_chain": lambda: AuditEvent.objects.bulk_create(
        AuditEvent(
            scope="x",
            seq=1,
            event="x",
            at=NOW,
            actor_kind="x",
            on_kind="x",
            on_id="1",
            on_label="x",
            hash=digest,
        )
        for digest in "ab"
    ),
    "an_event_changes_the_hash": lambda: AuditEvent.objects.create(
        scope="x", seq=1, event="x", at=NOW, actor_kind="x", on_kind="x", on_id="1", on_label="x"
    ),
}
OURS = ("accounts", "drafts")


def test_every_constraint_is_broken_below():
    """It is true that a constraint which nobody breaks in a test does not exist."""
    names = [
        constraint.name
        for label in OURS
        for model in apps.get_app_config(label).get_models()
        for constraint in model._meta.constraints
    ]
    assert sorted(names) == sorted(BREACHES)


@pytest.fixture
def rows(draft, rita):
    """A draft with files and a log, all as they may be."""
    log = f"{'0' * 64}  sampleproject-1.0.tar.gz\n".encode()
    paste(draft=draft, data=log, label="log", user=rita, by=Actor.system("tests"))
    return draft


@pytest.mark.parametrize(("name", "breach"), BREACHES.items(), ids=BREACHES.keys())
def test_the_database_refuses(rows, name, breach):
    """It is true that the row is refused for this sentence and no other."""
    constraint = next(
        c
        for label in OURS
        for m in apps.get_app_config(label).get_models()
        for c in m._meta.constraints
        if c.name == name
    )
    with pytest.raises(IntegrityError) as caught, transaction.atomic():
        breach()
    if isinstance(constraint, models.CheckConstraint):
        assert name in str(caught.value)
    elif not constraint.condition:
        assert all(field in str(caught.value) for field in constraint.fields) or "append-only" in str(
            caught.value
        )


def test_an_ended_draft_makes_room_for_the_next(rows):
    """It is true that the constraint on drafts speaks of live ones alone."""
    Draft.objects.update(state="canceled", ended_at=NOW)
    again(Draft.objects.get(), handle="x", state="open", ended_at=None)
    assert Draft.objects.count() == 2


def test_a_lease_that_is_over_is_still_a_lease(rows):
    jobs.enqueue(kind=jobs.Kind.PURGE, subject="draft:1")
    assert Job.objects.update(state="running", lease_until=NOW - timedelta(hours=1)) == 1
