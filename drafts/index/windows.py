"""How releases stand by their project's window: read from rows, for pages, policy and the doors alike."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from django.utils import timezone
from packaging.version import Version

from drafts.dist.windows import Standing, State, newer_stable
from drafts.models import Draft, Project, Release


@dataclass(frozen=True, slots=True)
class Windows:
    """How every release of a project stands, by its id."""

    standings: Mapping[int, Standing] = field(default_factory=dict)

    @property
    def next_change(self) -> datetime | None:
        """Return when the next of them stands otherwise, if nobody does anything; None: never."""
        return min((one.until for one in self.standings.values() if one.until), default=None)

    def closed(self, releases: Iterable[int]) -> frozenset[int]:
        """Return which of these releases take no more files."""
        return frozenset(pk for pk in releases if pk in self.standings and self.standings[pk].is_closed)


def of_project(project: Project) -> Windows:
    """Return how the releases of a project stand now, in one query."""
    return Windows(_standings(project, list(Release.objects.filter(project=project))))


def of_release(release: Release) -> Standing:
    """Return how one release stands now, whose project is at hand."""
    return of_project(release.project).standings[release.pk]


def of_version(project: Project, version_key: str) -> tuple[Release, Standing] | None:
    """Return the release of a version and how it stands; None where nothing of it was ever published."""
    found = Release.objects.filter(project=project, version_key=version_key).first()
    if found is None:  # of most uploads: the others need not be read
        return None
    found.project = project
    return found, of_release(found)


def of_drafts(drafts: Sequence[Draft]) -> dict[int, Standing]:
    """Return how the releases stand to which drafts add, by draft id, in one query; new releases are left out."""
    projects = {draft.project_id: draft.project for draft in drafts if draft.is_live}
    rows: dict[int, list[Release]] = {pk: [] for pk in projects}
    if projects:
        for row in Release.objects.filter(project__in=projects):
            rows[row.project_id].append(row)
    known = {pk: _standings(project, rows[pk]) for pk, project in projects.items()}
    found = {}
    for draft in drafts:
        for row in rows.get(draft.project_id, ()):
            if row.version_key == draft.version_key:
                found[draft.pk] = known[draft.project_id][row.pk]
    return found


def shown(project: Project, standing: Standing) -> str:
    """Say how a release stands on pages: as ``sentence`` does, but for one that is open in a project that takes no files."""
    if standing.is_closed or project.takes_uploads:
        return sentence(standing)
    return f"not open for files: the project is {project.shown_status[0]}"


def sentence(standing: Standing) -> str:
    """Say how a release stands, as the end of a sentence: ``open until 3 December 2026, 14:00 UTC``."""
    since, until = _when(standing.since), _when(standing.until)
    if standing.state == State.CLOSED:
        return f"closed since {since}"
    if standing.state == State.TELLING:
        refused = f"; from {until} on they are refused" if until else ""
        return f"past its window since {since}: files are still taken, and marked as late{refused}"
    if not until:
        return "open for more files"
    return f"{'reopened' if standing.reopened else 'open'} until {until}"


def _when(moment: datetime | None) -> str:
    return f"{moment.day} {moment:%B %Y, %H:%M} UTC" if moment else ""


def _standings(project: Project, releases: Sequence[Release]) -> dict[int, Standing]:
    enforced, now = project.enforced_window, timezone.now()
    versions = [(Version(row.version), row.published_at) for row in releases]
    rules = [rule for rule in (enforced.rule, enforced.before) if rule is not None and rule.newer]
    newer = {rule.series_lines: newer_stable(versions, rule.series_lines) for rule in rules}
    return {
        row.pk: enforced.standing(row.life({lines: found[at] for lines, found in newer.items()}), now)
        for at, row in enumerate(releases)
    }
