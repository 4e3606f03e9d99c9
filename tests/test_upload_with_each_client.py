"""Six clients at one door: each stages, replaces and repeats, and each shows what a refusal says to do."""

import re
import shutil
from dataclasses import dataclass

import pytest
from django.test import Client

from accounts.audit import Actor
from drafts.access import projects
from drafts.models import Draft, DraftState, File, Project
from tests import wheels
from tests.bodies import stored
from tests.conftest import Ci, do_jobs, draft_url, make_ci, publish, totp_code
from tests.live import eventually
from tests.uploaders import UPLOADERS

pytestmark = [pytest.mark.clients, pytest.mark.django_db(transaction=True)]

each_client = pytest.mark.parametrize("client", UPLOADERS)


@dataclass(frozen=True)
class Scene:
    """Where a refusal is prepared: what stands in the way, and who uploads against it."""

    project: Project
    ci: Ci
    people: dict

    def stage(self) -> Draft:
        """Put files of both names into the draft, with other bytes than any client will send."""
        for built in (wheels.wheel(salt="there before"), wheels.sdist(salt="there before")):
            assert self.ci.upload(built).status_code == 200
        return Draft.objects.get()

    def press_publish(self, draft: Draft) -> None:
        browser = Client()
        browser.force_login(self.people["mike"])
        browser.post(
            draft_url(draft, "publish"), {"fingerprint": draft.fingerprint(), "code": totp_code("mike")}
        )


@pytest.fixture
def scene(project, ci, alice, mike):
    return Scene(project, ci, {"alice": alice, "mike": mike})


def _spoiled(scene: Scene) -> str:
    return scene.ci.token[:-1] + ("x" if scene.ci.token[-1] != "x" else "y")


def _of_another_project(scene: Scene) -> str:
    other = projects.create(name="otherproject", by=Actor.system("tests"), owner=scene.people["alice"].email)
    return make_ci(other).token


def _add_only(scene: Scene) -> str:
    scene.stage()
    return make_ci(scene.project, label="add only", add_only=True).token


def _of_another_job(scene: Scene) -> str:
    scene.stage()
    return make_ci(scene.project, label="another job").token


def _too_large(scene: Scene) -> str:
    scene.project.quota = 100
    scene.project.save(update_fields=["quota"])
    return scene.ci.token


def _being_published(scene: Scene) -> str:
    scene.press_publish(scene.stage())
    return scene.ci.token


def _published(scene: Scene) -> str:
    scene.press_publish(scene.stage())
    do_jobs()
    return scene.ci.token


REFUSALS = {
    "a token that is mistyped": (
        _spoiled,
        "This token is not valid: it is mistyped, has expired or was revoked. An owner of the project makes a new one.",
    ),
    "a token of another project": (
        _of_another_project,
        "This token stages files of 'otherproject', not of 'sampleproject': use a token of the project that the file names.",
    ),
    "an add-only token that would replace": (
        _add_only,
        "This token may add files, not replace '{file}'. A maintainer can: {page}",
    ),
    "another job's file": (
        _of_another_job,
        (
            "'{file}' was staged by another credential or person; a token can replace only what it staged. "
            "A maintainer can replace it: {page}"
        ),
    ),
    "a file too large": (
        _too_large,
        (
            "The file is larger than the 80 bytes that this project can take now. Nothing was kept: "
            "cancel a draft to make room, or ask the operator for more."
        ),
    ),
    "a draft being published": (
        _being_published,
        "The draft of sampleproject 1.0 is being published: try again in a minute.",
    ),
    "a published name": (
        _published,
        (
            "File already exists ('{file}', with sha256 {sha256}). "
            "A published name is never used again: make a new version, or a build number."
        ),
    ),
}


@each_client
@pytest.mark.parametrize(("prepare", "sentence"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_says_what_to_do(live, clients, checkout, scene, client, prepare, sentence):
    """It is true that the client fails, shows the whole sentence without being asked for more, and nothing is kept."""
    token = prepare(scene)
    before = File.objects.count(), Draft.objects.count(), stored()
    said = UPLOADERS[client](clients, checkout.folder, live.upload_url, token)
    assert said.code != 0
    page = f"{live.url}/projects/sampleproject/drafts/1.0/"
    there = (
        wheels.wheel(salt="there before"),
        wheels.sdist(salt="there before"),
    )  # which goes first, some leave to the disk
    expected = [sentence.format(file=first.filename, sha256=first.sha256, page=page) for first in there]
    assert any(one in said for one in expected), said.text
    assert token not in said
    eventually(lambda: (File.objects.count(), Draft.objects.count(), stored()) == before)


@each_client
def test_a_wheel_and_an_sdist_from_the_first_upload_to_the_index(live, clients, checkout, ci, mike, client):
    """It is true that staging, staging again, replacing, and staging what is published all end green."""

    def upload() -> None:
        said = UPLOADERS[client](clients, checkout.folder, live.upload_url, ci.token)
        assert said.code == 0, said.text

    def staged() -> dict[str, str]:
        return dict(File.objects.live().values_list("filename", "sha256"))

    upload()
    assert staged() == checkout.digests
    assert len(staged()) == 2
    draft = Draft.objects.get()
    rows = File.objects.count()
    upload()
    assert (File.objects.count(), Draft.objects.get().serial) == (rows, draft.serial)
    before = checkout.digests
    checkout.build(salt="built again")
    upload()
    assert staged() == checkout.digests
    assert not set(before.values()) & set(staged().values())
    assert live.page() is None
    publish(Draft.objects.get(), mike)
    upload()
    assert (Draft.objects.get().state, File.objects.count()) == (DraftState.PUBLISHED, 2 * rows)
    assert live.filenames() == sorted(checkout.digests)


@pytest.mark.parametrize("client", sorted(UPLOADERS.keys() - {"twine", "uv"}))
def test_a_refusal_arrives_while_a_large_file_is_on_its_way(live, clients, checkout, scene, client):
    """It is true that the sentence is shown, not a broken pipe, though 20 MiB were never read."""
    checkout.build(size=20 * 1024 * 1024)
    shutil.rmtree(checkout.folder / "dist") if client == "flit" else None
    said = UPLOADERS[client](clients, checkout.folder, live.upload_url, _spoiled(scene))
    assert said.code != 0
    assert "This token is not valid" in said, said.text


@each_client
def test_without_the_slash_the_client_goes_on_or_names_the_address(live, clients, checkout, ci, client):
    """It is true that a client either uploads all the same, or fails and shows the address that is right."""
    said = UPLOADERS[client](clients, checkout.folder, live.upload_url.removesuffix("/"), ci.token)
    if client in {"uv", "poetry", "flit"}:
        assert said.code == 0, said.text
        assert set(File.objects.live().values_list("filename", flat=True)) == set(checkout.digests)
    else:
        assert said.code != 0
        assert not File.objects.exists()
        assert re.search(rf"{live.upload_url}(?![a-z])", said.text), said.text
