"""The least row of each kind, written past every act: what only the database itself may refuse."""

from datetime import datetime, timedelta

from django.db import models
from django.utils import timezone

from accounts.models import User
from drafts.models import (
    Approval,
    Attested,
    BurntName,
    CiRun,
    CiSource,
    Decision,
    Delivery,
    Draft,
    DraftLink,
    EvidenceLog,
    File,
    OperatorLook,
    Project,
    Publisher,
    Push,
    PushedFile,
    ReceiptKey,
    Remembered,
    StandingOrder,
    Target,
    Token,
    Train,
    UploadPart,
    UploadSession,
    Webhook,
)
from drafts.models.files import new_handle
from drafts.models.tokens import new_link_handle

NOW = timezone.now()


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
