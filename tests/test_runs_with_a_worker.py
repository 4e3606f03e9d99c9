"""A real worker fetches a run: killed in the middle of a download, it is followed by another; in a browser it is watched."""

import threading

import pytest
from playwright.sync_api import Locator

from accounts.audit import Actor
from drafts import secrets
from drafts.intake.runs import ask as runs
from drafts.models import CiRun, CiSource, Draft, FetchState, File
from drafts.operations import sweeps
from tests import bodies, wheels
from tests.live import Program, _running, eventually
from tests.providers import github as hubs

pytestmark = [pytest.mark.promise, pytest.mark.django_db(transaction=True)]
WHEEL, SDIST = wheels.wheel(), wheels.sdist()
RUN = "https://github.com/octo/sampleproject/actions/runs/8812"


@pytest.fixture
def hub():
    """GitHub's double, with a run of two files."""
    with hubs.github() as double:
        double.add("wheels-linux", WHEEL)
        double.add("sdist", SDIST)
        sums = "".join(f"{one.sha256}  {one.filename}\n" for one in (WHEEL, SDIST))
        double.logs = {"build": sums.encode()}
        double.made_by = {"wheels-linux": "build", "sdist": "build"}
        yield double


@pytest.fixture
def source(project, hub, alice):
    """Where the project's CI runs."""
    return CiSource.objects.create(
        project=project,
        kind="github",
        api=hub.url,
        repository="octo/sampleproject",
        repository_id=4711,
        token_sealed=secrets.seal_ci_token(hubs.TOKEN),
        set_by=alice,
    )


@pytest.fixture
def worker(live, monkeypatch):
    """Start a worker that may reach the doubles."""
    monkeypatch.setenv("PRESSCHECK_OUTBOUND_ALLOW", "127.0.0.1")
    return lambda: _running(Program("worker", "-m", "config.celery_worker"))


def ended() -> CiRun | None:
    sweeps.ring_waiting()
    return CiRun.objects.exclude(state=FetchState.FETCHING).first()


def seen(words: Locator) -> bool:
    """Whether a page shows them; jobs that have to be tried again are rung for, as the scheduler does."""
    sweeps.ring_waiting()
    return words.is_visible()


def test_a_worker_killed_in_a_download_is_followed_by_another(worker, source, hub, mike):
    """It is true that after ``kill -9`` everything is staged once, and nothing is left behind."""
    before = bodies.stored()
    reached, go_on = threading.Event(), threading.Event()

    def hold() -> None:
        reached.set()
        go_on.wait(60)

    hub.hold = hold
    runs.ask(project=source.project, text=RUN, user=mike, by=Actor.person(mike))
    with worker():
        eventually(reached.is_set)
    hub.hold = None
    go_on.set()
    assert CiRun.objects.get().state == FetchState.FETCHING
    with worker():
        run = eventually(ended, every=0.5)
    assert (run.state, run.error) == (FetchState.DONE, "")
    assert sorted(File.objects.values_list("filename", flat=True)) == sorted([WHEEL.filename, SDIST.filename])
    assert len(bodies.stored() - before) == len({file.object_id for file in File.objects.all()}) + 1


@pytest.mark.browser
def test_a_person_pastes_an_address_and_watches(worker, open_page, source, mike, hub):
    """It is true that two clicks lead from a run's address to a draft whose files match what CI logged."""
    page = open_page(user=mike)
    page.goto("/projects/sampleproject/")
    page.get_by_label("Stage from a run").fill(RUN)
    with worker():
        page.get_by_role("button", name="Fetch its files and logs").click()
        eventually(lambda: seen(page.get_by_text("Files: 2 added.")), every=0.5)
        page.get_by_role("link", name="Review sampleproject 1.0").click()
        page.locator(
            '#verdict:has-text("2 of 2 files match what CI logged in run 8812 (fetched by Presscheck)")'
        ).wait_for(timeout=60_000)
    assert Draft.objects.get().files.live().count() == 2
