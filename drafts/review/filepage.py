"""The file page, built from rows and from what the inspection kept."""

import base64
import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from django.http import Http404, QueryDict
from django.urls import reverse
from django.utils.safestring import mark_safe

from drafts.access.gate import Member as Person
from drafts.access.roles import Act
from drafts.dist import BadDistribution, CoreMetadata, FileType
from drafts.dist.metadata import parse_metadata
from drafts.evidence import verdicts
from drafts.inspection import keeping, members
from drafts.models import Draft, File, Finding, Inspection, InspectionState
from drafts.review import evidencewords, filecontents, fileevidence, filerows, findinglines
from drafts.review.filerecord import Fact, FilePage, Overview, Statement, Tab
from drafts.review.templatetags.words import size
from drafts.storage import NoSuchObject, opened

_CONTENTS = ("in", "member", "find", "start")
_MOST = 10**9


@dataclass(frozen=True, slots=True)
class Asked:
    """What of a file is asked for, as the address says."""

    tab: str
    folder: str
    member: str
    find: str
    start: int
    first: int
    line: int

    @classmethod
    def read(cls, query: QueryDict) -> "Asked":
        tab = "contents" if any(query.get(key) for key in _CONTENTS) else query.get("tab", "")
        return cls(
            tab=tab,
            folder=query.get("in", "").strip("/"),
            member=query.get("member", ""),
            find=query.get("find", "").strip()[:200],
            start=_number(query.get("start")),
            first=_number(query.get("from")),
            line=_number(query.get("line")),
        )


def _number(text: str | None) -> int:
    return min(int(text), _MOST) if text and text.isascii() and text.isdecimal() and len(text) < 12 else 0  # noqa: PLR2004


def file_page(who: Person, draft: Draft, filename: str, asked: Asked) -> FilePage:
    """Build the page of one file. Raises Http404 when the draft has no such file, or the file no such member."""
    file = (
        draft.files.live()
        .select_related("staged_by_token", "staged_by_user")
        .filter(filename=filename)
        .first()
    )
    if file is None:
        raise Http404(f"{filename} is not in the draft any more.")
    base = reverse("file-page", args=[draft.project.name, draft.version, filename])
    row = Inspection.objects.filter(file=file).first()
    found = list(Finding.objects.filter(file=file).order_by("pk"))
    seen = _seen(file)
    is_inside = asked.tab == "contents" and seen is not None
    listed = seen.members if seen is not None else ()
    member = next((one for one in listed if one.path == asked.member), None)
    if asked.member and member is None:
        raise Http404(f"{filename} has no such member, or nobody has looked inside yet.")
    return FilePage(
        project=draft.project.name,
        version=draft.version,
        state=draft.state,
        draft_url=reverse("draft", args=[draft.project.name, draft.version]),
        filename=filename,
        kind="sdist" if file.filetype == FileType.SDIST else "wheel",
        tags=filerows.tags(file),
        size=file.size,
        sha256=file.sha256,
        blake2b_256=file.blake2b_256,
        staged_by=filerows.staged_by(file),
        staged_at=file.staged_at,
        download_url=_download_url(draft, file),
        refused=file.refused,
        tabs=_tabs(base, len(listed), is_inside=is_inside, has_members=seen is not None),
        findings=findinglines.of_file(draft, file, found, may_accept=who.may(Act.FINDINGS)),
        inspected=_inspected(row),
        failed=row.error if row is not None and row.state == InspectionState.FAILED else "",
        again_url=_again_url(who, draft, file, row),
        overview=None if is_inside else _overview(draft, file, seen),
        folder=(
            filecontents.folder(listed, base, asked.folder, asked.find, asked.start, found)
            if is_inside and member is None
            else None
        ),
        viewer=(
            filecontents.viewer(file, member, base, start=asked.first, line=asked.line, found=found)
            if is_inside and member is not None
            else None
        ),
    )


def _seen(file: File) -> keeping.Seen | None:
    try:
        return members.seen(file)
    except (members.NotInspected, NoSuchObject):
        return None


def _tabs(base: str, count: int, *, is_inside: bool, has_members: bool) -> tuple[Tab, ...]:
    """Return the ways to look at the file; its differences stand on a page of their own."""
    tabs = [Tab("Overview", base, not is_inside)]
    if has_members:
        tabs.append(Tab("Contents", f"{base}?tab=contents", is_inside, f"{count}"))
        tabs.append(Tab("Changes", f"{base}changes/"))
    return tuple(tabs)


def _inspected(row: Inspection | None) -> str:
    if row is None:
        return "being inspected"
    if row.state == InspectionState.FAILED:
        return "could not be inspected"
    return f"{row.members} members, {size(row.inflated)} unpacked"


def _again_url(who: Person, draft: Draft, file: File, row: Inspection | None) -> str:
    is_failed = row is not None and row.state == InspectionState.FAILED
    if not (is_failed and draft.is_editable and who.may(Act.FINDINGS)):
        return ""
    return reverse("file-inspect", args=[draft.project.name, draft.version, file.filename])


def _download_url(draft: Draft, file: File) -> str:
    if file.purged_at is not None:
        return ""
    return reverse("file-download", args=[draft.project.name, draft.version, file.filename])


def _overview(draft: Draft, file: File, seen: keeping.Seen | None) -> Overview:
    uploads = list(draft.files.all())
    verdict = verdicts.comparisons({draft.pk: uploads})[draft.pk].files[file.filename]
    return Overview(
        facts=tuple(_facts(_metadata(file))),
        # Sanitised when it was rendered: drafts/inspection/tools/description.py.
        description=mark_safe(seen.description if seen is not None else ""),  # noqa: S308
        renders=seen.renders if seen is not None else True,
        evidence=evidencewords.sentence(verdict, fileevidence.matched(file, verdict)),
        statements=tuple(_statements(file)),
    )


def _metadata(file: File) -> CoreMetadata | None:
    try:
        with opened(file.kept_metadata) as metadata:
            return parse_metadata(metadata.read())
    except (BadDistribution, NoSuchObject):
        return None


def _facts(metadata: CoreMetadata | None) -> Iterator[Fact]:
    if metadata is None:
        return
    fields: Sequence[tuple[str, str | Sequence[str] | None]] = (
        ("Summary", metadata.summary),
        ("Requires-Python", metadata.requires_python),
        ("Requires-Dist", metadata.requires_dist),
        ("Provides-Extra", metadata.provides_extra),
        ("Licence", metadata.license_expression or metadata.license),
        ("Licence files", metadata.license_files),
        ("Author", ", ".join(filter(None, [metadata.author, metadata.author_email]))),
        ("Maintainer", ", ".join(filter(None, [metadata.maintainer, metadata.maintainer_email]))),
        ("Addresses", [f"{label}: {url}" for label, url in metadata.project_urls] or metadata.home_page),
        ("Keywords", ", ".join(metadata.keywords)),
        ("Classifiers", metadata.classifiers),
        ("Requires-External", metadata.requires_external),
        ("Dynamic", metadata.dynamic),
        ("Metadata-Version", metadata.metadata_version),
    )
    for label, value in fields:
        values = (value,) if isinstance(value, str) else tuple(value or ())
        if any(values):
            yield Fact(label, values)


def _statements(file: File) -> Iterator[Statement]:
    """Read what attestations state; their shape was checked when they came, what is in them was not."""
    kept = getattr(file, "attestations", None) if file.attestations_sha256 else None
    for one in kept.statements if kept is not None else ():
        try:
            told = json.loads(base64.b64decode(one["envelope"]["statement"]))
            subjects = tuple(str(subject["name"]) for subject in told["subject"])
            yield Statement(str(told["predicateType"]), subjects)
        except (ValueError, KeyError, TypeError, RecursionError):
            yield Statement("a statement that cannot be read", ())
