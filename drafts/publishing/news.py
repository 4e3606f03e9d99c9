"""What members and webhooks are told of a draft's life; each part of the act that it speaks of."""

from accounts.audit import Actor, ActorKind
from accounts.models import User
from drafts.models import Draft
from drafts.notify import hooks, letters, mail
from drafts.notify.mail import News


def _person(by: Actor) -> User | None:
    return User.objects.filter(pk=int(by.id)).first() if by.kind == ActorKind.PERSON and by.id else None


def opened(*, draft: Draft, by: Actor) -> None:
    """Tell that a draft was opened."""
    letter = letters.opened(draft, by=by.label)
    mail.tell(News.OPENED, project=draft.project, letter=letter, but=_person(by))
    hooks.emit(hooks.Event.OPENED, draft=draft, by=by.label)


def published(*, draft: Draft, files: int) -> None:
    """Tell that a draft was published; who pressed the button knows."""
    by = draft.publishing_by
    letter = letters.published(draft, by=str(by), files=files)
    mail.tell(News.PUBLISHED, project=draft.project, letter=letter, but=by)
    hooks.emit(
        hooks.Event.PUBLISHED,
        draft=draft,
        by=str(by),
        fingerprint=draft.publishing_fingerprint,
        files={file.filename: file.sha256 for file in draft.files.completed().order_by("filename")},
    )


def other_bytes(*, draft: Draft, reason: str) -> None:
    """Tell that storage does not have the bytes any more that were reviewed, which hashing found before they showed."""
    letter = letters.other_bytes(draft, reason=reason)
    mail.tell(News.ALARM, project=draft.project, letter=letter)


def ended(*, draft: Draft, expired: bool, by: Actor) -> None:
    """Tell webhooks that a draft ended without being published; people were reminded before it expired."""
    event = hooks.Event.EXPIRED if expired else hooks.Event.CANCELED
    hooks.emit(event, draft=draft, by=by.label)
