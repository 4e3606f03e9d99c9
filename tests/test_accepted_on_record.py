"""What maintainers accepted goes into the event of publishing and into the receipt: decisions, struck names, findings."""

import base64
import json

import pytest
from django.test import Client

from accounts.models import AuditEvent
from drafts.models import Draft, Receipt
from drafts.publishing.policy import blockers
from tests import wheels
from tests.conftest import draft_url, publish

pytestmark = [pytest.mark.django_db, pytest.mark.state]


def stage(ci, version: str, *tags: str) -> Draft:
    for tag in tags:
        assert ci.upload(wheels.wheel(version=version, tag=tag)).status_code == 200
    return Draft.objects.get(version=version, ended_at=None)


def test_everything_accepted_is_in_the_event_and_in_the_receipt(ci, alice, mike, mikes):
    """It is true that each comes with who, why and what, and what was taken back does not."""
    publish(stage(ci, "1.0", "cp313-cp313-win_amd64", "cp314-cp314-win_amd64"), alice)
    draft = stage(ci, "1.1", "cp313-cp313-win_amd64")
    (blocker,) = blockers(draft)
    form = {"kind": "without", "what": list(blocker.what), "reason": "3.14 is built by hand"}
    mikes.post(draft_url(draft, "decide"), form)
    found = {
        "code": "requires-python-absent",
        "pattern": "*",
        "scope": "project",
        "reason": "any Python will do",
    }
    mikes.post(draft_url(draft, "finding-accept"), found)
    mikes.post(draft_url(draft, "finding-accept"), {**found, "code": "pth-file", "reason": "none is there"})
    Draft.objects.filter(pk=draft.pk).update(expects=["sampleproject-1.1.tar.gz"])
    strike = {"filename": "sampleproject-1.1.tar.gz", "reason": "no sdist this time"}
    mikes.post(draft_url(draft, "expected-strike"), strike)
    publish(draft, alice)
    assert draft.state == "published"
    accepted = AuditEvent.objects.filter(event="draft:published").latest("pk").details["accepted"]
    assert [(one["kind"], one["code"], one["what"], one["reason"], one["by"]) for one in accepted] == [
        ("decision", "without", ["CPython 3.14 on Windows amd64"], "3.14 is built by hand", str(mike)),
        (
            "finding",
            "requires-python-absent",
            ["sampleproject-1.1-cp313-cp313-win_amd64.whl"],
            "any Python will do",
            str(mike),
        ),
        ("struck", "expected", ["sampleproject-1.1.tar.gz"], "no sdist this time", str(mike)),
    ]
    envelope = Receipt.objects.get(draft=draft).envelope
    assert json.loads(base64.b64decode(envelope["payload"]))["predicate"]["accepted"] == accepted


def test_nothing_accepted_is_an_empty_list(draft, alice):
    publish(draft, alice)
    assert AuditEvent.objects.get(event="draft:published").details["accepted"] == []


def test_a_build_number_in_a_new_release_is_noted(ci, mikes):
    """It is true that a wheel which nobody would install is named, and one that stands alone is told as a trap for later."""
    draft = stage(ci, "1.0", "py3-none-any")
    assert "build number" not in page(mikes, draft)
    ci.upload(wheels.wheel(build="1"))
    text = page(mikes, draft)
    assert "Nobody installs sampleproject-1.0-py3-none-any.whl" in text
    mikes.post(draft_url(draft, "file-delete", "sampleproject-1.0-py3-none-any.whl"), {"seen": seen(draft)})
    assert "1 of 1 wheels have a build number" in page(mikes, draft)


def seen(draft: Draft) -> str:
    return draft.files.live().get(filename="sampleproject-1.0-py3-none-any.whl").sha256


def page(client: Client, draft: Draft) -> str:
    return client.get(draft_url(draft)).content.decode()
