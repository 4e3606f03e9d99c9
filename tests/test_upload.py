"""A build job stages files through the legacy API."""

import hashlib
import json

import pytest
from django.test import Client

from drafts.models import Draft, File
from tests import wheels
from tests.conftest import publish, upload

pytestmark = pytest.mark.django_db


def test_the_answer_is_the_session_body(ci):
    """It is true that a staged file is answered with 200 and PEP 694's session body."""
    response = ci.upload(wheels.wheel())
    assert response.status_code == 200
    body = json.loads(response.content)
    draft = Draft.objects.get()
    assert body["meta"]["api-version"] == "2.0"
    assert body["status"] == "open"
    assert body["links"]["session"] == response["Location"]
    assert "stage" not in body["links"]
    assert body["files"]["sampleproject-1.0-py3-none-any.whl"]["status"] == "completed"
    assert body["meta"]["_presscheck"]["fingerprint"] == draft.fingerprint()
    assert body["meta"]["_presscheck"]["review-url"].endswith("/projects/sampleproject/drafts/1.0/")


def test_digests_are_those_of_the_bytes(ci):
    built = wheels.wheel()
    ci.upload(built)
    file = File.objects.get()
    assert file.sha256 == hashlib.sha256(built.data).hexdigest()
    assert file.blake2b_256 == hashlib.blake2b(built.data, digest_size=32).hexdigest()
    assert file.size == len(built.data)


def test_a_stranger_is_asked_who_they_are(project):
    response = upload(Client(), wheels.wheel(), None)
    assert response.status_code == 401
    assert response["WWW-Authenticate"].startswith("Basic")
    assert File.objects.count() == 0


def test_a_name_as_long_as_names_may_be(ci, mike):
    """It is true that a file name of 250 bytes is staged, published and served with its METADATA."""
    tags = ".".join(f"cp3{minor}" for minor in range(7, 60))
    start = f"sampleproject-1.0-{tags}"[: 250 - len("-none-any.whl")].rsplit(".", 2)[0]
    filler = "x" * (250 - len(start) - len(".-none-any.whl"))
    built = wheels.wheel(tag=f"{start.removeprefix('sampleproject-1.0-')}.{filler}-none-any")
    assert len(built.filename) == 250
    response = ci.upload(built)
    assert response.status_code == 200, response.content
    draft = Draft.objects.get()
    publish(draft, mike)
    file = draft.files.get()
    answer = Client().get(f"/files/{file.public_id}/{file.filename}.metadata")
    assert b"Name: sampleproject" in b"".join(answer.streaming_content)
