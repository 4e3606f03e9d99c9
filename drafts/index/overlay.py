"""A draft over everything else, for ``--index-url``: what the link opens, what is published here, and the upstream index.

A name that is here is answered from here or not at all, so that nothing of it can be shadowed elsewhere.
"""

from collections.abc import Iterator

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
    StreamingHttpResponse,
)
from django.urls import reverse
from django.utils.cache import patch_vary_headers

from drafts.access import gate, readers
from drafts.access.gate import DraftAccess
from drafts.access.readers import EVERYBODY, Reader
from drafts.index import pages, simple, upstream
from drafts.index.drafts import listed, merged, private, root_of
from drafts.index.views import content_type, page_answer, wanted_format
from drafts.models import Project, Space

_FILES = "../../../files"  # seen from a project's page
_SILENT = (
    "The upstream index of this server did not answer, so it is not known whether there is such a project.\n"
)


@private
def root(request: HttpRequest, token: str | None = None) -> HttpResponseBase:
    """List what the link opens and what else may be read of this index; what is upstream is found by its name alone."""
    access = gate.draft_link(request, token)
    if access.ended:
        return root_of(access)
    wanted = wanted_format(request)
    render = simple.render_root_json if wanted.is_json else simple.render_root_html
    names = _names(access, readers.through(access))
    response = StreamingHttpResponse(render(names), content_type=content_type(wanted))
    patch_vary_headers(response, ["Accept"])
    return response


def _names(access: DraftAccess, reader: Reader) -> Iterator[str]:
    yield from access.names
    for name in pages.names(reader, Space.INDEX):
        if name not in access.names:
            yield name


@private
def project(request: HttpRequest, name: str, token: str | None = None) -> HttpResponseBase:
    """Serve what the link opens, merged; else what is published here; else send to the upstream index, if it has the name."""
    access = gate.draft_link(request, token)
    if access.of(name):
        return merged(request, access, name, base=_FILES)
    if not upstream.is_name(name):
        raise Http404("Not found")
    return _published(request, access, name) or _elsewhere(name)


def _published(request: HttpRequest, access: DraftAccess, name: str) -> HttpResponseBase | None:
    """Return the page of another project of this index; on a private one with addresses under the token."""
    reader, page = readers.through(access), pages.page_of(name)
    if page is None or not reader.may(page.project_id):
        return None
    if access.ended:
        return HttpResponseRedirect(reverse("simple-project", args=[name]))
    if reader == EVERYBODY:
        return page_answer(request, page, wanted_format(request))
    return listed(request, Project.objects.at(page.project_id), (), base=_FILES)


def _elsewhere(name: str) -> HttpResponseBase:
    """Send an installer to the upstream index; 404 where it has no such project or the name is this index's."""
    try:
        if not upstream.has(name):
            raise Http404("Not found")
    except upstream.UpstreamSilent:
        # Never 404: it would say that there is none, and resolvers would go on to the next index. 503 is asked again.
        response = HttpResponse(_SILENT, status=503, content_type="text/plain; charset=utf-8")
        response["Retry-After"] = str(upstream.RETRY_SECONDS)
        return response
    return HttpResponseRedirect(upstream.address_of(name))
