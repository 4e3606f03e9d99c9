"""File upload sessions (PEP 694): announced, filled, completed, looked at, taken back."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from drafts.access import gate
from drafts.access.gate import Credential
from drafts.dist import attestations as shapes
from drafts.intake import arriving, body, deleting, door, rules
from drafts.intake.problems import Problem
from drafts.intake.rules import Refused, Stager
from drafts.intake.upload2 import announcement, bodies, complete, mechanisms, parts
from drafts.intake.upload2.announce import announce
from drafts.intake.upload2.negotiation import answer, must_be, spoken_v2, told
from drafts.intake.upload2.sessions import UNCHANGED, must_name_seconds
from drafts.models import File, FileState, NotEditable, UploadSession, jobs

_RETRY_SECONDS = "1"
_HEARD_EVERY = timedelta(seconds=5)


@spoken_v2("POST")
def files(request: HttpRequest, handle: str) -> HttpResponse:
    """Announce a file: 202 and its body, which says how and where to send the bytes."""
    credential, draft = gate.session(request, handle)
    announced = announcement.read(told(request), draft)
    try:
        upload = announce(draft=draft, announced=announced, by=_stager(credential))
    except (Refused, NotEditable) as error:
        raise door.problem(error) from error
    return answer(
        bodies.of_upload(upload, mine=True),
        status=202,
        Location=bodies.file_url(draft, upload.handle),
        Retry_After=_RETRY_SECONDS,
    )


def _stager(credential: Credential) -> Stager:
    return Stager(actor=credential.actor, token=credential.token)


@spoken_v2("GET", "HEAD", "DELETE")
def file(request: HttpRequest, handle: str, file: str) -> HttpResponse:
    """Tell how a file stands, or take it out of the draft: what the credential itself brought, and nothing else."""
    credential, row = gate.draft_file(request, handle, file)
    if request.method == "DELETE":
        _delete(row, credential)
        return HttpResponse(status=204)
    if isinstance(row, File):
        return answer(bodies.of_file(row))
    mine = row.staged_by_token_id == credential.token.pk
    if mine:
        _heard(row)
    return answer(bodies.of_upload(row, mine=mine))


@spoken_v2("GET", "HEAD", "DELETE")
def linked(request: HttpRequest, handle: str, file: str, token: str) -> HttpResponse:
    """Tell how a file stands to whoever has the draft's link. To delete it takes a credential, as everywhere."""
    if request.method == "DELETE":
        credential, own = gate.draft_file(request, handle, file)
        _delete(own, credential)
        return HttpResponse(status=204)
    row = gate.linked_file(request, handle, file, token)
    return answer(bodies.of_file(row) if isinstance(row, File) else bodies.of_upload(row, mine=False))


def _delete(row: UploadSession | File, credential: Credential) -> None:
    by = _stager(credential)
    try:
        staged = row if isinstance(row, File) else row.file
        if staged is not None:
            deleting.delete_own(file=staged, by=by)
        elif isinstance(row, UploadSession):
            _must_own(row, credential, "delete")
            arriving.cancel(upload=row, by=by.actor)
    except arriving.Busy as error:
        raise Problem.one(409, "Not now", "not-pending", f"{error}: try again.", Retry_After="1") from error
    except (Refused, NotEditable) as error:
        raise door.problem(error) from error


def _must_own(upload: UploadSession, credential: Credential, act: str) -> None:
    """Raise Refused unless the credential announced the upload itself and, to delete it, may do more than add."""
    if act == "delete" or upload.staged_by_token_id != credential.token.pk:
        rules.may_replace(upload.draft, upload, credential.token, act=act)


def _own(request: HttpRequest, handle: str, file: str, act: str) -> UploadSession:
    """Return an upload that the credential announced. Raises Problem, Http404."""
    credential, upload = gate.arriving(request, handle, file)
    try:
        _must_own(upload, credential, act)
    except Refused as error:
        raise door.problem(error) from error
    return upload


def _heard(upload: UploadSession) -> None:
    """Mark that the client is there, though its bytes may go elsewhere (not an act: a mark, throttled)."""
    now = timezone.now()
    rows = UploadSession.objects.filter(pk=upload.pk, state=FileState.PENDING)
    rows.filter(last_activity__lt=now - _HEARD_EVERY).update(last_activity=now)


@spoken_v2("POST", "HEAD")
def content(request: HttpRequest, handle: str, file: str) -> HttpResponse:
    """Take bytes, as the upload's mechanism says."""
    upload = _own(request, handle, file, "send")
    parts.must_be_pending(upload)
    mechanism = mechanisms.of(upload.mechanism)
    _heard(upload)
    if request.method == "HEAD":
        return mechanism.where(upload)
    must_be(request, "application/octet-stream")
    return mechanism.receive(request, upload)


@spoken_v2("POST")
def attestations(request: HttpRequest, handle: str, file: str) -> HttpResponse:
    """Take the file's attestations (PEP 740), while its bytes may come, too; again overwrites. They are not verified."""
    upload = _own(request, handle, file, "send")
    parts.must_be_pending(upload)
    length = body.length(request)
    if length > shapes.MOST_BYTES:
        message = f"Attestations are at most {shapes.MOST_BYTES} bytes, and these are {length}. Nothing of them was kept."
        raise Problem.one(413, "Too large", "bad-attestations", message, source="attestations")
    data = b"".join(body.chunks(request, length))
    try:
        found = shapes.parse(data)
    except shapes.BadAttestations as error:
        raise bad_attestations(error) from error
    parts.attest(upload=upload, attestations=found)
    return HttpResponse(status=204)


def bad_attestations(error: shapes.BadAttestations) -> Problem:
    """Return the refusal of attestations that have not PEP 740's shape."""
    return Problem.one(400, "Bad attestations", "bad-attestations", str(error), source="attestations")


@spoken_v2("POST")
def completed(request: HttpRequest, handle: str, file: str) -> HttpResponse:
    """Complete an upload: 201 once it is staged, 202 while it is looked at; the same again for who lost the answer."""
    upload = _own(request, handle, file, "complete")
    asked = told(request)
    if upload.state == FileState.PENDING:
        sending = mechanisms.of(upload.mechanism).completing(upload, asked)
        _complete(upload, sending)
        _, upload = gate.arriving(request, handle, file)
        if upload.state == FileState.ERROR:
            raise complete.failure(upload)
    if upload.state == FileState.ERROR or upload.status == FileState.CANCELED:
        parts.must_be_pending(upload)
    where = bodies.file_url(upload.draft, upload.handle)
    if upload.state == FileState.PROCESSING:
        return answer(
            bodies.of_upload(upload, mine=True), status=202, Location=where, Retry_After=_RETRY_SECONDS
        )
    return answer(bodies.of_upload(upload, mine=True), status=201, Location=where)


def _complete(upload: UploadSession, sending: dict[str, object]) -> None:
    """Close the upload, and look at a small one at once. Whoever comes second finds it closed."""
    try:
        job = complete.begin(upload=upload, sending=sending)
    except Problem:
        if UploadSession.objects.filter(pk=upload.pk, state=FileState.PENDING).exists():
            raise
        return
    if complete.is_small(upload):
        jobs.run(job.pk, complete.work)


@spoken_v2("POST")
def extend(request: HttpRequest, handle: str, file: str) -> HttpResponse:
    """Answer with the upload as it is: it lives as long as its draft."""
    credential, upload = gate.arriving(request, handle, file)
    must_name_seconds(told(request))
    mine = upload.staged_by_token_id == credential.token.pk
    return answer(bodies.of_upload(upload, mine=mine, notices=[UNCHANGED]))
