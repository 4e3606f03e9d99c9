"""Evidence on the draft page: paste a log, download the draft's own checksums."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from drafts.access import gate
from drafts.access.roles import Act
from drafts.evidence import add as act
from drafts.models import NotEditable


@gate.people
@require_POST
def add(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Keep a pasted log and compare the files with it."""
    who, draft = gate.draft(request, name, version, Act.EVIDENCE)
    data = request.POST.get("log", "").encode("utf-8", "surrogateescape")
    label = request.POST.get("label", "")
    try:
        added = act.paste(draft=draft, data=data, label=label, user=who.user, by=who.actor)
    except (act.NothingToRead, NotEditable) as error:
        messages.error(request, str(error))
    else:
        known = "" if added.is_new else " The same log was here already."
        cut = " It was longer than 20 MB: the rest was not read." if added.log.cut else ""
        messages.success(request, f"{added.digests} digests were read from the log and compared.{known}{cut}")
    return redirect("draft", name=name, version=version)


@gate.people
@require_safe
def sums(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Hand out the draft's SHA-256 in the form that ``sha256sum -c`` reads."""
    _, draft = gate.draft(request, name, version, Act.SEE)
    lines = [f"{file.sha256}  {file.filename}\n" for file in draft.files.live().order_by("filename")]
    response = HttpResponse("".join(lines), content_type="text/plain; charset=utf-8")
    response["Content-Disposition"] = 'attachment; filename="SHA256SUMS"'
    return response
