"""What real clients send beside the file: all the metadata there is, signatures, attestations, old options."""

import json

import pytest

from drafts.models import File
from tests import wheels
from tests.test_attestations import attestation
from tests.uploaders import UPLOADERS

pytestmark = [pytest.mark.clients, pytest.mark.django_db(transaction=True)]

# Every field of core metadata 2.4 that a build writes, those that may come again twice.
FIELDS = (
    ("Summary", "A größerer Überblick, in UTF-8: 包"),
    ("Author", "Alice Ärger"),
    ("Author-Email", "Alice <alice@example.org>"),
    ("Maintainer", "Mike"),
    ("Maintainer-Email", "Mike <mike@example.org>"),
    ("License-Expression", "MIT"),
    ("License-File", "LICENSE"),
    ("License-File", "AUTHORS"),
    ("Keywords", "sample,project"),
    ("Classifier", "Programming Language :: Python :: 3"),
    ("Classifier", "Topic :: Software Development"),
    ("Platform", "any"),
    ("Platform", "other"),
    ("Project-URL", "Homepage, https://sampleproject.example/"),
    ("Project-URL", "Changes, https://sampleproject.example/changes"),
    ("Provides-Extra", "test"),
    ("Provides-Extra", "docs"),
    ("Dynamic", "summary"),
    ("Dynamic", "keywords"),
    ("Description-Content-Type", "text/markdown; charset=UTF-8"),
)
METADATA = wheels.core_metadata(
    "sampleproject",
    "1.0",
    metadata_version="2.4",
    requires_python=">=3.11",
    requires_dist=("packaging>=24", 'pytest; extra == "test"'),
    fields=FIELDS,
    description="# Sample\n\nLines with a tab\t, a form feed \f and \u2028 in them.\n" * 50,
)
# flit writes the metadata for itself.
FLIT = """
authors = [{name = "Alice Ärger", email = "alice@example.org"}]
maintainers = [{name = "Mike"}]
keywords = ["sample", "project"]
classifiers = ["Programming Language :: Python :: 3", "Topic :: Software Development"]
dependencies = ["packaging>=24"]

[project.urls]
Homepage = "https://sampleproject.example/"
Changes = "https://sampleproject.example/changes"

[project.optional-dependencies]
test = ["pytest"]
docs = ["pytest"]
"""


@pytest.mark.parametrize("client", UPLOADERS)
def test_all_the_metadata_there_is(live, clients, checkout, ci, client):
    """It is true that no field which a client sends, in its own spelling and order, is a reason to refuse."""
    for built in (wheels.wheel(metadata=METADATA), wheels.sdist(metadata=METADATA)):
        built.write(checkout.folder / "dist")
    pyproject = checkout.folder / "pyproject.toml"
    pyproject.write_text(pyproject.read_text() + FLIT)
    said = UPLOADERS[client](clients, checkout.folder, live.upload_url, ci.token)
    assert said.code == 0, said.text
    assert dict(File.objects.live().values_list("filename", "sha256")) == checkout.digests


@pytest.mark.parametrize("client", ["twine", "pdm"])
def test_a_signature_comes_beside(live, clients, checkout, ci, client):
    """It is true that ``dist/*.asc``, which both clients pick up by themselves, is no reason to refuse."""
    digests = checkout.digests
    for name in digests:
        (checkout.folder / "dist" / f"{name}.asc").write_text("-----BEGIN PGP SIGNATURE-----\n")
    said = UPLOADERS[client](clients, checkout.folder, live.upload_url, ci.token)
    assert said.code == 0, said.text
    assert dict(File.objects.live().values_list("filename", "sha256")) == digests


def test_twine_sends_attestations(live, clients, checkout, ci):
    """It is true that what lies beside the files arrives, and is kept with them."""
    digests = checkout.digests
    for name in digests:
        (checkout.folder / "dist" / f"{name}.publish.attestation").write_text(json.dumps(attestation()))
    said = UPLOADERS["twine"](clients, checkout.folder, live.upload_url, ci.token, "--attestations")
    assert said.code == 0, said.text
    assert dict(File.objects.live().values_list("filename", "sha256")) == digests


def test_twine_shows_the_review_page_when_asked_for_more(live, clients, checkout, ci):
    """It is true that ``--verbose`` prints the answer, whose notice says where the review is."""
    said = UPLOADERS["twine"](clients, checkout.folder, live.upload_url, ci.token, "--verbose")
    assert said.code == 0, said.text
    page = f"{live.url}/projects/sampleproject/drafts/1.0/"
    assert f"Nothing is published: a maintainer reviews it at {page}" in said, said.text
    assert ci.token not in said
