"""It is true that docs/upload-2.0.md says what the Upload 2.0 API answers: members, codes, mechanisms, limits."""

import json
import re
from pathlib import Path

import pytest

from drafts.dist import attestations
from drafts.intake import codes
from drafts.intake.upload2.announcement import SECURE
from drafts.intake.upload2.mechanisms import MECHANISMS
from drafts.intake.upload2.negotiation import CONTENT_TYPE
from tests import wheels
from tests.uploading import Speaker, announcement

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "upload-2.0.md").read_text(encoding="utf-8")
EXAMPLES = [json.loads(text) for text in re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)]


def shape(value):
    """A body without its values: members, and members of members; blockers are as many as there are."""
    return {key: shape(inner) for key, inner in value.items()} if isinstance(value, dict) else None


@pytest.mark.embedded  # a bucket's mechanism is one more
@pytest.mark.django_db
def test_the_bodies_are_those_of_the_page(ci):
    speaker = Speaker(ci.token)
    session = speaker.open().json()
    said, announced, file = EXAMPLES[0], EXAMPLES[2], EXAMPLES[3]
    assert shape(session) == shape(said)
    assert (session["mechanisms"], session["status"]) == (said["mechanisms"][-2:], said["status"])
    assert shape(announced) == shape(announcement(wheels.wheel()))
    assert shape(speaker.announce(session, wheels.wheel()).json()) == shape(file)


@pytest.mark.django_db
def test_each_example_of_a_request_is_taken(ci):
    """It is true that what the page sends is answered as the page says."""
    speaker = Speaker(ci.token)
    session = speaker.open().json()
    assert speaker.ask("POST", session["links"]["extend"], EXAMPLES[1]).status_code == 200
    announced = {**EXAMPLES[2], "hashes": {"sha256": "0" * 64}}
    assert speaker.ask("POST", session["links"]["upload"], announced).status_code == 202


def test_what_can_be_named_is_named():
    known = {code for group in codes.GROUPS.values() for code in group}
    assert set(re.findall(r"\(`([a-z]+-[a-z-]+)`\)", PAGE)) <= known
    assert all(f"`{mechanism.identifier}`" in PAGE for mechanism in MECHANISMS)
    assert CONTENT_TYPE in PAGE
    named = re.search(r"At least one of ([^;]+);", PAGE).group(1)
    spelled = {re.sub(r"^-", "sha3-", name) for name in named.split(", ")}
    assert {name.replace("_", "-") for name in SECURE} == spelled
    assert f"1 to {attestations.MOST} attestation objects" in PAGE
    assert f"at most {attestations.MOST_BYTES // 1024} KiB" in PAGE


def test_limits_are_those_of_the_settings(settings):
    assert f"{settings.UPLOADS_UNDER_WAY_LIMIT} uploads of one draft" in PAGE
    assert f"at most {settings.EXPECTED_FILES_LIMIT} files" in PAGE
    assert f"up to {settings.UPLOAD_AT_ONCE // 1024**2} MiB at once" in PAGE
    assert f"{settings.UPLOAD_BODY_LIMIT // 1024**2} MiB for a request" in PAGE
    assert f'"size": {settings.UPLOAD_S3_PART}' in PAGE
    assert settings.UPLOAD_SILENCE_SECONDS == 60
