"""What the record of a publish says of the evidence: one entry for each file, plain values, stable keys."""

import json

import pytest

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.evidence.add import paste
from drafts.evidence.verdicts import summary
from tests import wheels
from tests.conftest import publish

pytestmark = pytest.mark.django_db
WHEEL, SDIST = wheels.wheel(), wheels.sdist()


@pytest.fixture
def pasted(draft, rita):
    """rita pasted a log that names the wheel alone."""
    log = f"build\n{WHEEL.sha256}  {WHEEL.filename}\n".encode()
    return paste(draft=draft, data=log, label="run 8812", user=rita, by=Actor.system("tests")).log


def test_each_file_has_an_entry(draft, pasted):
    """It is true that every file is named with its verdict, its best rank and the logs behind it."""
    wheel, sdist = summary(draft)
    assert (wheel["filename"], wheel["verdict"], wheel["rank"]) == (WHEEL.filename, "match", "pasted")
    assert wheel["sources"] == [
        {
            "log": pasted.sha256,
            "label": "run 8812",
            "rank": "pasted",
            "says": "same",
            "algorithm": "sha256",
            "digest": WHEEL.sha256,
            "line": 2,
        }
    ]
    assert sdist == {
        "filename": SDIST.filename,
        "verdict": "missing",
        "rank": None,
        "sources": [],
        "set_aside": [],
    }


def test_the_event_of_publishing_holds_it(draft, pasted, mike):
    """It is true that the record of a publish says on what evidence it was decided."""
    said = summary(draft)
    publish(draft, mike)
    assert AuditEvent.objects.get(event="draft:published").details["evidence"] == json.loads(json.dumps(said))
