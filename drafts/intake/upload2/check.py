"""Asking the door about a file without staging it: what is refused here would be refused there, and nothing is kept."""

from functools import partial

from django.db import transaction
from django.http import HttpRequest, HttpResponse
from packaging.version import Version

from drafts.access import gate
from drafts.dist import Distribution, parse_filename
from drafts.intake import body, door, limits, quota, stage
from drafts.intake.arrival import Arrival, Upload
from drafts.intake.problems import Problem
from drafts.intake.rules import Refused, Stager
from drafts.intake.upload2.negotiation import META, answer, must_be, spoken_v2
from drafts.models import NotEditable, Project, Space


@spoken_v2("POST")
def check(request: HttpRequest, filename: str, space: Space = Space.INDEX) -> HttpResponse:
    """Look at a file as if it were staged: 200 and what would be done, or the refusal that it would meet."""
    credential = gate.upload_credential(request, space)
    must_be(request, "application/octet-stream")
    name = parse_filename(filename)
    credential = credential.of(name.project)
    project = credential.project
    by = Stager(actor=credential.actor, token=credential.token)
    try:
        limits.must_cover(credential.token, name)
        room = max(quota.room(project, credential.token), quota.size_again(project, name.filename, ""))
        length = body.length(request)
        if length > room:
            raise body.too_large(room)
        with body.admitted(request):
            upload = _received(request, Upload(name), length)
        try:
            ask = partial(_would, project=project, version=name.version, by=by)
            did = ask(arrival=upload.arrival, distribution=door.checked(upload, project, name.version))
        finally:
            upload.discard()
    except (Refused, NotEditable) as error:
        raise door.problem(error) from error
    return answer({"meta": META, "filename": name.filename, "sha256": upload.arrival.sha256, "would": did})


def _would(
    *, project: Project, version: Version, arrival: Arrival, distribution: Distribution, by: Stager
) -> stage.Did:
    """Say what staging the file would do now, and do nothing. Raises Refused, NotEditable."""
    with transaction.atomic():
        did = stage.add_file(
            project=project, version=version, arrival=arrival, distribution=distribution, by=by
        ).did
        transaction.set_rollback(True)
    return did


def _received(request: HttpRequest, upload: Upload, length: int) -> Upload:
    """Take the bytes. Raises Problem, and leaves nothing behind then."""
    try:
        for chunk in body.chunks(request, length):
            upload.write(chunk)
    except (Problem, OSError):
        upload.discard()
        raise
    return upload
