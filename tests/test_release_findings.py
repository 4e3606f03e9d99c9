"""What only a whole release shows: metadata that differ between its files, however their lines end."""

import pytest

from drafts.inspection import release
from drafts.inspection.changes import changes
from drafts.models import Draft, File, Project

LICENCE = "Copyright somebody\nRedistribution is fine.\n"


def files(*licences: str) -> list[File]:
    """Wheels of one release that say these licences."""
    return [
        File(
            filename=f"sampleproject-1.0-cp3{number}-cp3{number}-win_amd64.whl",
            filetype="bdist_wheel",
            identity=str(number),
            size=10,
            sha256=str(number),
            core_metadata={"license": licence},
        )
        for number, licence in enumerate(licences, 10)
    ]


def noticed(*licences: str) -> list[str]:
    draft = Draft(project=Project(name="sampleproject"), version="1.0", version_key="1")
    return [one.text for one in release.found(draft, files(*licences), "") if one.code == "release-differs"]


def licence_changes(now: list[File], last: list[File]) -> list[str]:
    return [one.text for one in changes(now, last) if one.text.startswith("License ")]


def test_the_same_licence_with_other_ends_of_lines_is_the_same():
    windows = LICENCE.replace("\n", "\r\n")
    assert noticed(LICENCE, windows) == []
    assert licence_changes(files(windows), files(LICENCE)) == []


@pytest.mark.parametrize("other", ["MIT", "", LICENCE.upper()])
def test_another_licence_is_another(other):
    (text,) = noticed(LICENCE, other)
    assert text.startswith("The licence differ within the release: 1 say Copyright somebody")
    assert len(licence_changes(files(other), files(LICENCE))) == 1
