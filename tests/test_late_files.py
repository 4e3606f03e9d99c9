"""Late files: marked with lag and kind, told to people before and after, and never silent."""

import json

import pytest
from django.test import Client

from drafts.access import links
from drafts.models import Draft, File, Project, Release
from tests import wheels
from tests.closing import days_pass
from tests.conftest import SYSTEM, do_jobs, publish, totp_code
from tests.test_jobs import due_now

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
WHEEL = wheels.wheel(tag="py3-none-any", build="1")
JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}


@pytest.fixture
def published(ci, mike, mikes):
    """sampleproject 1.0, published 5 days ago with an sdist."""
    Project.objects.update(expected_files="nothing")
    ci.upload(wheels.sdist())
    publish(Draft.objects.get(), mike, mikes)
    days_pass(5)
    return Release.objects.get()


def accept_everything(client: Client, draft: Draft) -> None:
    from drafts.publishing.policy import blockers
    from tests.conftest import draft_url

    for one in blockers(draft):
        form = {"kind": one.decision, "what": list(one.what), "reason": "meant so"}
        client.post(draft_url(draft, "decide"), form)


def add(built, mike, mikes, ci) -> Draft:
    assert ci.upload(built).status_code == 200
    draft = Draft.objects.latest("pk")
    accept_everything(mikes, draft)
    publish(draft, mike, mikes)
    assert draft.state == "published", draft.error
    return draft


def test_late_files_are_marked_everywhere(published, ci, mike, mikes):
    """It is true that members, strangers, machines and statistics are told of the lag and the kind."""
    add(wheels.wheel(), mike, mikes, ci)
    late = File.objects.get(late_seconds__isnull=False)
    assert (late.filename, late.late_seconds // 86400, late.late_kind) == (
        wheels.wheel().filename,
        5,
        "first wheels",
    )
    assert Release.objects.get().open_seconds // 86400 == 5
    words = "late: 5 days after the first file · first wheels"
    for page in ("/projects/sampleproject/releases/1.0/", "/releases/sampleproject/1.0/"):
        assert words in mikes.get(page).content.decode()
    answer = json.loads(Client().get("/simple/sampleproject/", headers=JSON).content)
    assert answer["_presscheck"]["late"] == [late.filename]
    assert "first wheels" in Client().get("/insight/").content.decode()


def test_testers_are_told_what_readers_of_the_index_are(published, ci, mike, mikes):
    """It is true that a draft's page speaks of the published files that it lists as the index does."""
    add(wheels.wheel(), mike, mikes, ci)
    assert (
        mikes.post("/projects/sampleproject/releases/1.0/close/", {"code": totp_code("mike")}).status_code
        == 302
    )
    ci.upload(wheels.wheel(version="2.0"))
    token = links.token(links.make(draft=Draft.objects.latest("pk"), by=SYSTEM))
    index, draft, staged = (
        json.loads(Client().get(f"{at}/simple/sampleproject/", headers=JSON).content)["_presscheck"]
        for at in ("", f"/draft/{token}", f"/draft/{token}/only")
    )
    assert draft == index == {"closed": ["1.0"], "late": [wheels.wheel().filename]}
    assert staged == {"closed": [], "late": []}


def test_files_of_the_same_day_are_not_late(ci, mike, mikes):
    Project.objects.update(expected_files="nothing")
    ci.upload(wheels.sdist())
    publish(Draft.objects.get(), mike, mikes)
    days_pass(0.9)
    add(wheels.wheel(), mike, mikes, ci)
    assert not File.objects.filter(late_seconds__isnull=False).exists()
    assert Release.objects.get().open_seconds > 0


def test_maintainers_are_mailed_when_a_draft_opens_and_when_it_is_published(
    published, ci, mike, mikes, mailoutbox, django_capture_on_commit_callbacks
):
    """It is true that the first mail comes before anything is public, and that the second says what Poetry needs."""
    with django_capture_on_commit_callbacks(execute=True):
        ci.upload(wheels.wheel())
        due_now()
        do_jobs()
    day = f"{published.published_at.day} {published.published_at:%B %Y}"
    opened = {mail.to[0]: mail for mail in mailoutbox if "adds files" in mail.subject}
    assert set(opened) == {"alice@example.org", "mike@example.org"}
    assert f"A draft adds files to sampleproject 1.0 of {day}" in opened["alice@example.org"].subject
    mailoutbox.clear()
    with django_capture_on_commit_callbacks(execute=True):
        add(wheels.wheel(), mike, mikes, ci)
    [mail] = [one for one in mailoutbox if "added to" in one.subject]
    assert mail.to == ["alice@example.org"]
    assert f"1 file was added to sampleproject 1.0 of {day}" in mail.subject
    assert f"{wheels.wheel().filename} (first wheels), 5 days after the first file" in " ".join(
        mail.body.split()
    )
    assert "poetry cache clear" in mail.body


def test_the_draft_says_loudly_that_it_adds(published, ci, mikes):
    ci.upload(wheels.wheel())
    page = mikes.get("/projects/sampleproject/drafts/1.0/").content.decode()
    assert "Adds 1 file to sampleproject 1.0 of" in page


def test_a_deleted_late_file_is_none_any_more(published, ci, mike, mikes, alice):
    """It is true that its mark goes with it, so that the row is a possible one."""
    from drafts.publishing import delete
    from tests.proofs import proof_of
    from tests.test_publish_act import SYSTEM

    add(wheels.wheel(), mike, mikes, ci)
    proof = proof_of(alice, delete.purpose(published))
    names = [wheels.wheel().filename]
    delete.delete(release=published, filenames=names, typed=str(published), by=SYSTEM, proof=proof)
    assert not File.objects.filter(late_seconds__isnull=False).exists()
