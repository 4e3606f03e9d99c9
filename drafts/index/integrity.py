"""Provenance objects of published files (PEP 740), at the address that the index's pages name."""

import hashlib

from django.http import Http404, HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe
from packaging.utils import canonicalize_name
from packaging.version import InvalidVersion, Version

from drafts.access.readers import Reader
from drafts.index.private import for_readers
from drafts.index.serve import SANDBOX, is_known
from drafts.models import File, ProvenanceObject
from drafts.models.spaces import split

_PLAIN = "application/json"
_NAMED = "application/vnd.pypi.integrity.v1+json"
_CACHE = "max-age=600, public"


@require_safe
@for_readers
def provenance(request: HttpRequest, reader: Reader, name: str, version: str, filename: str) -> HttpResponse:
    """Serve who signed a published file, and their attestations; 404 for every file without."""
    row = _row(reader, name, version, filename)
    wanted = next((one for one in (_NAMED, _PLAIN) if request.accepts(one)), "")
    if not wanted:
        return HttpResponse(f"There is {_NAMED} and {_PLAIN}.\n", status=406, content_type="text/plain")
    etag = f'"{hashlib.sha256(row.body.encode()).hexdigest()[:32]}"'
    if is_known(request, etag):
        response = HttpResponse(status=304)
    else:
        response = HttpResponse(row.body, content_type=wanted)
    response["ETag"], response["Cache-Control"] = etag, _CACHE
    response["Content-Security-Policy"] = SANDBOX
    patch_vary_headers(response, ["Accept"])
    return response


def _row(reader: Reader, name: str, version: str, filename: str) -> ProvenanceObject:
    space, bare = split(name)
    project = f"{space.prefix}{canonicalize_name(bare)}"
    files = reader.of(File.objects.offered(), "release__project").filter(filename=filename)
    rows = ProvenanceObject.objects.filter(file__in=files.filter(release__project__name=project))
    row = rows.select_related("file__release").first()
    if row is None or not _is_version(row.file, version):
        raise Http404("There is no provenance of such a file on this index.")
    return row


def _is_version(file: File, text: str) -> bool:
    try:
        return file.release is not None and Version(text) == Version(file.release.version)
    except InvalidVersion:
        return False
