"""Where a draft can be installed: a real resolver, asked over pages that only the job serves."""

import json
import threading
import urllib.error
import urllib.request
from contextlib import contextmanager
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from django.test import Client
from django.utils import timezone

from drafts.dist.environments import PLATFORMS
from drafts.inspection.installability import asking, resolve, serving
from drafts.models import Draft, Job, Kind, Resolution, jobs
from tests import wheels
from tests.conftest import do_jobs, draft_url, make_ci, publish

pytestmark = pytest.mark.django_db(transaction=True)
LINUX = "cp312-cp312-manylinux_2_17_x86_64"


@pytest.fixture(autouse=True)
def _few_places(monkeypatch):
    """Two platforms and one Python are enough for most of what is asked here."""
    from drafts.dist.pythons import Column

    monkeypatch.setattr(resolve, "PLATFORMS", (PLATFORMS[0], PLATFORMS[7]))
    monkeypatch.setattr(resolve, "PYTHONS", (Column("cp", (3, 12)),))


def stage(ci, *built) -> Draft:
    for one in built:
        assert ci.upload(one).status_code == 200
    return Draft.objects.latest("pk")


def ask(draft: Draft) -> dict[str, tuple[str, str]]:
    """What the resolver says, by platform: state and reason."""
    jobs.enqueue(kind=Kind.RESOLVE, subject=draft.subject)
    do_jobs()
    row = Resolution.objects.get(draft=draft)
    assert (row.error, Job.objects.live().filter(kind=Kind.RESOLVE).count()) == ("", 0)
    return {platform: (state, reason) for _, platform, state, reason in row.results}


def test_a_draft_that_needs_nothing_resolves_where_it_has_a_wheel(ci):
    """It is true that other environments build from source where there is an sdist, and get nothing where there is none."""
    draft = stage(ci, wheels.wheel(tag=LINUX), wheels.sdist())
    assert ask(draft) == {"Linux x86-64": ("resolves", ""), "Windows amd64": ("builds", "")}
    draft.files.get(filetype="sdist").cancel()
    assert ask(draft)["Windows amd64"][0] == "fails"


def test_the_resolvers_own_reason_is_kept(ci):
    """It is true that a dependency nobody has is named, without the address that only the job knows."""
    draft = stage(ci, wheels.wheel(requires_dist=("nosuchproject>=2",)))
    state, reason = ask(draft)["Linux x86-64"]
    assert state == "unknown"  # another index may have it
    assert "nosuchproject" in reason
    assert "127.0.0.1" not in reason


def test_dependencies_that_contradict_each_other_are_found(ci):
    """It is true that what cannot be met by any version is no matter of which index was asked."""
    draft = stage(ci, wheels.wheel(requires_dist=("sampleproject>=2",)))
    assert {state for state, _ in ask(draft).values()} == {"fails"}


def test_markers_decide_by_platform(ci):
    draft = stage(ci, wheels.wheel(requires_dist=('nosuchproject; sys_platform == "win32"',)))
    assert [state for state, _ in ask(draft).values()] == ["resolves", "unknown"]


def test_requires_python_leaves_a_python_out(ci):
    draft = stage(ci, wheels.wheel(requires_python=">=3.13"))
    assert {state for state, _ in ask(draft).values()} == {"excluded"}


def test_dependencies_come_from_what_is_published_here(ci, project, alice):
    """It is true that another project's published release serves, and its drafts do not."""
    from accounts.audit import Actor
    from drafts.access.projects import create

    helper = create(name="helper", by=Actor.system("tests"), owner=alice.email)
    draft = stage(ci, wheels.wheel(requires_dist=("helper>=1",)))
    other = stage(make_ci(helper), wheels.wheel(name="helper"))
    assert {state for state, _ in ask(draft).values()} == {"unknown"}
    Resolution.objects.all().delete()
    publish(other, alice)
    assert other.state == "published"
    assert {state for state, _ in ask(draft).values()} == {"resolves"}


FORBIDDEN = {
    "an address": "trap @ http://127.0.0.1:{port}/trap-1.0-py3-none-any.whl",
    "another host": "trap @ http://192.0.2.1/trap-1.0-py3-none-any.whl",
    "a repository": "trap @ git+http://127.0.0.1:{port}/trap.git",
    "a local file": "trap @ file:///etc/passwd",
}


@pytest.mark.promise
@pytest.mark.parametrize("requirement", FORBIDDEN.values(), ids=FORBIDDEN.keys())
def test_a_requirement_makes_the_resolver_fetch_nothing(ci, requirement):
    """It is true that a direct URL in a draft's metadata reaches no server and builds nothing."""
    with watched() as (port, asked):
        draft = stage(ci, wheels.wheel(requires_dist=(requirement.format(port=port),)))
        assert {state for state, _ in ask(draft).values()} <= {"fails", "unknown"}
    assert asked == []


@contextmanager
def watched():
    """A server that notes what it is asked for."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_error(404)

        do_HEAD = do_POST = do_CONNECT = do_GET  # noqa: N815  the base class's names

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server.server_port, asked
    server.shutdown()
    server.server_close()
    thread.join()


def get(url: str) -> int:
    try:
        with urllib.request.urlopen(url, timeout=10) as answer:
            return answer.status
    except urllib.error.HTTPError as error:
        with error:
            return error.code


@pytest.mark.promise
def test_only_the_job_can_read_its_pages(ci):
    """It is true that the port tells nothing without the secret path, hands out no file, and is no proxy."""
    draft = stage(ci, wheels.wheel())
    file = draft.files.get()
    with serving.served(draft, "") as pages:
        base = pages.base
        origin = "/".join(base.split("/")[:3])
        top = base.removesuffix("simple/")
        assert get(f"{base}sampleproject/") == 200
        assert get(f"{top}files/{file.pk}/{file.filename}.metadata") == 200
        for closed in (
            f"{origin}/",
            f"{origin}/simple/sampleproject/",
            f"{top}files/{file.pk}/{file.filename}",
            f"{top}files/{file.pk + 1}/{file.filename}.metadata",
            f"{base}another/",
            f"{base}../../etc/passwd",
        ):
            assert get(closed) == 404, closed
        proxy = urllib.request.build_opener(urllib.request.ProxyHandler({"http": origin}))
        with pytest.raises(urllib.error.HTTPError):
            proxy.open("http://192.0.2.1/", timeout=10)
    with pytest.raises(OSError):
        urllib.request.urlopen(base, timeout=2)


def test_an_upstream_index_is_asked_for_what_is_not_here(ci, settings):
    """It is true that dependencies come from the index that is set, through the guarded client, as metadata alone."""
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    metadata = wheels.core_metadata("fromelsewhere", "2.0")
    asked = []

    class Upstream(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            files = [
                {
                    "filename": "fromelsewhere-2.0-py3-none-any.whl",
                    "url": "/f/fromelsewhere-2.0-py3-none-any.whl",
                    "core-metadata": True,
                    "hashes": {},
                }
            ]
            page = json.dumps(
                {"meta": {"api-version": "1.1"}, "name": "fromelsewhere", "files": files}
            ).encode()
            body = {
                "/simple/fromelsewhere/": page,
                "/f/fromelsewhere-2.0-py3-none-any.whl.metadata": metadata,
            }.get(self.path)
            self.send_response(200 if body else 404)
            self.send_header("Content-Length", str(len(body or b"")))
            self.end_headers()
            self.wfile.write(body or b"")

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Upstream)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.PRESSCHECK_UPSTREAM_INDEX = f"http://127.0.0.1:{server.server_port}/simple"
    try:
        draft = stage(ci, wheels.wheel(requires_dist=("fromelsewhere>=2",)))
        assert {state for state, _ in ask(draft).values()} == {"resolves"}
    finally:
        server.shutdown()
        server.server_close()
    assert sorted(asked) == ["/f/fromelsewhere-2.0-py3-none-any.whl.metadata", "/simple/fromelsewhere/"]
    assert settings.PRESSCHECK_UPSTREAM_INDEX in Resolution.objects.get().against


def test_a_draft_is_asked_about_again_when_its_files_change(ci):
    """It is true that the sweep waits until files settle, asks once, and again after a change."""
    draft = stage(ci, wheels.wheel())
    assert resolve.stale() == 0
    settle(draft)
    assert (resolve.stale(), resolve.stale()) == (1, 0)
    do_jobs()
    assert (resolve.stale(), Resolution.objects.get().fingerprint) == (0, draft.fingerprint())
    stage(ci, wheels.sdist())
    settle(draft)
    assert resolve.stale() == 1
    do_jobs()
    assert Resolution.objects.get().fingerprint == draft.fingerprint()


def settle(draft: Draft) -> None:
    Draft.objects.filter(pk=draft.pk).update(changed_at=timezone.now() - timedelta(minutes=1))


def test_a_resolver_that_cannot_be_started_is_said_and_not_tried_for_ever(ci, monkeypatch):
    draft = stage(ci, wheels.wheel())
    monkeypatch.setattr(asking, "find_uv_bin", lambda: "/nonexistent/uv")
    jobs.enqueue(kind=Kind.RESOLVE, subject=draft.subject)
    do_jobs()
    assert {state for _, _, state, _ in Resolution.objects.get().results} == {"unknown"}


def test_the_page_shows_where_it_installs(ci, alice):
    """It is true that the draft's page tells the numbers, the reason, and which indexes were asked."""
    draft = stage(ci, wheels.wheel(requires_dist=('nosuchproject; sys_platform == "win32"',)))
    ask(draft)
    client = Client()
    client.force_login(alice)
    page = client.get(draft_url(draft)).content.decode()
    assert "installs from wheels in 1 of 2 environments, not known in 1" in page
    assert "nosuchproject" in page
    assert "on this index alone" in page
