"""Stage from a run, through the pages: name it, watch it, choose, and read where each file came from."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from drafts import secrets
from drafts.access.projects import create
from drafts.models import CiRun, CiSource, Draft, FetchState, Job
from tests import wheels
from tests.conftest import do_jobs, draft_url
from tests.providers import github as hubs

pytestmark = pytest.mark.django_db
WHEEL, SDIST = wheels.wheel(), wheels.sdist()
RUN = "https://github.com/octo/sampleproject/actions/runs/8812"
PROJECT = "/projects/sampleproject/"


@pytest.fixture(autouse=True)
def _loopback_is_allowed(settings):
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]


@pytest.fixture
def hub():
    """GitHub's double, with a run of one wheel."""
    with hubs.github() as double:
        double.add("wheels-linux", WHEEL)
        double.logs = {"build": f"{WHEEL.sha256}  dist/{WHEEL.filename}\n".encode()}
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
def mikes(source, mike):
    """mike's browser."""
    client = Client()
    client.force_login(mike)
    return client


def name_it(client: Client, text: str = RUN, **form: str) -> str:
    """Paste an address; returns the page that follows."""
    return client.post(f"{PROJECT}runs/", {"run": text, **form}, follow=True).content.decode()


def page(client: Client) -> str:
    return client.get(f"{PROJECT}runs/{CiRun.objects.get().pk}/").content.decode()


def later() -> None:
    """Time went by."""
    Job.objects.filter(state="waiting").update(not_before=timezone.now() - timedelta(hours=1))


def test_a_pasted_address_becomes_a_draft(mikes):
    """It is true that the page asks for itself while the run is fetched, and then leads to the draft."""
    assert "waiting for a worker" in name_it(mikes)
    assert 'hx-trigger="every 2s"' in page(mikes)
    do_jobs()
    shown = page(mikes)
    assert "hx-trigger" not in shown
    assert f'data-run-file="{WHEEL.filename}" data-did="added"' in shown
    assert "Files: 1 added." in shown
    assert draft_url(Draft.objects.get()) in shown
    assert f'"{hub_page()}"' in shown


def hub_page() -> str:
    return f"{CiSource.objects.get().api}/octo/sampleproject/actions/runs/8812"


def test_the_draft_says_where_its_files_came_from(mikes):
    name_it(mikes)
    do_jobs()
    shown = mikes.get(draft_url(Draft.objects.get())).content.decode()
    assert "taken from run 8812, artifact wheels-linux, at 3f2c1ab" in shown
    assert f'href="{PROJECT}runs/{CiRun.objects.get().pk}/"' in shown
    assert "fetched a CI run" in shown
    assert "run 8812 at 3f2c1ab: 1 added" in shown
    assert "fetched by Presscheck" in shown
    assert 'data-evidence="match"' in shown


def test_a_draft_asks_for_its_own_version(mikes, hub, ci):
    ci.upload(SDIST)
    hub.add("later", wheels.wheel(version="1.1"))
    shown = mikes.get(draft_url(Draft.objects.get())).content.decode()
    assert '<input type="hidden" name="version" value="1.0">' in shown
    name_it(mikes, version="1.0")
    do_jobs()
    assert CiRun.objects.get().state == FetchState.DONE
    assert Draft.objects.get().files.live().count() == 2


def test_several_versions_are_offered(mikes, hub):
    hub.add("later", wheels.wheel(version="1.1"))
    name_it(mikes)
    do_jobs()
    shown = page(mikes)
    assert '<option value="1.0">' in shown
    assert '<option value="1.1">' in shown
    mikes.post(f"{PROJECT}runs/{CiRun.objects.get().pk}/choose/", {"version": "1.1"})
    do_jobs()
    assert Draft.objects.get().version == "1.1"
    answer = mikes.post(f"{PROJECT}runs/{CiRun.objects.get().pk}/choose/", {"version": "1.0"}, follow=True)
    assert "does not wait for this choice" in answer.content.decode()


def test_a_choice_that_was_not_offered_is_refused(mikes, hub):
    hub.add("later", wheels.wheel(version="1.1"))
    name_it(mikes)
    do_jobs()
    mikes.post(f"{PROJECT}runs/{CiRun.objects.get().pk}/choose/", {"version": "6.6.6"})
    assert CiRun.objects.get().state == FetchState.CHOOSE


def test_what_is_no_run_is_said_in_words(mikes):
    assert "That is not the address of a run." in name_it(mikes, "run 8812, please")
    assert "belongs to other/project" in name_it(mikes, "https://github.com/other/project/actions/runs/1")
    assert not CiRun.objects.exists()


def test_what_is_no_run_leads_back_to_the_draft(mikes, ci):
    ci.upload(SDIST)
    for version, there in (("1.0", "draft"), ("9.9", "project"), ("no version", "project")):
        answer = mikes.post(f"{PROJECT}runs/", {"run": "nothing", "version": version})
        assert answer["Location"] == (draft_url(Draft.objects.get()) if there == "draft" else PROJECT)


def test_a_project_whose_ci_is_nowhere_says_so(mikes, source):
    source.delete()
    assert "does not say where its CI runs" in name_it(mikes)
    assert "Stage from a run" not in mikes.get(PROJECT).content.decode()


def test_a_run_that_the_provider_does_not_know(mikes):
    name_it(mikes, "99")
    do_jobs()
    assert "knows nothing of the run 99 of octo/sampleproject" in page(mikes)
    assert CiRun.objects.get().state == FetchState.FAILED


def test_a_provider_that_asks_to_wait_is_waited_for(mikes, hub):
    """It is true that the page says until when, nobody asks before that, and then it goes on."""
    hub.refuse = [(429, {"Retry_After": "120"})]
    name_it(mikes)
    do_jobs()
    job = Job.objects.get()
    assert (job.state, job.failures, len(hub.api.asked)) == ("waiting", 0, 1)
    assert timedelta(seconds=100) < job.not_before - timezone.now() <= timedelta(seconds=120)
    assert "asks to wait until" in page(mikes)
    later()
    do_jobs()
    assert CiRun.objects.get().state == FetchState.DONE


def test_a_provider_that_asks_to_wait_long_is_not(mikes, hub):
    hub.refuse = [(429, {"Retry_After": "7200"})]
    name_it(mikes)
    do_jobs()
    assert "too long to wait here" in page(mikes)


def test_a_provider_that_is_down_is_asked_again(mikes, hub):
    hub.refuse = [(502, {}), (503, {})]
    name_it(mikes)
    for _ in range(3):
        do_jobs()
        later()
    assert CiRun.objects.get().state == FetchState.DONE


def test_a_provider_that_stays_down_is_given_up(mikes, hub):
    hub.refuse = [(502, {})] * 20
    name_it(mikes)
    for _ in range(6):
        do_jobs()
        later()
    assert "answered 502" in page(mikes)
    assert (CiRun.objects.get().state, Job.objects.get().state) == (FetchState.FAILED, "failed")
    assert len(hub.api.asked) == 4
    hub.refuse = []
    name_it(mikes, "8812")
    do_jobs()
    assert CiRun.objects.get().state == FetchState.DONE


def test_another_commit_is_told_in_red(mikes, hub):
    name_it(mikes)
    do_jobs()
    hub.artifacts, hub.run = {}, {"head_sha": "77ab901" + "0" * 33}
    hub.add("sdist", SDIST)
    name_it(mikes)
    do_jobs()
    shown = page(mikes)
    assert 'data-warning="other-commit"' in shown
    assert "another commit: 3f2c1ab" in shown


def test_names_of_a_hostile_run_are_shown_as_text(mikes, hub):
    """It is true that nothing a build may choose reaches a page as markup."""
    evil = "<img src=x onerror=1>\0\ud800"
    hub.artifacts = {}
    hub.add(evil, WHEEL)
    hub.logs = {evil: f"{WHEEL.sha256}  {WHEEL.filename}\n".encode()}
    hub.run = {"head_branch": evil, "path": evil, "event": evil}
    name_it(mikes)
    do_jobs()
    for shown in (page(mikes), mikes.get(draft_url(Draft.objects.get())).content.decode()):
        assert "<img src=x" not in shown
        assert "&lt;img src=x" in shown


def test_a_reviewer_sees_and_does_not_ask(mikes, rita):
    name_it(mikes)
    do_jobs()
    ritas = Client()
    ritas.force_login(rita)
    assert "Fetch run 8812 again" not in page(ritas)
    assert "Fetch run 8812 again" in page(mikes)
    assert ritas.post(f"{PROJECT}runs/", {"run": RUN}).status_code == 403


def test_a_run_of_another_project_is_not_there(mikes, mike, alice):
    name_it(mikes)
    create(name="other", by=Actor.system("tests"), owner=mike.email)
    assert mikes.get(f"/projects/other/runs/{CiRun.objects.get().pk}/").status_code == 404
