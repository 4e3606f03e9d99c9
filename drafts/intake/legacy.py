"""The legacy upload API, ``POST /legacy/``: what twine, uv, poetry, hatch, flit and pdm speak."""

from functools import partial

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods, require_safe
from packaging.utils import InvalidName, canonicalize_name

from drafts.access import gate
from drafts.access.gate import Credential
from drafts.dist import FileName
from drafts.intake import door, fields, limits, quota, receive, rules, stage, trains
from drafts.intake.problems import Problem, either, spoken
from drafts.intake.upload2 import bodies, sessions
from drafts.models import Space


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def without_slash(request: HttpRequest, space: Space = Space.INDEX) -> HttpResponse:
    """308: method, body and query stay. Most clients do not follow, so the whole address stands where they show it."""
    address = bodies.absolute(reverse("sandbox-legacy" if space is Space.SANDBOX else "legacy"))
    query = request.META.get("QUERY_STRING", "")
    response = redirect(f"{address}?{query}" if query else address, permanent=True)
    response.status_code, response.reason_phrase = 308, f"Upload to {address} (with the slash at its end)"
    return response


@never_cache
@require_safe
def printed(request: HttpRequest, name: str, version: str = "", space: Space = Space.INDEX) -> HttpResponse:
    """Lead a person from the address that hatch and flit print after an upload to the draft's or the project's page.

    The answer is the same whether there is such a page or not, which the page itself decides.
    """
    del request
    try:
        project = f"{space.prefix}{canonicalize_name(name, validate=True)}"
    except InvalidName:
        raise Http404("That is not a project name (PEP 508).") from None
    return redirect("draft", name=project, version=version) if version else redirect("project", name=project)


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def upload(request: HttpRequest, space: Space = Space.INDEX) -> HttpResponse:
    """Stage one file; a GET says what the address is for."""
    if request.method != "POST":
        return render(request, "review/upload_here.html", {"is_sandbox": space is Space.SANDBOX})
    return _upload(request, space)


@spoken
def _upload(request: HttpRequest, space: Space) -> HttpResponse:
    credential = gate.upload_credential(request, space)  # before the body is read
    if fields.is_gone(request.GET.get(":action", "")):
        raise _gone(request.GET[":action"])
    label = trains.label(request)
    with receive.form(request, _allowed(credential)) as form:
        if action := request.GET.get(":action"):
            form.fields.setdefault(":action", [action])
        staged, credential = _stage(form, credential, label)
    return sessions.legacy_answer(staged, credential, label)


def _allowed(credential: Credential) -> receive.Limits:
    """Return what a form may bring: of a secret for several projects, what the file's own project has room for."""
    return receive.Limits(
        quota.room(credential.project, credential.token),
        again=partial(quota.size_again, credential.project),
        named=partial(_named, credential),
    )


def _named(credential: Credential, name: FileName) -> receive.Limits | None:
    """Refuse, before the bytes are read, a file that the token's limits leave out. Raises Problem."""
    mine = credential.of(name.project)
    try:
        rules.must_take_uploads(mine.project)
        limits.must_cover(mine.token, name)
    except rules.Refused as error:
        raise door.problem(error) from error
    return None if mine is credential else _allowed(mine)


def _gone(action: str) -> Problem:
    return Problem.one(
        410, "Gone", "action-gone", f"The action '{action}' is not part of this API any more: upload files."
    )


def _stage(form: receive.Form, credential: Credential, train: str) -> tuple[stage.Staged, Credential]:
    if fields.is_gone(form.one(":action")):
        raise _gone(form.one(":action"))
    findings = fields.findings(form)
    if findings:
        raise Problem(400, "This upload cannot be staged", tuple(findings))
    release = fields.release(form)
    credential = credential.of(release.project)
    if release.project != credential.project.plain_name:
        raise Problem.one(
            403,
            "Another project",
            "wrong-project",
            f"This token stages files of {either(credential.projects)}, not of '{release.project}': "
            "use a token of the project that the file names.",
            source="name",
        )
    assert form.upload is not None
    form.upload.attestations, form.upload.form = fields.attestations(form), fields.said(form)
    by = rules.Stager(actor=credential.actor, token=credential.token, train=train)
    return door.take(form.upload, project=credential.project, version=release.version, by=by), credential
