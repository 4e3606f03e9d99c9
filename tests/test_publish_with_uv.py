"""A build job stages files with the real ``uv publish``: its publish is our staging."""

import pytest

from accounts.audit import Actor
from drafts.access import projects
from drafts.models import Draft, File, FileState
from tests import wheels
from tests.clients import large_wheel
from tests.conftest import make_ci

pytestmark = [pytest.mark.clients, pytest.mark.django_db(transaction=True)]

NOT_VALID = "This token is not valid: it is mistyped, has expired or was revoked."


def test_a_wheel_and_an_sdist_become_one_draft(live, clients, ci, dist):
    """It is true that both files are staged, that nothing is published, and that staging again changes nothing."""
    built = [wheels.wheel(), wheels.sdist()]
    paths = [one.write(dist) for one in built]
    rows = File.objects.order_by("pk").values("filename", "sha256", "state", "staged_at", "object_id")
    said = clients.uv_publish(live.upload_url, ci.token, *paths)
    assert said.code == 0, said.text
    serial, before = Draft.objects.get().serial, list(rows.all())
    assert {row["filename"]: row["sha256"] for row in before} == {one.filename: one.sha256 for one in built}
    assert live.page() is None
    again = clients.uv_publish(live.upload_url, ci.token, *paths)
    assert again.code == 0, again.text
    assert (Draft.objects.get().serial, list(rows.all())) == (serial, before)


def test_other_bytes_replace_the_file(live, clients, ci, dist):
    first, second = wheels.wheel(), wheels.wheel(salt="built again")
    for built in (first, second):
        said = clients.uv_publish(live.upload_url, ci.token, built.write(dist))
        assert said.code == 0, said.text
    assert Draft.objects.get().files.live().get().sha256 == second.sha256
    assert File.objects.get(state=FileState.CANCELED).sha256 == first.sha256


def test_four_jobs_at_once_fill_one_draft(live, clients, ci, dist):
    built = [wheels.wheel(tag=f"cp3{minor}-cp3{minor}-macosx_11_0_arm64") for minor in (10, 11, 12, 13)]
    commands = [clients.uv_publish_command(live.upload_url, ci.token, one.write(dist)) for one in built]
    jobs = [clients.start(*command) for command in commands]
    for job in jobs:
        said = clients.end(job)
        assert said.code == 0, said.text
    staged = set(Draft.objects.get().files.live().values_list("filename", "sha256"))
    assert staged == {(one.filename, one.sha256) for one in built}


@pytest.mark.usefixtures("no_bytes_stay")
@pytest.mark.parametrize("build", [wheels.wheel, large_wheel], ids=["small", "30 MiB"])
def test_a_wrong_token_is_told_so(live, clients, ci, dist, build):
    """It is true that uv shows the sentence, also while a large file is on its way."""
    said = clients.uv_publish(live.upload_url, f"{ci.token}x", build().write(dist))
    assert said.code != 0
    assert NOT_VALID in said, said.text
    assert not File.objects.exists()


@pytest.mark.usefixtures("no_bytes_stay")
@pytest.mark.parametrize(
    ("built", "sentence"),
    [
        (wheels.wheel("otherproject"), "This token stages files of 'sampleproject', not of 'otherproject': "),
        (
            wheels.wheel(says_version="2.0"),
            "'sampleproject-1.0-py3-none-any.whl' has the version 1.0, but the release is 2.0.",
        ),
    ],
    ids=["another project", "METADATA says another version"],
)
def test_a_refusal_is_shown_in_words(live, clients, ci, alice, dist, built, sentence):
    projects.create(name="otherproject", by=Actor.system("tests"), owner=alice.email)
    said = clients.uv_publish(live.upload_url, ci.token, built.write(dist))
    assert said.code != 0
    assert sentence in said, said.text
    assert not File.objects.exists()
    assert not Draft.objects.exists()


def test_an_add_only_token_adds_and_does_not_replace(live, clients, project, dist):
    ci = make_ci(project, add_only=True)
    first = wheels.wheel()
    assert clients.uv_publish(live.upload_url, ci.token, first.write(dist)).code == 0
    said = clients.uv_publish(live.upload_url, ci.token, wheels.wheel(salt="built again").write(dist))
    assert said.code != 0
    assert f"This token may add files, not replace '{first.filename}'." in said, said.text
    assert File.objects.get().sha256 == first.sha256
