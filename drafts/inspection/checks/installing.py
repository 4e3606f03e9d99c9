"""What installing does: commands, files that run at start-up, names in site-packages."""

import configparser
import re
from collections.abc import Iterator

from drafts.dist.errors import shown
from drafts.inspection.checks.subject import Found, Subject
from drafts.inspection.codes import Code

_SCRIPTS = ("console_scripts", "gui_scripts")
_MODULE = re.compile(r"\.(?:py|pyi|pyc|pyd|so|[^./]+\.(?:so|pyd))$")
_GRAFTED = (".libs", ".dylibs")  # where repair tools put shared libraries


def entry_points(subject: Subject) -> Iterator[Found]:
    """The name of a command is a file name and no path: installers write it into a folder of programs."""
    parsed = _parsed(subject)
    for section in _SCRIPTS if parsed is not None else ():
        for name in parsed[section] if parsed is not None and section in parsed else ():
            if "/" in name or "\\" in name or name in {".", ".."} or not name.isprintable():
                yield Found(
                    Code.ENTRY_POINT_PATH,
                    f"The command '{shown(name)}' is named as a path: an installer would write outside its folder.",
                    f"{subject.dist_info}/entry_points.txt",
                )


def readable_entry_points(subject: Subject) -> Iterator[Found]:
    """entry_points.txt can be read by installers."""
    if subject.inside("entry_points.txt") is not None and _parsed(subject) is None:
        path = f"{subject.dist_info}/entry_points.txt"
        yield Found(Code.BAD_ENTRY_POINTS, "entry_points.txt cannot be read: installers stop at it.", path)


def pth_files(subject: Subject) -> Iterator[Found]:
    """Nothing at the top of site-packages runs whenever Python starts."""
    for member in subject.members if subject.is_wheel else ():
        where = subject.lib_path(member.path)
        if where is not None and where.endswith(".pth") and "/" not in where:
            yield Found(
                Code.PTH_FILE, f"'{shown(member.path)}' runs code whenever this Python starts.", member.path
            )


def native_code(subject: Subject) -> Iterator[Found]:
    """Native code appears in a release after one that had none only when somebody looked."""
    before = subject.before
    if before is not None and not before.has_natives:
        for path in subject.natives:
            yield Found(
                Code.NEW_NATIVE_CODE, f"'{shown(path)}' is native code; {before.version} had none.", path
            )


def top_levels(subject: Subject) -> Iterator[Found]:
    """Installing adds no name to site-packages that the last release did not add."""
    before = subject.before
    if before is None or not before.tops:
        return
    for name in sorted(tops(subject) - before.tops):
        yield Found(
            Code.UNUSUAL_TOP_LEVEL,
            f"Installing adds '{shown(name)}' to site-packages; {before.version} did not.",
            name,
        )


def tops(subject: Subject) -> frozenset[str]:
    """Return the names that installing a wheel adds to site-packages, modules without their suffix."""
    found = set()
    for member in subject.members if subject.is_wheel else ():
        where = subject.lib_path(member.path)
        if where is not None and not where.partition("/")[0].endswith(_GRAFTED):
            first, slash, _ = where.partition("/")
            found.add(first if slash else _MODULE.sub("", first))
    return frozenset(found)


def _parsed(subject: Subject) -> configparser.ConfigParser | None:
    """Return entry_points.txt as installers read it; None where there is none, or it cannot be read."""
    data = subject.inside("entry_points.txt") if subject.is_wheel else None
    if data is None:
        return None
    parser = configparser.ConfigParser(delimiters=("=",), interpolation=None, strict=False)
    parser.optionxform = str  # type: ignore[assignment,method-assign]  # names keep their case
    try:
        parser.read_string(data.decode("utf-8"))
    except (configparser.Error, UnicodeDecodeError):
        return None
    return parser
