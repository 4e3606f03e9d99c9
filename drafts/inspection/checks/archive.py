"""The archive itself: members that cannot be read as declared, compression that is unusual."""

from collections.abc import Iterator

from drafts.dist.errors import shown
from drafts.inspection.checks.subject import Found, Subject
from drafts.inspection.codes import Code

_MIB = 1024 * 1024
_RATIO = 200


def member_data(subject: Subject) -> Iterator[Found]:
    """Every member inflates to the length and CRC-32 that are declared."""
    for path, problem in subject.problems:
        yield Found(Code.MEMBER_DATA, problem, path)


def compression(subject: Subject) -> Iterator[Found]:
    """A wheel is deflated, and no member of some size inflates to hundreds of times what it takes."""
    if not subject.is_wheel:
        return
    stored = [member for member in subject.members if member.size > _MIB and member.size == member.compressed]
    if stored and sum(member.size for member in stored) > sum(m.compressed for m in subject.members) // 2:
        yield Found(
            Code.UNUSUAL_COMPRESSION,
            f"{len(stored)} of {len(subject.members)} members are stored as they are: "
            "the wheel could be much smaller.",
        )
    for member in subject.members:
        if member.size > _MIB and member.compressed * _RATIO < member.size:
            times = member.size // max(member.compressed, 1)
            yield Found(
                Code.UNUSUAL_COMPRESSION,
                f"'{shown(member.path)}' inflates to {times} times what it takes in the archive.",
                member.path,
            )
