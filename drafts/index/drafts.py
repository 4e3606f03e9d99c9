"""A draft as installers see it through its link: what the project will look like once it is published."""

from collections.abc import Callable, Sequence
from functools import wraps
from typing import Concatenate, ParamSpec
from urllib.parse import quote

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase, HttpResponseRedirect
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from drafts.access import fetches, gate, readers
from drafts.access.gate import DraftAccess
from drafts.index import pages, provenance, simple, windows
from drafts.index.serve import answer
from drafts.index.views import NotAcceptable, content_type, not_acceptable, served, wanted_format
from drafts.models import Draft, File, Project, Space

P = ParamSpec("P")
_ROOTS = {Space.INDEX: "simple-root", Space.SANDBOX: "sandbox-root"}

PRIVATE = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


def private(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Mark every answer under a draft link, refusals too, as nothing that a cache or a search engine may keep."""
    # Nothing is written here: another method is answered with 405, not with words about forms.
    return _marked(view, require_safe(view))


def private_form(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """Mark the answers to what is sent through a draft link in the same way."""
    # Whoever knows the link may send; another site's form does not know it, and no cookie is looked at.
    return _marked(view, require_POST(view))


def _marked(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
    safe: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    @csrf_exempt
    @wraps(view)
    def marked(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        try:
            response = safe(request, *args, **kwargs)
        except Http404:
            response = HttpResponse("404 Not Found\n", status=404, content_type="text/plain; charset=utf-8")
        except NotAcceptable:
            response = not_acceptable()
        for name, value in PRIVATE.items():
            response[name] = value
        patch_vary_headers(response, ["Authorization"])
        return response

    return marked


@private
def root(request: HttpRequest, token: str | None = None, *, only: bool = False) -> HttpResponseBase:
    """List what a link opens: one project, or those of a train."""
    del only
    access = gate.draft_link(request, token)
    if access.ended:
        return root_of(access)
    wanted = wanted_format(request)
    render = simple.render_root_json if wanted.is_json else simple.render_root_html
    response = HttpResponse(b"".join(render(access.names)), content_type=content_type(wanted))
    patch_vary_headers(response, ["Accept"])
    return response


def root_of(access: DraftAccess) -> HttpResponseBase:
    """Lead to the list of projects that what the link opened is in now."""
    return HttpResponseRedirect(reverse(_ROOTS[Space(access.draft.project.space)]))


@private
def project(
    request: HttpRequest, name: str, token: str | None = None, *, only: bool = False
) -> HttpResponseBase:
    """Serve a project's page: published and staged files merged, or the staged ones alone. Any other name: 404."""
    access = gate.draft_link(request, token)
    if not access.of(name):
        raise Http404("Not found")
    return merged(request, access, name, only=only, base="../../../files" if only else "../../files")


def merged(
    request: HttpRequest, access: DraftAccess, name: str, *, base: str, only: bool = False
) -> HttpResponseBase:
    """Serve a project that the link opens; ``base``: where its files are, seen from the page."""
    drafts = access.of(name)
    if access.ended:
        return HttpResponseRedirect(reverse("simple-project", args=[drafts[0].project.name]))
    wanted_format(request)  # an answer that nobody takes is no use
    gate.count_use(access.link)
    return listed(request, drafts[0].project, drafts, only=only, base=base)


def listed(
    request: HttpRequest, project: Project, drafts: Sequence[Draft], *, base: str, only: bool = False
) -> HttpResponse:
    """Serve one project's page: what is published, and what these drafts of it stage."""
    wanted = wanted_format(request)
    content = _content(project, drafts, only=only, base=base)
    body = simple.render_json(content) if wanted.is_json else simple.render_html(content)
    response = HttpResponse(body, content_type=content_type(wanted))
    patch_vary_headers(response, ["Accept"])
    return response


def _content(project: Project, drafts: Sequence[Draft], *, only: bool, base: str) -> simple.SimpleProject:
    """Render published and staged files of one project; addresses are relative, under the token, and change with the bytes."""
    status, reason = project.shown_status
    shown = [] if project.is_quarantined else drafts
    staged = [file for draft in shown for file in draft.files.installable().order_by("filename")]
    published = [] if only else list(pages.published_files(project))
    files, signed = [*published, *staged], provenance.addresses(published)
    new = [draft.version for draft in drafts if any(file.draft_id == draft.pk for file in staged)]
    return simple.SimpleProject(
        name=project.plain_name,
        files=tuple(
            pages.simple_file(
                file, url=f"{base}/{file.handle}/{quote(file.filename)}", provenance=signed.get(file.pk)
            )
            for file in files
        ),
        versions=tuple(dict.fromkeys([*pages.versions(published), *new])),
        status=status,
        status_reason=reason or None,
        serial=None,
        closed=pages.closed(published, windows.of_project(project)) if published else (),
        late=pages.late(published),
    )


@private
def file(request: HttpRequest, handle: str, filename: str, token: str | None = None) -> HttpResponseBase:
    """Serve a staged file of a draft, or a published one of its project, or the METADATA of either."""
    access = gate.draft_link(request, token)
    is_metadata = filename.endswith(".metadata")
    row = _readable(access, handle, filename.removesuffix(".metadata"))
    if access.ended:
        if row.release_id is None:
            raise Http404("Not found")
        is_sandbox = access.draft.project.is_sandbox
        return HttpResponseRedirect(
            reverse("sandbox-file" if is_sandbox else "file", args=[row.public_id, filename])
        )
    draft = next((one for one in access.drafts if one.pk == row.draft_id), None)
    if request.method == "GET" and not is_metadata and draft is not None:
        agent = request.headers.get("User-Agent", "")
        fetches.count(draft=draft, filename=filename, user_agent=agent)
    return answer(request, served(row, metadata=is_metadata))


def _readable(access: DraftAccess, handle: str, filename: str) -> File:
    """Return a staged file, or a published one of the link's projects or of those that it opens besides."""
    drafts = access.drafts
    projects = {draft.project_id for draft in drafts if not draft.project.is_quarantined}
    files = File.objects.filter(handle=handle, filename=filename)
    rows = files.filter(draft__project__in=projects)
    row = rows.filter(draft__in=drafts).installable().first() or rows.offered().first()
    if row is None and (others := readers.through(access).projects):
        row = files.offered().filter(release__project__in=others).first()
    if row is None:
        raise Http404("Not found")
    return row


@private
def requirements(request: HttpRequest, token: str | None = None) -> HttpResponseBase:
    """Pin the files of all drafts with their hashes, for ``pip install --require-hashes -r``."""
    access = gate.draft_link(request, token)
    if access.ended:
        return HttpResponseRedirect(reverse("simple-project", args=[access.draft.project.name]))
    text = "".join(_pinned(draft) for draft in access.drafts)
    return HttpResponse(text, content_type="text/plain; charset=utf-8")


def _pinned(draft: Draft) -> str:
    lines = [f"{draft.project.plain_name}=={draft.version}"]
    lines += [f"    --hash=sha256:{file.sha256}" for file in draft.files.installable().order_by("filename")]
    return " \\\n".join(lines) + "\n"


@private
def nothing(request: HttpRequest, _rest: str) -> HttpResponseBase:
    """Answer everything else under a draft link as a wrong link is answered."""
    del request, _rest
    raise Http404("Not found")
