"""What members are told of their projects by mail: what happened, what it means, one link."""

from collections.abc import Sequence

from django.urls import reverse

from accounts.mail import Letter
from drafts.models import Draft, Project


def _page(draft: Draft) -> str:
    return reverse("draft", args=[draft.project.name, draft.version])


def _look(draft: Draft) -> str:
    return f"Look at {draft}"


def opened(draft: Draft, *, by: str) -> Letter:
    return Letter(
        f"{draft} is being staged",
        (
            f"{by} opened a draft of {draft}. Nothing of it is public, and nothing will be before a maintainer publishes it.",
            f"It expires on {draft.expires_at:%d %B %Y at %H:%M} UTC if nobody does.",
        ),
        _page(draft),
        _look(draft),
    )


def ready(draft: Draft, *, files: int, left: Sequence[str]) -> Letter:
    waits = (
        f"Still missing: {' '.join(left)}"
        if left
        else "Nothing else stands in the way: a maintainer can publish it."
    )
    return Letter(
        f"{draft} waits for you",
        (
            f"All {files} files of {draft} are in and inspected."
            if files != 1
            else f"The file of {draft} is in and inspected.",
            waits,
        ),
        _page(draft),
        f"Review {draft}",
    )


def other_bytes(draft: Draft, *, reason: str) -> Letter:
    """Say that storage does not have the bytes any more that were reviewed."""
    return Letter(
        f"{draft}: the stored bytes are not those that were reviewed",
        (
            reason,
            "The draft can be changed again. The operator sees with “manage.py verify_storage” what else was changed or lost.",
        ),
        _page(draft),
        _look(draft),
    )


def changes_wanted(draft: Draft, *, by: str, note: str) -> Letter:
    return Letter(
        f"{by} wants changes in {draft}",
        (
            f"{by} looked at {draft} and said: {note}",
            f"It cannot be published before {by} takes this back, or files change.",
        ),
        _page(draft),
        _look(draft),
    )


def approvals_void(draft: Draft, *, names: Sequence[str], changed: str) -> Letter:
    whose = ", ".join(names)
    return Letter(
        f"Approvals of {draft} are void",
        (
            f"The files of {draft} changed after {whose} looked at them: {changed}.",
            "What was said of the files before counts no more. Look at what changed, then say it again.",
        ),
        _page(draft),
        f"See what changed in {draft}",
    )


def reach(draft: Draft, *, yanked: bool) -> str:
    """Say who gets what a draft published."""
    where = "sandbox" if draft.project.is_sandbox else "index"
    if yanked:
        return f"It is yanked: installers pass over it in the {where} unless somebody pins {draft.version}."
    return f"Installers get it from the {where} now."


def published(draft: Draft, *, by: str, files: int) -> Letter:
    return Letter(
        f"{draft} is published",
        (
            f"{by} published {draft}: {files} file{'' if files == 1 else 's'}. {reach(draft, yanked=bool(draft.publishing_yanked))}",
            f"If nobody of {draft.project} meant that, yank the release at once, and tell whoever runs this server.",
        ),
        _page(draft),
        f"See the record of {draft}",
    )


def expiry_near(draft: Draft, *, files: int) -> Letter:
    return Letter(
        f"{draft} expires soon",
        (
            f"The draft, with {files} file{'' if files == 1 else 's'}, expires on {draft.expires_at:%d %B %Y at %H:%M} UTC.",
            "Then it is canceled, and its bytes are deleted a day later.",
            "Publish it, or extend it on its page. Nothing of it is public, and its names stay free either way.",
        ),
        _page(draft),
        _look(draft),
    )


def webhook_off(project: Project, *, url: str, failed: int, path: str) -> Letter:
    return Letter(
        f"A webhook of {project} is switched off",
        (
            f"{failed} messages in a row could not be delivered to {url}, each tried for a day. It gets no more of them.",
            "What was not delivered is kept for 30 days and can be sent again once the address answers.",
        ),
        path,
        "See what was answered",
    )
