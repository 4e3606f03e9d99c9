"""How ``stage.py`` ends, what it hides from logs, and what it does while a server is away."""

import zipfile

import pytest

from drafts.intake import stage
from drafts.models import Draft, File, Project
from tests import wheels
from tests.conftest import SYSTEM, publish
from tests.processes import free_port
from tests.scripted import answering

pytestmark = [pytest.mark.clients, pytest.mark.django_db(transaction=True)]
AWAY = [503] * 9  # more often than a request that is not waited for is asked


def session(live) -> str:
    return f"{live.url}/upload/{Draft.objects.get().handle}/"


def test_waiting_outlasts_a_server_that_is_away(stage_py):
    """It is true that a restart in the middle of hours of waiting does not end the job."""
    with answering(*AWAY, 200) as url:
        said = stage_py("wait", "--session", url, "--timeout", "5h")
    assert said.code == 0, said.text


def test_a_server_that_stays_away_times_out_with_the_words_to_resume(stage_py):
    with answering(503) as url:
        said = stage_py("wait", "--session", url, "--timeout", "0.2s", "--until", "approved")
    assert said.code == 5, said.text
    assert f"stage.py wait --session {url} --until approved" in said


def test_what_is_not_waited_for_fails_after_a_few_tries(stage_py):
    with answering(*AWAY, 200) as url:
        assert stage_py("fetch", "--session", url).code == 1


def test_a_dry_run_asks_a_busy_server_again(stage_py, built_dist):
    with answering(503, 429, 200) as url:
        said = stage_py("--index", url, "--dry-run", built_dist / "*.whl")
    assert said.code == 0, said.text
    assert "sampleproject-1.0-py3-none-any.whl: added" in said


def test_a_token_that_ends_while_people_are_waited_for_says_how_to_go_on(stage_py):
    """It is true that this is no refusal: the exit code is that of what timed out, and another job can go on waiting."""
    with answering(200, 401, state="open") as url:
        said = stage_py("wait", "--session", url)
    assert said.code == 5, said.text
    assert "The upload token ended while people were waited for; the draft stays." in said
    assert "id-token: write" in said
    assert f"stage.py wait --session {url} --until published" in said


def test_a_token_that_never_was_good_is_refused_when_waiting(stage_py):
    with answering(401) as url:
        said = stage_py("wait", "--session", url)
    assert (said.code, "stage.py wait" in said) == (1, False), said.text


@pytest.mark.promise
@pytest.mark.parametrize(
    ("variable", "command"), [("GITHUB_ACTIONS", "::add-mask::"), ("TF_BUILD", "##vso[task.setsecret]")]
)
def test_secrets_are_masked_where_the_provider_does_so(stage_py, built_dist, ci, variable, command):
    """It is true that the token, and a draft link that CI is told, are said to the provider alone, as secrets."""
    Project.objects.update(link_for_ci="full")
    said = stage_py(*stage_py.index, built_dist / "*", **{variable: "true"})
    assert said.code == 0, said.text
    words = [word for word in said.text.split() if "pcu_" in word or "pcd_" in word]
    assert words[0] == f"{command}{ci.token}"
    assert words[1].startswith(f"{command}pcd_")
    assert len(words) == 2


def test_a_link_that_is_to_be_printed_is_not_masked(stage_py, built_dist):
    Project.objects.update(link_for_ci="full")
    said = stage_py(*stage_py.index, "--print-link", built_dist / "*", GITHUB_ACTIONS="true")
    assert "::add-mask::pcd_" not in said
    assert "--extra-index-url http" in said


def test_elsewhere_no_secret_is_printed_at_all(stage_py, built_dist, ci):
    Project.objects.update(link_for_ci="full")
    said = stage_py(*stage_py.index, built_dist / "*")
    assert (said.code, ci.token in said, "pcd_" in said) == (0, False, False)


def test_a_published_release_is_left_alone(stage_py, built_dist, draft, mike):
    """It is true that the server says so before anything is opened or sent, in any spelling of the version."""
    publish(draft, mike)
    wheels.wheel(version="1.0.0", build="2").write(built_dist)
    before = Draft.objects.count(), File.objects.count()
    said = stage_py(*stage_py.index, built_dist / "*-2-*")
    assert (said.code, "published already" in said, "--late" in said) == (3, True, True), said.text
    assert (Draft.objects.count(), File.objects.count()) == before
    late = stage_py(*stage_py.index, "--late", built_dist / "*-2-*")
    assert late.code == 0, late.text
    assert "ADDS TO A PUBLISHED RELEASE" in late
    again = stage_py(*stage_py.index, built_dist / "*-2-*")
    assert again.code == 3  # also while a draft that adds to it is open


def test_a_file_that_nobody_looks_at_in_time_is_kept(stage_py, tmp_path):
    """It is true that the exit code says that time ran out, and that the words say how to go on: no worker runs here."""
    large = {"sampleproject/data.bin": bytes(33 * 1024**2)}
    path = wheels.wheel(files=large, compression=zipfile.ZIP_STORED).write(tmp_path)
    said = stage_py(*stage_py.index, "--timeout", "0s", path)
    assert said.code == 5, said.text
    assert "it is still processing. What was sent is kept: run this again" in said


@pytest.mark.parametrize(
    ("host", "words"),
    [("127.0.0.1", "does not answer: Connection refused"), ("nowhere.invalid", "does not answer: ")],
)
def test_a_server_that_is_not_there_is_named_in_words(stage_py, host, words):
    index = f"{host}:{free_port()}"
    said = stage_py("wait", "--session", f"http://{index}/upload/s/", "--timeout", "0s")
    assert said.code == 5, said.text
    assert f"{index} {words}" in said
    assert not [word for word in ("urlopen", "Errno", "Traceback", "None") if word in said.text], said.text


def test_a_job_of_several_says_what_is_still_to_come(stage_py, built_dist):
    """It is true that such a job does not call the draft complete, and that publishing waits for what it names."""
    others = "sampleproject-1.0-cp312-cp312-win_amd64.whl"
    said = stage_py(*stage_py.index, "--partial", "--expects", others, built_dist / "*")
    assert said.code == 0, said.text
    draft = Draft.objects.get()
    assert (draft.complete_said_at, draft.expects) == (None, [others])


def test_a_canceled_draft_is_not_fetched(stage_py, draft, live, tmp_path):
    stage.cancel(draft=draft, by=SYSTEM)
    said = stage_py("fetch", "--session", session(live), "--into", tmp_path / "got")
    assert said.code == 4, said.text
    assert not (tmp_path / "got").exists() or not list((tmp_path / "got").iterdir())


USAGE = {
    "no index": ("dist/x.whl",),
    "no session": ("wait",),
    "no span of time": ("wait", "--session", "http://x/upload/y/", "--timeout", "soon"),
    "no address": ("--index", "ftp://x", "dist/x.whl"),
}


@pytest.mark.parametrize("arguments", USAGE.values(), ids=USAGE.keys())
def test_a_command_line_that_is_none_ends_with_2(stage_py, arguments):
    assert stage_py(*arguments).code == 2
