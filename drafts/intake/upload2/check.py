"""Asking the door about a file without staging it: what is refused here would be refused there, and nothing is kept."""

from functools import partial

from django.http import HttpRequest, HttpResponse

from drafts.access import gate
from drafts.dist import parse_filename
from drafts.intake import body, door, limits, rules, stage
from drafts.intake.arrival import Upload
from drafts.intake.problems import Problem
from drafts.intake.rules import Refused, Stager
from drafts.intake.upload2.negotiation import META, answer, must_be, spoken_v2
from drafts.models import NotEditable


@spoken_v2("POST")
def check(request: HttpRequest, filename: str) -> HttpResponse:
    """Look at a file as if it were staged: 200 and what would be done, or the refusal that it would meet."""
    credential = gate.upload_credential(request)
    must_be(request, "application/octet-stream")
    name = parse_filename(filename)
    credential = credential.of(name.project)
    project = credential.project
    by = Stager(actor=credential.actor, token=credential.token)
    try:
        limits.must_cover(credential.token, name)
        room = max(rules.room(project, credential.token), rules.size_again(project, name.filename, ""))
        length = body.length(request)
        if length > room:
            raise body.too_large(room)
        with body.admitted(request):
            upload = _received(request, Upload(name), length)
        try:
            ask = partial(stage.would, project=project, version=name.version, by=by)
            did = ask(arrival=upload.arrival, distribution=door.checked(upload, project, name.version))
        finally:
            upload.discard()
    except (Refused, NotEditable) as error:
        raise door.problem(error) from error
    return answer({"meta": META, "filename": name.filename, "sha256": upload.arrival.sha256, "would": did})


def _received(request: HttpRequest, upload: Upload, length: int) -> Upload:
    """Take the bytes. Raises Problem, and leaves nothing behind then."""
    try:
        for chunk in body.chunks(request, length):
            upload.write(chunk)
    except (Problem, OSError):
        upload.discard()
        raise
    return upload
