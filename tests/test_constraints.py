"""The database refuses impossible rows: each constraint, named as a sentence, broken once."""

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest
from django.apps import apps
from django.db import IntegrityError, models, transaction
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import ActLock, AuditEvent, Device, PasskeyChallenge, Recovery, User
from drafts.evidence.add import paste
from drafts.models import (
    Approval,
    AttestationSearch,
    Attested,
    Builder,
    BurntName,
    CiRun,
    CiSource,
    Decision,
    Delivery,
    Draft,
    DraftLink,
    EvidenceLog,
    Fetch,
    File,
    Finding,
    Group,
    Inspection,
    Job,
    Look,
    Membership,
    OperatorLook,
    Project,
    Publisher,
    Push,
    PushedFile,
    ReadOnly,
    ReceiptKey,
    Release,
    Remembered,
    Report,
    StandingOrder,
    Target,
    Token,
    Train,
    UploadPart,
    UploadSession,
    Webhook,
    jobs,
)
from drafts.models.files import new_handle
from drafts.models.tokens import new_link_handle
from tests.breaches import OF_PEOPLE
from tests.breaches_of_ci import OF_CI

pytestmark = pytest.mark.django_db


def again(row: models.Model, **changes: object) -> None:
    """Write the same row a second time, with changes."""
    row.pk = None
    for name, value in changes.items():
        setattr(row, name, value)
    row.save(force_insert=True)


def publisher(**changes: object) -> Publisher:
    """Write a trusted publisher of the project."""
    named = {"kind": "github", "repository": "octo/sampleproject", "workflow": "release.yml", **changes}
    return Publisher.objects.create(project=Project.objects.get(), issuer="https://ci.example", **named)


def file(**changes: object) -> None:
    """Write the wheel a second time, with new ids: nothing but the changes is in the way."""
    fresh = {"object_id": new_handle(), "handle": new_handle()}
    again(File.objects.get(filetype="bdist_wheel"), **{**fresh, **changes})


def log(**changes: object) -> None:
    again(EvidenceLog.objects.earliest("pk"), **{"object_id": new_handle(), **changes})


def train(**changes: object) -> Train:
    return Train.objects.create(**{"label": "2026.11", "made_by": "alice", **changes})


def order() -> StandingOrder:
    """Write a standing order of the project."""
    told = {"members": "", "publishers": "", "policy": "", "baseline": {}}
    return StandingOrder.objects.create(
        project=Project.objects.get(), given_by=User.objects.first(), expires_at=NOW, **told
    )


def waiting() -> None:
    log(
        draft=None,
        project=Project.objects.get(),
        version_key="9",
        added_by_user=None,
        added_by_token=Token.objects.get(),
        sha256="2" * 64,
    )


def decision(**changes: object) -> None:
    row = {
        "kind": "without",
        "reason": "why",
        "draft": Draft.objects.get(),
        "by": User.objects.earliest("pk"),
    }
    Decision.objects.create(**{**row, **changes})


def burn(**changes: object) -> None:
    draft = Draft.objects.get()
    row = {"filename": "a", "identity": "a", "sha256": "0" * 64, "project": draft.project, "draft": draft}
    BurntName.objects.create(**{"version_key": "1", **row, **changes})


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


def schedule(at: datetime) -> None:
    """Schedule the draft as a proof would."""
    Draft.objects.update(
        publish_at=at,
        publishing_by=user(),
        publishing_decided_at=NOW,
        publishing_fingerprint="x",
        publishing_method="totp",
    )


def run(**changes: object) -> CiRun:
    row = {"kind": "github", "repository": "a/b", "number": 8812, "asked_by": user()}
    return CiRun.objects.create(project=Project.objects.get(), **{**row, **changes})


def source(**changes: object) -> None:
    row = {"kind": "github", "repository": "a/b", "set_by": user()}
    CiSource.objects.create(project=Project.objects.get(), **{**row, **changes})


def target(**changes: object) -> Target:
    """Write an upstream target."""
    row = {"kind": "pypi", "set_by": user(), **changes}
    return Target.objects.create(project=Project.objects.get(), **row)


def push(**changes: object) -> Push:
    """Write the push of the draft."""
    return Push.objects.create(**{"draft": Draft.objects.get(), "target": target(), **changes})


def pushed_file(**changes: object) -> None:
    PushedFile.objects.create(push=push(), file=File.objects.first(), **changes)


def attested(**changes: object) -> None:
    """Write what verifying an attestation came to."""
    row = {"number": 1, "came_with_file": True, "reason": "it was forged", **changes}
    Attested.objects.create(file=File.objects.first(), **row)


def receipt_key(key_id: str, **changes: object) -> None:
    """Write a key that signs receipts."""
    row = {"key_id": key_id, "public": "x", "private_sealed": "x", "valid_from": NOW, **changes}
    ReceiptKey.objects.create(**row)


def user() -> User:
    return User.objects.get(email="mike@example.org")


def accepted(**changes: object) -> None:
    row = {"code": "litter", "severity": "warn", "pattern": "*", "reason": "meant", "by": user()}
    Remembered.objects.create(project=Project.objects.get(), **{**row, **changes})


def approval(**changes: object) -> None:
    """Write an approval."""
    row = {"says": "yes", "fingerprint": "x", "method": "totp", **changes}
    Approval.objects.create(draft=Draft.objects.get(), user=user(), **row)


def webhook(**changes: object) -> Webhook:
    row = {"url": "https://x", "events": [], "secret_sealed": "x", **changes}
    return Webhook.objects.create(project=Project.objects.get(), made_by=user(), **row)


def message(**changes: object) -> None:
    """Write a message to a webhook."""
    Delivery.objects.create(webhook=webhook(), event="test", body="{}", **changes)


def look(**changes: object) -> None:
    row = {"reason": "x", "until": NOW + timedelta(hours=1), "at": NOW, **changes}
    OperatorLook.objects.create(user=user(), draft=Draft.objects.get(), **row)


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
    "one_published_file_of_a_name_per_space": lambda: (burn(), burn(version_key="2", identity="b")),
    "a_name_is_burnt_in_a_space": lambda: burn(space="moon"),
    "same_file_other_spelling": lambda: (burn(), burn(filename="b")),
    "a_project_name_is_normalised_and_says_its_space": lambda: Project.objects.update(space="sandbox"),
    "one_role_per_person_and_project": lambda: again(Membership.objects.first()),
    "a_role_is_one_of_three": lambda: Membership.objects.update(role="admin"),
    "one_release_per_version": lambda: (
        Release.objects.create(
            project=Project.objects.get(), version="1.0", version_key="1", published_at=NOW
        ),
        Release.objects.create(project=Project.objects.get(), version="1", version_key="1", published_at=NOW),
    ),
    "one_live_train_of_a_key": lambda: [train(key="k") for _ in "ab"],
    "a_train_is_open_to_dissolved": lambda: train(state="gone", ended_at=NOW),
    "a_train_that_ended_says_when": lambda: train(state="published"),
    "a_train_being_published_says_by_whom_and_what": lambda: train(state="processing"),
    "a_project_has_one_upstream_target": lambda: (target(), target(kind="testpypi")),
    "a_target_is_of_a_known_kind": lambda: target(kind="npm"),
    "a_target_is_filled_by_presscheck_or_ci": lambda: target(uploader="nobody"),
    "another_index_has_its_addresses": lambda: target(kind="other", upload_url="https://a/"),
    "a_target_that_ended_keeps_no_secret": lambda: target(ended_at=NOW, secret_sealed="x"),
    "a_push_is_in_a_known_state": lambda: push(state="lost"),
    "a_push_that_ended_says_when": lambda: push(state="done"),
    "a_pushed_file_is_in_a_known_state": lambda: pushed_file(state="lost"),
    "a_confirmed_pushed_file_says_when": lambda: pushed_file(state="confirmed"),
    "one_standing_order_per_project": lambda: [order() for _ in "ab"],
    "a_link_for_ci_is_never_a_day_or_full": lambda: Project.objects.update(link_for_ci="maybe"),
    "expected_files_are_last_times_patterns_or_none": lambda: Project.objects.update(expected_files="some"),
    "a_window_is_none_limits_or_ever": lambda: Project.objects.update(window="week"),
    "a_series_is_by_leading_numbers_or_lines": lambda: Project.objects.update(window_series="calendar"),
    "a_series_by_lines_has_one": lambda: Project.objects.update(window_series="lines"),
    "a_window_tells_or_refuses": lambda: Project.objects.update(window_mode="shrug"),
    "a_window_of_limits_has_one": lambda: Project.objects.update(window_first_days=0),
    "a_scheduled_draft_waits_and_says_by_whom_and_what": lambda: Draft.objects.update(publish_at=NOW),
    "a_schedule_lies_before_the_expiry": lambda: schedule(Draft.objects.get().expires_at),
    "a_late_file_is_published_and_says_its_kind": lambda: File.objects.update(late_seconds=90_000),
    "a_decision_is_of_a_known_kind": lambda: decision(kind="whatever"),
    "a_decision_has_a_reason": lambda: decision(reason=""),
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
    "one_token_of_a_secret_per_project": lambda: again(Token.objects.get()),
    "a_minted_token_stages_files_and_says_of_which_run": lambda: Token.objects.update(publisher=publisher()),
    "a_groups_token_is_nobodys_else": lambda: Token.objects.update(
        group=Group.objects.create(name="suite"), draft=Draft.objects.get()
    ),
    "a_token_that_leaked_is_revoked": lambda: Token.objects.update(leaked_at=timezone.now()),
    "a_publisher_is_of_a_known_kind": lambda: publisher(kind="jenkins"),
    "a_project_trusts_a_publisher_once": lambda: (publisher(), publisher()),
    "a_publisher_names_repository_and_workflow": lambda: publisher(workflow=""),
    "a_person_adds_a_log_once": log,
    "a_token_adds_a_log_once": lambda: (
        log(added_by_user=None, added_by_token=Token.objects.get(), sha256="1" * 64),
        log(added_by_user=None, added_by_token=Token.objects.get(), sha256="1" * 64),
    ),
    "a_run_adds_a_log_once": lambda: (
        log(added_by_user=None, added_by_run=run(), sha256="1" * 64),
        log(added_by_user=None, added_by_run=CiRun.objects.get(), sha256="1" * 64),
    ),
    "a_log_without_a_draft_says_what_it_waits_for": lambda: EvidenceLog.objects.update(draft=None),
    "a_token_has_a_log_wait_once": lambda: (waiting(), waiting()),
    "a_log_that_is_set_aside_says_by_whom_and_why": lambda: EvidenceLog.objects.update(set_aside_at=NOW),
    "evidence_is_demanded_by_its_rank": lambda: Project.objects.update(evidence_demand="much"),
    "a_log_was_added_by_a_token_a_person_or_a_run": lambda: EvidenceLog.objects.update(added_by_user=None),
    "an_attestation_of_a_file_has_one_outcome": lambda: (attested(), attested()),
    "an_attestation_has_a_signer_and_a_log_or_a_reason": lambda: attested(reason=""),
    "an_attestation_that_was_looked_up_has_one_outcome": lambda: [
        attested(came_with_file=False, found_at="GitHub") for _ in "ab"
    ],
    "an_attestation_comes_with_its_file_or_is_looked_up": lambda: attested(found_at="GitHub"),
    "a_search_that_ended_says_what_it_came_to": lambda: AttestationSearch.objects.create(
        draft=Draft.objects.get(), asked_by=user(), ended_at=NOW
    ),
    "one_receipt_key_signs_today": lambda: (receipt_key("a"), receipt_key("b")),
    "a_receipt_key_ends_after_it_began": lambda: receipt_key("a", until=NOW - timedelta(days=1)),
    "a_receipt_key_that_signs_today_can_and_may": lambda: receipt_key("a", revoked_at=NOW),
    "a_ci_source_is_of_a_known_kind": lambda: source(kind="jenkins"),
    "a_ci_source_names_a_repository": lambda: source(repository=""),
    "one_row_per_run_of_a_project": lambda: (run(), run()),
    "a_fetch_has_a_known_state": lambda: run(state="lost", ended_at=NOW),
    "a_fetch_that_ended_says_when": lambda: run(state="done"),
    "a_run_was_asked_for_by_a_person_or_named_by_a_token": lambda: run(asked_by=None),
    "a_fetch_that_failed_says_why": lambda: run(state="failed", ended_at=NOW),
    "an_inspection_kept_its_object_or_says_why_it_failed": lambda: Inspection.objects.update(object_id=None),
    "a_finding_is_refuse_warn_or_note": lambda: Finding.objects.update(severity="fatal"),
    "a_project_remembers_a_finding_once": lambda: (accepted(), accepted()),
    "a_draft_accepts_a_finding_once": lambda: [accepted(draft=Draft.objects.get()) for _ in "ab"],
    "what_is_refused_is_never_accepted": lambda: accepted(severity="refuse"),
    "what_is_accepted_has_a_reason": lambda: accepted(reason=""),
    "what_is_revoked_says_by_whom": lambda: accepted(revoked_at=NOW),
    "a_person_looks_at_a_draft_once": lambda: [
        Look.objects.create(draft=Draft.objects.get(), user=user()) for _ in "ab"
    ],
    "a_project_is_active_deprecated_or_archived": lambda: Project.objects.update(status="quarantined"),
    "a_quarantine_of_a_project_says_why": lambda: Project.objects.update(quarantined_at=NOW),
    "a_quarantine_of_a_release_says_why": lambda: Release.objects.create(
        project=Project.objects.get(),
        version="1.0",
        version_key="1",
        published_at=NOW,
        quarantine_reason="x",
    ),
    "the_server_is_read_only_once": lambda: [ReadOnly.objects.create(reason="x") for _ in "ab"],
    "a_read_only_server_says_why": lambda: ReadOnly.objects.create(reason=""),
    "a_look_has_a_reason": lambda: look(reason=""),
    "a_look_ends_after_it_began": lambda: look(until=NOW - timedelta(days=1)),
    "one_live_job_per_kind_and_subject": lambda: again(jobs.enqueue(kind=jobs.Kind.PURGE, subject="draft:1")),
    "a_running_job_has_a_lease": lambda: (
        jobs.enqueue(kind=jobs.Kind.PURGE, subject="draft:1"),
        Job.objects.update(state="running"),
    ),
    "one_lock_per_person_and_act": lambda: [ActLock.objects.create(user=user(), act="publish") for _ in "ab"],
    "a_passkey_challenge_ends_after_it_began": lambda: PasskeyChallenge.objects.create(
        user=user(), act="publish", on="draft:1", challenge="x", made_at=NOW, expires_at=NOW
    ),
    "one_row_per_person_and_device": lambda: [
        Device.objects.create(user=user(), token_sha256="x") for _ in "ab"
    ],
    "one_live_recovery_per_person": lambda: [Recovery.objects.create(user=user(), due_at=NOW) for _ in "ab"],
    "a_recovery_that_was_objected_to_is_not_done": lambda: Recovery.objects.create(
        user=user(), due_at=NOW, objected_at=NOW, done_at=NOW
    ),
    "a_draft_lives_a_month_at_most": lambda: Project.objects.update(draft_days=31),
    "an_approval_says_yes_or_wants_changes": lambda: approval(says="maybe"),
    "who_wants_changes_says_which": lambda: approval(says="changes"),
    "an_approval_names_the_files": lambda: approval(fingerprint=""),
    "one_standing_approval_per_person_and_draft": lambda: (approval(), approval()),
    "one_count_per_file_and_agent": lambda: [
        Fetch.objects.create(draft=Draft.objects.get(), filename="a", agent="pip") for _ in "ab"
    ],
    "an_answer_says_whose_and_when": lambda: Report.objects.create(
        draft=Draft.objects.get(), link=link(), fingerprint="x", works=True, answer="why"
    ),
    "a_webhook_has_a_secret": lambda: webhook(secret_sealed=""),
    "an_old_secret_says_until_when": lambda: webhook(old_secret_sealed="x"),
    "a_message_waits_was_delivered_or_failed": lambda: message(state="lost", ended_at=NOW),
    "a_message_that_ended_says_when": lambda: message(state="failed"),
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
    **OF_PEOPLE,
    **OF_CI,
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
    mine = Job.objects.filter(kind=jobs.Kind.PURGE)
    assert mine.update(state="running", lease_until=NOW - timedelta(hours=1)) == 1
