"""What CI providers say of a run, read through doubles of their APIs; each refusal is a sentence."""

import io
from datetime import UTC, datetime, timedelta

import pytest
from django.utils import timezone

from drafts.evidence.providers import (
    Down,
    Expired,
    NotThere,
    ProviderError,
    RateLimited,
    RunState,
    TooMuch,
    WrongToken,
)
from drafts.evidence.providers.github import GitHub
from drafts.evidence.providers.gitlab import GitLab
from tests.providers import github as hubs
from tests.providers import gitlab as labs


@pytest.fixture(autouse=True)
def _loopback_is_allowed(settings):
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]


@pytest.fixture
def hub():
    """GitHub's double."""
    with hubs.github() as double:
        double.artifacts = {"wheels-linux": b"PK-linux", "sdist": b"PK-sdist"}
        double.logs = {"build (linux)": b"log of linux", "lost": None}
        yield double


@pytest.fixture
def lab():
    """GitLab's double."""
    with labs.gitlab() as double:
        double.artifacts = {"wheels": b"PK-wheels"}
        double.traces = {"test": b"log of tests", "wheels": b"log of wheels"}
        yield double


def at_github(hub, token: str = hubs.TOKEN) -> GitHub:
    return GitHub.at(hub.url, "octo/sampleproject", token)


def at_gitlab(lab, token: str = labs.TOKEN) -> GitLab:
    return GitLab.at(lab.url, "group/sub/sampleproject", token)


def saved(provider, artifact, *, limit: int = 10_000) -> bytes:
    file = io.BytesIO()
    assert provider.save(artifact, file, limit=limit, tell=lambda _size: None) == len(file.getvalue())
    return file.getvalue()


def test_a_run_at_github(hub):
    provider = at_github(hub)
    assert (provider.repository().id, provider.repository().path) == (4711, "octo/sampleproject")
    run = provider.run(8812)
    assert (run.event, run.own, run.commit, run.attempt) == ("push", True, hubs.COMMIT, 1)
    assert (run.state, run.workflow) == (RunState.SUCCEEDED, ".github/workflows/release.yml")
    artifacts = provider.artifacts(run)
    assert [(one.name, one.size) for one in artifacts] == [("wheels-linux", 8), ("sdist", 8)]
    assert [saved(provider, one) for one in artifacts] == [b"PK-linux", b"PK-sdist"]
    jobs = provider.jobs(run)
    assert [one.name for one in jobs] == ["build (linux)", "lost"]
    assert provider.log(jobs[0], limit=100) == b"log of linux"
    assert provider.log(jobs[0], limit=3) == b"log "


def test_the_token_stays_with_the_api(hub):
    """It is true that the store of blobs, which is another's, never sees the token."""
    provider = at_github(hub)
    for artifact in provider.artifacts(provider.run(8812)):
        saved(provider, artifact)
    assert len(hub.blobs.asked) == 2
    assert {asked.headers.get("authorization") for asked in hub.blobs.asked} == {None}
    assert {asked.headers["authorization"] for asked in hub.api.asked} == {f"Bearer {hubs.TOKEN}"}


def test_a_pipeline_at_gitlab(lab):
    provider = at_gitlab(lab)
    assert (provider.repository().id, provider.repository().path) == (55, "group/sub/sampleproject")
    run = provider.run(8812)
    assert (run.event, run.own, run.commit, run.state) == ("push", True, labs.COMMIT, RunState.SUCCEEDED)
    artifacts = provider.artifacts(run)
    assert [(one.name, one.expired) for one in artifacts] == [("wheels", False)]
    assert saved(provider, artifacts[0]) == b"PK-wheels"
    jobs = provider.jobs(run)
    assert [provider.log(one, limit=100) for one in jobs] == [b"log of tests", b"log of wheels"]


def test_archives_that_gitlab_keeps_elsewhere(lab):
    lab.elsewhere = True
    provider = at_gitlab(lab)
    assert saved(provider, provider.artifacts(provider.run(8812))[0]) == b"PK-wheels"
    assert {asked.headers.get("private-token") for asked in lab.blobs.asked} == {None}


@pytest.mark.parametrize("page_size", [1, 2, 3, 100])
def test_every_page_is_read(hub, page_size):
    hub.page_size = page_size
    hub.artifacts = {f"wheels-{at}": b"PK" for at in range(5)}
    hub.logs = {f"job {at}": b"" for at in range(5)}
    provider = at_github(hub)
    run = provider.run(8812)
    assert [one.name for one in provider.artifacts(run)] == list(hub.artifacts)
    assert [one.name for one in provider.jobs(run)] == list(hub.logs)


def test_every_page_of_gitlab_is_read(lab):
    lab.traces = {f"job {at}": b"" for at in range(205)}
    provider = at_gitlab(lab)
    assert len(provider.jobs(provider.run(8812))) == 205


def test_of_two_artifacts_with_one_name_the_newer_counts(hub):
    """It is true that what an earlier attempt uploaded under the same name is not fetched."""
    hub.artifacts = {"wheels": b"PK-first", "wheels#2": b"PK-second"}
    provider = at_github(hub)
    artifacts = provider.artifacts(provider.run(8812))
    assert [saved(provider, one) for one in artifacts] == [b"PK-second"]


STATES = {
    ("queued", None): RunState.RUNNING,
    ("in_progress", None): RunState.RUNNING,
    ("completed", "success"): RunState.SUCCEEDED,
    ("completed", "failure"): RunState.FAILED,
    ("completed", "cancelled"): RunState.FAILED,
}


@pytest.mark.parametrize(("told", "state"), STATES.items())
def test_where_a_run_stands(hub, told, state):
    hub.run = {"status": told[0], "conclusion": told[1]}
    assert at_github(hub).run(8812).state == state


@pytest.mark.parametrize(
    ("told", "state"), [("running", "running"), ("manual", "running"), ("failed", "failed")]
)
def test_where_a_pipeline_stands(lab, told, state):
    lab.pipeline = {"status": told}
    assert at_gitlab(lab).run(8812).state == state


def test_a_fork_is_seen(hub):
    hub.run = {"head_repository": {"id": 666}}
    assert at_github(hub).run(8812).own is False
    hub.run = {"head_repository": None}
    assert at_github(hub).run(8812).own is False


RESET = int((datetime.now(UTC) + timedelta(hours=10)).timestamp())
REFUSALS = {
    "wrong token": (401, {}, WrongToken, "mistyped, expired or revoked"),
    "no right": (403, {}, WrongToken, "may not read this"),
    "not there": (404, {}, NotThere, "knows nothing of the run 8812 of octo/sampleproject"),
    "expired": (410, {}, Expired, "has expired"),
    "at fault": (502, {}, Down, "answered 502"),
    "odd": (418, {}, ProviderError, "answered 418"),
    "slow down": (429, {}, RateLimited, "asks to wait until"),
    "slow down, seconds": (403, {"Retry_After": "90"}, RateLimited, "asks to wait until"),
    "slow down, date": (429, {"Retry_After": "Fri, 31 Dec 2100 23:59:59 GMT"}, RateLimited, "23:59:59 UTC"),
    "used up": (
        403,
        {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": str(RESET)},
        RateLimited,
        "rate limit",
    ),
    "used up at GitLab": (
        429,
        {"RateLimit_Remaining": "0", "RateLimit_Reset": str(RESET)},
        RateLimited,
        "rate",
    ),
}


@pytest.mark.parametrize(("status", "headers", "kind", "words"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_is_a_sentence(hub, status, headers, kind, words):
    hub.refuse = [(status, headers)]
    with pytest.raises(kind, match=words) as refused:
        at_github(hub).run(8812)
    assert type(refused.value) is kind
    assert hubs.TOKEN not in str(refused.value)


def test_how_long_to_wait_is_believed_within_reason(hub):
    hub.refuse = [(403, {"X_RateLimit_Remaining": "0", "X_RateLimit_Reset": str(RESET)})]
    with pytest.raises(RateLimited) as told:
        at_github(hub).run(8812)
    assert told.value.until == datetime.fromtimestamp(RESET, UTC)
    for headers in ({"Retry_After": "99999999999"}, {"Retry_After": "soon"}, {"Retry_After": "-5"}):
        hub.refuse = [(429, headers)]
        with pytest.raises(RateLimited) as told:
            at_github(hub).run(8812)
        assert timezone.now() < told.value.until < timezone.now() + timedelta(days=2)


def test_a_token_of_somebody_else(hub, lab):
    with pytest.raises(WrongToken):
        at_github(hub, "other").repository()
    with pytest.raises(WrongToken):
        at_gitlab(lab, "").repository()
    assert (
        "authorization" not in hub.api.asked[0].headers
        or hub.api.asked[0].headers["authorization"] != "Bearer "
    )


def test_what_is_gone_says_so(hub, lab):
    hub.expired, lab.expired = {"wheels-linux"}, {"wheels"}
    at_hub, at_lab = at_github(hub), at_gitlab(lab)
    artifact = at_hub.artifacts(at_hub.run(8812))[0]
    assert artifact.expired
    with pytest.raises(Expired, match="the artifact wheels-linux has expired"):
        saved(at_hub, artifact)
    artifact = at_lab.artifacts(at_lab.run(8812))[0]
    assert artifact.expired
    with pytest.raises(NotThere):
        saved(at_lab, artifact)
    with pytest.raises(NotThere, match="the log of the job lost"):
        at_hub.log(at_hub.jobs(at_hub.run(8812))[1], limit=10)


def test_an_artifact_that_is_larger_than_it_says(hub):
    hub.artifacts["wheels-linux"] = bytes(5000)
    provider = at_github(hub)
    with pytest.raises(TooMuch, match="the artifact wheels-linux is too large"):
        saved(provider, provider.artifacts(provider.run(8812))[0], limit=4999)


ODD = [
    b"<html>",
    b"[]",
    b"7",
    b"{}",
    b'{"id": "8812"}',
    b'{"id": -1}',
    b'{"id": true}',
    b'{"id": 1e99}',
    b"\xff",
]


@pytest.mark.parametrize("body", ODD)
def test_an_answer_of_another_form_is_refused(hub, body):
    hub.instead = lambda asked: asked.answer(body=body)
    with pytest.raises(ProviderError):
        at_github(hub).run(8812)


def test_an_api_that_nobody_answers_for(settings):
    with pytest.raises(Down):
        GitHub.at("http://127.0.0.1:9", "octo/sampleproject", "x").run(1)
    settings.OUTBOUND_ALLOW = []
    with pytest.raises(ProviderError, match="not a public address"):
        GitHub.at("https://127.0.0.1:9", "octo/sampleproject", "x").run(1)
