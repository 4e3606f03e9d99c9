"""Attestations verified by the real verifier against a private root: who signed for which bytes, and every forgery of it."""

import base64
import copy
import json
import time
from datetime import timedelta

import pytest

from drafts.evidence.attested.verify import NotVerified, verify
from tests import wheels
from tests.sigstore import Sigstore, Workflow, statement

WHEEL, SDIST = wheels.wheel(), wheels.sdist()
OTHER = wheels.wheel(files={"sampleproject/__init__.py": "import os\n"})
HOUR = 3600


@pytest.fixture(scope="module")
def sigstore() -> Sigstore:
    """A Sigstore of our own, for all tests of the module."""
    return Sigstore()


@pytest.fixture
def _trusted(sigstore, tmp_path, settings):
    """The server trusts it."""
    (tmp_path / "root.json").write_text(sigstore.root)
    settings.SIGSTORE_ROOT = str(tmp_path / "root.json")


pytestmark = pytest.mark.usefixtures("_trusted")


def about(built, attestation):
    return verify(attestation, filename=built.filename, sha256=built.sha256)


def altered(attestation, *path, to):
    """A copy with one member changed: ``to`` is what becomes of it."""
    copied = copy.deepcopy(attestation)
    node = copied
    for key in path[:-1]:
        node = node[key]
    node[path[-1]] = to(node[path[-1]])
    return copied


def other_byte(text: str) -> str:
    data = bytearray(base64.b64decode(text))
    data[len(data) // 2] ^= 1
    return base64.b64encode(data).decode()


def test_a_signature_tells_who_signed(sigstore):
    signer = about(WHEEL, sigstore.attestation(WHEEL.filename, WHEEL.sha256))
    assert signer.repository == "https://github.com/acme/sample"
    assert (signer.workflow, signer.repository_id) == (".github/workflows/release.yml", "4711")
    assert (signer.event, signer.commit) == ("push", "c" * 40)


def test_a_bundle_of_a_statement_about_several_files_is_verified_for_each(sigstore):
    provenance = "https://slsa.dev/provenance/v1"
    both = statement(WHEEL.filename, WHEEL.sha256, SDIST.filename, SDIST.sha256, predicate=provenance)
    bundle = sigstore.bundle(both)
    assert about(WHEEL, bundle) == about(SDIST, bundle)


def test_a_bundle_of_bytes_is_verified_by_the_digest(sigstore):
    assert about(WHEEL, sigstore.signature(WHEEL.data)).workflow == ".github/workflows/release.yml"


ENVELOPE, MATERIAL = ("envelope",), ("verification_material",)
ENTRY = (*MATERIAL, "transparency_entries", 0)
# What is altered in a good attestation.
FORGED = {
    "another statement under the signature": (
        (*ENVELOPE, "statement"),
        lambda _: base64.b64encode(statement(WHEEL.filename, OTHER.sha256)).decode(),
    ),
    "another signature": ((*ENVELOPE, "signature"), other_byte),
    "another certificate": ((*MATERIAL, "certificate"), other_byte),
    "another body of the log entry": ((*ENTRY, "canonicalizedBody"), other_byte),
    "another promise of the log": ((*ENTRY, "inclusionPromise", "signedEntryTimestamp"), other_byte),
    "another moment": ((*ENTRY, "integratedTime"), lambda said: str(int(said) + 60)),
    "no proof": ((*ENTRY, "inclusionProof"), lambda _: None),
    "no entry": ((*MATERIAL, "transparency_entries"), lambda _: []),
    "another version": (("version",), lambda _: 2),
    "no signature": ((*ENVELOPE, "signature"), lambda _: ""),
    "an endless certificate": ((*MATERIAL, "certificate"), lambda _: "MII" + "A" * 4000),
}


@pytest.mark.promise
@pytest.mark.parametrize(("path", "to"), FORGED.values(), ids=FORGED.keys())
def test_an_attestation_that_was_altered_is_not_verified(sigstore, path, to):
    good = sigstore.attestation(WHEEL.filename, WHEEL.sha256)
    about(WHEEL, good)
    with pytest.raises(NotVerified):
        about(WHEEL, altered(good, *path, to=to))


def one_of(**more):
    return lambda sigstore: sigstore.attestation(WHEEL.filename, WHEEL.sha256, **more)


# A wheel is staged with an attestation that is good for something else.
WRONG = {
    "other bytes of the same name": (
        lambda sigstore: sigstore.attestation(WHEEL.filename, OTHER.sha256),
        "other bytes",
    ),
    "swapped with the sdist's": (
        lambda sigstore: sigstore.attestation(SDIST.filename, SDIST.sha256),
        "another name",
    ),
    "the same bytes of another name": (
        lambda sigstore: sigstore.attestation(SDIST.filename, WHEEL.sha256),
        "another name",
    ),
    "a bundle of other bytes": (lambda sigstore: sigstore.signature(OTHER.data), "igest"),
    "signed after the certificate": (one_of(signed_at=time.time() + HOUR), "certificate"),
    "signed before the certificate": (one_of(signed_at=time.time() - HOUR), "certificate"),
    "another root": (lambda _: Sigstore().attestation(WHEEL.filename, WHEEL.sha256), "certificate"),
    "a statement of another kind": (
        lambda sigstore: sigstore.bundle(
            statement(WHEEL.filename, WHEEL.sha256, predicate="https://x.test/vsa")
        ),
        "of a kind",
    ),
    "no statement": (lambda sigstore: sigstore.bundle(b'{"subject": []}'), "not an in-toto statement"),
    "no JSON": (lambda sigstore: sigstore.bundle(b"hello"), "cannot be read"),
    "no files": (lambda sigstore: sigstore.bundle(statement()), "another name"),
    "nothing": (lambda _: {}, "bundle"),
}


@pytest.mark.promise
@pytest.mark.parametrize(("made", "reason"), WRONG.values(), ids=WRONG.keys())
def test_an_attestation_for_something_else_is_not_verified(sigstore, made, reason):
    with pytest.raises(NotVerified, match=reason):
        about(WHEEL, made(sigstore))


def test_pep_740_knows_one_subject(sigstore):
    """It is true that a statement about two files is a bundle's, and in an attestation object it is refused."""
    two = statement(WHEEL.filename, WHEEL.sha256, SDIST.filename, SDIST.sha256)
    bundle = sigstore.bundle(two)
    envelope = bundle["dsseEnvelope"]
    attestation = {
        "version": 1,
        "verification_material": {
            "certificate": bundle["verificationMaterial"]["certificate"]["rawBytes"],
            "transparency_entries": bundle["verificationMaterial"]["tlogEntries"],
        },
        "envelope": {"statement": envelope["payload"], "signature": envelope["signatures"][0]["sig"]},
    }
    with pytest.raises(NotVerified, match="one file"):
        about(WHEEL, attestation)


def test_the_public_root_is_at_hand_without_the_network(sigstore, settings):
    """It is true that what a private root signed is refused by the installed one, with a reason."""
    settings.SIGSTORE_ROOT = ""
    with pytest.raises(NotVerified, match="certificate"):
        about(WHEEL, sigstore.attestation(WHEEL.filename, WHEEL.sha256))


def test_a_root_that_expired_proves_nothing(settings, tmp_path):
    """It is true though the same instance still signs, and its root is the one that the server trusts."""
    expired = Sigstore(lasts=timedelta(hours=-1))
    (tmp_path / "expired.json").write_text(expired.root)
    settings.SIGSTORE_ROOT = str(tmp_path / "expired.json")
    with pytest.raises(NotVerified, match="certificate"):
        about(WHEEL, expired.attestation(WHEEL.filename, WHEEL.sha256))


def test_a_signer_is_kept_as_json(sigstore):
    signer = about(WHEEL, sigstore.attestation(WHEEL.filename, WHEEL.sha256, Workflow(ref="refs/heads/main")))
    assert type(signer).of(json.loads(json.dumps(signer.values))) == signer
