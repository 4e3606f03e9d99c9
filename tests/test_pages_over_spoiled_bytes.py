"""Bytes that rot, or that a store lies about: pages say so or leave them out, and keep nothing of what they read."""

import re

import pytest

from drafts.evidence.add import OBJECT_NAME as LOG
from drafts.inspection.keeping import OBJECT_NAME as SEEN
from drafts.models import Draft, EvidenceLog, Inspection
from tests import wheels
from tests.conftest import draft_url, publish
from tests.fault_proxy import flipped
from tests.inspected import inspect_now
from tests.stored import change, change_object, fetched

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
SCRIPTS = {"sampleproject-{}.dist-info/entry_points.txt": "[console_scripts]\nsample = sampleproject:{}\n"}


def built(version: str):
    inside = {path.format(version): text.format(f"v{version[-1]}") for path, text in SCRIPTS.items()}
    return wheels.wheel(version=version, files={"sampleproject/__init__.py": f"v = '{version}'\n", **inside})


@pytest.fixture
def draft(ci, mike, mikes) -> Draft:
    """A draft of 1.1, looked into, with a log, after a published 1.0."""
    assert ci.upload(built("1.0")).status_code == 200
    publish(Draft.objects.get(), mike, mikes)
    for one in (built("1.1"), wheels.sdist(version="1.1")):
        assert ci.upload(one).status_code == 200
    draft = Draft.objects.get(version="1.1")
    log = f"{built('1.1').sha256}  {built('1.1').filename}\n"
    assert mikes.post(draft_url(draft, "evidence-add"), {"log": log}).status_code == 302
    inspect_now()
    return draft


def spoil(draft: Draft) -> None:
    """Flip a bit in everything that is kept of the draft and of what it is compared with; again, and all is well."""
    for row in Inspection.objects.exclude(object_id=None):
        change_object(row.object_id, SEEN, flipped)
    for log in EvidenceLog.objects.all():
        change_object(log.object_id, LOG, flipped)
    for file in draft.files.all():
        change(file, flipped)


def pages(client, draft: Draft) -> dict[str, str]:
    """Every page below the draft's own, by address, with what it answered; none of them breaks."""
    start, told = draft_url(draft), {}
    waiting = [start]
    while waiting:
        url = waiting.pop()
        answer = client.get(url)
        assert answer.status_code in {200, 302, 503}, (url, answer.status_code)
        told[url] = text = fetched(answer).decode("utf-8", "replace")
        found = {one.replace("&amp;", "&") for one in re.findall(rf'href="({re.escape(start)}[^"#]*)', text)}
        waiting += sorted(found - told.keys() - set(waiting))
    return told


def test_no_page_breaks_and_none_remembers(draft, mikes):
    """It is true that a page over spoiled bytes answers, and that it is what it was once the bytes are right again."""
    spoil(draft)
    amid = pages(mikes, draft)
    assert len(amid) > 10
    spoil(draft)
    after = pages(mikes, draft)
    assert "command sample changed" in "".join(after.values())
    assert "cannot be read now" in "".join(amid.values())
    assert "cannot be read now" not in "".join(after.values())
