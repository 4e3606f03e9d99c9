"""A project without room: what is there already may be sent again, and nothing else gets in by its name."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.intake import deleting, quota
from drafts.models import Draft, File, Project
from tests import bodies, wheels
from tests.bodies import codes
from tests.conftest import do_jobs, draft_url, publish
from tests.uploading import Speaker

pytestmark = pytest.mark.django_db
WHEEL = wheels.wheel(salt="the one that is there")
OTHER = wheels.wheel(salt="other")
MIB = 1024 * 1024


@pytest.fixture
def full(project, ci):
    """A project that is full: its one wheel is staged."""
    assert ci.upload(WHEEL).status_code == 200
    type(project).objects.update(quota=1)
    return Draft.objects.get()


def everything() -> tuple:
    rows = list(File.objects.order_by("pk").values_list("pk", "state", "sha256", "release"))
    return rows, AuditEvent.objects.count(), bodies.stored()


def _staged(full, mike, mikes):
    """As it is."""


def _published(full, mike, mikes):
    publish(full, mike, mikes)


@pytest.mark.parametrize("there", [_staged, _published])
@pytest.mark.parametrize("order", [1, -1], ids=["digest first", "file first"])
def test_identical_bytes_change_nothing_when_the_quota_is_full(full, ci, mike, mikes, there, order):
    """It is true that a job which runs again is green, whether the digest comes before the file or after it."""
    there(full, mike, mikes)
    before = everything()
    response = bodies.post_form(bodies.parts(WHEEL)[::order], ci.basic)
    assert response.status_code == 200
    assert everything() == before


@pytest.mark.parametrize("there", [_staged, _published])
def test_identical_bytes_from_a_person_change_nothing(full, mike, mikes, there):
    there(full, mike, mikes)
    before = everything()
    path = draft_url(full, "file-upload")
    page = mikes.post(path, {"content": SimpleUploadedFile(WHEEL.filename, WHEEL.data)}, follow=True)
    words = "unchanged" if there is _staged else "already published"
    assert f"{WHEEL.filename}: {words}." in page.content.decode()
    assert everything() == before


LONGER = wheels.wheel(files={"sampleproject/__init__.py": "".join(map(str, range(9999))).encode()})


@pytest.mark.promise
@pytest.mark.parametrize("order", [1, -1], ids=["digest first", "file first"])
@pytest.mark.parametrize("built", [OTHER, LONGER], ids=["shorter", "longer"])
@pytest.mark.parametrize("there", [_staged, _published])
def test_other_bytes_do_not_get_in_by_a_name(full, ci, mike, mikes, there, built, order):
    """It is true that a name which is there is no way over the quota: nothing is kept of other bytes."""
    there(full, mike, mikes)
    before = everything()
    response = bodies.post_form(bodies.parts(built)[::order], ci.basic)
    if built is LONGER or order == 1:
        expected = "file-too-large"
    else:
        expected = "over-quota" if there is _staged else "file-exists"
    assert codes(response) == {expected}
    assert everything() == before


@pytest.mark.parametrize(
    ("filename", "sha256"),
    [(WHEEL.filename, OTHER.sha256), ("sampleproject-1.0-7-py3-none-any.whl", WHEEL.sha256)],
    ids=["another digest", "another name"],
)
def test_what_cannot_be_equal_is_refused_when_its_part_begins(full, ci, filename, sha256):
    """It is true that nothing of a file that cannot fit is taken in for the sake of a name or a digest alone."""
    Project.objects.update(quota=10 * MIB)
    form = bodies.spelled(bodies.parts(wheels.Built(filename, b""), sha256_digest=sha256))
    head, tail = form[: -len(bodies.BOUNDARY) - 8], form[-len(bodies.BOUNDARY) - 8 :]
    stream = bodies.Stream(head, 64 * MIB, tail)
    before = everything()
    response = bodies.post(stream, len(form) + 64 * MIB, ci.basic)
    assert (response.status_code, codes(response)) == (413, {"file-too-large"})
    assert stream.taken <= MIB
    assert everything() == before


def test_more_than_what_is_there_is_refused_while_it_streams(full, ci):
    form = bodies.spelled(bodies.parts(wheels.Built(WHEEL.filename, b""), sha256_digest=WHEEL.sha256))
    head, tail = form[: -len(bodies.BOUNDARY) - 8], form[-len(bodies.BOUNDARY) - 8 :]
    stream = bodies.Stream(head, 64 * MIB, tail)
    response = bodies.post(stream, len(form) + 64 * MIB, ci.basic)
    assert (response.status_code, codes(response)) == (413, {"file-too-large"})
    assert stream.taken <= MIB


def test_a_name_that_was_deleted_has_no_room(full, ci):
    file = File.objects.get()
    deleting.delete_file(draft=full, filename=file.filename, by=Actor.system("tests"), seen=file.sha256)
    before = everything()
    response = ci.upload(WHEEL)
    assert (response.status_code, codes(response)) == (413, {"file-too-large"})
    assert everything() == before


def test_a_name_counts_once_in_a_form(full, mikes):
    """It is true that a form which names one file many times is not taken in many times."""
    before = everything()
    twice = [SimpleUploadedFile(WHEEL.filename, WHEEL.data) for _ in range(2)]
    page = mikes.post(draft_url(full, "file-upload"), {"content": twice}, follow=True)
    assert "Not staged: The file is larger than the" in page.content.decode()
    assert everything() == before


def test_identical_bytes_are_taken_by_both_doors(full, ci):
    """It is true that a full project says yes at the Upload 2.0 API too, and no to other bytes before they travel."""
    speaker = Speaker(ci.token)
    session = speaker.join()
    assert speaker.announce(session, OTHER).status_code == 413
    assert speaker.stage(session, WHEEL).status_code == 201
    assert [(file.state, file.sha256) for file in File.objects.all()] == [("completed", WHEEL.sha256)]


# --- superseded uploads ------------------------------------------------------------------------------------


def test_when_the_quota_is_full_the_oldest_superseded_uploads_go_first(project, ci):
    """It is true that what was replaced counts, stays while there is room, and goes oldest first when there is none."""
    versions = [wheels.wheel(salt=str(number)) for number in range(4)]
    for built in versions[:3]:
        assert ci.upload(built).status_code == 200
    do_jobs()
    kept = sum(len(built.data) for built in versions[:3])
    assert quota.kept_bytes(project) == kept
    Project.objects.update(quota=(kept + 10) * 5 // 4)
    assert ci.upload(versions[3]).status_code == 200
    do_jobs()
    with_bytes = File.objects.with_bytes().order_by("pk").values_list("sha256", flat=True)
    assert list(with_bytes) == [built.sha256 for built in versions[1:]]


@pytest.mark.promise
def test_nothing_makes_way_for_a_file_that_does_not_fit_all_the_same(project, ci):
    """It is true that a refused upload deletes nothing, and what is in a draft or published never makes way."""
    for salt in "ab":
        assert ci.upload(wheels.wheel(salt=salt)).status_code == 200
    Project.objects.update(quota=quota.kept_bytes(project) * 5 // 4)
    assert codes(ci.upload(LONGER)) & {"over-quota", "file-too-large"}
    do_jobs()
    assert File.objects.with_bytes().count() == 2
