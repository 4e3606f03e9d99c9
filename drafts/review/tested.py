"""How many of a release's platforms testers found working: by the file they named, or by where they say it was."""

from collections.abc import Iterable

from drafts.dist import BadDistribution, parse_filename
from drafts.dist.platforms import Platform, platforms_of
from drafts.models import File, Report
from drafts.review.sight import Sight


def line(sight: Sight) -> str:
    """Say it of the files as they are: ``9 of 11 platforms tested``; empty while nobody reported of these files."""
    said = sight.opinions.current
    served = {file.sha256: _platforms(file) for file in sight.files}
    platforms = frozenset[Platform]().union(*served.values())
    if not said or not platforms:
        return ""
    tested = {platform for one in said if one.works for platform in _meant(one, platforms, served)}
    return f"{len(tested)} of {len(platforms)} platform{'' if len(platforms) == 1 else 's'} tested"


def _platforms(file: File) -> frozenset[Platform]:
    try:
        name = parse_filename(file.filename)
    except BadDistribution:
        return frozenset()
    return frozenset(platform for tag in name.tags for platform in platforms_of(tag.platform))


def _meant(
    one: Report, platforms: Iterable[Platform], served: dict[str, frozenset[Platform]]
) -> set[Platform]:
    """Return what a report speaks of: of the file's platforms the one that it names, all of them where it names none."""
    of_file = served.get(one.sha256, frozenset())
    where = _plain(one.agent)
    named = {platform for platform in of_file or platforms if _plain(platform.label) in where}
    return named or set(of_file)


def _plain(text: str) -> str:
    return text.casefold().replace("_", "-")
