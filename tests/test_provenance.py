"""Provenance objects (PEP 740): what installers and auditors get of a published file's attestations, and of no other's."""

import json
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from pypi_attestations import Provenance

from drafts.evidence.attested.verify import verify
from drafts.models import CiSource, Draft, File, Job, Kind, Project, ProvenanceObject, Release
from tests import wheels
from tests.clients import module_of
from tests.conftest import do_jobs, publish
from tests.sigstore import Sigstore, Workflow

pytestmark = pytest.mark.django_db
WHEEL = wheels.wheel()
JSON = "application/vnd.pypi.simple.v1+json"
ADDRESS = f"/integrity/sampleproject/1.0/{WHEEL.filename}/provenance"


@pytest.fixture(scope="module")
def sigstore() -> Sigstore:
    """A Sigstore of our own, for all tests of the module."""
    return Sigstore()


@pytest.fixture(autouse=True)
def _trusted(sigstore, tmp_path, settings):
    """The server trusts it."""
    (tmp_path / "root.json").write_text(sigstore.root)
    settings.SIGSTORE_ROOT = str(tmp_path / "root.json")


@pytest.fixture
def source(project, alice):
    """The project's CI is the workflow release.yml of acme/sample."""
    return CiSource.objects.create(
        project=project, kind="github", repository="acme/sample", repository_id=4711, set_by=alice
    )


def staged(ci, *attestations, built=WHEEL) -> Draft:
    assert ci.upload(built, attestations=json.dumps(attestations)).status_code == 200
    return Draft.objects.get()


@pytest.fixture
def signed(ci, sigstore, source):
    """A draft of a wheel that the registered workflow signed, and a stranger too."""
    good = sigstore.attestation(WHEEL.filename, WHEEL.sha256)
    other = sigstore.attestation(WHEEL.filename, WHEEL.sha256, Workflow(repository="mallory/sample"))
    draft = staged(ci, other, good)
    do_jobs()
    return draft


@pytest.fixture
def published(signed, alice) -> Draft:
    """The same, published."""
    publish(signed, alice)
    assert signed.state == "published"
    return signed


def listed(name: str = "simple/sampleproject") -> list[dict]:
    return Client().get(f"/{name}/", headers={"Accept": JSON}).json()["files"]


@pytest.mark.promise
@pytest.mark.usefixtures("published")
def test_readers_get_what_the_registered_workflow_signed(sigstore, settings):
    """It is true that the page names it by its whole address, and that a consumer of PEP 740 reads and believes it."""
    (file,) = listed()
    assert file["provenance"] == f"{settings.PRESSCHECK_URL}{ADDRESS}"
    page = Client().get("/simple/sampleproject/").content.decode()
    assert f'data-provenance="{settings.PRESSCHECK_URL}{ADDRESS}"' in page
    answer = Client().get(ADDRESS)
    assert answer["Content-Type"] == "application/vnd.pypi.integrity.v1+json"
    (bundle,) = Provenance.model_validate_json(answer.content).attestation_bundles
    assert (bundle.publisher.kind, bundle.publisher.repository) == ("GitHub", "acme/sample")
    assert bundle.publisher.workflow == "release.yml"
    (kept,) = json.loads(answer.content)["attestation_bundles"][0]["attestations"]
    assert verify(kept, filename=WHEEL.filename, sha256=WHEEL.sha256).repository.endswith("acme/sample")


NOT_SHOWN = {
    "a stranger's": lambda sigstore: [
        sigstore.attestation(WHEEL.filename, WHEEL.sha256, Workflow(repository="mallory/sample"))
    ],
    "one for other bytes": lambda sigstore: [sigstore.attestation(WHEEL.filename, "0" * 64)],
    "one of another root": lambda _: [Sigstore().attestation(WHEEL.filename, WHEEL.sha256)],
    "a pull request's": lambda sigstore: [
        sigstore.attestation(WHEEL.filename, WHEEL.sha256, Workflow(event="pull_request"))
    ],
}


@pytest.mark.promise
@pytest.mark.usefixtures("source")
@pytest.mark.parametrize("made", NOT_SHOWN.values(), ids=NOT_SHOWN.keys())
def test_an_attestation_that_does_not_count_is_shown_to_nobody(ci, alice, sigstore, made):
    draft = staged(ci, *made(sigstore))
    do_jobs()
    publish(draft, alice)
    (file,) = listed()
    assert "provenance" not in file
    assert b"data-provenance" not in Client().get("/simple/sampleproject/").content
    assert Client().get(ADDRESS).status_code == 404


NOWHERE = [
    f"/integrity/sampleproject/1.1/{WHEEL.filename}/provenance",
    f"/integrity/sampleproject/x/{WHEEL.filename}/provenance",
    f"/integrity/other/1.0/{WHEEL.filename}/provenance",
    f"/sandbox/integrity/sampleproject/1.0/{WHEEL.filename}/provenance",
    "/integrity/sampleproject/1.0/sampleproject-1.0.tar.gz/provenance",
]


@pytest.mark.promise
def test_what_is_staged_has_no_provenance(signed, alice):
    """It is true that its address answers as one of nothing does, until it is published, and others go on to."""
    nothing = Client().get(NOWHERE[0])
    assert (nothing.status_code, Client().get(ADDRESS).content) == (404, nothing.content)
    publish(signed, alice)
    assert Client().get(ADDRESS).status_code == 200
    assert [Client().get(path).status_code for path in NOWHERE] == [404] * len(NOWHERE)
    assert Client().get(ADDRESS.replace("/1.0/", "/v1.0.0/")).status_code == 200


HIDDEN = {
    "a release in quarantine": lambda: Release.objects.update(
        quarantined_at=timezone.now(), quarantine_reason="It ships a key logger."
    ),
    "a project in quarantine": lambda: Project.objects.update(
        quarantined_at=timezone.now(), quarantine_reason="It ships a key logger."
    ),
    "a file that was deleted": lambda: File.objects.all().take_off(),
}


@pytest.mark.parametrize("hide", HIDDEN.values(), ids=HIDDEN.keys())
@pytest.mark.usefixtures("published")
def test_what_readers_do_not_get_has_no_provenance(hide):
    hide()
    assert Client().get(ADDRESS).status_code == 404


@pytest.mark.usefixtures("published")
def test_a_private_index_shows_it_to_its_readers(settings):
    settings.INDEX_IS_PRIVATE = True
    answer = Client().get(ADDRESS)
    assert (answer.status_code, answer["Cache-Control"]) == (401, "private, no-store")


@pytest.mark.usefixtures("published")
def test_it_is_kept_and_asked_for_by_its_etag():
    first = Client().get(ADDRESS, headers={"Accept": "application/json"})
    assert (first["Content-Type"], first["Cache-Control"]) == ("application/json", "max-age=600, public")
    again = Client().get(ADDRESS, headers={"If-None-Match": first["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert Client().get(ADDRESS, headers={"Accept": "text/html"}).status_code == 406
    assert Client().post(ADDRESS).status_code == 405


def test_what_is_verified_after_publishing_is_shown_then(ci, alice, sigstore, source):
    """It is true that publishing waits for no verification, and the page names the provenance once it is done."""
    draft = staged(ci, sigstore.attestation(WHEEL.filename, WHEEL.sha256))
    verifying = Job.objects.filter(kind=Kind.VERIFY_ATTESTATIONS)
    verifying.update(not_before=timezone.now() + timedelta(days=1))
    publish(draft, alice)
    assert "provenance" not in listed()[0]
    verifying.update(not_before=timezone.now())
    do_jobs()
    assert listed()[0]["provenance"].endswith(ADDRESS)


@pytest.mark.usefixtures("published", "source")
def test_another_registration_changes_nothing_of_what_was_published():
    before = Client().get(ADDRESS).content
    CiSource.objects.update(repository="mallory/sample")
    assert Client().get(ADDRESS).content == before
    assert ProvenanceObject.objects.count() == 1


@pytest.mark.clients
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("tool", ["pip", "uv"])
@pytest.mark.usefixtures("published")
def test_installers_install_a_file_with_provenance(live, clients, tool, tmp_path):
    said = clients.install(
        tool, "--index-url", f"{live.url}/simple/", "--no-deps", "sampleproject", target=tmp_path / "t"
    )
    assert said.code == 0, said.text
    assert (tmp_path / "t" / "sampleproject" / "__init__.py").read_bytes() == module_of(WHEEL)
