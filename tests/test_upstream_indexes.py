"""Real indexes as upstream: devpi-server, pypiserver and a second Presscheck, each a process of its own on loopback."""

import base64
import json
import urllib.error
import urllib.request

import pytest

from bench import peers
from drafts.models import DraftState, File, Push, PushedFile
from drafts.publishing.targets import listing, places
from tests.conftest import do_jobs, publish
from tests.test_jobs import due_now
from tests.upstreams import set_target

pytestmark = [pytest.mark.clients, pytest.mark.embedded, pytest.mark.django_db]
INDEX = {"devpi-server": "+simple/", "pypiserver": "simple/"}


@pytest.fixture(autouse=True)
def _loopback_is_allowed(settings):
    settings.OUTBOUND_ALLOW = ["127.0.0.1", "localhost"]


@pytest.fixture(params=[peers.devpi, peers.pypiserver], ids=["devpi-server", "pypiserver"])
def index(request, tmp_path):
    """One index, empty."""
    with request.param(tmp_path) as peer:
        yield peer


def aim(project, owner, peer, index_url: str):
    user, _, password = base64.b64decode(peer.authorization.removeprefix("Basic ")).decode().partition(":")
    urls = {"upload_url": peer.upload_url, "index_url": index_url}
    return set_target(project, owner, **urls, username=user, secret=password)


def goes_on(draft) -> None:
    due_now()
    do_jobs()
    draft.refresh_from_db()


def test_a_release_goes_there_is_read_back_and_counts_when_it_is_there(index, project, alice, draft, mike):
    """It is true that each file arrives with the reviewed bytes, and that what is there already is not sent again."""
    target = aim(project, alice, index, index.upload_url + INDEX[index.name])
    assert target.check_error == ""
    publish(draft, mike)
    assert draft.state == DraftState.PUBLISHED, list(PushedFile.objects.values_list("state", "words"))
    assert {row.state for row in PushedFile.objects.all()} == {"confirmed"}
    assert listed(f"{index.upload_url}{INDEX[index.name]}sampleproject/")


def listed(url: str) -> bytes:
    with urllib.request.urlopen(url, timeout=10) as answer:
        return answer.read()


def test_a_password_that_is_wrong_is_said_in_the_indexs_words(tmp_path, project, alice, draft, mike):
    with peers.devpi(tmp_path) as peer:
        wrong = {"upload_url": peer.upload_url, "index_url": peer.upload_url + "+simple/"}
        target = set_target(project, alice, **wrong, username="root", secret="wrong")
        publish(draft, mike)
        said = f"{draft.error} {target.check_error}"
        assert " 401" in said or " 403" in said
        assert not draft.files.published().exists()
        assert listing.read(places.place_of(_opened(target)), "sampleproject") == {}


def _opened(target):
    """The same index, asked as anybody may."""
    target.secret_sealed = ""
    return target


def test_another_presscheck_stages_and_is_waited_for(tmp_path, project, alice, draft, mike):
    """It is true that what the other one staged is not called published: it says so, and waits."""
    with peers.presscheck(tmp_path) as peer:
        root = peer.upload_url.removesuffix("legacy/")
        aim(project, alice, peer, f"{root}simple/")
        publish(draft, mike)
        push = Push.objects.get()
        assert {row.state for row in PushedFile.objects.all()} == {"sent"}
        (words,) = PushedFile.objects.values_list("words", flat=True).distinct()
        assert words == f"200 OK: staged; published at {root}projects/sampleproject/drafts/1.0/"
        assert "lists 0 of 2 so far" in push.words
        session = staged_there(peer)
        assert session == dict(File.objects.values_list("filename", "sha256"))
        goes_on(draft)
        assert draft.state == DraftState.PROCESSING


def staged_there(peer) -> dict[str, str]:
    """What the other one has in its draft, as its API tells the same token."""
    root = peer.upload_url.removesuffix("legacy/")
    body = json.dumps({"meta": {"api-version": "2.0"}, "name": "sampleproject", "version": "1.0"}).encode()
    kind = "application/vnd.pypi.upload.v2+json"
    headers = {"Authorization": peer.authorization, "Content-Type": kind, "Accept": kind}
    try:
        urllib.request.urlopen(urllib.request.Request(f"{root}upload/", body, headers), timeout=10)
    except urllib.error.HTTPError as error:
        where = error.headers["Location"]
    with urllib.request.urlopen(urllib.request.Request(where, headers=headers), timeout=10) as answer:
        return json.load(answer)["meta"]["_presscheck"]["sha256"]
