"""What was there before a draft: the newest published release below it, and what its own release has already."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from packaging.version import Version

from drafts.models import Draft, File, Release


@dataclass(frozen=True, slots=True)
class Before:
    """``last`` is the release to compare with and its files; ``same`` the draft's own, where others published it.

    ``newest`` is the project's newest published version, also above the draft's; empty where there is none.
    """

    last: Release | None = None
    last_files: tuple[File, ...] = ()
    same: Release | None = None
    same_files: tuple[File, ...] = ()
    newest: str = ""

    @property
    def version(self) -> str:
        """Return the version of the last release; empty for the first."""
        return self.last.version if self.last else ""

    @property
    def adds(self) -> bool:
        """Say whether the draft adds to a release that has files already."""
        return bool(self.same_files)


NOTHING = Before()


def last_release(draft: Draft, releases: Iterable[Release]) -> Release | None:
    """Return the newest of these releases with a lower version, finals before pre-releases; None for the first."""
    own = Version(draft.version)
    lower = [release for release in releases if Version(release.version) < own]
    finals = [release for release in lower if not Version(release.version).is_prerelease]
    return max(finals or lower, key=lambda release: Version(release.version), default=None)


def befores(drafts: Sequence[Draft], *, whole: bool = False) -> dict[int, Before]:
    """Read what was there before several drafts, by draft id, in two queries; ``whole``: with the files' metadata."""
    releases = _releases(drafts)
    pairs = {draft.pk: _pair(draft, releases[draft.project_id]) for draft in drafts}
    files = _files([release for pair in pairs.values() for release in pair if release], whole=whole)
    found = {}
    for draft in drafts:
        last, same = pairs[draft.pk]
        own = [file for file in files.get(same.pk, ()) if file.draft_id != draft.pk] if same else []
        found[draft.pk] = Before(
            last=last,
            last_files=tuple(files.get(last.pk, ())) if last else (),
            same=same,
            same_files=tuple(own),
            newest=max((row.version for row in releases[draft.project_id]), key=Version, default=""),
        )
    return found


def _releases(drafts: Sequence[Draft]) -> Mapping[int, list[Release]]:
    found: defaultdict[int, list[Release]] = defaultdict(list)
    projects = {draft.project_id for draft in drafts}
    # One whose files were all deleted is nothing to compare with: the release before it is.
    for release in Release.objects.filter(project__in=projects, files__isnull=False).distinct():
        found[release.project_id].append(release)
    return found


def _pair(draft: Draft, releases: Sequence[Release]) -> tuple[Release | None, Release | None]:
    same = next((row for row in releases if row.version_key == draft.version_key), None)
    return last_release(draft, releases), same


def _files(releases: Sequence[Release], *, whole: bool) -> Mapping[int, list[File]]:
    rows = File.objects.filter(release__in=releases).select_related("inspection")
    rows = rows.order_by("filetype", "filename", "pk")
    found: defaultdict[int, list[File]] = defaultdict(list)
    for file in rows if whole else rows.defer("core_metadata"):
        if file.release_id is not None:
            found[file.release_id].append(file)
    return found
