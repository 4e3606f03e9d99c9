"""The rule about releases that take no more files."""

from collections.abc import Iterator

from drafts.index import windows
from drafts.publishing.policy.blocker import Blocker, Code
from drafts.publishing.policy.case import Case


def closed(case: Case) -> Iterator[Blocker]:
    if case.draft.is_live and case.window is not None and case.window.is_closed:
        yield Blocker(
            Code.RELEASE_CLOSED,
            "Release closed",
            f"{case.draft} is published and {windows.sentence(case.window)}. A maintainer can reopen it for 7 days on "
            "the release’s page; otherwise these files belong in a new version.",
            "you",
        )
