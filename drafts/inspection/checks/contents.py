"""What check-wheel-contents says of a wheel; it gets the list of members and never the archive."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from drafts.dist.errors import shown
from drafts.inspection.checks.record import encoded
from drafts.inspection.checks.subject import Found, Subject
from drafts.inspection.codes import Code

if TYPE_CHECKING:
    from check_wheel_contents.checks import FailedCheck
    from check_wheel_contents.contents import WheelContents

_MOST = 20_000  # members; its tree is made of Python objects
_CODES = {
    "W002": (Code.DUPLICATE_MEMBERS, "has the same contents as {others}"),
    "W003": (Code.WHEEL_CONTENTS, "lies at the top of site-packages and is no module"),
    "W004": (Code.WHEEL_CONTENTS, "is a module that cannot be imported by its path"),
    "W005": (Code.LITTER, "would take a common name in site-packages"),
    "W006": (Code.WHEEL_CONTENTS, "would make site-packages itself a package"),
    "W007": (Code.WHEEL_CONTENTS, "The wheel installs nothing into site-packages."),
    "W008": (Code.WHEEL_CONTENTS, "The wheel is empty."),
    "W010": (Code.WHEEL_CONTENTS, "is a folder without a Python module"),
}


def wheel_contents(subject: Subject) -> Iterator[Found]:
    """check-wheel-contents has nothing to say, of what it looks at without being told what the wheel should hold."""
    if not subject.is_wheel:
        return
    if len(subject.members) > _MOST:
        yield Found(
            Code.NOT_SEARCHED,
            f"The wheel has {len(subject.members)} members; check-wheel-contents looks at {_MOST} at most.",
        )
        return
    from check_wheel_contents.checker import WheelChecker
    from check_wheel_contents.checks import Check

    checker = WheelChecker(selected={Check[name] for name in _CODES})
    for failed in checker.check_contents(_contents(subject)):
        yield from _found(failed)


def _contents(subject: Subject) -> "WheelContents":
    from check_wheel_contents.contents import WheelContents

    wheel = subject.inside("WHEEL") or b""
    is_pure = b"root-is-purelib: true" in wheel.lower().replace(b"\t", b" ")
    contents = WheelContents(subject.dist_info, subject.data, root_is_purelib=is_pure)
    contents.add_record_rows(
        [member.path, f"sha256={encoded(member.sha256)}", str(member.size)] for member in subject.members
    )
    return contents


def _found(failed: "FailedCheck") -> Iterator[Found]:
    code, words = _CODES[failed.check.name]
    args = list(failed.args)
    if not args:
        yield Found(code, words)
    elif code is Code.DUPLICATE_MEMBERS:
        others = f"'{shown(args[1])}'" + (f" and {len(args) - 2} more" if len(args) > 2 else "")  # noqa: PLR2004
        yield Found(code, f"'{shown(args[0])}' {words.format(others=others)}.", args[0])
    else:
        for path in args:
            yield Found(code, f"'{shown(path)}' {words}.", path)
