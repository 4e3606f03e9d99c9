"""Promise 3: no two published files ever share a name, whatever races."""

import json

import pytest
from django.db import IntegrityError, transaction
from django.test import Client

from accounts.models import AuditEvent
from drafts.models import BurntName, Draft, DraftState, File, IndexPage
from drafts.publishing import publish as act
from tests import bodies, wheels
from tests.conftest import do_jobs, draft_url, make_ci, publish, totp_code
from tests.racing import race

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.promise]


def no_stray_bytes(before: set[str]) -> None:
    rows = set(File.objects.values_list("object_id", flat=True))
    assert bodies.stored() - before == rows


def test_jobs_that_race_for_one_name(project):
    """It is true that of eight jobs with eight tokens one stages the name, and the draft is opened once."""
    jobs = [make_ci(project, label=f"job {number}") for number in range(8)]
    before = bodies.stored()
    calls = [lambda ci=ci, n=n: ci.upload(wheels.wheel(salt=str(n))) for n, ci in enumerate(jobs)]
    answers = race(calls)
    assert sorted(answer.status_code for answer in answers) == [200] + [403] * 7
    assert (Draft.objects.count(), File.objects.count()) == (1, 1)
    no_stray_bytes(before)


def test_one_job_that_races_with_itself(ci):
    """It is true that replacements serialise: one file is in, the others are superseded, each with its event."""
    before = bodies.stored()
    answers = race([lambda n=n: ci.upload(wheels.wheel(salt=str(n))) for n in range(8)])
    assert [answer.status_code for answer in answers] == [200] * 8
    assert (Draft.objects.count(), File.objects.count(), File.objects.live().count()) == (1, 8, 1)
    assert AuditEvent.objects.filter(event="file:replaced").count() == 7
    no_stray_bytes(before)


def test_spellings_that_race(project, ci):
    spelled = [
        wheels.wheel(),
        wheels.wheel(version="1.0.0"),
        wheels.wheel(version="1.0.0.0"),
        wheels.wheel(filename="sampleproject-1.0-PY3-none-any.whl"),
    ]
    answers = race([lambda built=built: ci.upload(built) for built in spelled])
    assert sorted(answer.status_code for answer in answers) == [200, 400, 400, 400]
    assert File.objects.count() == 1


def test_a_release_that_is_opened_by_many_files(ci):
    answers = race([lambda n=n: ci.upload(wheels.wheel(build=str(n))) for n in range(1, 11)])
    assert [answer.status_code for answer in answers] == [200] * 10
    assert Draft.objects.get().files.live().count() == 10
    assert AuditEvent.objects.filter(event="draft:opened").count() == 1


def test_maintainers_who_publish_at_one_moment(draft, mike, alice):
    """It is true that two clicks publish once: one decision, one event, one page."""
    browsers = [Client(), Client()]
    for browser, user in zip(browsers, (mike, alice), strict=True):
        browser.force_login(user)
    fingerprint = draft.fingerprint()
    posts = [
        lambda browser=browser, name=name: browser.post(
            draft_url(draft, "publish"), {"fingerprint": fingerprint, "code": totp_code(name)}
        )
        for browser, name in zip(browsers, ("mike", "alice"), strict=True)
    ]
    race(posts)
    race([do_jobs, do_jobs, do_jobs])
    draft.refresh_from_db()
    assert draft.state == DraftState.PUBLISHED
    events = list(AuditEvent.objects.values_list("event", flat=True))
    assert (events.count("draft:publishing"), events.count("draft:published")) == (1, 1)
    assert BurntName.objects.filter(permanent=True).count() == 2


def test_uploads_that_race_with_the_click(draft, ci, mike):
    """It is true that what is published is what the fingerprint named, whichever side wins."""
    browser = Client()
    browser.force_login(mike)
    fingerprint, code = draft.fingerprint(), totp_code("mike")
    reviewed = set(draft.files.live().values_list("sha256", flat=True))

    def click():
        return browser.post(draft_url(draft, "publish"), {"fingerprint": fingerprint, "code": code})

    uploads = [lambda n=n: ci.upload(wheels.wheel(salt=f"late {n}")) for n in range(3)]
    answers = race([click, *uploads])
    do_jobs()
    draft.refresh_from_db()
    published = set(File.objects.published().values_list("sha256", flat=True))
    if draft.state == DraftState.PUBLISHED:
        assert published == reviewed
        assert {answer.status_code for answer in answers[1:]} <= {409, 400}
    else:
        assert answers[0].status_code == 409
        assert published == set()


@pytest.fixture
def published(draft, mike):
    """The draft, published."""
    browser = Client()
    browser.force_login(mike)
    publish(draft, mike, browser)
    return draft


def _smuggled(published, ci) -> Draft:
    """A second draft of the release that holds a published name, put past the door."""
    assert ci.upload(wheels.wheel(build="5", salt="evil")).status_code == 200
    draft = Draft.objects.live().get()
    published_file = published.files.get(filetype="bdist_wheel")
    draft.files.update(filename=published_file.filename, identity=published_file.identity)
    return draft


def test_a_published_name_that_got_into_a_draft_blocks_it(published, ci, mike):
    """It is true that the act itself refuses a name that is published, though a file of it is staged."""
    draft = _smuggled(published, ci)
    browser = Client()
    browser.force_login(mike)
    page = IndexPage.objects.get().json
    response = publish(draft, mike, browser)
    assert response.status_code == 409
    assert b"Published already" in response.content
    assert draft.state == DraftState.OPEN
    assert IndexPage.objects.get().json == page


def test_the_database_refuses_what_the_act_would_let_through(published, ci, mike, monkeypatch):
    """It is true that without any blocker the reservation itself fails, and nothing is published."""
    draft = _smuggled(published, ci)
    monkeypatch.setattr(act, "blockers", lambda _draft: [])
    browser = Client(raise_request_exception=False)
    browser.force_login(mike)
    assert publish(draft, mike, browser).status_code == 500
    assert draft.state == DraftState.OPEN
    assert len(json.loads(bytes(IndexPage.objects.get().json))["files"]) == 2


def test_two_drafts_cannot_reserve_one_name(published, ci):
    draft = _smuggled(published, ci)
    row = BurntName.objects.first()
    for changes in ({"identity": "other"}, {"filename": "other"}):
        kept = {"identity": row.identity, "filename": row.filename, **changes}
        with pytest.raises(IntegrityError), transaction.atomic():
            BurntName.objects.create(
                project=row.project, version_key=row.version_key, sha256="0" * 64, draft=draft, **kept
            )
