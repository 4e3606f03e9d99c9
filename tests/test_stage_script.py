"""``stage.py`` as a build job runs it: against a live server, with nothing but Python or uv."""

import json
import random

import pytest

from accounts.audit import Actor
from drafts.intake import stage
from drafts.models import Draft, DraftLink, File, Project
from tests import wheels
from tests.conftest import publish
from tests.cutting import cutting
from tests.live import eventually
from tests.scripted import digests

pytestmark = [pytest.mark.clients, pytest.mark.django_db(transaction=True)]

MIB = 1024 * 1024


def staged() -> dict[str, str]:
    return dict(File.objects.live().values_list("filename", "sha256"))


def session() -> str:
    from django.conf import settings

    return f"{settings.PRESSCHECK_URL}/upload/{Draft.objects.get().handle}/"


def test_a_job_stages_and_prints_digests_and_the_review_page(stage_py, built_dist, ci, tmp_path):
    """It is true that the log is evidence and names the page, and holds neither token nor draft link."""
    said = stage_py(
        *stage_py.index,
        built_dist / "*",
        GITHUB_STEP_SUMMARY=str(tmp_path / "summary"),
        GITHUB_OUTPUT=str(tmp_path / "output"),
    )
    assert said.code == 0, said.text
    assert staged() == digests(built_dist)
    for filename, digest in staged().items():
        assert f"{digest} {filename}" in said.text
        assert digest in (tmp_path / "summary").read_text()
    assert "/projects/sampleproject/drafts/1.0/" in said.text
    assert f"session={session()}\n" in (tmp_path / "output").read_text()
    assert ci.token not in said.text
    assert not DraftLink.objects.exists()
    assert Draft.objects.get().complete_said_at is not None


def test_uv_runs_it_from_the_server(clients, live, ci, built_dist):
    """It is true that one line is enough where there is uv."""
    said = clients.run(
        *(
            "uv",
            "run",
            "--no-project",
            f"{live.url}/stage.py",
            "--index",
            live.upload_url,
            str(built_dist / "*"),
        ),
        PRESSCHECK_TOKEN=ci.token,
    )
    assert said.code == 0, said.text
    assert staged() == digests(built_dist)


def test_a_job_that_runs_again_sends_nothing(stage_py, built_dist):
    assert stage_py(*stage_py.index, built_dist / "*").code == 0
    before = list(File.objects.values_list("pk", "state"))
    said = stage_py(*stage_py.index, built_dist / "*")
    assert said.code == 0, said.text
    assert said.text.count("unchanged ") == 2
    assert list(File.objects.values_list("pk", "state")) == before


def test_one_refused_file_does_not_stop_the_others(stage_py, built_dist, tmp_path):
    """It is true that the refusal is said in the server's words, and the job fails."""
    (built_dist / "sampleproject-1.0-2-py3-none-any.whl").write_bytes(b"PK nothing")
    said = stage_py(*stage_py.index, built_dist / "*")
    assert said.code == 1
    assert "sampleproject-1.0-2-py3-none-any.whl was not staged" in said.text
    assert len(staged()) == 2
    assert Draft.objects.get().complete_said_at is None


def test_a_wrong_token_is_said_in_words(stage_py, built_dist):
    said = stage_py(*stage_py.index, built_dist / "*", PRESSCHECK_TOKEN="pcu_wrong")
    assert (said.code, staged()) == (1, {})
    assert "This token is not valid" in said.text


def test_it_asks_for_the_token(stage_py, built_dist):
    said = stage_py(*stage_py.index, built_dist / "*", PRESSCHECK_TOKEN="")
    assert said.code == 2
    assert "PRESSCHECK_TOKEN" in said.text


def test_files_of_two_releases_are_not_mixed(stage_py, built_dist):
    wheels.wheel(version="2.0").write(built_dist)
    said = stage_py(*stage_py.index, built_dist / "*")
    assert (said.code, staged()) == (1, {})
    assert "several releases" in said.text


@pytest.mark.embedded  # what is cut leads to this server alone
def test_a_large_file_survives_dropped_connections(stage_py, live, tmp_path):
    """It is true that of a file cut six times at random offsets no more than a part is sent again each time."""
    folder = tmp_path / "dist"
    folder.mkdir()
    noise = random.Random(7).randbytes(24 * MIB)
    wheels.wheel(files={"sampleproject/data.bin": noise}, compression=0).write(folder)
    offsets = random.Random(8)
    with cutting(live.port, [offsets.randrange(MIB // 4, 12 * MIB) for _ in range(6)]) as cutter:
        said = stage_py(*stage_py.index, folder / "*", http_proxy=cutter.url)
    assert said.code == 0, said.text
    assert cutter.cut >= 3  # a part that was smaller than its cut came through
    eventually(lambda: staged() == digests(folder))


def test_a_dry_run_asks_the_door_and_stages_nothing(stage_py, built_dist, nothing_kept):
    (built_dist / "sampleproject-1.0-2-py3-none-any.whl").write_bytes(b"PK nothing")
    said = stage_py(*stage_py.index, "--dry-run", built_dist / "*")
    assert said.code == 1
    assert "sampleproject-1.0-py3-none-any.whl: added" in said.text
    assert "sampleproject-1.0-2-py3-none-any.whl: " in said.text


def test_a_published_release_is_left_alone_unless_told(stage_py, built_dist, mike):
    assert stage_py(*stage_py.index, built_dist / "*").code == 0
    publish(Draft.objects.get(), mike)
    wheels.wheel(build="2").write(built_dist)
    said = stage_py(*stage_py.index, built_dist / "*-2-*")
    assert said.code == 3
    assert "published already" in said.text
    said = stage_py(*stage_py.index, "--late", built_dist / "*-2-*")
    assert said.code == 0, said.text
    assert Draft.objects.count() == 2


def test_the_testers_line_is_printed_where_the_project_lets_ci_know_it(stage_py, built_dist):
    Project.objects.update(link_for_ci="full")
    assert "--extra-index-url" not in stage_py(*stage_py.index, built_dist / "*").text
    assert "--extra-index-url" in stage_py(*stage_py.index, "--print-link", built_dist / "*").text


def test_waiting_ends_with_what_people_decided(stage_py, built_dist, mike):
    assert stage_py(*stage_py.index, built_dist / "*").code == 0
    said = stage_py("wait", "--session", session(), "--timeout", "1s")
    assert said.code == 5
    assert f"wait --session {session()}" in said.text
    stage.cancel(draft=Draft.objects.get(), by=Actor.system("tests"))
    assert stage_py("wait", "--session", session(), "--timeout", "60s").code == 4


def test_what_was_published_is_fetched_and_checked(stage_py, built_dist, mike, tmp_path):
    """It is true that a later job gets exactly the reviewed bytes."""
    assert stage_py(*stage_py.index, built_dist / "*").code == 0
    assert stage_py("fetch", "--session", session(), "--into", tmp_path / "early").code == 1
    publish(Draft.objects.get(), mike)
    assert stage_py("wait", "--session", session()).code == 0
    said = stage_py(
        "fetch", "--session", session(), "--into", tmp_path / "got", "--receipt", tmp_path / "receipt"
    )
    assert said.code == 0, said.text
    assert digests(tmp_path / "got") == digests(built_dist)
    receipt = json.loads((tmp_path / "receipt").read_text())
    assert receipt["fingerprint"] == Draft.objects.get().fingerprint()
    assert {file["filename"]: file["sha256"] for file in receipt["files"]} == digests(built_dist)


def test_other_bytes_are_not_taken_for_what_was_reviewed(stage_py, built_dist, mike, tmp_path):
    """It is true that a store that lies is found out, and nothing of it is left in the folder."""
    assert stage_py(*stage_py.index, built_dist / "*").code == 0
    publish(Draft.objects.get(), mike)
    file = File.objects.published().get(filename__endswith=".whl")
    File.objects.filter(pk=file.pk).update(sha256="0" * 64)
    said = stage_py("fetch", "--session", session(), "--into", tmp_path / "got")
    assert said.code == 1
    assert "not what was reviewed" in said.text
    assert file.filename not in digests(tmp_path / "got")
