"""What webhooks of a sandbox say of it."""

import json

import pytest

from tests.conftest import publish
from tests.test_webhooks import add, there

pytestmark = [pytest.mark.django_db]
__all__ = ["there"]


def test_a_message_says_the_space(there, sand_draft, alice):
    """It is true that a sandbox of a name tells of itself otherwise than the index's project of that name."""
    add(alice, sand_draft.project, there.url)
    publish(sand_draft, alice)
    data = json.loads(there.got[0][1])["data"]
    assert [data[key] for key in ("project", "name", "space")] == [
        "sandbox/sampleproject",
        "sampleproject",
        "sandbox",
    ]
    assert "/sandbox/projects/sampleproject/" in data["url"]
