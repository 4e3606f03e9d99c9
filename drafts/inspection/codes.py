"""The findings' codes: stable, each with its severity and a title. docs/findings.md says what each means and what to do."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType

from drafts.models import Severity


class Code(StrEnum):
    """What can be found; the codes leave the program in pages, events and what a project remembers."""

    # refuse
    DIRECT_URL = "direct-url"
    MEMBER_DATA = "member-data"
    RECORD_DIGEST = "record-digest"
    RECORD_MISSING = "record-missing"
    RECORD_UNLISTED = "record-unlisted"
    ENTRY_POINT_PATH = "entry-point-path"
    REFUSAL_CHECK_FAILED = "refusal-check-failed"
    # warn
    LEAKED_CREDENTIAL = "leaked-credential"
    HIDDEN_CHARACTERS = "hidden-characters"
    LOOK_ALIKE_LETTERS = "look-alike-letters"
    PTH_FILE = "pth-file"
    NEW_NATIVE_CODE = "new-native-code"
    UNUSUAL_TOP_LEVEL = "unusual-top-level"
    TAGS_DIFFER = "tags-differ"
    PLAIN_LINUX_TAG = "plain-linux-tag"
    UNKNOWN_TAG = "unknown-tag"
    ABI3_VIOLATION = "abi3-violation"
    PLATFORM_POLICY = "platform-policy"
    WHEEL_CONTENTS = "wheel-contents"
    BAD_ENTRY_POINTS = "bad-entry-points"
    LITTER = "litter"
    LICENCE_ABSENT = "licence-absent"
    DESCRIPTION_UNRENDERED = "description-unrendered"
    UNKNOWN_CLASSIFIER = "unknown-classifier"
    DEPRECATED_CLASSIFIER = "deprecated-classifier"
    PRE_RELEASE_UNPINNED = "pre-release-unpinned"
    RELEASE_DIFFERS = "release-differs"
    SIZES_APART = "sizes-apart"
    OLDER_VERSION = "older-version"
    CHECK_FAILED = "check-failed"
    # note
    NOT_SEARCHED = "not-searched"
    SAME_BYTES = "same-bytes"
    DUPLICATE_MEMBERS = "duplicate-members"
    UNUSUAL_COMPRESSION = "unusual-compression"
    REQUIRES_PYTHON_ABSENT = "requires-python-absent"
    PROJECT_URLS_ABSENT = "project-urls-absent"
    FORM_DIFFERS = "form-differs"
    BUILD_NUMBER = "build-number"


TITLES: Mapping[Code, str] = MappingProxyType({
    Code.DIRECT_URL: "Depends on a file at an address",
    Code.MEMBER_DATA: "Members that cannot be read",
    Code.RECORD_DIGEST: "Members that are not what RECORD says",
    Code.RECORD_MISSING: "RECORD lists files that are not there",
    Code.RECORD_UNLISTED: "Members that RECORD does not list",
    Code.ENTRY_POINT_PATH: "Commands named as paths",
    Code.REFUSAL_CHECK_FAILED: "A check that can refuse did not finish",
    Code.LEAKED_CREDENTIAL: "Private keys or tokens",
    Code.HIDDEN_CHARACTERS: "Characters that hide or reorder text",
    Code.LOOK_ALIKE_LETTERS: "Letters that look like others",
    Code.PTH_FILE: ".pth files, which run code whenever Python starts",
    Code.NEW_NATIVE_CODE: "Native code where the last release had none",
    Code.UNUSUAL_TOP_LEVEL: "Top-level names that the last release did not have",
    Code.TAGS_DIFFER: "Tags in WHEEL differ from the file name",
    Code.PLAIN_LINUX_TAG: "Plain linux tag",
    Code.UNKNOWN_TAG: "Tags that no Python knows",
    Code.ABI3_VIOLATION: "Not the stable ABI that the tag promises",
    Code.PLATFORM_POLICY: "Needs more than its platform tag promises",
    Code.WHEEL_CONTENTS: "Odd contents of a wheel",
    Code.BAD_ENTRY_POINTS: "Entry points that cannot be read",
    Code.LITTER: "Left over from tests or building",
    Code.LICENCE_ABSENT: "Licence files that are promised and absent",
    Code.DESCRIPTION_UNRENDERED: "The description does not render",
    Code.UNKNOWN_CLASSIFIER: "Unknown classifiers",
    Code.DEPRECATED_CLASSIFIER: "Deprecated classifiers",
    Code.PRE_RELEASE_UNPINNED: "Depends on a pre-release without a pin",
    Code.RELEASE_DIFFERS: "Metadata differ within the release",
    Code.SIZES_APART: "Sizes an order of magnitude apart",
    Code.OLDER_VERSION: "Lower than the newest release",
    Code.CHECK_FAILED: "A check did not finish",
    Code.NOT_SEARCHED: "Not searched to the end",
    Code.SAME_BYTES: "Same bytes under another name",
    Code.DUPLICATE_MEMBERS: "Members with equal contents",
    Code.UNUSUAL_COMPRESSION: "Unusual compression",
    Code.REQUIRES_PYTHON_ABSENT: "No Requires-Python",
    Code.PROJECT_URLS_ABSENT: "No project addresses",
    Code.FORM_DIFFERS: "The upload’s form says something else than the metadata",
    Code.BUILD_NUMBER: "Build numbers in a new release",
})  # fmt: skip

_REFUSE = frozenset({
    Code.DIRECT_URL,
    Code.MEMBER_DATA,
    Code.RECORD_DIGEST,
    Code.RECORD_MISSING,
    Code.RECORD_UNLISTED,
    Code.ENTRY_POINT_PATH,
    Code.REFUSAL_CHECK_FAILED,
})  # fmt: skip
_NOTE = frozenset({
    Code.NOT_SEARCHED,
    Code.SAME_BYTES,
    Code.DUPLICATE_MEMBERS,
    Code.UNUSUAL_COMPRESSION,
    Code.REQUIRES_PYTHON_ABSENT,
    Code.PROJECT_URLS_ABSENT,
    Code.FORM_DIFFERS,
    Code.BUILD_NUMBER,
})  # fmt: skip


def severity(code: Code) -> Severity:
    """Return how grave a code is: a fact of the code, not of the case."""
    if code in _REFUSE:
        return Severity.REFUSE
    return Severity.NOTE if code in _NOTE else Severity.WARN
