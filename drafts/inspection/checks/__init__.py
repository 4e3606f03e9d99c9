"""The checks: one function for each rule, listed here. Adding one is adding a function, its line and a test table."""

from collections.abc import Callable, Iterator

from drafts.inspection.checks import (
    archive,
    contents,
    form,
    installing,
    litter,
    metadata,
    record,
    tags,
    text,
)
from drafts.inspection.checks.subject import Before, Found, Opened, Subject

__all__ = [
    "CHECKS",
    "EDITION",
    "MEMBER_CHECKS",
    "REFUSING",
    "Before",
    "Check",
    "Found",
    "MemberCheck",
    "Opened",
    "Subject",
]

Check = Callable[[Subject], Iterator[Found]]
MemberCheck = Callable[[Opened], Iterator[Found]]

EDITION = 2  # counts up when checks change, so that it is known by which a file was looked at

# Of single members, while the archive is read.
MEMBER_CHECKS: tuple[MemberCheck, ...] = (
    text.hidden,
    text.look_alikes,
    text.credentials,
    text.searched,
)

# Without these nobody knows whether the file may be handed out.
REFUSING: tuple[Check, ...] = (
    archive.member_data,
    record.digests,
    record.missing,
    record.unlisted,
    metadata.direct_urls,
    installing.entry_points,
)

CHECKS: tuple[Check, ...] = (
    *REFUSING,
    installing.readable_entry_points,
    installing.pth_files,
    installing.native_code,
    installing.top_levels,
    tags.differ,
    tags.plain_linux,
    tags.unknown,
    contents.wheel_contents,
    litter.litter,
    metadata.licence_files,
    metadata.classifiers,
    metadata.pre_releases,
    metadata.requires_python,
    metadata.project_urls,
    archive.compression,
    form.differs,
)
