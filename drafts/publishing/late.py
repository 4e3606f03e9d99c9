"""What publishing into a release that has files already leaves behind: marks on late files, and a mail."""

from collections.abc import Sequence
from datetime import datetime

from accounts.mail import Letter
from drafts.dist.late import LATE, late_kind
from drafts.models import Draft, File, Release
from drafts.notify.mail import News, tell

_NAMED = 10


def mark(*, draft: Draft, release: Release, files: Sequence[File], now: datetime) -> None:
    """Mark files that come more than a day after the first of their release, and tell its maintainers.

    Part of the transaction that publishes.
    """
    lag = now - release.published_at
    Release.objects.filter(pk=release.pk).update(open_seconds=int(lag.total_seconds()))
    if lag <= LATE:
        return
    before = File.objects.filter(release=release).exclude(draft=draft).values_list("filename", flat=True)
    there = list(before)
    for file in files:
        file.late_seconds, file.late_kind = int(lag.total_seconds()), late_kind(file.filename, there)
    File.objects.bulk_update(files, ["late_seconds", "late_kind"], batch_size=100)
    tell(
        News.LATE_FILES,
        project=draft.project,
        letter=_published(draft, release, files),
        but=draft.publishing_by,
    )


def opened(draft: Draft) -> None:
    """Tell the maintainers of a draft that adds to a published release. Part of the act that opens it."""
    release = Release.objects.filter(project=draft.project, version_key=draft.version_key).first()
    if release is None:
        return
    release.project = draft.project
    letter = Letter(
        subject=f"A draft adds files to {release} of {_day(release.published_at)}",
        paragraphs=(
            (
                f"{release} was published on {_day(release.published_at)}. A draft was opened that adds to it. Nothing of it "
                "is public before a maintainer publishes it."
            ),
            "If nobody of you did that: cancel the draft, and revoke the token that opened it.",
        ),
        path=f"{draft.project.path}drafts/{draft.version}/",
        link="Look at the draft",
    )
    tell(News.LATE_FILES, project=draft.project, letter=letter)


def _published(draft: Draft, release: Release, files: Sequence[File]) -> Letter:
    names = [f"{file.filename} ({file.late_kind})" for file in files[:_NAMED]]
    more = f" and {len(files) - _NAMED} more" if len(files) > _NAMED else ""
    count = "1 file was" if len(files) == 1 else f"{len(files)} files were"
    return Letter(
        subject=f"{count} added to {release} of {_day(release.published_at)}",
        paragraphs=(
            (
                f"{draft.publishing_by} published {', '.join(names)}{more}, "
                f"{(files[0].late_seconds or 0) // 86400} days after the first file of {release}."
            ),
            "People who use Poetry see late files after: poetry cache clear",
        ),
        path=f"{draft.project.path}releases/{draft.version}/",
        link="Look at the release",
    )


def _day(moment: datetime) -> str:
    return f"{moment.day} {moment:%B %Y}"
