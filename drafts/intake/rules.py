"""What may be staged where: asked inside the transaction of the act, under the project's lock."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Q
from django.utils import timezone
from packaging.utils import canonicalize_version
from packaging.version import Version

from accounts.audit import Actor
from accounts.models import User
from drafts.dist import CoreMetadata, FileName, FileType
from drafts.index import windows
from drafts.intake import body, quota
from drafts.models import BurntName, Draft, File, Project, ProjectStatus, Provenance, Token, UploadSession
from drafts.publishing import approvals

_LONGEST_KEPT = 500  # characters of one field that is kept for pages


@dataclass(frozen=True, slots=True)
class Stager:
    """Who stages: a token or a person, as actor of the event and as owner of the file; and where it was taken from.

    ``train``: the label of the train that a draft joins which this opens.
    """

    actor: Actor
    token: Token | None = None
    user: User | None = None
    taken_from: Provenance | None = None
    train: str = ""

    @property
    def told(self) -> dict[str, Any]:
        """Return what events say of it besides the actor."""
        return {"taken_from": self.taken_from.values} if self.taken_from else {}


@dataclass(eq=False)
class Refused(Exception):
    """An upload that the rules do not allow: HTTP status, stable code, a sentence with what to do."""

    status: int
    code: str
    message: str

    def __str__(self) -> str:
        return self.message


def grace() -> timedelta:
    """Return how long the bytes of what was discarded stay."""
    return timedelta(hours=settings.PURGE_GRACE_HOURS)


def sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def summary(metadata: CoreMetadata) -> dict[str, Any]:
    """Return what pages say of a file's metadata without opening its archive again."""
    return {
        "metadata_version": metadata.metadata_version,
        "summary": metadata.summary,
        "requires_dist": list(metadata.requires_dist),
        "requires_python": metadata.requires_python,
        "license": _short(metadata.license_expression or metadata.license),
        "license_files": list(metadata.license_files),
        "classifiers": list(metadata.classifiers),
        "keywords": list(metadata.keywords),
        "provides_extra": list(metadata.provides_extra),
        "requires_external": list(metadata.requires_external),
        "project_urls": [list(pair) for pair in metadata.project_urls],
        "home_page": metadata.home_page,
        "download_url": metadata.download_url,
        "author": metadata.author,
        "author_email": metadata.author_email,
        "maintainer": metadata.maintainer,
        "maintainer_email": metadata.maintainer_email,
        "description_content_type": metadata.description_content_type,
        "description_sha256": sha256((metadata.description or "").encode()),
        "description_lines": (metadata.description or "").count("\n"),
    }


def _short(text: str | None) -> str | None:
    """Cut what can be a whole licence; what is cut off is named by its digest, so that a difference still shows."""
    if text is None or len(text) <= _LONGEST_KEPT:
        return text
    return f"{text[:_LONGEST_KEPT]}… (SHA-256 of all: {sha256(text.encode())[:12]})"


def must_take_uploads(project: Project) -> None:
    """Refuse what is sent to a project that is archived or in quarantine (PEP 792). Raises Refused."""
    if project.is_quarantined:
        raise Refused(
            403,
            "project-quarantined",
            f"The project {project} is in quarantine and takes no uploads: {project.quarantine_reason.rstrip('.')}. "
            "Ask the operators of this index.",
        )
    if project.status == ProjectStatus.ARCHIVED:
        why = f": {project.status_reason.rstrip('.')}." if project.status_reason else "."
        raise Refused(
            403,
            "project-archived",
            f"The project {project} is archived and takes no uploads{why} An owner can make it active again.",
        )


def must_still_be_valid(token: Token, *, completing: UploadSession | None = None) -> None:
    """Refuse an upload whose token was revoked while the bytes were on their way, or expired.

    A token may expire while an upload that it completed is being looked at, and a minted one, which is good for minutes,
    while the bytes are on their way.
    """
    ends_with_time = completing is None and token.publisher_id is None
    if token.draft_id is not None and ends_with_time:  # it dies with its draft, too
        good = Token.objects.valid().filter(pk=token.pk).exists()
    else:
        until = (
            Token.objects.filter(pk=token.pk, revoked_at=None).values_list("expires_at", flat=True).first()
        )
        good = until is not None and (until > timezone.now() or not ends_with_time)
    if not good:
        raise Refused(
            401,
            "no-credential",
            "This token was revoked or expired while the file was on its way. Nothing was kept.",
        )


def published_already(*, project: Project, version: Version, name: FileName, sha256: str) -> File | None:
    """Return the published file that the upload equals. Raises Refused when the name is burnt or reserved otherwise."""
    same_name = _burnt(project, version, name)
    if same_name is None:
        return None
    if not same_name.permanent:
        raise Refused(
            409,
            "being-published",
            f"The draft of {same_name.draft} is being published: try again in a minute.",
        )
    own = File.objects.published().filter(release__project=project)
    published = own.filter(filename=name.filename, sha256=sha256).first()
    if published is None:
        raise Refused(
            400,
            "file-exists",
            f"File already exists ('{name.filename}', with sha256 {same_name.sha256}). "
            "A published name is never used again: make a new version, or a build number.",
        )
    return published


def must_take_files(project: Project, version: Version) -> None:
    """Refuse files for a release that is closed. Raises Refused (403: uploaders take 409 for *uploaded already*)."""
    found = windows.of_version(project, canonicalize_version(version))
    if found is None or not found[1].is_closed:
        return
    release, standing = found
    raise Refused(
        403,
        "release-closed",
        f"{release} is {windows.sentence(standing)}: it takes no more files. Make a new version, or let a maintainer "
        f"reopen it for 7 days: {settings.PRESSCHECK_URL}{project.path}releases/{release.version}/",
    )


def _burnt(project: Project, version: Version, name: FileName) -> BurntName | None:
    """Return the burnt name that this file's is. Raises Refused for one that is only spelled otherwise."""
    same_file = Q(project=project, version_key=canonicalize_version(version), identity=name.identity)
    rows = BurntName.objects.filter(
        Q(filename=name.filename, space=project.space) | same_file
    ).select_related("draft__project")
    burnt = {row.filename: row for row in rows}
    if burnt and name.filename not in burnt:
        raise _same_file(name.filename, next(iter(burnt)), published=True)
    return burnt.get(name.filename)


def _same_file(filename: str, other: str, *, published: bool) -> Refused:
    where = "is published" if published else "is in the draft"
    return Refused(
        400,
        "same-file-other-spelling",
        f"'{filename}' is the same file as '{other}', which {where}: only spelling differs (case, order of tags, or "
        "the version's zeros). One release holds one file per build number and tag set, and one sdist.",
    )


@dataclass(frozen=True, slots=True)
class There:
    """What a draft has already: the file of a name, and the file that is the same but for its spelling."""

    before: File | None = None
    same: File | None = None


def there(draft: Draft, name: FileName) -> There:
    """Return what is in a draft under a name or its identity."""
    rows = draft.files.live().filter(Q(filename=name.filename) | Q(identity=name.identity))
    found = {file.filename: file for file in rows}
    before = found.pop(name.filename, None)
    return There(before, next(iter(found.values()), None))


def may_stage(
    *,
    draft: Draft,
    there: There,
    name: FileName,
    size: int,
    by: Stager,
    left: quota.Left,
) -> None:
    """Refuse what the rules of the draft do not allow. Raises Refused."""
    must_take_uploads(draft.project)
    before, same = there.before, there.same
    if same is not None:
        if name.filetype == FileType.SDIST:
            raise Refused(
                400,
                "second-sdist",
                f"The draft has the sdist '{same.filename}' already: a release has one sdist.",
            )
        raise _same_file(name.filename, same.filename, published=False)
    if before is not None and by.token is not None:
        may_replace(draft, before, by.token)
    if size > settings.FILE_SIZE_LIMIT:
        raise Refused(413, "file-too-large", body.larger_than_any(f"'{name.filename}'"))
    if size > left.room:
        raise Refused(
            413,
            "over-quota",
            f"The project {draft.project} has no room for {size} more bytes: its quota is "
            f"{draft.project.quota_bytes}. Delete a draft, or ask the operator.",
        )


def may_replace(draft: Draft, before: File | UploadSession, token: Token, *, act: str = "replace") -> None:
    """Refuse a credential that would replace or delete what it may not. Raises Refused (403), naming the page."""
    page = f"{settings.PRESSCHECK_URL}{draft.project.path}drafts/{draft.version}/"
    if token.add_only:
        raise Refused(
            403,
            "add-only",
            f"This token may add files, not {act} '{before.filename}'. A maintainer can: {page}",
        )
    if not token.is_also(before.staged_by_token):
        raise Refused(
            403,
            "not-your-file",
            f"'{before.filename}' was staged by another credential or person; a token can {act} only what it staged. "
            f"A maintainer can {act} it: {page}",
        )
    if isinstance(before, File) and approvals.first_given(draft):
        raise Refused(
            403,
            "approved",
            f"A person approved the draft of {draft} as it is: from the first approval on, a token does not {act} files, "
            f"and '{before.filename}' is as it was. A maintainer can {act} it: {page}",
        )


def may_open(*, project: Project, by: Stager) -> None:
    """Refuse a draft too many, and any of a project that takes none. Raises Refused."""
    must_take_uploads(project)
    if Draft.objects.live().filter(project=project).count() >= settings.LIVE_DRAFTS_PER_PROJECT:
        raise Refused(
            429,
            "too-many-drafts",
            f"The project {project} has {settings.LIVE_DRAFTS_PER_PROJECT} drafts: publish or cancel one first.",
        )
    if by.token is None:
        return
    hour_ago = timezone.now() - timedelta(hours=1)
    opened = Draft.objects.filter(project=project, opened_by=by.token.key, opened_at__gt=hour_ago).count()
    if opened >= settings.DRAFTS_OPENED_PER_HOUR:
        raise Refused(
            429,
            "too-many-drafts",
            f"This token opened {opened} drafts within an hour, which is the limit: wait, or let a maintainer look.",
        )
