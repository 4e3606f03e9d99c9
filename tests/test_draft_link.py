"""Promise 8: a draft link opens one draft, read-only, and dies with revocation, expiry or cancellation."""

import base64
import json
from datetime import timedelta

import pytest
from django.apps import apps
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from drafts import secrets
from drafts.access import links
from drafts.access.projects import create
from drafts.intake import deleting, stage
from drafts.models import Draft, DraftLink, DraftState, File, NotEditable
from tests import bodies, wheels
from tests.conftest import make_ci, publish
from tests.opened import Link, arrived, drained

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
SYSTEM = Actor.system("tests")
LONG_AGO = timezone.now() - timedelta(days=40)
PRIVATE = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


@pytest.fixture
def link(draft) -> Link:
    """A link to the draft."""
    row = links.make(draft=draft, by=SYSTEM, label="Alice's laptop")
    return Link(row, links.token(row))


def test_a_link_opens_all_of_its_draft(link):
    """It is true that the refusals below fail for their one reason: every address of a good link answers 200."""
    assert link.statuses() == {200}


def test_a_link_shows_published_and_staged_files(draft, mike, ci):
    client = Client()
    client.force_login(mike)
    publish(draft, mike, client)
    ci.upload(wheels.wheel(version="2.0"))
    row = links.make(draft=Draft.objects.live().get(), by=SYSTEM)
    token = links.token(row)
    accept = {"Accept": "application/vnd.pypi.simple.v1+json"}
    merged = json.loads(Client().get(f"/draft/{token}/simple/sampleproject/", headers=accept).content)
    only = json.loads(Client().get(f"/draft/{token}/only/simple/sampleproject/", headers=accept).content)
    assert merged["versions"] == ["1.0", "2.0"]
    assert [file["filename"] for file in only["files"]] == [wheels.wheel(version="2.0").filename]
    for page, base in ((merged, "simple"), (only, "only/simple")):
        for file in page["files"]:
            assert file["url"].startswith("../")
            assert file["upload-time"].endswith("Z")
            address = f"/draft/{token}/{base}/sampleproject/{file['url']}"
            assert arrived(Client().get(_resolved(address))) == 200


def _resolved(path: str) -> str:
    from urllib.parse import urljoin

    return urljoin("http://testserver", path).removeprefix("http://testserver")


WRONG_METHODS = ("post", "put", "patch", "delete")


def test_a_link_is_read_only(link, draft):
    """It is true that no address under a link takes anything but GET and HEAD, with or without a form's token."""
    before = draft.fingerprint()
    for path in link.paths:
        for method in WRONG_METHODS:
            response = getattr(Client(enforce_csrf_checks=True), method)(path)
            assert response.status_code == 405, (method, path)
    assert draft.fingerprint() == before


def _set(model, **values):
    return lambda link: model.objects.update(**values)


DEATHS = {
    "revoked": lambda link: links.revoke(link=link.row, by=SYSTEM),
    "expired": _set(DraftLink, expires_at=LONG_AGO),
    "rotated": _set(DraftLink, rotation=1),
    "canceled": lambda link: stage.cancel(draft=link.row.draft, by=SYSTEM),
    "its draft expired": _set(Draft, expires_at=LONG_AGO),
    "its draft was swept": lambda link: (
        Draft.objects.update(expires_at=LONG_AGO),
        stage.expire(draft=link.row.draft),
    ),
    "published long ago": _set(Draft, state=DraftState.PUBLISHED, ended_at=LONG_AGO),
}


@pytest.mark.parametrize("die", DEATHS.values(), ids=DEATHS.keys())
def test_a_link_dies(link, die):
    """It is true that a link that ended answers 404 at every address, and looks like one that never was."""
    die(link)
    assert link.statuses() == {404}
    never = f"/draft/{secrets.spell(secrets.Prefix.DRAFT, b'x' * 40)}/simple/sampleproject/"
    dead, unknown = Client().get(f"/draft/{link.token}/simple/sampleproject/"), Client().get(never)
    assert (dead.content, bodies.headers(dead)) == (unknown.content, bodies.headers(unknown))


def test_a_revoked_link_leaves_the_others(link, draft):
    other = links.make(draft=draft, by=SYSTEM)
    links.revoke(link=link.row, by=SYSTEM)
    assert link.statuses() == {404}
    assert Link(other, links.token(other)).statuses() == {200}
    assert not links.revoke(link=link.row, by=SYSTEM)


def _flipped(token: str, at: int) -> str:
    return token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]


MISSPELLED = {
    "its last letter": lambda token: _flipped(token, len(token) - 1),
    "its first letter": lambda token: _flipped(token, 4),
    "its secret, with a right checksum": lambda token: secrets.spell(
        secrets.Prefix.DRAFT, secrets.read(secrets.Prefix.DRAFT, token, 40)[:-1] + b"\0"
    ),
    "another kind": lambda token: "pcu_" + token[4:],
    "capitals": str.swapcase,
    "cut": lambda token: token[:-1],
    "grown": lambda token: token + "0",
    "not ASCII": lambda token: token[:-1] + "ö",
}


@pytest.mark.parametrize("spoil", MISSPELLED.values(), ids=MISSPELLED.keys())
def test_a_misspelled_token_opens_nothing(link, spoil):
    assert Link(link.row, spoil(link.token)).statuses() == {404}


def test_basic_auth_needs_the_user_draft(link):
    for user, status in (("draft", 200), ("__token__", 404), ("", 404), ("Draft", 404)):
        header = "Basic " + base64.b64encode(f"{user}:{link.token}".encode()).decode()
        assert Client().get("/draft/simple/", headers={"Authorization": header}).status_code == status
    assert Client().get("/draft/simple/").status_code == 404
    assert (
        Client().get("/draft/simple/", headers={"Authorization": f"Bearer {link.token}"}).status_code == 404
    )


OTHERS = [
    "simple/other/",
    "only/simple/other/",
    "simple/sampleproject/x",
    "all/simple/other/",
    "all/files/x/y",
    "..",
    "files/x/y",
    "x",
]


@pytest.mark.parametrize("path", OTHERS)
def test_a_link_opens_nothing_else(link, alice, path):
    """It is true that another project, there or not, is the same 404 under a link, never 401 or 403."""
    create(name="other", by=SYSTEM, owner=alice.email)
    response = Client().get(f"/draft/{link.token}/{path}")
    assert response.status_code == 404
    assert {name: response[name] for name in PRIVATE} == PRIVATE


def other_draft(ci, alice) -> Draft:
    ci.upload(wheels.wheel(version="3.0"))
    return Draft.objects.get(version="3.0")


def other_project(ci, alice) -> Draft:
    project = create(name="other", by=SYSTEM, owner=alice.email)
    make_ci(project).upload(wheels.wheel("other"))
    return Draft.objects.get(project=project)


def superseded(ci, alice) -> Draft:
    ci.upload(wheels.wheel(salt="new"))
    return Draft.objects.get()


def deleted(ci, alice) -> Draft:
    draft = Draft.objects.get()
    deleting.delete_file(draft=draft, filename=wheels.wheel().filename, by=SYSTEM, seen=wheels.wheel().sha256)
    return draft


def not_ready(ci, alice) -> Draft:
    File.objects.filter(filetype="bdist_wheel").update(state="processing")
    return Draft.objects.get()


@pytest.mark.parametrize("make", [other_draft, other_project, superseded, deleted, not_ready])
def test_a_link_reads_no_other_files(link, ci, alice, make):
    """It is true that the handle of a file which is not in this draft now opens nothing under its link."""
    reachable = set(link.row.draft.files.live().values_list("pk", flat=True))
    draft = make(ci, alice)
    gone = draft.files.exclude(pk__in=reachable & set(draft.files.completed().values_list("pk", flat=True)))
    gone = [file for file in gone if not (draft == link.row.draft and file.state == "completed")]
    assert gone
    for file in gone:
        for name in (file.filename, file.metadata_filename):
            for path in (f"/draft/{link.token}/files/{file.handle}/{name}", f"/files/{file.handle}/{name}"):
                assert arrived(Client().get(path)) == 404


def test_after_publishing_a_link_points_to_what_is_public(link, draft, mike):
    """It is true that a link then redirects installers to the index, file for file, and people to the release, and holds nothing itself."""
    paths = link.paths
    client = Client()
    client.force_login(mike)
    publish(draft, mike, client)
    for path in paths[1:]:
        response = Client().get(path)
        assert response.status_code == 302, path
        assert response["Location"].startswith(("/simple/", "/files/"))
        assert arrived(Client().get(response["Location"])) == 200
    assert Client().get(paths[0])["Location"] == "/releases/sampleproject/1.0/"
    links.revoke(link=link.row, by=SYSTEM)
    assert link.statuses() == {404}


def test_a_superseded_file_is_not_pointed_to_after_publishing(link, draft, mike, ci):
    old = draft.files.get(filetype="bdist_wheel")
    ci.upload(wheels.wheel(salt="new"))
    client = Client()
    client.force_login(mike)
    publish(draft, mike, client)
    assert Client().get(f"/draft/{link.token}/files/{old.handle}/{old.filename}").status_code == 404


def test_no_cache_keeps_anything_under_a_link(link):
    """It is true that every answer under a link, refusals too, forbids caches, referrers and search engines."""
    wrong = [f"/draft/{_flipped(link.token, 9)}/{path}" for path in ("", "simple/", "files/x/y")]
    for path in [*link.paths, *wrong, "/draft/simple/", "/draft/x/y/z"]:
        for method in ("get", "head", "post"):
            response = drained(getattr(Client(), method)(path))
            assert {name: response.get(name) for name in PRIVATE} == PRIVATE, (method, path)
            assert "Authorization" in response["Vary"]
            assert "Cookie" not in response["Vary"]


def test_a_link_made_under_an_old_key_goes_on_while_the_key_is_kept(link, settings):
    """It is true that rotating the server's secret keeps links alive until the old one is retired for good."""
    old = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "a new secret of this server", [old]
    assert link.statuses() == {200}
    fresh = links.make(draft=link.row.draft, by=SYSTEM)
    assert fresh.key_id != link.row.key_id
    settings.SECRET_KEY_FALLBACKS = []
    assert link.statuses() == {404}
    assert Link(fresh, links.token(fresh)).statuses() == {200}
    with pytest.raises(KeyError):
        links.token(link.row)


def test_nothing_of_a_token_is_stored(link):
    tail = link.token[-20:-6]
    rows = [str(row) for model in apps.get_models() for row in model.objects.values()]
    assert len(rows) > 10
    assert not [row for row in rows if tail in row]


def test_an_ended_draft_gets_no_link(link):
    stage.cancel(draft=link.row.draft, by=SYSTEM)
    with pytest.raises(NotEditable):
        links.make(draft=link.row.draft, by=SYSTEM)


def test_uses_are_counted(link):
    for _ in range(3):
        Client().get(f"/draft/{link.token}/simple/sampleproject/")
    link.row.refresh_from_db()
    assert link.row.uses == 3
    assert link.row.last_used_at is not None


def test_requirements_pin_the_staged_bytes(link, draft):
    text = Client().get(f"/draft/{link.token}/requirements.txt").content.decode()
    assert text.startswith("sampleproject==1.0 \\\n")
    assert all(f"--hash=sha256:{file.sha256}" in text for file in draft.files.live())
