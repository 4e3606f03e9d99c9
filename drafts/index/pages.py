"""A project's page for installers: rendered when it changes, in the same transaction, and stored."""

import gzip
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from urllib.parse import quote

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from drafts.access.readers import Reader
from drafts.index import provenance, simple, windows
from drafts.models import File, IndexPage, Kind, Project, Space, jobs

_BODIES = ("html", "json", "html_gzip", "json_gzip")


def render_key() -> str:
    """Name everything a stored page depends on beside its rows; another key renders it anew."""
    parts = [str(simple.RENDERER), settings.PRESSCHECK_URL, public_url("", "")]
    return hashlib.sha256("\n".join(parts).encode()).hexdigest()


def file_url(file: File) -> str:
    """Return a published file's address: root-relative unless a files base is set."""
    space = Space(file.release.project.space) if file.release else Space.INDEX
    return public_url(str(file.public_id), file.filename, space)


def public_url(public_id: str, filename: str, space: Space = Space.INDEX) -> str:
    """Return the address of a published file. A files base stands before this server, or, with S3, before the bucket."""
    base = settings.PRESSCHECK_FILES_URL
    folder = "public" if base and settings.PRESSCHECK_S3_BUCKET else f"{space.prefix}files"
    return f"{base}/{folder}/{public_id}/{quote(filename)}"


def simple_file(file: File, *, url: str, provenance: str | None = None) -> simple.SimpleFile:
    """Say what a page says of a file; ``upload-time`` is the moment of publishing, of a staged file its upload's."""
    return simple.SimpleFile(
        filename=file.filename,
        url=url,
        sha256=file.sha256,
        size=file.size,
        upload_time=file.published_at or file.staged_at,
        requires_python=file.requires_python or None,
        metadata_sha256=file.metadata_sha256,
        yanked=False if file.yanked is None else file.yanked or True,
        provenance=provenance,
    )


def store(project: Project) -> IndexPage:
    """Render a project's page and store it; the caller holds the project's lock."""
    files = list(published_files(project))
    standings, signed = windows.of_project(project), provenance.addresses(files)
    status, reason = project.shown_status
    content = simple.SimpleProject(
        name=project.plain_name,
        files=tuple(simple_file(file, url=file_url(file), provenance=signed.get(file.pk)) for file in files),
        versions=versions(files),
        status=status,
        status_reason=reason or None,
        serial=project.serial,
        closed=closed(files, standings),
        late=late(files),
    )
    html, json = simple.render_html(content), simple.render_json(content)
    page, _ = IndexPage.objects.update_or_create(
        project=project,
        defaults={
            "html": html,
            "json": json,
            "html_gzip": gzip.compress(html, mtime=0),
            "json_gzip": gzip.compress(json, mtime=0),
            "etag": hashlib.sha256(html + json).hexdigest()[:32],
            "render_key": render_key(),
            "serial": project.serial,
            "good_until": standings.next_change,
        },
    )
    if page.good_until:
        jobs.enqueue(kind=Kind.WINDOWS, subject=f"project:{project.pk}", not_before=page.good_until)
    return page


def closed(files: Sequence[File], standings: windows.Windows) -> tuple[str, ...]:
    """Return the versions of published files that take no more, in the order of their first file."""
    releases = standings.closed(file.release_id for file in files if file.release_id)
    return versions(file for file in files if file.release_id in releases)


def late(files: Iterable[File]) -> tuple[str, ...]:
    """Return the names of published files that came more than a day after the first of their release."""
    return tuple(file.filename for file in files if file.late_seconds is not None)


def published_files(project: Project) -> Iterable[File]:
    """Return the files of a project that readers get, in an order that does not change."""
    return (
        File.objects.offered()
        .filter(release__project=project)
        .select_related("release__project")
        .defer("core_metadata")
        .order_by("published_at", "filename")
    )


def versions(files: Iterable[File]) -> tuple[str, ...]:
    """Return the versions that the files belong to, in the order of their first file."""
    return tuple(dict.fromkeys(file.release.version for file in files if file.release))


def page_of(name: str, body: str = "") -> IndexPage | None:
    """Return the stored page of a published project, whose name says its space, by one look-up; rendered anew if its key no longer fits, or a window ended.

    ``body``: the one representation that is read with it; any other is read when it is asked for.
    """
    rows = IndexPage.objects.filter(project__name=name)
    page = rows.defer(*(one for one in _BODIES if one != body)).first()
    if page is not None and (page.render_key != render_key() or _is_over(page)):
        with transaction.atomic():
            page = store(Project.objects.lock(page.project_id))
    return page


def _is_over(page: IndexPage) -> bool:
    return page.good_until is not None and page.good_until <= timezone.now()


def names(reader: Reader, space: Space) -> Iterator[str]:
    """Yield the plain names of all published projects of a space that may be read."""
    rows = reader.of(Project.objects.published(space), "pk")
    for name in rows.order_by("name").values_list("name", flat=True).iterator():
        yield name.removeprefix(space.prefix)
