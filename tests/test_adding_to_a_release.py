"""Drafts that add to a published release: whom they would move, whether the sources are the same, what nobody expected."""

import pytest
from django.test import Client

from drafts.models import Decision, Draft
from drafts.publishing.policy import blockers
from tests import wheels
from tests.conftest import draft_url, publish
from tests.listing import listed

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
ANY, LINUX = "py3-none-any", "cp312-cp312-manylinux_2_28_x86_64"


def stage(ci, *built) -> Draft:
    for one in built:
        answer = ci.upload(one)
        assert answer.status_code == 200, answer.content
    draft = Draft.objects.latest("pk")
    listed(draft)
    return draft


@pytest.fixture
def published(ci, alice):
    """sampleproject 1.0, published: one wheel for any platform."""
    draft = stage(ci, wheels.wheel(tag=ANY))
    publish(draft, alice)
    assert draft.state == "published"
    return draft


def codes(draft: Draft) -> list[str]:
    return [str(one.code) for one in blockers(Draft.objects.get(pk=draft.pk))]


def decide(user, draft: Draft, code: str) -> None:
    client = Client()
    client.force_login(user)
    for one in [one for one in blockers(draft) if one.code == code]:
        form = {"kind": one.decision, "what": list(one.what), "reason": "meant so"}
        assert client.post(draft_url(draft, "decide"), form).status_code == 302


def test_a_late_wheel_that_moves_people_blocks_until_it_is_accepted(published, ci, alice, mike):
    """It is true that the page names environment, file today and file afterwards, and every step needs a decision."""
    draft = stage(ci, wheels.wheel(tag=LINUX))
    assert codes(draft) == ["environment-changed", "new-file"]
    client = Client()
    client.force_login(alice)
    page = client.get(draft_url(draft)).content.decode()
    assert "1 of 40 environments would install a different file than today" in page
    assert "CPython 3.12 on Linux x86-64 moves from sampleproject-1.0-py3-none-any.whl" in page
    assert (
        "Same Python sources and metadata as the published sampleproject 1.0 (1 Python file compared)."
        in page
    )
    publish(draft, alice)
    assert draft.state == "open"
    decide(mike, draft, "environment-changed")
    assert codes(draft) == ["new-file"]
    decide(mike, draft, "new-file")
    publish(draft, alice)
    assert draft.state == "published"


def test_a_decision_dies_with_the_bytes_it_was_about(published, ci, mike):
    """It is true that replacing an accepted wheel asks again: the attack after the approval."""
    draft = stage(ci, wheels.wheel(tag=LINUX))
    decide(mike, draft, "environment-changed")
    decide(mike, draft, "new-file")
    assert codes(draft) == []
    stage(ci, wheels.wheel(tag=LINUX, salt="other bytes"))
    assert codes(draft) == ["environment-changed", "sources-differ", "new-file"]
    assert Decision.objects.standing().count() == 2


OTHER_SOURCES = {
    "a changed module": {"salt": "changed"},
    "a new module": {"files": {"sampleproject/extra.py": "import os\n"}},
    "a path file": {"files": {"zz.pth": "import os\n"}},
    "new entry points": {
        "files": {"sampleproject-1.0.dist-info/entry_points.txt": "[console_scripts]\na = b:c\n"}
    },
    "a script": {"files": {"sampleproject-1.0.data/scripts/run": "#!python\n"}},
    "a module by the data folder": {"files": {"sampleproject-1.0.data/purelib/more.py": "x = 1\n"}},
    "another dependency": {"requires_dist": ("left-pad",)},
}


@pytest.mark.parametrize("changes", OTHER_SOURCES.values(), ids=OTHER_SOURCES.keys())
def test_other_sources_are_found_in_a_late_wheel(published, ci, changes):
    """It is true that nothing which Python runs comes late unseen."""
    draft = stage(ci, wheels.wheel(tag="cp312-cp312-win_amd64", **changes))
    assert "sources-differ" in codes(draft)


SAME_SOURCES = {
    "the same": {},
    "a native module": {"files": {"sampleproject/_core.so": b"\x7fELF"}},
    "a data file": {"files": {"sampleproject/data.bin": b"1"}},
    "the data folder's platlib": {"files": {}},
}


@pytest.mark.parametrize("changes", SAME_SOURCES.values(), ids=SAME_SOURCES.keys())
def test_the_same_sources_do_not_block(published, ci, changes):
    draft = stage(ci, wheels.wheel(tag="cp312-cp312-win_amd64", **changes))
    assert "sources-differ" not in codes(draft)


def test_differing_sources_are_numbered_and_can_be_accepted(published, ci, mike):
    draft = stage(ci, wheels.wheel(tag=LINUX, salt="x", files={"sampleproject/extra.py": "1\n"}))
    (blocker,) = [one for one in blockers(draft) if one.code == "sources-differ"]
    assert (
        "Its Python sources differ from the published sampleproject 1.0 in 2 files: "
        "sampleproject/__init__.py, sampleproject/extra.py. Was the version meant to change?"
        in blocker.detail
    )
    decide(mike, draft, "sources-differ")
    assert "sources-differ" not in codes(draft)


def test_a_late_sdist_is_compared_with_the_wheels(published, ci):
    """It is true that an sdist's sources count by the path they have once installed; what it alone has does not."""
    assert codes(stage(ci, wheels.sdist(files={"tests/test_a.py": "1\n"}))) == ["new-file"]
    assert "sources-differ" in codes(stage(ci, wheels.sdist(salt="x")))


def test_published_files_that_nobody_listed_are_said_to_be_unknown(published, ci):
    from drafts.models import Inspection

    draft = stage(ci, wheels.wheel(tag=LINUX))
    Inspection.objects.exclude(file__draft=draft).delete()
    assert "sources-unknown" in codes(draft)


def test_a_list_that_cannot_be_read_is_no_proof_of_sameness(published, ci):
    """It is true that losing what an inspection kept makes a late file unknown, never the same."""
    from drafts.inspection import keeping
    from drafts.inspection.changes import sources
    from drafts.storage import storage

    draft = stage(ci, wheels.wheel(tag=LINUX))
    assert "sources-unknown" not in codes(draft)
    storage().delete(draft.files.get().inspection.object_id)
    keeping.read.cache_clear()
    sources._sources.cache_clear()
    assert "sources-unknown" in codes(draft)


def test_a_wheel_for_who_had_none_blocks_nobody(ci, alice):
    """It is true that a first wheel for a new Python asks only whether that file is meant."""
    publish(stage(ci, wheels.wheel(tag="cp312-cp312-win_amd64"), wheels.sdist()), alice)
    draft = stage(ci, wheels.wheel(tag="cp314-cp314-win_amd64"))
    assert codes(draft) == ["new-file"]
    client = Client()
    client.force_login(alice)
    page = client.get(draft_url(draft)).content.decode()
    assert "0 of 40 environments would install another file than today, 1 get a wheel that had none" in page


def test_what_the_release_before_had_is_no_new_kind(ci, alice):
    """It is true that a wheel which last time had, and one that CI announced, need no decision."""
    from drafts.models import Project

    Project.objects.update(expected_files="nothing")
    windows = "cp312-cp312-win_amd64"
    publish(stage(ci, wheels.wheel(version="0.9", tag=windows), wheels.sdist(version="0.9")), alice)
    publish(stage(ci, wheels.sdist()), alice)
    assert codes(stage(ci, wheels.wheel(tag=windows))) == []
    draft = stage(ci, wheels.wheel(tag=LINUX))
    assert codes(draft) == ["new-file"]
    Draft.objects.filter(pk=draft.pk).update(expects=[wheels.wheel(tag=LINUX).filename])
    assert codes(draft) == []


def test_a_build_number_moves_everybody(published, ci):
    draft = stage(ci, wheels.wheel(tag=ANY, build="1"))
    (blocker,) = [one for one in blockers(draft) if one.code == "environment-changed"]
    assert "40 of 40 environments" in blocker.detail


def test_the_grid_shows_what_is_published_beside_what_comes(published, ci, alice):
    draft = stage(ci, wheels.wheel(tag=LINUX))
    client = Client()
    client.force_login(alice)
    page = client.get(draft_url(draft)).content.decode()
    assert page.count('<td class="cell" data-state="published"') == 1
    assert "1 file (1 wheel) beside 1 published file" in page
