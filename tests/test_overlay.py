"""The overlay of a draft link: nothing that is here, or is ours by name, is ever looked for elsewhere."""

import json
import threading
from datetime import timedelta
from urllib.parse import quote, urljoin

import pytest
from django.test import Client
from django.utils import timezone

from drafts.access import links
from drafts.index import pages
from drafts.index import upstream as behind
from drafts.models import BurntName, Draft, File, Project
from tests import bodies, wheels
from tests.conftest import make_ci, publish
from tests.opened import arrived
from tests.overlaid import JSON, SYSTEM, filenames, get, other, published, upstream_index

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
PRIVATE = {
    "Cache-Control": "private, no-store",
    "Referrer-Policy": "no-referrer",
    "X-Robots-Tag": "noindex",
}


@pytest.mark.parametrize("basic", [False, True])
@pytest.mark.parametrize("method", ["get", "head"])
def test_what_is_not_here_is_found_upstream(upstream, token, basic, method):
    """It is true that the way there says nothing of the draft, and that no cache keeps it."""
    response = get(token, "dependency", basic=basic, method=method)
    assert (response.status_code, response["Location"]) == (302, f"{upstream.base}/dependency/")
    assert {name: response[name] for name in PRIVATE} == PRIVATE
    assert "Authorization" in response["Vary"]
    assert token not in str(response.headers) + response.content.decode()
    assert upstream.names == ["dependency"]
    assert token not in "".join(upstream.headers)
    assert "authorization" not in "".join(upstream.headers).lower()
    assert "referer" not in "".join(upstream.headers).lower()


def test_the_drafts_project_is_merged_and_taken_from_here(upstream, token, draft, mike, ci):
    upstream.add("sampleproject", wheels.wheel(version="9.0"))
    publish(draft, mike)
    ci.upload(wheels.wheel(version="2.0"))
    link = links.token(links.make(draft=Draft.objects.live().get(), by=SYSTEM))
    page = get(link, "sampleproject", **JSON)
    assert wheels.wheel().filename in filenames(page)
    assert wheels.wheel(version="2.0").filename in filenames(page)
    assert wheels.wheel(version="9.0").filename not in filenames(page)
    for file in json.loads(page.content)["files"]:
        address = urljoin(f"http://t/draft/{link}/all/simple/sampleproject/", file["url"])
        for one in (address, f"{address}.metadata"):
            assert arrived(Client().get(one.removeprefix("http://t"))) == 200
    assert upstream.asked == []


def never_published(alice, mike) -> None:
    other(alice)


def staged(alice, mike) -> None:
    make_ci(other(alice)).upload(wheels.wheel("other"))


def a_pattern(alice, mike) -> None:
    """Nothing is there: the operator's word is enough."""


UNPUBLISHED = [never_published, staged, a_pattern]


@pytest.mark.parametrize("state", UNPUBLISHED, ids=lambda state: state.__name__)
def test_an_unpublished_name_cannot_be_shadowed(upstream, token, alice, mike, settings, state):
    """It is true that it is answered as one that nobody has, and that upstream never hears of it."""
    settings.PRESSCHECK_OWN_NAMES = ("oth*",) if state is a_pattern else ()
    state(alice, mike)
    upstream.add("other", wheels.wheel("other", version="9.0"))
    here, nowhere = get(token, "other"), get(token, "nowhere")
    assert here.status_code == nowhere.status_code == 404
    assert (here.content, bodies.headers(here)) == (nowhere.content, bodies.headers(nowhere))
    assert "other" not in upstream.names
    assert "nowhere" in upstream.names
    assert state is not a_pattern or upstream.names == ["nowhere"]


def test_time_does_not_tell_which_names_are_here(upstream, token, alice):
    """It is true that upstream is asked once for each, whether here or nowhere: a name that is here is hidden behind a made-up one."""
    other(alice)
    for name in ("other", "nowhere", "other", "nowhere"):
        assert get(token, name).status_code == 404
    assert len(upstream.names) == 2
    assert "other" not in upstream.names
    upstream.status = 500
    other(alice, "another")
    assert {get(token, name).status_code for name in ("another", "anywhere")} == {503}


def everything_deleted(project: Project) -> None:
    File.objects.filter(release__project=project).take_off()
    pages.store(project)


def quarantined(project: Project) -> None:
    Project.objects.filter(pk=project.pk).update(quarantined_at=timezone.now(), quarantine_reason="why")


def archived(project: Project) -> None:
    Project.objects.filter(pk=project.pk).update(status="archived")


@pytest.mark.parametrize("change", [everything_deleted, quarantined, archived], ids=lambda one: one.__name__)
def test_a_published_name_cannot_be_shadowed_whatever_became_of_it(upstream, token, alice, mike, change):
    """It is true that its page is the index's own, byte for byte."""
    project = published(alice)
    assert BurntName.objects.filter(project=project).exists()
    change(project)
    upstream.add("other", wheels.wheel("other", version="9.0"))
    response, own = get(token, "other", **JSON), Client().get("/simple/other/", headers=JSON)
    assert (response.status_code, response.content) == (200, own.content)
    assert {name: response[name] for name in PRIVATE} == PRIVATE
    assert upstream.asked == []


def test_what_upstream_said_does_not_outlive_the_names_coming_here(upstream, token, alice):
    """It is true that a kept answer is never given for a name that became this index's meanwhile."""
    assert [get(token, "dependency").status_code for _ in range(3)] == [302] * 3
    assert upstream.names == ["dependency"]
    other(alice, "dependency")
    assert get(token, "dependency").status_code == 404


HOSTILE = [
    "..", ".", "%2e%2e", "a/b", "a%2fb", "a\\b", "Dependency", "dependency ", "a_b", "a.b", "-a", "a--b", "a?b", "a#b",
    "@evil", "evil.example", "a\r\nX: y", "a\x00b", "ü", "a" * 201, "https:", "a;b", "*",
]  # fmt: skip


@pytest.mark.parametrize("name", HOSTILE)
def test_a_hostile_name_reaches_nobody(upstream, token, name):
    for spelled in (quote(name, safe=""), quote(quote(name, safe=""), safe="")):
        response = get(token, spelled)
        assert response.status_code == 404, (spelled, response.status_code)
        assert "Location" not in response
    assert upstream.asked == []


@pytest.mark.parametrize("status", [500, 503, 401, 403, 429])
def test_an_upstream_that_does_not_say_is_not_taken_for_no(upstream, token, status):
    """It is true that 503 is answered, which pip and uv ask again, and the right thing as soon as upstream says it."""
    upstream.status = status
    name = f"asked-{status}"
    response = get(token, name)
    assert (response.status_code, response["Retry-After"]) == (503, "1")
    assert {one: response[one] for one in PRIVATE} == PRIVATE
    assert len(upstream.asked) == 1
    assert get(token, name).status_code == 503
    assert len(upstream.asked) == 1  # kept for seconds: a broken server is not asked at every try
    assert get(token, "sampleproject").status_code == 200


def test_an_upstream_that_is_gone_hurts_nothing_else(upstream, token, alice, mike, settings):
    published(alice)
    settings.PRESSCHECK_UPSTREAM_INDEX = "http://127.0.0.1:9/simple"
    assert [get(token, name).status_code for name in ("sampleproject", "other", "x", "y")] == [
        200,
        200,
        503,
        503,
    ]


def test_an_upstream_cannot_send_this_server_elsewhere(upstream, token, settings):
    """It is true that a redirect to an address that is not public is not followed."""
    with upstream_index() as inside:
        inside.add("led-astray", wheels.wheel("led-astray"))
        settings.OUTBOUND_ALLOW = ["localhost"]
        settings.PRESSCHECK_UPSTREAM_INDEX = upstream.base.replace("127.0.0.1", "localhost")
        upstream.status, upstream.location = 302, f"{inside.base}/led-astray/"
        assert get(token, "led-astray").status_code == 503
        assert (upstream.names, inside.asked) == (["led-astray"], [])


def test_who_waits_too_long_for_others_questions_is_told_to_ask_again(upstream, token, monkeypatch):
    """It is true that a slow upstream index holds some of this server's threads, and never all."""
    line = threading.BoundedSemaphore(1)
    monkeypatch.setattr(behind, "_line", line)
    monkeypatch.setattr(behind, "_LINE_SECONDS", 0.01)
    with line:
        assert get(token, "waited-for").status_code == 503
        assert get(token, "sampleproject").status_code == 200
    assert upstream.asked == []
    assert get(token, "waited-for").status_code == 404


def test_without_an_upstream_the_overlay_is_this_index_alone(token, alice, mike, settings):
    settings.PRESSCHECK_UPSTREAM_INDEX = ""
    published(alice)
    assert [get(token, name).status_code for name in ("sampleproject", "other", "dependency")] == [
        200,
        200,
        404,
    ]
    names = [
        one["name"] for one in json.loads(b"".join(get(token, "", **JSON).streaming_content))["projects"]
    ]
    assert names == ["sampleproject", "other"]
    assert (
        get(token, "", Accept="image/png").status_code
        == get(token, "other", Accept="image/png").status_code
        == 406
    )


def test_after_publishing_it_points_to_what_is_public(upstream, token, draft, alice, mike):
    """It is true that for 30 days the line that was copied goes on working, and then opens nothing."""
    published(alice)
    publish(draft, mike)
    ways = {name: get(token, name).get("Location") for name in ("", "sampleproject", "other", "dependency")}
    assert ways == {
        "": "/simple/",
        "sampleproject": "/simple/sampleproject/",
        "other": "/simple/other/",
        "dependency": f"{upstream.base}/dependency/",
    }
    Draft.objects.filter(pk=draft.pk).update(ended_at=timezone.now() - timedelta(days=31))
    assert {get(token, name).status_code for name in ways} == {404}


def test_a_dead_link_asks_nobody(upstream, token, draft):
    links.revoke(link=draft.links.get(), by=SYSTEM)
    for name in ("", "sampleproject", "dependency", "nowhere"):
        assert get(token, name).status_code == get(token, name, basic=True).status_code == 404
    assert upstream.asked == []


def test_a_sandbox_is_laid_over_the_index(upstream, sand_draft, project, alice, mike):
    """It is true that its own project hides the index's of the name, and that no other sandbox is seen."""
    published(alice)
    Project.objects.create(name="sandbox/dependency", space="sandbox")
    token = links.token(links.make(draft=sand_draft, by=SYSTEM))
    staged = [file.sha256 for file in sand_draft.files.live()]
    (file,) = json.loads(get(token, "sampleproject", **JSON).content)["files"]
    assert [file["hashes"]["sha256"]] == staged
    assert filenames(get(token, "other", **JSON)) == [wheels.wheel("other").filename]
    assert get(token, "dependency").status_code == 302


def test_what_is_kept_of_the_upstreams_answers_is_bounded(monkeypatch):
    monkeypatch.setattr(behind, "_MOST_KEPT", 3)
    said = behind._Said()
    for number in range(9):
        said.keep(str(number), listed=True, seconds=60)
    assert [number for number in range(9) if said.of(str(number))] == [6, 7, 8]
