"""Promises 1, 2, 3: nothing staged is seen, all or none of a draft is, and no name is used twice."""

import gzip
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import pairwise

from bench.faults.acts.readers import named
from bench.faults.browser import Answer
from bench.faults.ledger import Sighting
from bench.faults.promises.state import FORMATS, JSON, State
from bench.faults.promises.trains import a_train_is_all_or_none
from drafts.models import BurntName, Draft, DraftState, File, IndexPage, Project

UNKNOWN = "a-project-that-nobody-made"
_NEWEST = 25
_CHANGES = {"date", "expires"}


def nothing_staged_is_visible(state: State) -> Iterator[str]:
    """Promise 1: no page or header names a staged file, and whoever asks for one is told what everybody is."""
    pages = list(_pages(state))
    yield from _named_somewhere(pages)
    unknown = _told(state.get(f"/simple/{UNKNOWN}/"), UNKNOWN)
    for project in Project.objects.filter(first_published_at=None):
        if _told(state.get(f"/simple/{project.name}/"), project.name) != unknown:
            yield f"{project.name} has published nothing, and its page differs from that of a project nobody made"
    nowhere = _told(state.get(f"/files/{'0' * 32}/x.whl"), "x.whl")
    for file in File.objects.filter(release=None).order_by("-pk")[:_NEWEST]:
        for one in filter(None, (file.object_id, file.handle, file.public_id)):
            if _told(state.get(f"/files/{one}/{file.filename}"), file.filename) != nowhere:
                yield f"{file.filename} is not published, and /files/ answers other than for a file nobody has"


def _pages(state: State) -> Iterator[str]:
    paths = ["/simple/", *(f"/simple/{name}/" for name in Project.objects.values_list("name", flat=True))]
    for path in paths:
        for accept in FORMATS:
            for encoding in ("identity", "gzip"):
                answer = state.get(path, Accept=accept, Accept_Encoding=encoding)
                packed = answer.headers.get("content-encoding") == "gzip"
                body = gzip.decompress(answer.body) if packed else answer.body
                yield f"{dict(answer.headers)}\n{body.decode(errors='replace')}"


def _named_somewhere(pages: list[str]) -> Iterator[str]:
    words = {word for page in pages for word in re.findall(r"[0-9a-f]{32,64}", page)}
    public = set(File.objects.published().values_list("sha256", flat=True))
    for file in File.objects.filter(release=None):
        secrets = {file.object_id, file.handle, file.public_id, file.sha256, file.metadata_sha256} - {None}
        if (secrets - public) & words - set(_published_metadata(file)):
            yield f"{file.filename} of {file.draft} is not published, and a page of the index names it"
    listed = {name for page in pages for name in re.findall(r'<a href="([^"/]+)/">', page)}
    for name in Project.objects.filter(first_published_at=None).values_list("name", flat=True):
        if name in listed:
            yield f"{name} has published nothing, and the index lists it"


def _published_metadata(file: File) -> Iterator[str]:
    """Yield the file's METADATA digest where a published file has the same."""
    if File.objects.published().filter(metadata_sha256=file.metadata_sha256).exists():
        yield file.metadata_sha256


def _told(answer: Answer, name: str) -> tuple[int, dict[str, str], str]:
    """Return an answer without what the clock and the asker's own words decide."""
    headers = {key: value for key, value in answer.headers.items() if key not in _CHANGES}
    headers.pop("content-length", None)
    return answer.status, headers, answer.text.replace(name, "")


def all_or_nothing(state: State) -> Iterator[str]:
    """Promise 2: every draft is published whole or not at all: in the rows, on the pages, in what readers saw."""
    for draft in Draft.objects.all():
        files = list(draft.files.completed())
        shown = [file for file in files if file.release_id is not None]
        if draft.state == DraftState.PUBLISHED and len(shown) != len(files):
            yield f"{draft} is published, and {len(files) - len(shown)} of its {len(files)} files are not"
        elif draft.state != DraftState.PUBLISHED and shown:
            yield f"{draft} is {draft.state}, and {len(shown)} of its files are published"
    for project in Project.objects.all():
        yield from _wrong_pages(state, project)
    by_draft: dict[str, list[frozenset[tuple[str, str]]]] = defaultdict(list)
    for draft in Draft.objects.filter(state=DraftState.PUBLISHED).select_related("project"):
        whole = frozenset(draft.files.published().values_list("filename", "sha256"))
        by_draft[draft.project.name].append(whole)
    for sighting in state.ledger.sightings:
        yield from _half_seen(sighting, by_draft[sighting.project])
    yield from _seen_early(state.ledger.sightings)
    yield from _vanished(state.ledger.sightings)
    yield from a_train_is_all_or_none(state)


def _wrong_pages(state: State, project: Project) -> Iterator[str]:
    rows = File.objects.published().filter(release__project=project)
    right = set(rows.values_list("filename", "sha256"))
    page = IndexPage.objects.filter(project=project).first()
    if page is not None and page.serial != project.serial:
        yield f"{project}: the stored page is of serial {page.serial}, and the project's is {project.serial}"
    for accept in FORMATS:
        for answer in state.everywhere(f"/simple/{project}/", Accept=accept):
            files = named(answer.body, is_json=accept == JSON) if answer.status == 200 else []
            if {(name, digest) for name, digest, _ in files} != right or len(files) != len(right):
                yield f"{project}: the page as {accept} names {len(files)} files, and {len(right)} are published"


def _half_seen(sighting: Sighting, drafts: list[frozenset[tuple[str, str]]]) -> Iterator[str]:
    for whole in drafts:
        if sighting.files & whole and not whole <= sighting.files:
            yield f"{sighting.project}: a reader saw {len(sighting.files & whole)} of a draft's {len(whole)} files"
    strangers = sighting.files.difference(*drafts)
    if strangers:
        yield f"{sighting.project}: a reader saw {min(strangers)[0]}, which is not published"


def _seen_early(sightings: list[Sighting]) -> Iterator[str]:
    """Compare when files were seen with when they were published: a transaction begins before anybody sees what it wrote."""
    since = {
        (name, digest): at.timestamp()
        for name, digest, at in File.objects.published().values_list("filename", "sha256", "published_at")
    }
    for sighting in sightings:
        for one in sighting.files:
            if sighting.ended < since.get(one, 0):
                yield f"{sighting.project}: a reader saw {one[0]} before it was published"


def _vanished(sightings: list[Sighting]) -> Iterator[str]:
    """Compare what was seen with what was seen later; readings that overlap in time may come in either order."""
    by_project: dict[str, list[Sighting]] = defaultdict(list)
    for sighting in sorted(sightings, key=lambda one: one.began):
        by_project[sighting.project].append(sighting)
    for seen in by_project.values():
        for earlier, later in pairwise(seen):
            if earlier.ended < later.began and earlier.files - later.files:
                yield f"{later.project}: a reader saw {min(earlier.files - later.files)[0]}, and later not"


def names_are_used_once(state: State) -> Iterator[str]:
    """Promise 3: a published name is burnt, is one file's alone, and has the same bytes for ever."""
    published = list(File.objects.published())
    for name, count in Counter(file.filename for file in published).items():
        if count > 1:
            yield f"{name} is published {count} times"
    burnt = {row.filename: row for row in BurntName.objects.select_related("draft")}
    for file in published:
        row = burnt.get(file.filename)
        if row is None or not row.permanent:
            yield f"{file.filename} is published, and its name is not burnt"
        elif (row.sha256, row.draft_id) != (file.sha256, file.draft_id):
            yield f"{file.filename} is burnt for other bytes, or another draft, than are published"
    for row in burnt.values():
        wanted = DraftState.PUBLISHED if row.permanent else DraftState.PROCESSING
        if row.draft.state != wanted:
            yield f"{row.filename} is {'burnt' if row.permanent else 'reserved'} by a draft that is {row.draft.state}"
    seen: dict[str, set[str]] = defaultdict(set)
    for sighting in state.ledger.sightings:
        for name, digest in sighting.files:
            seen[name].add(digest)
    yield from (
        f"{name} was seen with {len(them)} different bytes" for name, them in seen.items() if len(them) > 1
    )
