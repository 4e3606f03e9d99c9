"""What is on its way to a draft, or waited for, on its page: shown as rows, taken back and struck by maintainers."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from drafts.access import gate
from drafts.access.roles import Act
from drafts.intake import arriving
from drafts.intake.upload2 import said
from drafts.models import FileState, NotEditable, UploadSession
from drafts.review.rows import ArrivingRow
from drafts.review.sight import Sight
from drafts.review.templatetags.words import size


def rows(sight: Sight) -> tuple[ArrivingRow, ...]:
    """Return one row per upload that is not part of the draft yet, or failed."""
    return tuple(_row(upload, sight) for upload in sight.arriving)


def _row(upload: UploadSession, sight: Sight) -> ArrivingRow:
    draft = sight.draft
    deletable = draft.is_editable and upload.state != FileState.PROCESSING
    where = [draft.project.name, draft.version, upload.handle]
    return ArrivingRow(
        filename=upload.filename,
        state=upload.state,
        size=upload.size,
        text=_text(upload),
        by=str(upload.staged_by_token),
        at=upload.last_activity,
        delete_url=reverse("arriving-delete", args=where) if deletable else "",
    )


def _text(upload: UploadSession) -> str:
    if upload.state == FileState.ERROR:
        return f"failed: {upload.error}"
    if upload.state == FileState.PROCESSING:
        return "being looked at"
    if upload.mechanism.endswith("-presigned"):
        return "arriving in the bucket"
    return f"arriving: {upload.percent} %, {size(upload.received)} of {size(upload.size)}"


@gate.people
@require_POST
def delete(request: HttpRequest, name: str, version: str, upload: str) -> HttpResponse:
    """Take back an upload that is on its way or failed: its name is free again."""
    who, draft = gate.draft(request, name, version, Act.STAGE)
    row = draft.arriving.select_related("draft__project").filter(handle=upload).first()
    if row is None:
        raise Http404("There is no such upload on its way to this draft.")
    try:
        arriving.cancel(upload=row, by=who.actor)
    except (NotEditable, arriving.Busy) as error:
        messages.error(request, f"Nothing was deleted: {error}.")
    else:
        messages.success(request, f"The upload of {row} is deleted. CI can send the file again.")
    return redirect("draft", name=name, version=version)


@gate.people
@require_POST
def strike(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Wait no longer for files that CI announced."""
    who, draft = gate.draft(request, name, version, Act.STAGE)
    try:
        struck = said.strike(
            draft=draft,
            filenames=request.POST.getlist("filename"),
            reason=request.POST.get("reason", ""),
            by=who.actor,
        )
    except (NotEditable, said.NoReason) as error:
        messages.error(request, f"Nothing was struck: {error}.")
    else:
        what = ", ".join(struck)
        messages.success(
            request, f"Publishing waits no longer for {what}." if struck else "Nothing was struck."
        )
    return redirect("draft", name=name, version=version)
