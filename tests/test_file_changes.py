"""One file's differences, on their own page: what it is held against, member by member, line by line."""

import pytest
from django.test import Client

from drafts.models import Draft, Inspection
from tests import wheels
from tests.conftest import draft_url, publish
from tests.listing import listed

pytestmark = pytest.mark.django_db


def stage(ci, *built) -> Draft:
    for one in built:
        assert ci.upload(one).status_code == 200
    draft = Draft.objects.latest("pk")
    listed(draft)
    return draft


@pytest.fixture
def release(ci, alice):
    """sampleproject 1.0, published."""
    files = {"sampleproject/old.py": "x = 1\n", "sampleproject/data.bin": b"\0\1"}
    draft = stage(ci, wheels.wheel(files=files, requires_dist=("a>=1",)), wheels.sdist())
    publish(draft, alice)
    return draft


def page(user, draft, filename, **query) -> str:
    client = Client()
    client.force_login(user)
    answer = client.get(draft_url(draft, "file-changes", filename), query)
    assert answer.status_code == 200
    return answer.content.decode()


def test_against_the_last_release(release, ci, rita):
    """It is true that a reviewer sees dependencies, members and sizes that differ, and a member's text on demand."""
    files = {"sampleproject/new.py": "y = 2\n", "sampleproject/data.bin": b"\0\2"}
    draft = stage(ci, wheels.wheel(version="1.1", files=files, requires_dist=("a>=2",)))
    name = wheels.wheel(version="1.1").filename
    text = page(rita, draft, name)
    assert "a&gt;=1 → a&gt;=2" in text
    for member, state in (("new.py", "added"), ("old.py", "removed"), ("__init__.py", "changed")):
        assert f'data-member="{state}"' in text
        assert f"sampleproject/{member}" in text
    text = page(rita, draft, name, against="last", path="sampleproject/__init__.py")
    assert 'data-side="old"' in text
    assert "__version__ = &quot;1.1&quot;" in text
    assert "It is no text" in page(rita, draft, name, path="sampleproject/data.bin")
    assert "the same on both sides" in page(rita, draft, name, path="no/such.py")


def test_against_an_earlier_upload(ci, rita):
    """It is true that a replaced upload can be compared while its bytes are kept."""
    stage(ci, wheels.wheel())
    draft = stage(ci, wheels.wheel(salt="changed later"))
    text = page(rita, draft, wheels.wheel().filename, against="superseded", path="sampleproject/__init__.py")
    assert "which was replaced" in text
    assert "changed later" in text


def test_a_wheel_against_the_sdist(ci, rita):
    """It is true that sources which stand in one and not in the other are found, and what only sdists have is not."""
    draft = stage(
        ci,
        wheels.wheel(files={"sampleproject/only_here.py": "1\n"}),
        wheels.sdist(files={"sampleproject/only_there.py": "1\n", "tests/test_a.py": "1\n"}),
    )
    text = page(rita, draft, wheels.wheel().filename, against="sdist")
    assert "only_here.py" in text
    assert "only_there.py" in text
    assert "test_a.py" not in text
    assert "backend.py" not in text


def test_against_what_the_release_has_already(release, ci, rita):
    draft = stage(ci, wheels.wheel(tag="cp312-cp312-win_amd64", salt="x"))
    text = page(rita, draft, wheels.wheel(tag="cp312-cp312-win_amd64").filename)
    assert "published 1.0" in text
    assert "sampleproject-1.0-py3-none-any.whl" in text


def test_a_published_release_keeps_its_differences(release, ci, alice):
    draft = stage(ci, wheels.wheel(version="1.1"), wheels.sdist(version="1.1"))
    publish(draft, alice)
    assert "last release, 1.0" in page(alice, draft, wheels.wheel(version="1.1").filename)


def test_nothing_to_compare_with_is_said(ci, rita):
    draft = stage(ci, wheels.wheel())
    assert "There is nothing to compare it with" in page(rita, draft, wheels.wheel().filename)


def test_files_without_a_list_of_members_are_said(release, ci, rita):
    draft = stage(ci, wheels.wheel(version="1.1"))
    Inspection.objects.all().delete()
    assert "Members are not compared" in page(rita, draft, wheels.wheel(version="1.1").filename)


def test_hostile_names_and_texts_are_spelled_out(release, ci, rita):
    """It is true that markup stays text, and what reorders a line is named."""
    evil = "<script>alert(1)</script>\u202e.py"
    draft = stage(ci, wheels.wheel(version="1.1", files={"sampleproject/x.py": f"{evil}\n"}))
    text = page(rita, draft, wheels.wheel(version="1.1").filename, path="sampleproject/x.py")
    assert "<script>alert" not in text
    assert "⟨U+202E⟩" in text


def test_strangers_and_other_files_are_not_found(release, ci, charlie, rita):
    client = Client()
    for user, name in ((charlie, wheels.wheel().filename), (rita, "sampleproject-9-py3-none-any.whl")):
        client.force_login(user)
        assert client.get(draft_url(release, "file-changes", name)).status_code == 404
