"""A tester installs a draft through its link with the real pip and uv."""

import base64
import html
import re
import tomllib
from dataclasses import dataclass
from datetime import timedelta
from hashlib import sha256
from urllib.parse import urljoin

import pytest
from django.utils import timezone

from accounts.audit import Actor
from drafts.access import links
from drafts.index import drafts as pages
from drafts.intake import stage
from drafts.models import Draft, DraftLink
from tests import wheels
from tests.clients import module_of
from tests.conftest import publish
from tests.live import SIMPLE_JSON, eventually

pytestmark = [pytest.mark.clients, pytest.mark.django_db(transaction=True)]

FORMS = ["path", "basic"]
TOOLS = ["pip", "uv"]
SYSTEM = Actor.system("tests")


@dataclass(frozen=True)
class Link:
    """A draft link as a tester has it."""

    row: DraftLink
    base: str
    token: str
    host: str

    def index(self, form: str) -> str:
        if form == "basic":
            return f"http://draft:{self.token}@{self.host}/draft/simple/"
        return f"{self.base}simple/"


def make_link(draft: Draft, live) -> Link:
    row = links.make(draft=draft, by=SYSTEM, label="a tester")
    return Link(row, links.url(row), links.token(row), live.host)


@pytest.fixture
def staged(live, ci):
    """The wheel of sampleproject 1.0 that ci staged, beside the sdist."""
    built = wheels.wheel()
    for one in (built, wheels.sdist()):
        assert ci.upload(one).status_code == 200
    return built


@pytest.fixture
def link(live, staged):
    """A link to the draft of sampleproject 1.0."""
    return make_link(Draft.objects.get(version="1.0"), live)


@pytest.fixture
def published(live, ci, mike):
    """sampleproject 0.9, published before."""
    built = wheels.wheel(version="0.9")
    assert ci.upload(built).status_code == 200
    publish(Draft.objects.get(version="0.9"), mike)
    assert live.filenames() == [built.filename]
    return built


def assert_installed(target, built: wheels.Built) -> None:
    """Check that what lies in the folder came out of this very wheel."""
    name, version = built.filename.split("-")[:2]
    module = (target / name / "__init__.py").read_bytes()
    assert module == module_of(built)
    digest = base64.urlsafe_b64encode(sha256(module).digest()).rstrip(b"=").decode()
    record = (target / f"{name}-{version}.dist-info" / "RECORD").read_text()
    assert f"{name}/__init__.py,sha256={digest}," in record


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("tool", TOOLS)
def test_the_staged_file_is_installed(live, clients, published, staged, link, tmp_path, tool, form):
    """It is true that with 0.9 published on the index, the link gives exactly the staged 1.0."""
    arguments = ("--index-url", live.simple_url, "--extra-index-url", link.index(form), "sampleproject==1.0")
    said = clients.install(tool, *arguments, target=tmp_path / "target")
    assert said.code == 0, said.text
    assert_installed(tmp_path / "target", staged)
    assert live.filenames() == [published.filename]


@pytest.mark.parametrize("tool", TOOLS)
def test_the_published_version_stays_reachable(live, clients, published, link, tmp_path, tool):
    """It is true that the merged page offers 0.9 too: uv takes the first index that knows the name."""
    said = clients.install(
        tool, "--extra-index-url", link.index("path"), "sampleproject<1", target=tmp_path / "target"
    )
    assert said.code == 0, said.text
    assert_installed(tmp_path / "target", published)


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("tool", TOOLS)
def test_after_a_replacement_warm_caches_do_not_matter(clients, ci, staged, link, tmp_path, tool, form):
    arguments = ("--extra-index-url", link.index(form), "sampleproject==1.0")
    first = clients.install(tool, *arguments, target=tmp_path / "before")
    assert first.code == 0, first.text
    assert_installed(tmp_path / "before", staged)
    again = wheels.wheel(salt="built again")
    assert ci.upload(again).status_code == 200
    second = clients.install(tool, *arguments, target=tmp_path / "after")
    assert second.code == 0, second.text
    assert_installed(tmp_path / "after", again)


def test_every_line_of_the_testers_page_works(live, clients, staged, link, tmp_path):
    """It is true that each command that takes a folder to install into installs the staged file there."""
    page = live.get(link.base).body.decode()
    tabs = r'<pre[^>]*aria-label="(?:pip|uv|with hashes)"><code>(.*?)</code>'
    shown = [html.unescape(code) for code in re.findall(tabs, page, re.DOTALL)]
    exports = {line for line in shown if line.startswith("export ")}
    commands = [line for line in shown if line.startswith(("pip install --extra", "uv pip install "))]
    commands = [line for line in commands if "--dry-run" not in line]
    assert len(commands) == 5
    assert exports == {f"export DRAFT={link.index('basic')}"}
    for number, command in enumerate(commands):
        target = tmp_path / f"target-{number}"
        said = clients.shell(*exports, command.replace(" install ", f" install --target {target} ", 1))
        assert said.code == 0, f"{command}: {said.text}"
        assert_installed(target, staged)


def test_hashes_hold(live, clients, staged, link, tmp_path):
    """It is true that the requirements file pins both files, and that pip takes nothing else."""
    arguments = ("--no-deps", "--require-hashes", "-r", f"{link.base}requirements.txt")
    said = clients.install(
        "pip", "--extra-index-url", link.index("path"), *arguments, target=tmp_path / "target"
    )
    assert said.code == 0, said.text
    assert_installed(tmp_path / "target", staged)
    basic = base64.b64encode(f"draft:{link.token}".encode()).decode()
    pinned = live.get("/draft/requirements.txt", Authorization=f"Basic {basic}").body.decode()
    assert pinned == live.get(f"{link.base}requirements.txt").body.decode()
    assert set(re.findall(r"sha256:([0-9a-f]{64})", pinned)) == {staged.sha256, wheels.sdist().sha256}


@pytest.mark.parametrize("form", FORMS)
def test_uv_locks_what_is_staged(live, clients, staged, link, tmp_path, form):
    """It is true that ``uv lock`` (which sends HEAD to wheels) records the staged digests; the Basic form stays out of it."""
    folder = tmp_path / "consumer"
    folder.mkdir()
    (folder / "pyproject.toml").write_text(
        '[project]\nname = "consumer"\nversion = "1"\nrequires-python = ">=3.11"\ndependencies = ["sampleproject==1.0"]\n'
    )
    said = clients.uv("lock", "--directory", str(folder), "--index", link.index(form))
    assert said.code == 0, said.text
    text = (folder / "uv.lock").read_text()
    (locked,) = [one for one in tomllib.loads(text)["package"] if one["name"] == "sampleproject"]
    assert [one["hash"] for one in locked["wheels"]] == [f"sha256:{staged.sha256}"]
    assert locked["sdist"]["hash"] == f"sha256:{wheels.sdist().sha256}"
    assert (link.token in text) == (form == "path")


@pytest.mark.embedded  # a bucket answers GET itself
def test_head_says_what_get_would(live, staged, link):
    file = staged_file(live, link, staged.filename)
    for url in (file, f"{file}.metadata"):
        head, got = live.get(url, "HEAD"), live.get(url)
        assert (head.status, head.body) == (got.status, b"") == (200, b"")
        assert head.headers["content-length"] == str(len(got.body))
        assert got.headers["cache-control"] == "private, no-store"
    assert sha256(live.get(file).body).hexdigest() == staged.sha256


def staged_file(live, link: Link, filename: str) -> str:
    """The address of a file on the link's page."""
    url = f"{link.base}simple/sampleproject/"
    (file,) = [
        one for one in live.get(url, Accept=SIMPLE_JSON).json()["files"] if one["filename"] == filename
    ]
    return urljoin(url, file["url"])


def revoked(link: Link) -> str:
    links.revoke(link=link.row, by=SYSTEM)
    return link.token


def expired(link: Link) -> str:
    DraftLink.objects.filter(pk=link.row.pk).update(expires_at=timezone.now() - timedelta(seconds=1))
    return link.token


def of_a_draft_that_expired(link: Link) -> str:
    Draft.objects.filter(pk=link.row.draft_id).update(expires_at=timezone.now() - timedelta(seconds=1))
    return link.token


def of_a_canceled_draft(link: Link) -> str:
    stage.cancel(draft=link.row.draft, by=SYSTEM)
    return link.token


def mistyped(link: Link) -> str:
    return link.token[:-1] + ("x" if link.token[-1] != "x" else "y")


def of_nothing(link: Link) -> str:
    return "pcd_nothing"


DEAD = [revoked, expired, of_a_draft_that_expired, of_a_canceled_draft, mistyped, of_nothing]


@pytest.mark.promise
@pytest.mark.parametrize("kill", DEAD, ids=lambda kill: kill.__name__)
def test_a_dead_link_opens_nothing(live, clients, staged, link, tmp_path, kill):
    """It is true that every address of a link that does not work gives one and the same 404, and pip finds nothing."""
    file = staged_file(live, link, staged.filename)
    assert live.get(file, "HEAD").status == 200
    token = kill(link)
    base = link.base.replace(link.token, token)
    paths = [
        "simple/",
        "simple/sampleproject/",
        "only/simple/",
        "only/simple/sampleproject/",
        "requirements.txt",
    ]
    told = [live.get(base + path) for path in paths]
    told += [live.get(file.replace(link.token, token) + suffix) for suffix in ("", ".metadata")]
    basic = "Basic " + base64.b64encode(f"draft:{token}".encode()).decode()
    told += [live.get(f"/draft/{path}", Authorization=basic) for path in paths]
    same = [(one.status, one.body, {k: v for k, v in one.headers.items() if k != "date"}) for one in told]
    assert same[0][0] == 404
    assert [one for one in same if one != same[0]] == []
    assert live.get(base).status == 404
    index = Link(link.row, base, token, live.host)
    said = clients.install(
        "pip", "--extra-index-url", index.index("path"), "sampleproject==1.0", target=tmp_path / "target"
    )
    assert said.code != 0
    assert "No matching distribution found for sampleproject==1.0" in said


@pytest.mark.parametrize("kill", [revoked, mistyped], ids=lambda kill: kill.__name__)
def test_uv_finds_nothing_through_a_dead_link(live, clients, published, link, tmp_path, kill):
    """It is true that uv is not stopped by a dead link: it goes on to the next index, which has no 1.0."""
    token = kill(link)
    index = Link(link.row, link.base.replace(link.token, token), token, live.host)
    for form in FORMS:
        arguments = ("--index-url", live.simple_url, "--extra-index-url", index.index(form))
        said = clients.install("uv", *arguments, "sampleproject==1.0", target=tmp_path / form)
        assert said.code != 0
        assert "there is no version of sampleproject==1.0" in said, said.text
        allowed = clients.install("uv", *arguments, "sampleproject", target=tmp_path / f"{form}-any")
        assert allowed.code == 0, allowed.text
        assert_installed(tmp_path / f"{form}-any", published)


def test_other_names_are_not_found(live, link):
    """It is true that a link answers 404, never 401 or 403, to every other name: uv stops on those."""
    for path in ("simple/other/", "only/simple/other/", "simple/Sampleproject/", "anything/else"):
        answer = live.get(link.base + path)
        assert (answer.status, answer.headers["cache-control"]) == (404, pages.PRIVATE["Cache-Control"])


@pytest.mark.promise
def test_no_token_reaches_a_log(live, worker, clients, ci, staged, link, tmp_path, dist):
    """It is true that neither the access log nor any other holds a token, whoever used it and however."""
    mark = f"tested-{link.row.handle}"
    assert clients.twine(live.upload_url, ci.token, wheels.wheel(salt="once more").write(dist)).code == 0
    for form in FORMS:
        said = clients.install(
            "pip", "--extra-index-url", link.index(form), "sampleproject==1.0", target=tmp_path / form
        )
        assert said.code == 0, said.text
    live.get(link.base)
    live.get(f"{link.base}nothing/here", Referer=link.base)
    live.get(f"{link.base}simple/?q={mark}")
    live.get(f"/draft/{link.token}{mark}/")
    eventually(lambda: mark in live.web.log())  # a line is written when its answer is on its way
    text = live.web.log() + worker.log()
    for token in (link.token, ci.token):
        assert token not in text
        assert token[4:30] not in text
