"""Evidence on the draft page: paste or drop logs, fetch a run's, download the draft's own checksums."""

from collections.abc import Iterator

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_POST, require_safe

from drafts.access import gate
from drafts.access.roles import Act
from drafts.evidence import add as act
from drafts.evidence.attested import lookup
from drafts.evidence.limits import TooMuch
from drafts.evidence.providers import NoRun
from drafts.intake.runs import ask
from drafts.models import NotEditable

_MOST_FILES = 50


@gate.people
@require_POST
def add(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Keep a pasted log, and each file that was dropped, and compare the files with them."""
    who, draft = gate.draft(request, name, version, Act.EVIDENCE)
    for text in _texts(request):
        try:
            added = act.paste(
                draft=draft, data=text.data, label=text.label, user=who.user, by=who.actor, name=text.name
            )
        except (act.NothingToRead, NotEditable, TooMuch) as error:
            messages.error(request, f"{text.name}: {error}" if text.name else str(error))
        else:
            messages.success(request, _said(added, text.name))
    return redirect("draft", name=name, version=version)


def _texts(request: HttpRequest) -> Iterator[act.Text]:
    """Yield what was sent: the text area's text, then the files, each with its name."""
    label, files = request.POST.get("label", ""), request.FILES.getlist("files")[:_MOST_FILES]
    typed = request.POST.get("log", "").encode("utf-8", "surrogateescape")
    if typed.strip() or not files:
        yield act.Text(typed, label)
    for file in files:
        name = file.name or ""
        data = file.read(settings.EVIDENCE_SIZE_LIMIT + 1)
        yield act.Text(data, " ".join(filter(None, [label, name])), name)


def _said(added: act.Added, name: str) -> str:
    what = f"from {name}" if name else "from the log"
    known = "" if added.is_new else " The same log was here already."
    cut = " It was longer than 20 MB: the rest was not read." if added.log.cut else ""
    count = added.log.masked
    masked = (
        f" {count} secret{'' if count == 1 else 's'} in it {'was' if count == 1 else 'were'} masked."
        if count
        else ""
    )
    return f"{added.digests} digests were read {what} and compared.{known}{cut}{masked}"


@gate.people
@require_POST
def run(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Have the logs of a run fetched whose address was pasted; its files are left."""
    who, draft = gate.draft(request, name, version, Act.EVIDENCE)
    try:
        row = ask.ask(
            project=who.project,
            text=request.POST.get("run", "")[:2000],
            version=draft.version,
            user=who.user,
            by=who.actor,
            takes_files=False,
        )
    except (ask.NoSource, NoRun) as error:
        messages.error(request, str(error))
        return redirect("draft", name=name, version=version)
    return redirect("run", name=name, run_id=row.pk)


@gate.people
@require_POST
def attestations(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Have attestations of the files looked for where the project's CI keeps them."""
    who, draft = gate.draft(request, name, version, Act.EVIDENCE)
    try:
        lookup.look(draft=draft, user=who.user, by=who.actor)
    except (lookup.NowhereToLook, NotEditable) as error:
        messages.error(request, str(error))
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
