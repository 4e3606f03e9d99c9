"""Whom a draft's files serve: who is left without a wheel, and who would install another file than today."""

from collections.abc import Iterable, Sequence
from functools import lru_cache

from drafts.dist import environments, expected
from drafts.dist.environments import LOWEST, Level, Offer, Shadowing, Shelf, by_platform, needs
from drafts.dist.expected import Lost
from drafts.dist.platforms import Platform
from drafts.dist.pythons import Column
from drafts.inspection.changes.change import Change, ChangeKind
from drafts.models import File

Names = tuple[tuple[str, str, bool], ...]
_FIRST = {
    Platform("macOS", "arm64"): (11, 0)
}  # the first system of its kind, whatever a universal wheel says


def names(files: Iterable[File]) -> Names:
    """Return what installers choose by: name, Requires-Python, and whether a file was yanked."""
    return tuple((file.filename, file.requires_python, file.yanked is not None) for file in files)


@lru_cache(maxsize=1024)
def _offers(files: Names) -> tuple[Offer, ...]:
    return tuple(environments.offers(files))


def offers(files: Iterable[File]) -> tuple[Offer, ...]:
    """Return files as installers see them."""
    return _offers(names(files))


def lost(now: Sequence[File], last: Sequence[File]) -> tuple[Lost, ...]:
    """Return the environments that had a wheel last time and are left without one."""
    return _lost(names(now), names(last))


def shadowing(published: Sequence[File], added: Sequence[File]) -> Shadowing:
    """Compare what is installed of a release today with what would be once these files are added."""
    return _shadowing(names(published), names(added))


# Names change with every upload, and are looked at by every page that shows the draft.
@lru_cache(maxsize=512)
def _lost(now: Names, last: Names) -> tuple[Lost, ...]:
    return tuple(expected.lost(_offers(now), _offers(last)))


@lru_cache(maxsize=512)
def _shadowing(published: Names, added: Names) -> Shadowing:
    return environments.shadowing(_offers(published), _offers(added))


def levels(now: Sequence[File], last: Sequence[File]) -> tuple[Change, ...]:
    """Say where people need another C library or system than last time to get a wheel for the Python they had one for."""
    return _levels(names(now), names(last))


@lru_cache(maxsize=512)
def _levels(now: Names, last: Names) -> tuple[Change, ...]:
    before, after = _offers(last), _offers(now)
    found = []
    for platform, pythons in by_platform(environments.environments([*before, *after])).items():
        then, today = Shelf(before, platform), Shelf(after, platform)
        steps: dict[tuple[Level, Level], list[str]] = {}
        served = [(one, _oldest(then, one), _oldest(today, one)) for one in pythons]
        both = [(one, old, new) for one, old, new in served if old and new]
        for python, old, new in both:
            if old != new:
                steps.setdefault((old, new), []).append(python.label)
        for (old, new), labels in steps.items():
            which = "" if len(labels) == len(both) else f" on {', '.join(labels)}"
            text = f"{platform.label} needs {needs(new, platform)} or newer{which}"
            found.append(Change(ChangeKind.PLATFORMS, text, f"was {needs(old, platform)}"))
    return tuple(found)


def _oldest(shelf: Shelf, python: Column) -> Level | None:
    """Return the oldest system on which a Python gets a wheel of its own platform; None where it gets none, or all do."""
    fitting = [level for level in shelf.levels if _own(shelf.chosen(python, level))]
    if not fitting or min(fitting) == LOWEST:
        return None
    return max(min(fitting), _FIRST.get(shelf.platform, LOWEST))


def _own(file: Offer | None) -> bool:
    return file is not None and file.is_wheel and not file.is_pure
