"""Files on the draft page: upload or replace from the browser, delete, download."""

from functools import partial

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.csrf import CsrfViewMiddleware
from django.shortcuts import redirect, render
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_POST, require_safe
from packaging.version import Version

from drafts.access import gate
from drafts.access.gate import Member
from drafts.access.roles import Act
from drafts.dist import BadDistribution
from drafts.index.serve import answer
from drafts.index.views import served
from drafts.intake import deleting, door, putback, quota, receive, rules, stage
from drafts.intake.arrival import Upload
from drafts.intake.problems import Problem, count
from drafts.intake.problems import answer as refusal
from drafts.models import Changed, NotEditable
from drafts.review import page as pages
from drafts.review.answers import show_changed
from drafts.storage import StorageDown, StorageFull

_MOST_FILES = 200
_UNREAD = {408, 503}  # the form did not come: a redirect would say that the server has it


def _csrf_failure(request: HttpRequest, form: receive.Form) -> HttpResponse | None:
    """Check a token that came in the streamed form: Django would read the whole form into memory to find it."""
    request.META["HTTP_X_CSRFTOKEN"] = form.one("csrfmiddlewaretoken")
    middleware = CsrfViewMiddleware(lambda _request: HttpResponse())
    middleware.process_request(request)
    return middleware.process_view(request, _unexempted, (), {})


def _unexempted(request: HttpRequest) -> HttpResponse:
    """Stand for the view in the check: the view itself is exempt, because its form is streamed."""
    del request
    return HttpResponse()


@csrf_exempt  # checked by _csrf_failure, after the role and before anything is staged
@gate.people
@require_POST
def upload(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Stage the files of a plain form, through the same door as CI's."""
    who, draft = gate.draft(request, name, version, Act.STAGE)
    return _receive(request, who, Version(draft.version))


@csrf_exempt  # as above
@gate.people
@require_POST
def upload_new(request: HttpRequest, name: str) -> HttpResponse:
    """Stage files of any version: the draft is opened by the first."""
    return _receive(request, gate.member(request, name, Act.STAGE), None)


def _receive(request: HttpRequest, who: Member, version: Version | None) -> HttpResponse:
    by = rules.Stager(actor=who.actor, user=who.user)
    done: list[stage.Staged] = []
    try:
        room, again = quota.room(who.project, None), partial(quota.size_again, who.project)
        with receive.form(request, receive.Limits(room, _MOST_FILES, again)) as form:
            if refused := _csrf_failure(request, form):
                return refused
            for finding in form.findings:
                count(finding.code)
                messages.error(request, f"Not staged: {finding.message}")
            if not form.uploads and not form.findings:
                messages.error(request, "Choose the files first: nothing was sent.")
            for one in form.uploads:
                _take(request, one, who, version or one.name.version, by, done)
    except (Problem, StorageFull, StorageDown) as error:
        if isinstance(error, Problem) and error.status in _UNREAD:
            return refusal(error)
        messages.error(request, f"Not staged: {_said(error)}")
    return _back(who, version, done)


def _take(
    request: HttpRequest,
    one: Upload,
    who: Member,
    version: Version,
    by: rules.Stager,
    done: list[stage.Staged],
) -> None:
    try:
        staged = door.take(one, project=who.project, version=version, by=by)
    except (Problem, BadDistribution) as error:
        messages.error(request, f"Not staged: {one.filename}. {_said(error)}")
        return
    done.append(staged)
    messages.success(request, f"{one.filename}: {str(staged.did).replace('-', ' ')}.")


def _said(error: Exception) -> str:
    """Count a refusal, and say it in words."""
    problem = Problem.of(error) if isinstance(error, BadDistribution) else error
    count(problem.errors[0].code if isinstance(problem, Problem) else "storage-full")
    if isinstance(error, Problem):
        return " ".join(finding.message for finding in error.errors)
    if isinstance(error, BadDistribution):
        return " ".join(refusal.message for refusal in error.refusals)
    return str(error)


def _back(who: Member, version: Version | None, done: list[stage.Staged]) -> HttpResponse:
    shown = str(version) if version else next((str(s.draft.version) for s in done if s.draft), "")
    if not shown:
        return redirect("project", name=who.project.name)
    return redirect("draft", name=who.project.name, version=shown)


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, name: str, version: str, filename: str) -> HttpResponse:
    """Ask, then take one file out of the draft, as it was seen."""
    who, draft = gate.draft(request, name, version, Act.STAGE)
    file = draft.files.live().named(filename)
    if file is None or not draft.is_editable:
        raise Http404("This file is not in the draft, or the draft cannot change any more.")
    if request.method != "POST":
        page = pages.draft_page(who, draft)
        row = next(row for row in page.files if row.filename == filename)
        return render(request, "review/delete_file.html", {"page": page, "file": row})
    before = draft.fingerprint()
    try:
        deleting.delete_file(draft=draft, filename=filename, by=who.actor, seen=request.POST.get("seen", ""))
    except Changed:
        return show_changed(request, who, draft, before)
    except (NotEditable, deleting.NoSuchFile) as error:
        messages.error(request, f"Nothing was deleted: {error}.")
    else:
        messages.success(
            request, f"{filename} is out of the draft. Nothing was published, so the name stays free."
        )
    return redirect("draft", name=name, version=version)


@gate.people
@require_POST
def put_back(request: HttpRequest, name: str, version: str, filename: str) -> HttpResponse:
    """Stage again, in one click, the earlier upload that CI logged."""
    who, draft = gate.draft(request, name, version, Act.STAGE)
    before = draft.fingerprint()
    try:
        putback.put_back(draft=draft, filename=filename, by=who.actor, seen=request.POST.get("seen", ""))
    except Changed:
        return show_changed(request, who, draft, before)
    except (NotEditable, putback.NoCopy) as error:
        messages.error(request, f"Nothing was put back: {error}.")
    else:
        messages.success(request, f"CI’s copy of {filename} is staged again.")
    return redirect("draft", name=name, version=version)


@gate.people
@require_safe
def download(request: HttpRequest, name: str, version: str, filename: str) -> HttpResponseBase:
    """Hand a member the staged bytes."""
    _, draft = gate.draft(request, name, version, Act.SEE)
    file = draft.files.live().with_bytes().named(filename)
    if file is None:
        raise Http404("This file is not in the draft any more.")
    response = answer(request, served(file, metadata=False))
    response["Cache-Control"] = "private, no-store"
    return response
