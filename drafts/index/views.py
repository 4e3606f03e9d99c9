"""What installers see: the Simple API (PEP 503, 691, 700, 714, 792) and the files behind it."""

from django.http import (
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponsePermanentRedirect,
    StreamingHttpResponse,
)
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe
from packaging.utils import canonicalize_name

from drafts.access.readers import Reader
from drafts.index import pages, simple
from drafts.index.private import for_readers
from drafts.index.serve import IMMUTABLE, Served, answer, is_known
from drafts.models import File, IndexPage, Space
from drafts.storage import storage

_PAGE_CACHE = "max-age=5, public"


class NotAcceptable(Exception):
    """The client accepts none of the formats that there are."""


def wanted_format(request: HttpRequest) -> simple.Format:
    """Return the format a client asked for. Raises NotAcceptable."""
    found = simple.negotiate(request.headers.get("Accept"), request.GET.get("format"))
    if found is None:
        raise NotAcceptable
    return found


def content_type(wanted: simple.Format) -> str:
    """Return the Content-Type header of a page."""
    return "text/html; charset=utf-8" if wanted is simple.Format.HTML else str(wanted)


def not_acceptable() -> HttpResponse:
    """Say which formats there are."""
    words = (
        "There is text/html, application/vnd.pypi.simple.v1+html and application/vnd.pypi.simple.v1+json.\n"
    )
    response = HttpResponse(words, status=406, content_type="text/plain; charset=utf-8")
    patch_vary_headers(response, ["Accept"])
    return response


@require_safe
@for_readers
def root(request: HttpRequest, reader: Reader, *, space: Space = Space.INDEX) -> HttpResponseBase:
    """List the published projects of the index, or of the sandbox, streamed."""
    try:
        wanted = wanted_format(request)
    except NotAcceptable:
        return not_acceptable()
    render = simple.render_root_json if wanted.is_json else simple.render_root_html
    response = StreamingHttpResponse(render(pages.names(reader, space)), content_type=content_type(wanted))
    response["Cache-Control"] = _PAGE_CACHE
    patch_vary_headers(response, ["Accept"])
    return response


@require_safe
@for_readers
def project(request: HttpRequest, reader: Reader, name: str) -> HttpResponseBase:
    """Serve a project's stored page: one look-up, no session, no joins."""
    normalised = canonicalize_name(name)
    if name != normalised:
        return HttpResponsePermanentRedirect(reverse("simple-project", args=[normalised]))
    try:
        wanted = wanted_format(request)
    except NotAcceptable:
        return not_acceptable()
    is_asked = "If-None-Match" in request.headers  # then most often nothing but the tag is read
    page = pages.page_of(name, "" if is_asked else _body(request, wanted))
    if page is None or not reader.may(page.project_id):
        raise Http404("There is no such project on this index.")
    return page_answer(request, page, wanted)


def page_answer(request: HttpRequest, page: IndexPage, wanted: simple.Format) -> HttpResponse:
    """Send a stored page, or say that the client has it."""
    suffix, gzipped = "j" if wanted.is_json else "h", _takes_gzip(request)
    etag = f'"{page.etag}{suffix}{"z" if gzipped else ""}"'
    if is_known(request, etag):
        response = HttpResponse(status=304)
    else:
        body = bytes(getattr(page, _body(request, wanted)))
        response = HttpResponse(body, content_type=content_type(wanted))
        if gzipped:
            response["Content-Encoding"] = "gzip"
    response["ETag"] = etag
    response["Cache-Control"] = _PAGE_CACHE
    response["X-PyPI-Last-Serial"] = str(page.serial)
    patch_vary_headers(response, ["Accept", "Accept-Encoding"])
    return response


def _body(request: HttpRequest, wanted: simple.Format) -> str:
    """Return which of a stored page's bodies a client takes."""
    kind = "json" if wanted.is_json else "html"
    return f"{kind}_gzip" if _takes_gzip(request) else kind


def _takes_gzip(request: HttpRequest) -> bool:
    """Say whether a client named gzip among what it takes, and did not refuse it (RFC 9110, section 12.5.3)."""
    for part in request.headers.get("Accept-Encoding", "").lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() in {"gzip", "x-gzip"}:
            return weight.replace(" ", "").removeprefix("q=").strip("0.") != "" or not weight.strip()
    return False


@require_safe
@for_readers
def file(
    request: HttpRequest, reader: Reader, public_id: str, filename: str, *, space: Space = Space.INDEX
) -> HttpResponseBase:
    """Serve a published file, or its METADATA as ``{filename}.metadata`` (PEP 658): the row is asked before any byte."""
    is_metadata = filename.endswith(".metadata")
    rows = reader.of(File.objects.published(), "release__project")
    rows = rows.select_related("release__project")
    rows = rows.filter(public_id=public_id, release__project__space=space)
    row = rows.filter(filename=filename.removesuffix(".metadata")).first()
    if row is None or row.release is None:
        raise Http404("There is no such file on this index.")
    if row.release.is_quarantined or row.release.project.is_quarantined:
        return _quarantined(row)
    response = answer(request, served(row, metadata=is_metadata))
    response.headers.setdefault("Cache-Control", IMMUTABLE)
    return response


def _quarantined(row: File) -> HttpResponse:
    """Say why a file that somebody pinned is not given out (PEP 792); nothing keeps this answer."""
    words = f"{row.filename} is in quarantine: the operators of this index do not give it out for now.\n"
    response = HttpResponse(words, status=403, content_type="text/plain; charset=utf-8")
    response["Cache-Control"] = "no-store"
    return response


def served(row: File, *, metadata: bool) -> Served:
    """Say where a file's bytes, or those of its METADATA, lie."""
    if not metadata:
        return Served(row.kept, row.size, row.sha256)
    return Served(row.kept_metadata, storage().size(row.kept_metadata), row.metadata_sha256)
