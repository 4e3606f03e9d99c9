"""Sandboxes: who makes them, what people and installers see of them, and how they end."""

import re
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from threading import Thread

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent
from drafts.access import builders, groups, links, sandboxes
from drafts.access.groups import BadGroup
from drafts.access.projects import BadProject, create
from drafts.models import BurntName, Draft, File, Group, Job, Kind, Membership, Project, Target, Token, Train
from drafts.operations import sweeps
from drafts.publishing import sandboxes as ending
from drafts.publishing.targets import setting
from drafts.publishing.train import acts as trains
from drafts.publishing.train.acts import BadTrain
from drafts.review.invitation import message
from tests import bodies, wheels
from tests.conftest import SYSTEM, do_jobs, make_ci, publish
from tests.inspected import inspect_now
from tests.proofs import proof_of
from tests.sandboxed import send

pytestmark = [pytest.mark.django_db]
LONG_AGO = timedelta(days=31)


@pytest.fixture
def charlies(charlie):
    """A browser of somebody who is a member of nothing."""
    client = Client()
    client.force_login(charlie)
    return client


def age(project: Project) -> None:
    """Have everything of a sandbox happen a month earlier."""
    Project.objects.filter(pk=project.pk).update(created_at=timezone.now() - LONG_AGO)
    File.objects.filter(draft__project=project).update(staged_at=timezone.now() - LONG_AGO)


@pytest.mark.state
def test_anybody_makes_a_sandbox_on_one_page(charlies, charlie):
    """It is true that a name, typed in any spelling, is a project of the sandbox that its maker owns, with one event."""
    assert "Make the sandbox" in charlies.get("/sandbox/").content.decode()
    answer = charlies.post("/sandbox/", {"name": "My_First.Wheel"})
    assert (answer.status_code, answer["Location"]) == (302, "/sandbox/projects/my-first-wheel/")
    made = Project.objects.get()
    assert (made.name, made.plain_name, made.space) == ("sandbox/my-first-wheel", "my-first-wheel", "sandbox")
    assert [(row.user, row.role) for row in made.members.all()] == [(charlie, "owner")]
    assert AuditEvent.objects.filter(event="project:created", on_label="sandbox/my-first-wheel").count() == 1
    page = charlies.get(answer["Location"]).content.decode()
    assert "<title>sandbox/my-first-wheel" in page
    assert 'data-state="sandbox"' in page
    assert "sandbox/my-first-wheel" in charlies.get("/sandbox/").content.decode()


REFUSED = {
    "a name that is none": ("-x-", "is not a project name"),
    "a name published here": ("sampleproject", "is published on this index"),
    "a name seen upstream": ("upstreamed", "is published on an upstream index"),
    "its own name again": ("mine", "there is a project sandbox/mine already"),
    "a sixth one": ("six", "you own 5 sandboxes, which is the most"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_a_sandbox_that_cannot_be_made(case, project, charlies, charlie, alice, settings):
    """It is true that a taken name, or one too many, is refused in words, and nothing is left of it."""
    Project.objects.filter(pk=project.pk).update(first_published_at=timezone.now())
    other = create(name="upstreamed", owner=alice.email, by=SYSTEM)
    Target.objects.create(project=other, kind="pypi", known={"newest": "1.0"}, set_by=alice)
    sandboxes.make(name="mine", user=charlie, by=SYSTEM)
    settings.SANDBOXES_EACH = 1 if case == "a sixth one" else 5
    name, words = REFUSED[case]
    answer = charlies.post("/sandbox/", {"name": name})
    assert answer.status_code == 400
    expected = words.replace("5", "1") if case == "a sixth one" else words
    assert expected in answer.content.decode()
    assert Project.objects.filter(space="sandbox").count() == 1


def test_a_sandbox_is_in_the_way_of_no_project_and_tells_of_none(sandbox, charlie, alice):
    """It is true that a project of the name is made beside it, and that a name nobody published is free in the sandbox."""
    made = create(name="sampleproject", owner=charlie.email, by=SYSTEM)
    assert (made.name, made.space) == ("sampleproject", "index")
    create(name="hidden", owner=alice.email, by=SYSTEM)
    assert sandboxes.make(name="hidden", user=charlie, by=SYSTEM).name == "sandbox/hidden"
    with pytest.raises(BadProject, match="already"):
        create(name="hidden", owner=charlie.email, by=SYSTEM)


@pytest.mark.state
def test_every_page_of_a_sandbox_says_so(sand_draft, alice):
    """It is true that title, path, confirmation and install lines say sandbox, and name what is installed plainly."""
    client = Client()
    client.force_login(alice)
    base = "/sandbox/projects/sampleproject/drafts/1.0/"
    page = client.get(base).content.decode()
    assert "sandbox/sampleproject" in re.search("<title>(.*?)</title>", page, re.DOTALL)[1]
    assert 'action="/projects/' not in page
    assert 'href="/projects/' not in page
    assert client.get("/projects/sampleproject/drafts/1.0/").status_code == 404
    confirm = client.get(f"{base}publish/").content.decode()
    assert "become visible in the sandbox" in confirm
    assert "never be used again" not in confirm
    publish(sand_draft, alice, client)
    public = Client().get("/sandbox/releases/sampleproject/1.0/").content.decode()
    assert "/sandbox/simple/ sampleproject==1.0" in public
    assert "sandbox/simple/ sampleproject" in client.get("/sandbox/projects/sampleproject/").content.decode()


def test_lists_of_projects_mark_the_sandboxes(sand_draft, alice, olgas):
    """It is true that quotas and a person's news tell a sandbox from a project of the index."""
    client = Client()
    client.force_login(alice)
    for page in (client.get("/account/news/"), olgas.get("/operators/quotas/")):
        assert 'data-state="sandbox"' in page.content.decode()


def test_what_tools_print_leads_to_the_sandbox(sand_ci, sand_draft):
    answer = Client().get("/sandbox/legacy/SampleProject/1.0/")
    assert answer["Location"] == "/sandbox/projects/sampleproject/drafts/1.0/"
    assert Client().post("/sandbox/legacy")["Location"].endswith("/sandbox/legacy/")
    body = send(sand_ci, wheels.wheel(salt="sand"), "sandbox").json()
    assert "/sandbox/upload/" in body["links"]["session"]
    assert "/sandbox/projects/sampleproject/" in body["meta"]["_presscheck"]["review-url"]
    assert body["meta"]["_presscheck"]["name"] == "sampleproject"
    assert "sandbox/legacy/" in Client().get("/help/ci/?sandbox").content.decode()


def test_a_builder_and_a_publisher_are_led_to_the_sandbox(sand_ci, sand_draft, alice):
    """It is true that the message to a builder, and what PEP 807 says, name the sandbox's door."""
    assert send(sand_ci, wheels.sdist(), "sandbox").status_code == 200
    builder, token = builders.invite(
        draft=sand_draft,
        name="Ann",
        patterns=["*-macosx_*"],
        expected=None,
        days=7,
        by=SYSTEM,
        proof=proof_of(alice, builders.purpose(sand_draft)),
    )
    text = message(builder, token)
    assert text.count("/sandbox/legacy/") == 2
    assert Client().get("/.well-known/pytp", {"discover": "/sandbox/legacy/"}).status_code == 200
    assert Client().get("/.well-known/pytp", {"discover": "/sandbox/else/"}).status_code == 404


def test_a_link_to_a_sandbox_draft_shows_that_alone(draft, sand_published, sand_ci, alice):
    """It is true that a draft link merges with what the sandbox published, never with the index, and points there after."""
    assert send(sand_ci, wheels.wheel(version="2.0"), "sandbox").status_code == 200
    new = Draft.objects.live().get(project=sand_published.project)
    inspect_now()
    token = links.token(links.make(draft=new, by=SYSTEM))
    page = Client().get(f"/draft/{token}/simple/sampleproject/").content.decode()
    assert (page.count(wheels.wheel(salt="sand").sha256), page.count("sampleproject-2.0")) == (1, 2)
    assert wheels.wheel().sha256 not in page
    publish(new, alice)
    assert (
        Client().get(f"/draft/{token}/simple/sampleproject/")["Location"] == "/sandbox/simple/sampleproject/"
    )
    assert Client().get(f"/draft/{token}/")["Location"] == "/sandbox/releases/sampleproject/2.0/"


@pytest.mark.state
def test_nothing_mixes_the_spaces(draft, sand_draft, alice):
    """It is true that no train and no group holds projects of both, and that a sandbox has no upstream index."""
    with pytest.raises(BadTrain, match="mix"):
        trains.make(label="both", drafts=[draft, sand_draft], by=SYSTEM, user=alice)
    train = trains.make(label="one", drafts=[draft], by=SYSTEM, user=alice)
    with pytest.raises(BadTrain, match="mix"):
        trains.join(train=train, draft=sand_draft, by=SYSTEM, user=alice)
    for project in (draft.project, sand_draft.project):
        proof = proof_of(alice, groups.purpose(project, "suite"))
        if project.is_sandbox:
            with pytest.raises(BadGroup, match="do not mix"):
                groups.choose(project=project, name="suite", by=SYSTEM, proof=proof)
        else:
            groups.choose(project=project, name="suite", by=SYSTEM, proof=proof)
    with pytest.raises(setting.BadTarget, match="nowhere else"):
        setting.set_target(
            project=sand_draft.project,
            wanted=setting.Wanted(),
            by=SYSTEM,
            proof=proof_of(alice, setting.purpose(sand_draft.project)),
        )
    assert (Train.objects.count(), Group.objects.get().members().count()) == (1, 1)


@pytest.mark.state
def test_a_sandbox_ends_and_its_names_are_free(sand_published, project, alice, charlie, sand_ci, mailoutbox):
    """It is true that after 30 days nothing of it is read or opened, its bytes go, and another person takes its names."""
    sandbox = sand_published.project
    row = File.objects.published().get()
    address = f"/sandbox/files/{row.public_id}/{row.filename}"
    assert sweeps.end_sandboxes() == 0
    age(sandbox)
    assert sweeps.end_sandboxes() == 1
    assert sweeps.end_sandboxes() == 0
    do_jobs()
    for path in (address, "/sandbox/simple/sampleproject/", "/sandbox/releases/sampleproject/1.0/"):
        assert Client().get(path).status_code == 404, path
    assert row.object_id not in bodies.stored()
    sandbox.refresh_from_db()
    assert (sandbox.name, sandbox.plain_name) == (f"sandbox/sampleproject.{sandbox.pk}", "sampleproject")
    assert not Token.objects.valid().filter(project=sandbox).exists()
    assert not Membership.objects.filter(project=sandbox).exists()
    assert not BurntName.objects.filter(space="sandbox").exists()
    assert AuditEvent.objects.get(event="project:sandbox-ended").details["files"] == {
        row.filename: row.sha256
    }
    assert "[Presscheck] sandbox/sampleproject has ended" in [mail.subject for mail in mailoutbox]
    again = sandboxes.make(name="sampleproject", user=charlie, by=SYSTEM)
    token = make_ci(again)
    assert send(token, wheels.wheel(salt="other"), "sandbox").status_code == 200
    draft = Draft.objects.live().get()
    publish(draft, charlie)
    assert draft.state == "published"
    assert Client().get("/sandbox/simple/sampleproject/").status_code == 200


def test_a_sandbox_that_is_used_does_not_end(sand_published, sand_ci):
    """It is true that an upload, a live draft, or another space keeps a project, whoever asks for its end."""
    sandbox = sand_published.project
    assert send(sand_ci, wheels.wheel(version="2.0"), "sandbox").status_code == 200
    age(sandbox)
    assert [list(ending.due()), ending.end(project=sandbox)] == [[], False]
    Draft.objects.live().update(state="canceled", ended_at=timezone.now())
    File.objects.filter(draft__version="2.0").update(staged_at=timezone.now())
    assert [list(ending.due()), ending.end(project=sandbox)] == [[], False]
    File.objects.update(staged_at=timezone.now() - LONG_AGO)
    assert len(list(ending.due())) == 1


def test_the_end_is_all_or_nothing(sand_published, monkeypatch):
    """It is true that an end whose event cannot be written has not happened."""
    age(sand_published.project)

    def fails(*_arguments, **_details):
        raise RuntimeError

    monkeypatch.setattr(ending.audit, "record", fails)
    with pytest.raises(RuntimeError):
        ending.end(project=sand_published.project)
    sand_published.project.refresh_from_db()
    assert sand_published.project.ended_at is None
    assert File.objects.published().count() == 1
    assert not Job.objects.filter(kind=Kind.PURGE, subject=File.objects.get().subject).exists()


def test_operators_find_a_sandbox_that_ended(sand_published, olgas):
    age(sand_published.project)
    assert sweeps.end_sandboxes() == 1
    name = f"sampleproject.{sand_published.project.pk}"
    assert name in olgas.get("/operators/?q=sampleproject").content.decode()
    assert olgas.get(f"/operators/sandbox/projects/{name}/").status_code == 200


ANSWERS = {
    200: "taken is published on an upstream index",
    404: "",
    503: "answered 503",
    0: "did not say",
}


@pytest.mark.parametrize("status", ANSWERS)
def test_the_upstream_index_is_asked_for_the_name(status, charlies, settings):
    """It is true that a name which the upstream index lists is refused, and so is one of which it does not say."""

    class Upstream(BaseHTTPRequestHandler):
        def do_GET(self):
            self.send_response(status if self.path == "/simple/taken/" else 500)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments):
            """Say nothing."""

    with HTTPServer(("127.0.0.1", 0), Upstream) as server:
        settings.PRESSCHECK_UPSTREAM_INDEX = f"http://127.0.0.1:{server.server_port}/simple"
        settings.OUTBOUND_ALLOW = ["127.0.0.1"]
        if status:
            Thread(target=server.handle_request, daemon=True).start()
        else:
            server.server_close()
        answer = charlies.post("/sandbox/", {"name": "Taken"})
    assert (answer.status_code, Project.objects.count()) == ((400, 0) if ANSWERS[status] else (302, 1))
    assert ANSWERS[status] in answer.content.decode()
