"""Published projects and releases as everybody sees them who may read the index: people, and machines as JSON."""

import json
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_safe
from packaging.utils import canonicalize_version
from packaging.version import InvalidVersion, Version

from drafts.access.readers import Reader
from drafts.dist.windows import Standing
from drafts.index import windows
from drafts.index.pages import file_url
from drafts.index.private import for_readers
from drafts.models import Draft, File, Project, Receipt, Release
from drafts.models.spaces import split
from drafts.review import attestedrows
from drafts.review.releases import late_text


@dataclass(frozen=True, slots=True)
class PublicFile:
    """A published file; ``late`` says by how much, ``provenance`` who signed it as the project's CI."""

    filename: str
    url: str
    size: int
    sha256: str
    published_at: datetime
    yanked: str
    is_yanked: bool
    late: str
    late_seconds: int | None
    late_kind: str
    provenance: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Step:
    """One publish of files into a release, with its signed receipt."""

    at: datetime
    files: int
    late: int
    receipt_url: str


@dataclass(frozen=True, slots=True)
class PublicRelease:
    """A published release as everybody sees it."""

    project: str
    version: str
    url: str
    published_at: datetime
    window: str
    is_closed: bool
    files: tuple[PublicFile, ...] = ()
    steps: tuple[Step, ...] = ()
    count: int = 0
    late: int = 0
    yanked: int = 0
    newest: str = ""
    index_url: str = ""
    requirement: str = ""


@require_safe
@for_readers
def project(request: HttpRequest, reader: Reader, name: str) -> HttpResponse:
    """List the releases of a published project."""
    row = _project(reader, name)
    known = windows.of_project(row).standings
    files: dict[int, list[File]] = {}
    for file in File.objects.offered().filter(release__project=row).defer("core_metadata"):
        files.setdefault(file.release_id or 0, []).append(file)
    shown = [
        _head(release, known[release.pk], files[release.pk])
        for release in sorted(_releases(row), key=lambda one: Version(one.version), reverse=True)
        if release.pk in files
    ]
    if _wants_json(request):
        return _json({"name": row.name, "releases": [_summary(one) for one in shown]})
    return _page(request, "review/public_project.html", {"name": row.name, "releases": shown})


@require_safe
@for_readers
def release(request: HttpRequest, reader: Reader, name: str, version: str) -> HttpResponse:
    """Show a published release: files, digests, times, late marks, yanks, provenance, receipts."""
    row, files = _release(reader, name, version)
    signed = attestedrows.rows(files)
    shown = _head(row, windows.of_release(row), files)
    shown = replace(
        shown,
        files=tuple(_file(file, signed.get(file.pk, ())) for file in files),
        steps=tuple(_steps(row, files)),
        newest=_newest(row),
        index_url=f"{settings.PRESSCHECK_URL}{reverse('sandbox-root' if row.project.is_sandbox else 'simple-root')}",
        requirement=f"{row.project.plain_name}=={row.version}",
    )
    if _wants_json(request):
        return _json({**_summary(shown), "files": [_as_json(file) for file in shown.files]})
    return _page(request, "review/public_release.html", {"r": shown})


@require_safe
@for_readers
def receipt(request: HttpRequest, reader: Reader, name: str, version: str, number: int) -> HttpResponse:
    """Hand out the receipt of the first, second, … publish into a release."""
    del request
    row, files = _release(reader, name, version)
    drafts = list(_drafts(files))
    found = Receipt.objects.filter(draft=drafts[number - 1]).first() if 0 < number <= len(drafts) else None
    if found is None:
        raise Http404(f"{row} has no such receipt.")
    answer = HttpResponse(json.dumps(found.envelope, indent=1), content_type="application/vnd.dsse+json")
    filename = f"{row.project.name.replace('/', '-')}-{row.version}-{number}.receipt.json"
    answer["Content-Disposition"] = f'attachment; filename="{filename}"'
    return answer


def _project(reader: Reader, name: str) -> Project:
    space, _ = split(name)
    row = Project.objects.published(space).filter(name=name).first()
    if row is None or not reader.may(row.pk):
        raise Http404("There is no such project on this index.")
    return row


def _releases(row: Project) -> list[Release]:
    found = list(Release.objects.filter(project=row))
    for one in found:
        one.project = row
    return found


def _release(reader: Reader, name: str, version: str) -> tuple[Release, list[File]]:
    """Return a release that has files, and them by name. Raises Http404, in the same words for what is not to be read."""
    row = _project(reader, name)
    try:
        key = canonicalize_version(Version(version))
    except InvalidVersion:
        key = ""
    found = Release.objects.filter(project=row, version_key=key).first()
    files = (
        list(
            File.objects.offered()
            .filter(release=found)
            .select_related("release__project")
            .defer("core_metadata")
            .order_by("filename")
        )
        if found
        else []
    )
    if found is None or not files:
        raise Http404(f"There is no release {version} of {name} on this index.")
    found.project = row
    return found, files


def _head(row: Release, standing: Standing, files: list[File]) -> PublicRelease:
    return PublicRelease(
        project=row.project.name,
        version=row.version,
        url=reverse("public-release", args=[row.project.name, row.version]),
        published_at=row.published_at,
        window=windows.shown(row.project, standing),
        is_closed=standing.is_closed,
        count=len(files),
        late=sum(file.late_seconds is not None for file in files),
        yanked=sum(file.yanked is not None for file in files),
    )


def _file(file: File, signed: tuple[attestedrows.AttestedRow, ...]) -> PublicFile:
    assert file.published_at is not None
    return PublicFile(
        filename=file.filename,
        url=file_url(file),
        size=file.size,
        sha256=file.sha256,
        published_at=file.published_at,
        yanked=file.yanked or "",
        is_yanked=file.yanked is not None,
        late=late_text(file),
        late_seconds=file.late_seconds,
        late_kind=file.late_kind,
        provenance=tuple(one.text for one in signed if one.state == "proven"),
    )


def _drafts(files: list[File]) -> list[Draft]:
    """Return the drafts that a release's files came in, the first first."""
    rows = Draft.objects.filter(pk__in={file.draft_id for file in files}).select_related("receipt")
    return list(rows.order_by("ended_at", "pk"))


def _steps(row: Release, files: list[File]) -> list[Step]:
    found = []
    for number, draft in enumerate(_drafts(files), start=1):
        own = [file for file in files if file.draft_id == draft.pk]
        where = [row.project.name, row.version, number]
        found.append(
            Step(
                at=draft.ended_at or row.published_at,
                files=len(own),
                late=sum(file.late_seconds is not None for file in own),
                receipt_url=reverse("public-receipt", args=where) if hasattr(draft, "receipt") else "",
            )
        )
    return found


def _newest(row: Release) -> str:
    """Return the newest stable version, where it is newer than this one."""
    rows = Release.objects.filter(project=row.project, files__isnull=False).distinct()
    stable = [Version(one.version) for one in rows if not Version(one.version).is_prerelease]
    newest = max(stable, default=Version(row.version))
    return str(newest) if newest > Version(row.version) else ""


def _wants_json(request: HttpRequest) -> bool:
    if "format" in request.GET:
        return request.GET["format"] == "json"
    return request.get_preferred_type(["text/html", "application/json"]) == "application/json"


def _page(request: HttpRequest, template: str, shown: dict[str, Any]) -> HttpResponse:
    answer = render(request, template, shown)
    patch_vary_headers(answer, ["Accept", "Cookie"])
    answer.headers.setdefault("Cache-Control", "private, no-cache")
    return answer


def _json(value: dict[str, Any]) -> HttpResponse:
    answer = HttpResponse(json.dumps(value, indent=1), content_type="application/json")
    patch_vary_headers(answer, ["Accept"])
    answer["Cache-Control"] = "max-age=5, public"
    return answer


def _summary(one: PublicRelease) -> dict[str, Any]:
    return {
        "name": one.project,
        "version": one.version,
        "published": _moment(one.published_at),
        "closed": one.is_closed,
        "window": one.window,
        "file-count": one.count,
        "late-count": one.late,
        "yanked-count": one.yanked,
        "receipts": [step.receipt_url for step in one.steps if step.receipt_url],
    }


def _as_json(file: PublicFile) -> dict[str, Any]:
    late = {"seconds": file.late_seconds, "kind": file.late_kind} if file.late_seconds is not None else False
    return {
        "filename": file.filename,
        "url": file.url,
        "size": file.size,
        "hashes": {"sha256": file.sha256},
        "published": _moment(file.published_at),
        "yanked": (file.yanked or True) if file.is_yanked else False,
        "late": late,
        "provenance": list(file.provenance),
    }


def _moment(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat().replace("+00:00", "Z")
