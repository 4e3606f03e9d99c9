"""Differences of entry points: commands are what people type, and the others are what programs load."""

import configparser
from collections.abc import Iterator, Mapping

from drafts.dist import BadDistribution, parse_filename
from drafts.inspection.changes.change import Change, ChangeKind
from drafts.inspection.members import text
from drafts.models import File
from drafts.storage import NoSuchObject, StorageDown

PATH = "dist-info/entry_points.txt"
_LONGEST = 256 * 1024
_COMMANDS = ("console_scripts", "gui_scripts")

Points = Mapping[tuple[str, str], str]
_MOST = 256
_known: dict[str, Points] = {}


def changes(now: File, before: File) -> Iterator[Change]:
    """Yield what became of each entry point of one wheel against its like; nothing where one cannot be read."""
    old, new = _read(before), _read(now)
    if old is None or new is None:
        return
    for key in sorted({*old, *new}):
        if old.get(key) != new.get(key):
            yield Change(ChangeKind.ENTRY_POINTS, *_said(key, old.get(key), new.get(key)))


def _said(key: tuple[str, str], old: str | None, new: str | None) -> tuple[str, str]:
    group, name = key
    what = f"command {name}" if group in _COMMANDS else f"{name} of {group}"
    if old is None:
        return f"{what} added", f"runs {new}" if group in _COMMANDS else f"is {new}"
    if new is None:
        return f"{what} removed", f"was {old}"
    return f"{what} changed", f"{old} → {new}"


def _read(file: File) -> Points | None:
    """Return a file's entry points; what an object holds is read once, for it is written once.

    None where they cannot be read, which is asked again.
    """
    if file.object_id not in _known:
        points = _parsed(file)
        if points is None:
            return None
        if len(_known) >= _MOST:
            _known.clear()
        _known[file.object_id] = points
    return _known[file.object_id]


def _parsed(file: File) -> Points | None:
    """Return a wheel's entry points by group and name; none where it has no such file, None where it cannot be read."""
    if not file.filename.endswith(".whl"):
        return None
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    try:
        parser.read_string(text(file, f"{parse_filename(file.filename).stem}.{PATH}", _LONGEST).text)
    except KeyError:
        return {}
    except (configparser.Error, BadDistribution, NoSuchObject, StorageDown):
        return None
    return {
        (group, name): value.strip() for group in parser.sections() for name, value in parser[group].items()
    }
