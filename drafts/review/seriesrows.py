"""Which releases of a project are one series under the settings that are looked at."""

from dataclasses import dataclass

from packaging.version import Version

from drafts.access.policy import Policy
from drafts.dist.series import series_of
from drafts.dist.windows import Rule
from drafts.models import Project, Release

_LEAST = 2  # releases that show what a series is
_MOST_SERIES = 6
_MOST_VERSIONS = 5
_EXAMPLES = ("1.4.2", "1.4.3", "1.5.0", "2.0.0")


@dataclass(frozen=True, slots=True)
class Row:
    """One series: its newest versions, and how many more it has."""

    versions: tuple[str, ...]
    more: int

    @property
    def is_alone(self) -> bool:
        return len(self.versions) == 1


@dataclass(frozen=True, slots=True)
class Preview:
    """The newest series of a project, or of an example where it has no two releases; ``more``: how many are not shown."""

    rows: tuple[Row, ...]
    more: int
    is_example: bool


def preview(project: Project, chosen: Policy) -> Preview:
    """Sort a project's releases into the series that the chosen settings make of them."""
    texts = list(Release.objects.filter(project=project).values_list("version", flat=True))
    is_example = len(texts) < _LEAST
    rule = Rule(series=chosen.window_series, lines=chosen.window_series_lines)
    found: dict[tuple[int, ...], list[str]] = {}
    for version in sorted(map(Version, _EXAMPLES if is_example else texts), reverse=True):
        found.setdefault(series_of(version, rule.series_lines), []).append(str(version))
    rows = [Row(tuple(same[:_MOST_VERSIONS]), len(same[_MOST_VERSIONS:])) for same in found.values()]
    return Preview(tuple(rows[:_MOST_SERIES]), len(rows[_MOST_SERIES:]), is_example)
