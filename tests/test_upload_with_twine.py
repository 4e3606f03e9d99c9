"""A build job stages files with the real twine."""

import http.client
import socket
from contextlib import closing, suppress

import pytest

from accounts.audit import Actor
from drafts.access import projects
from drafts.models import Draft, File, FileState
from tests import wheels
from tests.clients import large_wheel
from tests.environment import PORT

pytestmark = [pytest.mark.clients, pytest.mark.django_db(transaction=True)]


def test_a_wheel_and_an_sdist_become_one_draft(live, clients, ci, dist):
    """It is true that both files are staged, that nothing is published, and that staging again changes nothing."""
    built = [wheels.wheel(), wheels.sdist()]
    paths = [one.write(dist) for one in built]
    said = clients.twine(live.upload_url, ci.token, *paths)
    assert said.code == 0, said.text
    draft = Draft.objects.get()
    before = list(
        File.objects.order_by("pk").values("filename", "sha256", "size", "state", "staged_at", "object_id")
    )
    assert {row["filename"]: row["sha256"] for row in before} == {one.filename: one.sha256 for one in built}
    assert live.page() is None
    again = clients.twine(live.upload_url, ci.token, *paths)
    assert again.code == 0, again.text
    after = list(
        File.objects.order_by("pk").values("filename", "sha256", "size", "state", "staged_at", "object_id")
    )
    assert after == before
    assert (draft.serial, draft.fingerprint()) == (
        Draft.objects.get().serial,
        Draft.objects.get().fingerprint(),
    )


def test_other_bytes_replace_the_file(live, clients, ci, dist):
    first, second = wheels.wheel(), wheels.wheel(salt="built again")
    for built in (first, second):
        said = clients.twine(live.upload_url, ci.token, built.write(dist))
        assert said.code == 0, said.text
    assert Draft.objects.get().files.live().get().sha256 == second.sha256
    assert File.objects.get(state=FileState.CANCELED).superseded_by.sha256 == second.sha256
    assert File.objects.get(state=FileState.CANCELED).sha256 == first.sha256


def test_four_jobs_at_once_fill_one_draft(live, clients, ci, dist):
    built = [wheels.wheel(tag=f"cp3{minor}-cp3{minor}-manylinux_2_28_x86_64") for minor in (10, 11, 12, 13)]
    commands = [clients.twine_command(live.upload_url, ci.token, one.write(dist)) for one in built]
    jobs = [clients.start(*command) for command in commands]
    for job in jobs:
        said = clients.end(job)
        assert said.code == 0, said.text
    assert set(Draft.objects.get().files.live().values_list("filename", "sha256")) == {
        (one.filename, one.sha256) for one in built
    }


@pytest.mark.usefixtures("no_bytes_stay")
def test_a_wrong_token_is_told_so(live, clients, ci, dist):
    said = clients.twine(live.upload_url, f"{ci.token}x", wheels.wheel().write(dist))
    assert said.code != 0
    assert "This token is not valid: it is mistyped, has expired or was revoked." in said
    assert not File.objects.exists()


@pytest.mark.usefixtures("no_bytes_stay")
def test_a_refusal_arrives_while_a_large_file_is_on_its_way(live, clients, ci, dist):
    """It is true that twine shows the sentence, not a broken pipe, though 30 MiB were never read."""
    said = clients.twine(live.upload_url, f"{ci.token}x", large_wheel().write(dist))
    assert said.code != 0
    assert "This token is not valid" in said, said.text
    assert "roken pipe" not in said
    assert "Connection" not in said


@pytest.mark.usefixtures("no_bytes_stay")
def test_a_client_that_sends_all_before_it_reads_is_told_too(live):
    """It is true that up to 16 MiB are read after a refusal, and that the connection can be used again."""
    size = 16 * 1024 * 1024
    connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
    with closing(connection):
        headers = {"Host": live.host, "Content-Type": "multipart/form-data; boundary=x"}
        connection.request("POST", "/legacy/", bytes(size), headers)
        answer = connection.getresponse()
        assert (answer.status, answer.reason[:36]) == (401, "This address needs an upload token: ")
        answer.read()
        before = connection.sock
        connection.request("GET", "/healthz", headers={"Host": live.host})
        assert connection.getresponse().status == 200
        assert connection.sock is before


@pytest.mark.usefixtures("no_bytes_stay")
def test_a_client_that_never_ends_is_not_read_for_ever(live):
    """It is true that beyond 16 MiB, and what the kernels hold on the way, the connection ends under the sender."""
    mebibytes = 0
    with socket.create_connection(("127.0.0.1", PORT), timeout=30) as connection:
        head = f"POST /legacy/ HTTP/1.1\r\nHost: {live.host}\r\nContent-Type: multipart/form-data; boundary=x\r\n"
        connection.sendall(f"{head}Content-Length: {10**12}\r\n\r\n".encode())
        with suppress(ConnectionError):
            while mebibytes < 100:
                connection.sendall(bytes(1024 * 1024))
                mebibytes += 1
    assert 16 <= mebibytes < 100


@pytest.mark.usefixtures("no_bytes_stay")
def test_another_projects_name_is_refused_in_words(live, clients, ci, alice, dist):
    projects.create(name="otherproject", by=Actor.system("tests"), owner=alice.email)
    said = clients.twine(live.upload_url, ci.token, wheels.wheel("otherproject").write(dist))
    assert said.code != 0
    assert "This token stages files of 'sampleproject', not of 'otherproject': " in said
    assert not File.objects.exists()


@pytest.mark.usefixtures("no_bytes_stay")
def test_a_lying_metadata_is_refused_and_leaves_nothing(live, clients, ci, dist):
    """It is true that a file that says another version inside leaves words, no row, no bytes."""
    said = clients.twine(live.upload_url, ci.token, wheels.wheel(says_version="2.0").write(dist))
    assert said.code != 0
    assert "'sampleproject-1.0-py3-none-any.whl' has the version 1.0, but the release is 2.0." in said
    assert not File.objects.exists()
    assert not Draft.objects.exists()
