"""It is true that a private index is read by its readers alone: in every format, header and error, and through nginx's cache."""

import base64
from datetime import timedelta
from io import StringIO
from urllib.parse import urljoin

import pytest
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.access import links, tokens
from drafts.access.limits import Limits
from drafts.access.projects import create
from drafts.models import Draft, File, IndexToken, Token, TokenKind
from tests import wheels
from tests.conftest import make_ci, publish
from tests.nginx import in_front

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
READ = {200, 302}  # 302: to the bucket
SYSTEM = Actor.system("tests")


def reading(project, **options) -> str:
    return tokens.make(project=project, kind=TokenKind.READ, by=SYSTEM, **options)[1]


def basic(token: str, user: str = "__token__") -> str:
    return "Basic " + base64.b64encode(f"{user}:{token}".encode()).decode()


def fetch(
    path: str, authorization: str | None = None, client: Client | None = None, method: str = "get", **headers
):
    """Ask, and read the whole answer, which has its bytes as ``body``."""
    told = {**headers, **({"Authorization": authorization} if authorization else {})}
    response = getattr(client or Client(), method)(path, headers=told)
    response.body = b"".join(response.streaming_content) if response.streaming else response.content
    return response


@pytest.fixture
def published(ci, mike, settings):
    """A published wheel, on an index that became private."""
    ci.upload(wheels.wheel())
    publish(Draft.objects.get(), mike)
    settings.INDEX_IS_PRIVATE = True
    return File.objects.get()


@pytest.fixture
def paths(published) -> list[str]:
    """Every address of what is published."""
    file = f"/files/{published.public_id}/{published.filename}"
    return ["/simple/", "/simple/sampleproject/", file, f"{file}.metadata"]


@pytest.fixture
def another(charlie):
    """A project of somebody else."""
    return create(name="another", by=SYSTEM, owner=charlie.email)


STRANGERS = {
    "nobody": lambda project: None,
    "an upload token": lambda project: basic(make_ci(project).token),
    "an evidence token": lambda project: basic(tokens.make(project=project, kind=TokenKind.EVIDENCE, by=SYSTEM)[1]),
    "a made-up token": lambda project: basic("pcr_nonsense"),
    "another user's name": lambda project: basic(reading(project), "somebody"),
    "broken Basic": lambda project: "Basic !!!",
    "an expired token": lambda project: _changed(reading(project), expires_at=timezone.now() - timedelta(seconds=1)),
    "a revoked token": lambda project: _changed(reading(project), revoked_at=timezone.now()),
    "a token from elsewhere": lambda project: basic(reading(project, limits=Limits.read(addresses=["10.0.0.0/8"]))),
}  # fmt: skip


def _changed(token: str, **values) -> str:
    Token.objects.filter(kind=TokenKind.READ).update(**values)
    return basic(token)


@pytest.mark.parametrize("who", STRANGERS)
def test_a_stranger_is_asked_who_they_are(paths, project, who):
    """It is true that the answer is the same for what there is and what there is not."""
    authorization = STRANGERS[who](project)
    answers = set()
    for path in [*paths, "/simple/unknown/", "/files/" + "0" * 32 + "/x-1.0-py3-none-any.whl"]:
        for method in ("get", "head"):
            response = fetch(path, authorization, method=method)
            assert response.status_code == 401
            assert response["WWW-Authenticate"].startswith("Basic ")
            assert response["Cache-Control"] == "private, no-store"
            answers.add(response.body if method == "get" else b"")
    assert len(answers) == 2


@pytest.mark.parametrize("scheme", ["basic", "bearer"])
def test_a_read_token_reads_its_project(paths, project, scheme):
    token = reading(project)
    for path in paths:
        header = basic(token) if scheme == "basic" else f"Bearer {token}"
        response = fetch(path, header)
        assert response.status_code in READ
        assert "public" not in response["Cache-Control"]
        assert "private" in response["Cache-Control"]
        assert {"Authorization", "Cookie"} <= {name.strip() for name in response["Vary"].split(",")}
    assert Token.objects.get(kind=TokenKind.READ).last_used_at


def test_a_read_token_of_another_project_sees_nothing(paths, another):
    token = basic(reading(another))
    assert b"sampleproject" not in fetch("/simple/", token).body
    for path in paths[1:]:
        response = fetch(path, token)
        assert response.status_code == 404
        assert b"sampleproject" not in response.body
    known, unknown = fetch("/simple/sampleproject/", token), fetch("/simple/unknown/", token)
    assert (known.body, known.headers) == (unknown.body, unknown.headers)


def test_a_token_of_the_whole_index_reads_everything_until_it_is_revoked(paths):
    out = StringIO()
    call_command("readtoken", label="deploy", stdout=out)
    token = basic(out.getvalue().strip())
    assert AuditEvent.objects.last().event == "index-token:made"
    assert {fetch(path, token).status_code for path in paths} <= READ
    call_command("readtoken", revoke="deploy")
    assert AuditEvent.objects.last().event == "index-token:revoked"
    assert [fetch(path, token).status_code for path in paths] == [401] * len(paths)
    with pytest.raises(CommandError):
        call_command("readtoken", revoke="deploy")


def test_an_expired_token_of_the_whole_index_reads_nothing(paths):
    out = StringIO()
    call_command("readtoken", stdout=out)
    IndexToken.objects.update(expires_at=timezone.now())
    assert fetch("/simple/", basic(out.getvalue().strip())).status_code == 401


def test_a_member_who_is_signed_in_reads_their_projects(paths, rita, charlie, another):
    member, stranger = Client(), Client()
    member.force_login(rita)
    stranger.force_login(charlie)
    assert {fetch(path, client=member).status_code for path in paths} <= READ
    assert [fetch(path, client=stranger).status_code for path in paths] == [200, 404, 404, 404]
    assert b"sampleproject" not in fetch("/simple/", client=stranger).body
    rita.authenticator_set.all().delete()
    assert fetch(paths[1], client=member).status_code == 401


def test_a_draft_link_goes_on_working_by_itself(published, ci):
    ci.upload(wheels.wheel(version="2.0"))
    draft = Draft.objects.get(version="2.0")
    base = f"/draft/{links.token(links.make(draft=draft, by=SYSTEM))}/simple/sampleproject/"
    page = fetch(base, Accept="application/vnd.pypi.simple.v1+json")
    assert page.status_code == 200
    for file in page.json()["files"]:
        assert fetch(urljoin(base, file["url"])).status_code in READ


def test_an_open_index_looks_at_no_cookie(paths, settings, rita):
    settings.INDEX_IS_PRIVATE = False
    browser = Client()
    browser.force_login(rita)
    response = fetch("/simple/sampleproject/", client=browser)
    assert "public" in response["Cache-Control"]
    assert "Cookie" not in response["Vary"]


@pytest.mark.embedded  # nginx stands before a folder
@pytest.mark.clients
@pytest.mark.django_db(transaction=True)
def test_nginx_hands_no_readers_page_to_a_stranger(published, project):
    """It is true that its cache, which ignores Cache-Control, keeps nothing that a credential was shown for."""
    token = reading(project)
    with in_front(PRESSCHECK_PRIVATE="1") as server:
        for _ in range(5):
            with_it = server.get("/simple/sampleproject/", Authorization=basic(token))
            without = server.get("/simple/sampleproject/")
            assert (with_it.status, without.status) == (200, 401)


@pytest.mark.embedded  # nginx stands before a folder
@pytest.mark.clients
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("tool", ["pip", "uv"])
def test_installers_read_it_with_a_token(published, project, clients, tmp_path, tool):
    token = reading(project)
    with in_front(PRESSCHECK_PRIVATE="1") as server:
        trusted = {
            name: str(server.certificate) for name in ("SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "PIP_CERT")
        }
        for user, code in ((f"__token__:{token}@", 0), ("", None)):
            url = f"https://{user}{server.host}/simple/"
            command = {
                "pip": ["pip", "install", "--no-cache-dir"],
                "uv": ["uv", "pip", "install", "--no-cache"],
            }[tool]
            target = tmp_path / f"target{code}"
            done = clients.run(
                *command, "--index-url", url, "--target", str(target), "sampleproject", **trusted
            )
            assert (done.code == 0) is (code == 0), done.text
            assert (target / "sampleproject").exists() is (code == 0)
