"""It is true that a file which goes to the store in parts is whole there or not there, whatever the store does meanwhile."""

import random
from itertools import product

import pytest
from django.test import Client

from drafts.models import Draft, DraftState, File, Job, JobState
from drafts.storage import storage
from tests import bodies, stored, wheels
from tests.conftest import do_jobs, publish
from tests.fault_proxy import Fault
from tests.stored import everything
from tests.test_jobs import due_now

pytestmark = [pytest.mark.services, pytest.mark.django_db, pytest.mark.usefixtures("small_parts")]
MIB = 1024 * 1024
LARGE = wheels.wheel(files={"sampleproject/data.bin": random.Random(1).randbytes(11 * MIB)})


def begins(method: str, path: str) -> bool:
    return method == "POST" and path.endswith("?uploads")


def second_part(method: str, path: str) -> bool:
    return method == "PUT" and "partNumber=2" in path


def last_part(method: str, path: str) -> bool:
    return method == "PUT" and "partNumber=3" in path


def completes(method: str, path: str) -> bool:
    return method == "POST" and "uploadId=" in path


STEPS = [begins, second_part, last_part, completes]


@pytest.mark.parametrize(("step", "kind"), [*product(STEPS, ["503", "lost"]), (completes, "gone")])
def test_one_hiccup_in_any_step_is_not_noticed(ci, proxy, step, kind):
    """It is true that an answer which was lost and asked for again does not undo what the store did."""
    proxy.faults.append(Fault(kind, step, times=1))
    assert ci.upload(LARGE).status_code == 200
    assert proxy.faults[0].seen == 1
    file = File.objects.get()
    with storage().open(file.object_id, file.filename) as there:
        assert there.read() == LARGE.data


@pytest.mark.parametrize(
    ("step", "kind"),
    [(begins, "503"), (begins, "lost"), (second_part, "sent"), (second_part, "lost"), (completes, "503")],
)
def test_a_store_that_stays_away_in_any_step_leaves_nothing(ci, proxy, step, kind):
    before = everything()
    proxy.faults.append(Fault(kind, step))
    response = ci.upload(LARGE)
    assert (response.status_code, bodies.codes(response)) == (503, {"storage-down"})
    assert proxy.faults[0].seen
    assert (File.objects.count(), Draft.objects.count()) == (0, 0)
    proxy.faults.clear()
    assert everything() == before


def test_what_was_given_up_meanwhile_is_sent_again(ci, proxy):
    """It is true that parts which a rule of the bucket dropped mean 503, not that the file was not there."""
    before = everything()

    def drops(method: str, path: str) -> bool:
        if last_part(method, path):
            for object_id in everything() - before:
                storage().delete(object_id)
        return False

    proxy.faults.append(Fault("none", drops))
    response = ci.upload(LARGE)
    assert (response.status_code, bodies.codes(response)) == (503, {"storage-down"})
    assert everything() == before


@pytest.fixture
def large(ci):
    """A draft of one large wheel."""
    assert ci.upload(LARGE).status_code == 200
    return Draft.objects.get()


@pytest.mark.parametrize(("step", "kind"), [*product(STEPS, ["503", "lost"]), (completes, "gone")])
def test_one_hiccup_while_copying_is_not_noticed(large, mike, mikes, proxy, step, kind):
    proxy.faults.append(Fault(kind, step, times=1))
    publish(large, mike, mikes)
    assert proxy.faults[0].seen == 1
    assert large.state == DraftState.PUBLISHED
    file = File.objects.get()
    assert stored.fetched(Client().get(f"/files/{file.public_id}/{file.filename}")) == LARGE.data


@pytest.mark.parametrize("kind", ["503", "lost"])
@pytest.mark.parametrize("step", STEPS)
def test_publishing_in_parts_waits_for_a_store_that_is_down(large, mike, mikes, proxy, step, kind):
    """It is true that a draft is not handed back as if its bytes were gone because its store was away."""
    proxy.faults.append(Fault(kind, step))
    publish(large, mike, mikes)
    assert proxy.faults[0].seen
    job = Job.objects.get(kind="publishing.publish")
    if large.state == DraftState.PUBLISHED:  # the store did it, and the job saw that it is there
        assert (step, kind) == (completes, "lost")
        return
    assert (large.state, job.state) == (DraftState.PROCESSING, JobState.WAITING)
    assert not File.objects.published().exists()
    proxy.faults.clear()
    due_now()
    do_jobs()
    large.refresh_from_db()
    assert large.state == DraftState.PUBLISHED
