"""PEP 694's two bodies: a publishing session, and a file upload session. Every address a client needs is in them."""

from collections.abc import Sequence
from datetime import UTC, datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from django.conf import settings
from django.urls import reverse

from accounts.compiled import Compiled
from drafts.access.gate import Credential
from drafts.intake import told
from drafts.intake.upload2 import approved, mechanisms
from drafts.intake.upload2.negotiation import META
from drafts.models import Draft, DraftState, File, FileState, UploadSession
from drafts.models.files import IN_DRAFT
from drafts.models.uploads import IN_THE_WAY
from drafts.publishing import policy

if TYPE_CHECKING:
    from django.db.models import QuerySet

# Logs of build jobs are often public: when an embargo ends is for people alone.
SCHEDULED = "A maintainer scheduled the publishing of this draft: its files cannot change until then."


class _In(NamedTuple):
    """What is told of a file that is in a draft; of a draft with many, objects would take most of the time."""

    pk: int
    filename: str
    state: str
    size: int
    sha256: str
    attestations_sha256: str
    handle: str


def _files_in(draft: int) -> "QuerySet[File, Any]":
    return File.objects.live().filter(draft=draft).order_by("filename").values_list(*_In._fields)


def _not_canceled(draft: int) -> "QuerySet[UploadSession]":
    return UploadSession.objects.filter(draft=draft).exclude(state=FileState.CANCELED).order_by("pk")


# Both are asked for the answer to every file that comes.
_IN, _ARRIVING = Compiled(_files_in), Compiled(_not_canceled)


def absolute(path: str) -> str:
    """Return an address under the public base, never under the Host header."""
    return settings.PRESSCHECK_URL + path


@lru_cache(1024)  # every answer says the same few addresses of its draft several times
def _path(route: str, *of: str) -> str:
    return reverse(route, args=of)


def review_url(draft: Draft) -> str:
    """Return the address of the draft's page."""
    return absolute(_path("draft", draft.project.name, draft.version))


def session_url(draft: Draft) -> str:
    """Return the address of the draft as a publishing session."""
    return absolute(_path("session", draft.address))


def file_url(draft: Draft, handle: str, part: str = "") -> str:
    """Return the address of a file by its handle, or of something about it."""
    return absolute(reverse("session-file", args=[draft.address, handle])) + part


def moment(value: datetime) -> str:
    """Return RFC 3339 in UTC, whole seconds."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def of_draft(
    draft: Draft, credential: Credential, *, notices: list[str] | None = None, blockers: bool = True
) -> dict[str, Any]:
    """Return the session body of a draft for an upload credential.

    ``links.stage`` and ``session-token``, which PEP 694 lets a server leave out, only where the project says so.
    Without ``blockers`` nothing is asked but the files that are in.
    """
    staged = told.stage(draft, credential)
    rows = list(draft.files.defer("core_metadata").order_by("filename")) if blockers else []
    uploads: Sequence[File | _In] = rows
    if not blockers:
        uploads = [_In(*row) for row in _IN.rows(draft=draft.pk)]
    session = session_url(draft)
    said = [*(notices or []), *([draft.error] if draft.error and draft.state == DraftState.ERROR else [])]
    if draft.publish_at is not None:
        said.append(SCHEDULED)
    return {
        "meta": {
            **META,
            "_presscheck": {**_own(draft, uploads), **(_blockers(draft, rows) if blockers else {})},
        },
        "links": {
            "session": session,
            "publish": f"{session}publish/",
            "upload": f"{session}files/",
            "extend": f"{session}extend/",
            **({"stage": staged.url} if staged else {}),
        },
        **({"session-token": staged.token} if staged else {}),
        "mechanisms": mechanisms.offered(),
        "expires-at": moment(draft.expires_at),
        "status": draft.state,
        "files": _files(draft, uploads, f"{staged.token}/" if staged else ""),
        **({"notices": said} if said else {}),
    }


def _own(draft: Draft, uploads: Sequence[File | _In]) -> dict[str, Any]:
    live = [file for file in uploads if file.state in IN_DRAFT]
    may_take = approved.addresses(draft)
    return {
        "name": draft.project.plain_name,
        "version": draft.version,
        "review-url": review_url(draft),
        "fingerprint": draft.fingerprint_of(live),
        "scheduled": draft.publish_at is not None,
        "sha256": {file.filename: file.sha256 for file in live},
        **({"approved": {name: absolute(path) for name, path in may_take.items()}} if may_take else {}),
    }


def _blockers(draft: Draft, uploads: Sequence[File]) -> dict[str, Any]:
    found = policy.blockers(draft, uploads) if draft.is_live else []
    return {
        "blockers": [
            {
                "code": one.code,
                "message": one.sentence,
                "owner": one.owner,
                "link": absolute(one.link),
            }
            for one in found
        ]
    }


def _files(draft: Draft, uploads: Sequence[File | _In], token: str) -> dict[str, Any]:
    """Return every file that is in, under the address it came by, and every upload that stands in for one.

    With a draft's ``token`` at its end an address is read without a credential (PEP 694).
    """
    arriving = _ARRIVING.models(draft=draft.pk)
    came_by = {upload.file_id: upload.handle for upload in arriving if upload.file_id}
    addresses = f"{session_url(draft)}files/"
    entries: dict[str, dict[str, Any]] = {
        file.filename: {
            "status": file.state,
            "link": f"{addresses}{came_by.get(file.pk, file.handle)}/{token}",
        }
        for file in uploads
        if file.state in IN_DRAFT
    }
    for upload in arriving:
        if upload.state in IN_THE_WAY:
            entries[upload.filename] = {
                "status": upload.state,
                "link": f"{addresses}{upload.handle}/{token}",
                **({"notices": [upload.error]} if upload.error else {}),
            }
    return dict(sorted(entries.items()))


def of_upload(upload: UploadSession, *, mine: bool, notices: list[str] | None = None) -> dict[str, Any]:
    """Return the body of a file upload session; it speaks of the draft's expiry, with which the upload ends.

    How to send the bytes is told to the credential that announced them alone (``mine``): an address of the store's is
    good for whoever has it.
    """
    draft = upload.draft
    links = {"file-upload-session": file_url(draft, upload.handle)}
    told = {}
    if mine and upload.state == FileState.PENDING:
        links["complete"] = file_url(draft, upload.handle, "complete/")
        told = {"mechanism": _mechanism(upload)}
    said = [*(notices or []), *([upload.error] if upload.error else [])]
    return {
        "meta": META,
        "links": {**links, "extend": file_url(draft, upload.handle, "extend/")},
        "status": upload.status,
        "expires-at": moment(draft.expires_at),
        **told,
        **({"notices": said} if said else {}),
    }


def _mechanism(upload: UploadSession) -> dict[str, Any]:
    draft = upload.draft
    own = mechanisms.of(upload.mechanism).told(upload, file_url(draft, upload.handle, "content"))
    attestations = file_url(draft, upload.handle, "attestations")
    return {"identifier": upload.mechanism, **own, "attestations_url": attestations}


def of_file(file: File) -> dict[str, Any]:
    """Return the body of a file that came in by another door."""
    link = file_url(file.draft, file.handle)
    return {
        "meta": META,
        "links": {"file-upload-session": link},
        "status": file.state,
        "expires-at": moment(file.draft.expires_at),
    }
