"""A CI run that built sampleproject, whose files and logs a maintainer has staged: GitHub's double, and the act."""

import pytest

from accounts.audit import Actor
from drafts import secrets
from drafts.evidence.compare import Rank
from drafts.evidence.verdicts import comparison
from drafts.intake.runs import ask as runs
from drafts.intake.runs.outcome import Outcome
from drafts.models import CiRun, CiSource, Draft
from tests import wheels
from tests.conftest import do_jobs
from tests.providers import github as hubs

WHEEL, SDIST = wheels.wheel(), wheels.sdist()
RUN = "https://github.com/octo/sampleproject/actions/runs/8812"


@pytest.fixture
def run_hub(settings):
    """GitHub's double, with a run that built a wheel and an sdist and printed their digests."""
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    with hubs.github() as double:
        double.add("wheels-linux", WHEEL, **{"build/notes.txt": b"nothing"})
        double.add("sdist", SDIST)
        double.logs = {
            "build (linux)": f"{WHEEL.sha256}  dist/{WHEEL.filename}\n".encode(),
            "sdist": f"{SDIST.sha256}  dist/{SDIST.filename}\n".encode(),
            "test": b"12 passed\n",
        }
        double.made_by = {"wheels-linux": "build (linux)", "sdist": "sdist"}
        yield double


@pytest.fixture
def run_source(project, run_hub, alice):
    """sampleproject's CI runs at octo/sampleproject; alice said so, and it was tested."""
    return CiSource.objects.create(
        project=project,
        kind="github",
        api=run_hub.url,
        repository="octo/sampleproject",
        repository_id=run_hub.repository_id,
        token_sealed=secrets.seal_ci_token(hubs.TOKEN),
        set_by=alice,
    )


@pytest.fixture
def fetch_run(run_source, mike):
    """Have mike name a run, let a worker fetch_run it, and return its row."""

    def fetched(text: str = RUN, version: str = "") -> CiRun:
        run = runs.ask(
            project=run_source.project, text=text, version=version, user=mike, by=Actor.person(mike)
        )
        do_jobs()
        run.refresh_from_db()
        return run

    return fetched


def fates(run: CiRun) -> dict[str, str]:
    """What was done with each distribution, by artifact and name."""
    told = Outcome.of(run.outcome)
    return {f"{one.name}/{file.filename}": file.did for one in told.artifacts for file in one.files}


def verdicts(draft: Draft) -> set[tuple[str, Rank | None]]:
    return {(str(one.verdict), one.rank) for one in comparison(draft).files.values()}
