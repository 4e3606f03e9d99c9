"""Attestations that come with a file (PEP 740): their shape, both doors, and their place in the fingerprint."""

import base64
import hashlib
import json

import pytest
from django.test import Client

from accounts.models import AuditEvent
from drafts.dist.attestations import MOST, MOST_BYTES, BadAttestations, digest, parse
from drafts.models import Attestations, Draft, DraftState, File
from tests import bodies, wheels
from tests.conftest import publish
from tests.uploading import Speaker

WHEEL = wheels.wheel()


def b64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


def attestation(**changes):
    """An attestation object of the right shape; ``changes`` replace members."""
    return {
        "version": 1,
        "verification_material": {
            "certificate": b64("certificate"),
            "transparency_entries": [{"logIndex": "1"}],
        },
        "envelope": {"statement": b64("{}"), "signature": b64("signature")},
        **changes,
    }


BAD = {
    "no JSON": "[",
    "nested for ever": "[" * 100_000,
    "no array": json.dumps(attestation()),
    "an empty array": "[]",
    "too many": json.dumps([attestation()] * (MOST + 1)),
    "too large": json.dumps([attestation(x="x" * MOST_BYTES)]),
    "no object in it": "[1]",
    "another version": json.dumps([attestation(version=2)]),
    "a version that is true": json.dumps([attestation(version=True)]),
    "a version that is text": json.dumps([attestation(version="1")]),
    "no material": json.dumps([attestation(verification_material=None)]),
    "a certificate that is no base64": json.dumps(
        [attestation(verification_material={"certificate": "§", "transparency_entries": [{}]})]
    ),
    "no entries": json.dumps(
        [attestation(verification_material={"certificate": "QQ==", "transparency_entries": []})]
    ),
    "no envelope": json.dumps([attestation(envelope="x")]),
    "no signature": json.dumps([attestation(envelope={"statement": "QQ=="})]),
    "one right and one wrong": json.dumps([attestation(), attestation(version=0)]),
}


@pytest.mark.parametrize("text", BAD.values(), ids=BAD.keys())
def test_what_is_not_of_the_shape_is_refused(text):
    with pytest.raises(BadAttestations):
        parse(text)


def test_what_is_of_the_shape_is_kept_as_it_is():
    """It is true that members which nobody knows are kept, and text and bytes read alike."""
    sent = [attestation(more={"a": ["ü", 1.5]}), attestation()]
    assert parse(json.dumps(sent)) == parse(json.dumps(sent).encode()) == tuple(sent)


def test_the_digest_is_of_the_content():
    """It is true that neither white space nor the order of members matters, and everything else does."""
    one, other = {"b": 1, "a": "ü"}, {"a": "ü", "b": 1}
    assert digest([one]) == digest([other])
    assert digest([one]) == hashlib.sha256(b'[{"a":"\\u00fc","b":1}]').hexdigest()
    assert digest([one, {}]) != digest([{}, one])


# --- both doors -----------------------------------------------------------------------------------------


@pytest.fixture
def speaker(ci):
    """The upload token, speaking 2.0."""
    return Speaker(ci.token)


def by_legacy(ci, sent, built=WHEEL):
    return ci.upload(built, attestations=json.dumps(sent))


def by_two(ci, sent, built=WHEEL):
    speaker = Speaker(ci.token)
    file = speaker.announce(speaker.join(), built).json()
    assert speaker.attest(file, [attestation(version=1, first=True)]).status_code == 204
    assert speaker.attest(file, sent).status_code == 204
    speaker.send(file, built.data)
    return speaker.complete(file)


@pytest.mark.django_db
@pytest.mark.parametrize("door", [by_legacy, by_two])
def test_attestations_are_kept_with_the_file(ci, door):
    """It is true that they are stored as sent, and the fingerprint names them."""
    sent = [attestation()]
    assert door(ci, sent).status_code in {200, 201}
    file, draft = File.objects.get(), Draft.objects.get()
    assert Attestations.objects.get(file=file).statements == sent
    assert file.attestations_sha256 == digest(sent)
    line = f"{file.filename} {file.size} {file.sha256} {digest(sent)}\n"
    text = f"presscheck-1 sampleproject 1\n{line}"
    assert draft.fingerprint() == hashlib.sha256(text.encode()).hexdigest()
    assert AuditEvent.objects.get(event="file:staged").details["attestations"] == digest(sent)


@pytest.mark.django_db
@pytest.mark.parametrize("text", ["[]", "{", json.dumps([attestation(version=2)])])
def test_bad_attestations_are_refused_at_both_doors(ci, speaker, text):
    """It is true that the legacy door stages nothing, and a pending upload goes on without them."""
    answer = ci.upload(WHEEL, attestations=text)
    assert (answer.status_code, bodies.codes(answer)) == (400, {"bad-attestations"})
    assert not File.objects.exists()
    file = speaker.announce(speaker.join(), WHEEL).json()
    answer = speaker.ask("POST", file["mechanism"]["attestations_url"], text, content_type="application/json")
    assert (answer.status_code, bodies.codes(answer)) == (400, {"bad-attestations"})
    speaker.send(file, WHEEL.data)
    assert speaker.complete(file).status_code == 201
    assert not Attestations.objects.exists()


@pytest.mark.django_db
def test_more_attestations_than_are_read(speaker):
    file = speaker.announce(speaker.join(), WHEEL).json()
    answer = speaker.attest(file, [attestation(x="x" * MOST_BYTES)])
    assert (answer.status_code, bodies.codes(answer)) == (413, {"bad-attestations"})


@pytest.mark.django_db
def test_attestations_for_bytes_that_are_there(ci):
    """It is true that the first attestations for the same bytes replace the file, as others change nothing."""
    ci.upload(WHEEL)
    without = Draft.objects.get().fingerprint()
    by_legacy(ci, [attestation()])
    fingerprint = Draft.objects.get().fingerprint()
    assert fingerprint != without
    assert AuditEvent.objects.latest("pk").event == "file:replaced"
    for sent in ([attestation(other=1)], None):
        answer = by_legacy(ci, sent) if sent else ci.upload(WHEEL)
        assert answer.status_code == 200
        assert Draft.objects.get().fingerprint() == fingerprint
    assert File.objects.live().get().attestations.statements == [attestation()]


@pytest.mark.django_db
def test_files_with_attestations_are_published(ci, mike):
    by_legacy(ci, [attestation()])
    browser, draft = Client(), Draft.objects.get()
    browser.force_login(mike)
    publish(draft, mike, browser)
    assert draft.state == DraftState.PUBLISHED
