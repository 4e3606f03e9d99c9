"""The act of announcing a file: what can be refused without its bytes is refused before they travel."""

from django.conf import settings
from django.db import transaction
from packaging.version import Version

from accounts import audit
from drafts.intake import arriving, limits, quota, rules
from drafts.intake.arriving import Event
from drafts.intake.rules import Refused, Stager
from drafts.intake.upload2 import mechanisms
from drafts.intake.upload2.announcement import Announcement
from drafts.models import Draft, UploadSession

# The rules' refusals speak of a file that came; these say the same of one that would.
_CONFLICTS = {"file-exists", "same-file-other-spelling", "second-sdist"}


def announce(*, draft: Draft, announced: Announcement, by: Stager) -> UploadSession:
    """Reserve a name and room in a draft for a file. Raises Refused, NotEditable.

    What the mechanism has to prepare is done before, and undone when the act is refused.
    """
    mechanism = mechanisms.of(announced.mechanism)
    if mechanism.prepares:
        check(draft=draft, announced=announced, by=by)
    sending = mechanism.prepare(announced.name.filename, announced.size)
    try:
        return _announce(draft=draft, announced=announced, by=by, sending=sending)
    except BaseException:
        mechanism.give_up(sending, announced.name.filename)
        raise


@transaction.atomic
def _announce(
    *, draft: Draft, announced: Announcement, by: Stager, sending: dict[str, object]
) -> UploadSession:
    draft = Draft.objects.lock(draft)
    assert by.token is not None
    rules.must_still_be_valid(by.token)
    arriving.make_way(draft=draft, name=announced.name, by=by.actor, failed_too=False)
    check(draft=draft, announced=announced, by=by)
    _must_be_few(draft)
    upload = UploadSession.objects.create(
        draft=draft,
        filename=announced.name.filename,
        filetype=announced.name.filetype,
        identity=announced.name.identity,
        size=announced.size,
        hashes=announced.hashes,
        mechanism=announced.mechanism,
        sending=sending,
        staged_by_token=by.token,
    )
    mechanisms.of(announced.mechanism).begun(upload)
    draft.bump()  # and no later expiry: words are not files
    audit.record(Event.ANNOUNCED, on=draft, by=by.actor, filename=upload.filename, size=upload.size)
    return upload


def _must_be_few(draft: Draft) -> None:
    most = settings.UPLOADS_UNDER_WAY_LIMIT
    if draft.arriving.in_the_way().count() >= most:
        message = f"{most} uploads to this draft are under way or failed: complete or delete some first."
        raise Refused(429, "too-many-announced", message)


def check(*, draft: Draft, announced: Announcement, by: Stager) -> None:
    """Ask whether the file could be staged if it came now. Raises Refused, NotEditable."""
    draft.must_be_editable()
    try:
        _could_be_staged(draft, announced, by)
    except Refused as refused:
        if refused.code in _CONFLICTS:
            raise Refused(409, refused.code, refused.message) from refused
        raise


def _could_be_staged(draft: Draft, announced: Announcement, by: Stager) -> None:
    name = announced.name
    if by.token is not None:
        limits.must_cover(by.token, name)
    published = rules.published_already(
        project=draft.project,
        version=Version(draft.version),
        name=name,
        sha256=announced.hashes.get("sha256", ""),
    )
    if published is not None:
        raise Refused(409, "file-exists", f"'{name.filename}' is published already, with these bytes.")
    rules.must_take_files(draft.project, Version(draft.version))
    there = rules.there(draft, name)
    # The same bytes again need no room: nothing is kept of them.
    again = there.before is not None and there.before.sha256 == announced.hashes.get("sha256")
    left = quota.left(draft.project, by.token)
    size = 0 if again else announced.size
    rules.may_stage(draft=draft, there=there, name=name, size=size, by=by, left=left)
