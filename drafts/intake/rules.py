"""What may be staged where: asked inside the transaction of the act, under the project's lock."""

import hashlib
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db.models import Max, Q, Sum
from django.utils import timezone
from packaging.utils import canonicalize_version
from packaging.version import Version

from accounts.audit import Actor
from accounts.models import User
from drafts.dist import CoreMetadata, FileName, FileType
from drafts.models import BurntName, Draft, File, Project, Provenance, Token, UploadSession
from drafts.models.drafts import LIVE

_LONGEST_KEPT = 500  # characters of one field that is kept for pages


@dataclass(frozen=True, slots=True)
class Stager:
    """Who stages: a token or a person, as actor of the event and as owner of the file; and where it was taken from."""

    actor: Actor
    token: Token | None = None
    user: User | None = None
    taken_from: Provenance | None = None

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


def kept_bytes(project: Project) -> int:
    """Return how many bytes the server keeps for a project: published, staged and superseded."""
    rows = File.objects.filter(draft__project=project).with_bytes()
    return rows.aggregate(total=Sum("size"))["total"] or 0


def room(project: Project, token: Token | None, *, completing: UploadSession | None = None) -> int:
    """Return how many bytes one file may have now; a fifth of the quota is for maintainers only.

    What was announced counts as if it were there, but for the upload that is being completed.
    """
    quota = project.quota_bytes if token is None else project.quota_bytes * 4 // 5
    taken = kept_bytes(project) + UploadSession.objects.reserved_bytes(project, but=completing)
    return max(0, min(settings.FILE_SIZE_LIMIT, quota - taken))


def size_again(project: Project, filename: str, sha256: str) -> int:
    """Return the size of the file of this name (and SHA-256, where it is known) that is staged or published; else 0.

    Such a file may be sent again to a project without room: equal bytes change nothing, and others are refused at the end.
    """
    there = File.objects.live().filter(draft__project=project, filename=filename)
    there = there.filter(Q(release__isnull=False) | Q(draft__state__in=LIVE))
    if sha256:
        there = there.filter(sha256=sha256)
    return there.aggregate(largest=Max("size"))["largest"] or 0


def must_still_be_valid(token: Token, *, completing: UploadSession | None = None) -> None:
    """Refuse an upload whose token was revoked while the bytes were on their way, or expired.

    A token may expire while an upload that it completed is being looked at, and a minted one, which is good for minutes,
    while the bytes are on their way.
    """
    ends_with_time = completing is None and token.publisher_id is None
    good = Token.objects.valid() if ends_with_time else Token.objects.filter(revoked_at=None)
    if not good.filter(pk=token.pk).exists():
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
    published = File.objects.published().filter(filename=name.filename, sha256=sha256).first()
    if published is None:
        raise Refused(
            400,
            "file-exists",
            f"File already exists ('{name.filename}', with sha256 {same_name.sha256}). "
            "A published name is never used again: make a new version, or a build number.",
        )
    return published


def _burnt(project: Project, version: Version, name: FileName) -> BurntName | None:
    """Return the burnt name that this file's is. Raises Refused for one that is only spelled otherwise."""
    same_file = Q(project=project, version_key=canonicalize_version(version), identity=name.identity)
    rows = BurntName.objects.filter(Q(filename=name.filename) | same_file).select_related("draft__project")
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

    before: File | None
    same: File | None


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
    completing: UploadSession | None = None,
) -> None:
    """Refuse what the rules of the draft do not allow. Raises Refused."""
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
    if size > room(draft.project, by.token, completing=completing):
        raise Refused(
            413,
            "over-quota",
            f"The project {draft.project} has no room for {size} more bytes: its quota is "
            f"{draft.project.quota_bytes}. Delete a draft, or ask the operator.",
        )


def may_replace(draft: Draft, before: File | UploadSession, token: Token, *, act: str = "replace") -> None:
    """Refuse a credential that would replace or delete what it may not. Raises Refused (403), naming the page."""
    page = f"{settings.PRESSCHECK_URL}/projects/{draft.project.name}/drafts/{draft.version}/"
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


def may_open(*, project: Project, by: Stager) -> None:
    """Refuse a draft too many. Raises Refused."""
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
