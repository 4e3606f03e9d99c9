"""The address of a run, as people paste it: its ids are read, and nothing else of it is used."""

import pytest

from drafts.evidence.providers import KINDS, NoRun, Pointer, pointed_at

RUNS = {
    ("github", "https://github.com/octo/sampleproject/actions/runs/8812"): "octo/sampleproject",
    ("github", " https://github.com/Octo/SampleProject/actions/runs/8812/attempts/2 "): "Octo/SampleProject",
    (
        "github",
        "https://github.com/octo/sampleproject/actions/runs/8812/job/99?pr=3#step:4:5",
    ): "octo/sampleproject",
    ("github", "8812"): "",
    ("gitlab", "https://gitlab.example/group/sub/sampleproject/-/pipelines/8812"): "group/sub/sampleproject",
    ("gitlab", "https://host.example/gitlab/group/sub/sampleproject/-/pipelines/8812/failures"): (
        "gitlab/group/sub/sampleproject"
    ),
}
REPOSITORIES = {"github": "octo/sampleproject", "gitlab": "group/sub/sampleproject"}


@pytest.mark.parametrize(("where", "repository"), RUNS.items())
def test_an_address_of_a_run_is_read(where, repository):
    kind, text = where
    found = pointed_at(text, kind=KINDS[kind], repository=REPOSITORIES[kind])
    assert found == Pointer(8812, repository)


NO_RUNS = [
    ("github", ""),
    ("github", "run 8812"),
    ("github", "https://github.com/octo/sampleproject/actions"),
    ("github", "https://github.com/octo/sampleproject/pull/8812"),
    ("github", "https://github.com/other/sampleproject/actions/runs/8812"),
    ("github", "https://github.com/octo/sampleproject2/actions/runs/8812"),
    ("github", "https://github.com/xocto/sampleproject/actions/runs/8812"),
    ("github", "https://github.com/octo/sampleproject/actions/runs/9999999999999999999999"),
    ("github", "http://[::1/actions/runs/1"),
    ("gitlab", "https://gitlab.example/group/sub/other/-/pipelines/8812"),
    ("gitlab", "https://gitlab.example/group/sub/sampleproject/-/jobs/8812"),
]


@pytest.mark.parametrize(("kind", "text"), NO_RUNS)
def test_an_address_of_nothing_is_refused_in_words(kind, text):
    with pytest.raises(NoRun, match=r"\.$"):
        pointed_at(text, kind=KINDS[kind], repository=REPOSITORIES[kind])
