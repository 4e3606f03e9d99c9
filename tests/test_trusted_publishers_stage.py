"""It is true that a trusted publisher's run stages files of every project that trusts it, and of no other, and the page says which run."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.access import publishers
from drafts.access.projects import create
from drafts.models import Draft, DraftState, EvidenceLog, File, Project, Token
from tests import wheels
from tests.bodies import codes
from tests.conftest import draft_url, make_ci
from tests.proofs import proof_of
from tests.trusted import exchange, minted, trust
from tests.uploading import Speaker

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
OTHER = {"name": "another"}


@pytest.fixture
def another(alice, provider) -> Project:
    """Another project of the same repository, which trusts the same job."""
    row = create(name="another", by=SYSTEM, owner=alice.email)
    trust(row, alice, provider.issuer)
    return row


@pytest.fixture
def foreign(charlie) -> Project:
    """A project that trusts nobody."""
    return create(name="foreign", by=SYSTEM, owner=charlie.email)


def test_what_a_run_stages_says_which_run(provider, publisher, mikes):
    minted(provider).upload(wheels.wheel())
    file = File.objects.get()
    assert (file.run_claims.repository_id, file.run_claims.commit, file.run_claims.run) == (
        "4711",
        "3f2c1ab" + "0" * 33,
        "8812",
    )
    assert file.staged_by == f"publisher:{publisher.pk}"
    page = mikes.get(draft_url(Draft.objects.get())).content.decode()
    assert "release.yml at 3f2c1ab, run 8812" in page
    event = AuditEvent.objects.get(event="file:staged")
    assert (event.actor_kind, event.actor_id) == ("publisher", str(publisher.pk))
    assert "run 8812" in event.actor_label


def test_a_run_page_is_linked_where_its_address_is_known(provider, publisher, mikes):
    minted(provider).upload(wheels.wheel())
    host = provider.issuer.partition("//")[2]
    page = mikes.get(draft_url(Draft.objects.get())).content.decode()
    assert f"https://{host}/octo/sampleproject/actions/runs/8812" in page


@pytest.mark.promise
def test_one_runs_token_stages_for_each_project_that_trusts_it(provider, publisher, another, foreign):
    """It is true that a monorepo's run needs one token, and that no project's draft is another's."""
    ci = minted(provider)
    assert Token.objects.count() == 2
    assert ci.upload(wheels.wheel()).status_code == 200
    assert ci.upload(wheels.wheel(name="another")).status_code == 200
    refused = ci.upload(wheels.wheel(name="foreign"))
    assert (refused.status_code, codes(refused)) == (403, {"wrong-project"})
    unknown = ci.upload(wheels.wheel(name="unknown"))
    assert unknown.json()["detail"] == refused.json()["detail"].replace("foreign", "unknown")
    assert {str(draft.project) for draft in Draft.objects.all()} == {"sampleproject", "another"}
    for file in File.objects.all():
        assert file.staged_by_token.project == file.draft.project


@pytest.mark.promise
def test_a_run_does_not_reach_a_project_that_trusts_another_job(provider, publisher, another, alice):
    row = another.publishers.get()
    publishers.remove(publisher=row, by=SYSTEM, proof=proof_of(alice, publishers.remove_purpose(row)))
    trust(another, alice, provider.issuer, workflow="other.yml")
    ci = minted(provider)
    refused = ci.upload(wheels.wheel(name="another"))
    assert (refused.status_code, codes(refused)) == (403, {"wrong-project"})


def test_the_newer_door_takes_each_project_too(provider, publisher, another, foreign):
    speaker = Speaker(minted(provider).token)
    for name in ("sampleproject", "another"):
        session = speaker.open(name=name)
        assert session.status_code == 201, session.content
        assert speaker.stage(session.json(), wheels.wheel(name=name)).status_code == 201
    assert codes(speaker.open(name="foreign")) == {"wrong-project"}
    assert File.objects.filter(claims__run="8812").count() == 2
    asked = speaker.ask("POST", f"/upload/check/{wheels.wheel(name='another').filename}",
                        wheels.wheel(name="another").data, content_type="application/octet-stream")  # fmt: skip
    assert asked.json()["would"] == "unchanged"


@pytest.mark.promise
def test_a_session_of_another_project_is_404_for_it(provider, publisher, foreign):
    other = Speaker(make_ci(foreign).token).open(name="foreign").json()
    assert Speaker(minted(provider).token).ask("GET", other["links"]["session"]).status_code == 404


def test_room_is_that_of_the_files_project(provider, publisher, another):
    """It is true that a full project does not keep the other from staging, nor the other way round."""
    Project.objects.filter(name="sampleproject").update(quota=100)
    ci = minted(provider)
    assert ci.upload(wheels.wheel(name="another")).status_code == 200
    assert ci.upload(wheels.wheel()).status_code == 413
    Project.objects.filter(name="another").update(quota=100)
    Project.objects.filter(name="sampleproject").update(quota=None)
    assert ci.upload(wheels.wheel()).status_code == 200
    assert ci.upload(wheels.wheel(name="another", files={"a.py": b"2"})).status_code == 413


def changed() -> wheels.Built:
    return wheels.wheel(files={"sampleproject/__init__.py": b"VERSION = 2\n"})


def test_the_next_run_of_the_same_publisher_replaces_what_it_staged(provider, publisher):
    minted(provider).upload(wheels.wheel())
    answer = minted(provider, run_id="8813", run_attempt="2").upload(changed())
    assert answer.status_code == 200
    file = File.objects.live().get()
    assert (str(file.run_claims), file.sha256) == (
        "release.yml at 3f2c1ab, run 8813 (attempt 2)",
        changed().sha256,
    )


def test_the_next_run_deletes_what_an_earlier_one_staged(provider, publisher):
    first = Speaker(minted(provider).token)
    done = first.stage(first.join(), wheels.wheel())
    assert done.status_code == 201
    second = Speaker(minted(provider).token)
    assert second.delete(done.json()).status_code == 204


@pytest.mark.promise
def test_a_publisher_touches_nothing_that_others_staged(provider, publisher, ci, alice, project):
    """It is true that neither a token that a person made nor another publisher may replace it, and it not theirs."""
    ci.upload(wheels.wheel())
    assert codes(minted(provider).upload(changed())) == {"not-your-file"}
    Draft.objects.update(state=DraftState.CANCELED, ended_at=timezone.now())
    minted(provider).upload(wheels.wheel())
    assert codes(ci.upload(changed())) == {"not-your-file"}
    trust(project, alice, provider.issuer, workflow="other.yml")
    path = "octo/sampleproject/.github/workflows/other.yml@refs/tags/v1.0"
    assert codes(minted(provider, job_workflow_ref=path).upload(changed())) == {"not-your-file"}


@pytest.mark.promise
def test_a_minted_token_only_stages(provider, publisher, mikes):
    ci = minted(provider)
    ci.upload(wheels.wheel())
    draft = Draft.objects.get()
    headers = {"Authorization": ci.basic}
    assert Client().get(draft_url(draft), headers=headers).status_code == 403
    assert Client().post(draft_url(draft, "publish"), headers=headers).status_code == 403
    speaker = Speaker(ci.token)
    assert (
        speaker.ask("POST", f"/upload/{draft.handle}/publish/", {"meta": {"api-version": "2.0"}}).status_code
        == 403
    )
    assert speaker.ask("DELETE", f"/upload/{draft.handle}/").status_code == 403


def test_a_minted_token_is_good_for_a_quarter_of_an_hour(provider, publisher, settings):
    ci = minted(provider)
    Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert ci.upload(wheels.wheel()).status_code == 401
    settings.MINTED_TOKEN_MINUTES = 60
    minted(provider)
    assert Token.objects.last().expires_at > timezone.now() + timedelta(minutes=59)


def test_an_upload_that_began_in_time_is_taken(provider, publisher, monkeypatch):
    """It is true that a minted token is looked at when a request begins: a long upload outlives it, a revoked one does not."""
    from drafts.intake import door

    ci, take = minted(provider), door.take

    def late(*arguments, **more):
        Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
        return take(*arguments, **more)

    monkeypatch.setattr(door, "take", late)
    assert ci.upload(wheels.wheel()).status_code == 200
    again = minted(provider)

    def revoked(*arguments, **more):
        Token.objects.update(revoked_at=timezone.now())
        return take(*arguments, **more)

    monkeypatch.setattr(door, "take", revoked)
    assert again.upload(changed()).status_code == 401


def test_removing_a_publisher_ends_what_it_minted_for_this_project_alone(provider, publisher, another, alice):
    ci = minted(provider)
    proof = proof_of(alice, publishers.remove_purpose(publisher))
    assert publishers.remove(publisher=publisher, by=Actor.person(alice), proof=proof) == 1
    assert codes(ci.upload(wheels.wheel())) == {"wrong-project"}
    assert ci.upload(wheels.wheel(name="another")).status_code == 200
    assert exchange(provider.token()).status_code == 200
    assert Token.objects.filter(project__name="sampleproject").count() == 1


def test_drafts_that_one_publisher_opens_are_counted_over_its_runs(provider, publisher, settings):
    settings.DRAFTS_OPENED_PER_HOUR = 2
    for version in ("1.0", "1.1"):
        assert minted(provider).upload(wheels.wheel(version=version)).status_code == 200
    assert codes(minted(provider).upload(wheels.wheel(version="1.2"))) == {"too-many-drafts"}


@pytest.mark.promise
def test_a_runs_evidence_goes_to_the_project_that_is_named(provider, publisher, another, foreign):
    """It is true that a minted secret posts to each project that trusts its run, as that project's own word, and to no other."""
    ci = minted(provider)
    built, there = wheels.wheel(), wheels.wheel(name="another")
    ci.upload(built)
    ci.upload(there)
    for one, name in ((built, "sampleproject"), (there, "another")):
        body = f"{one.sha256}  {one.filename}\n".encode()
        answer = posted(ci.token, body, name)
        assert (answer.status_code, answer.json()["rank"]) == (202, "self")
    for log in EvidenceLog.objects.all():
        assert log.draft.project == log.added_by_token.project
        assert log.digests.get().filename.startswith(log.draft.project.name)
    assert EvidenceLog.objects.count() == 2
    for name in ("foreign", "unknown"):
        assert codes(posted(ci.token, b"x", name)) == {"wrong-project"}


def posted(token: str, body: bytes, project: str):
    return Client().post(
        f"/evidence/?project={project}&version=1.0",
        body,
        content_type="text/plain",
        headers={"Authorization": f"Bearer {token}"},
    )
