"""What CI says of a draft besides its files: which ones to wait for, and that it is complete. Maintainers decide."""

import pytest
from django.test import Client

from accounts.models import AuditEvent
from drafts.models import Draft, DraftState, UploadSession
from tests import bodies, wheels
from tests.conftest import draft_url, totp_code
from tests.uploading import META, Speaker

pytestmark = pytest.mark.django_db
WHEEL, SDIST = wheels.wheel(), wheels.sdist()
NAMES = [WHEEL.filename, SDIST.filename]


@pytest.fixture
def speaker(ci):
    """The upload token, speaking 2.0."""
    return Speaker(ci.token)


@pytest.fixture
def mikes(mike):
    """mike's browser."""
    client = Client()
    client.force_login(mike)
    return client


def page(browser, name: str = "draft") -> str:
    return browser.get(draft_url(Draft.objects.get(), name)).content.decode()


def blockers(speaker) -> dict[str, str]:
    return {b["code"]: b["message"] for b in speaker.join()["meta"]["_presscheck"]["blockers"]}


# --- files that are waited for ------------------------------------------------------------------------------


@pytest.mark.parametrize("door", ["legacy", "2.0"])
def test_publishing_waits_for_what_ci_announced(speaker, ci, mikes, door):
    """It is true that the names that are missing block publishing, until the files are in by either door."""
    session = speaker.join(expects=NAMES)
    assert Draft.objects.get().expects == NAMES
    assert all(name in blockers(speaker)["expected-missing"] for name in NAMES)
    stage = ci.upload if door == "legacy" else (lambda built: speaker.stage(session, built))
    stage(WHEEL)
    missing = blockers(speaker)["expected-missing"]
    assert (WHEEL.filename in missing, SDIST.filename in missing) == (False, True)
    form = {"fingerprint": Draft.objects.get().fingerprint(), "code": totp_code("mike")}
    answer = mikes.post(draft_url(Draft.objects.get(), "publish"), form)
    assert answer.status_code == 409
    assert SDIST.filename.encode() in answer.content
    stage(SDIST)
    assert blockers(speaker) == {}


def test_another_spelling_is_the_file_that_is_waited_for(speaker, ci):
    speaker.join(expects=["sampleproject-1.0.0-py3-none-any.whl"])
    ci.upload(WHEEL)
    assert blockers(speaker) == {}


EXPECTED = {
    "no array": ("x.whl", {"bad-expects"}),
    "too many": ([f"sampleproject-1.0-{n}-py3-none-any.whl" for n in range(501)], {"bad-expects"}),
    "a number": ([1], {"bad-filename"}),
    "no file of a release": (["../../etc/passwd"], {"bad-filename"}),
    "another project's": (["another-1.0.tar.gz"], {"wrong-project"}),
    "another version's": ([WHEEL.filename, "sampleproject-2.0.tar.gz"], {"wrong-version"}),
}


@pytest.mark.parametrize(("expects", "codes"), EXPECTED.values(), ids=EXPECTED.keys())
def test_names_that_nobody_can_wait_for(speaker, expects, codes):
    answer = speaker.open(expects=expects)
    assert (answer.status_code, bodies.codes(answer)) == (400, codes)
    assert not Draft.objects.exists()


def test_five_hundred_names_are_waited_for(speaker):
    names = [f"sampleproject-1.0-{n}-py3-none-any.whl" for n in range(1, 501)]
    speaker.join(expects=[*names, names[0]][:500])
    assert "and 480 more" in blockers(speaker)["expected-missing"]


def test_what_is_joined_waits_for_what_the_first_said(speaker):
    speaker.join(expects=NAMES)
    speaker.join(expects=["sampleproject-1.0-9-py3-none-any.whl"])
    assert Draft.objects.get().expects == NAMES


def test_a_maintainer_strikes_a_name(speaker, ci, mikes, rita):
    """It is true that the page names what is missing with a button for each, which a reviewer has not, and it counts."""
    speaker.join(expects=NAMES)
    ci.upload(WHEEL)
    url = draft_url(Draft.objects.get(), "expected-strike")
    assert f'data-expected="{SDIST.filename}"' in page(mikes)
    assert f'value="{SDIST.filename}"' in page(mikes)
    reviewer = Client()
    reviewer.force_login(rita)
    assert f'data-expected="{SDIST.filename}"' in page(reviewer)
    assert f'value="{SDIST.filename}"' not in page(reviewer)
    assert reviewer.post(url, {"filename": SDIST.filename, "reason": "x"}).status_code == 403
    said = mikes.post(url, {"filename": SDIST.filename, "reason": " "}, follow=True).content.decode()
    assert "Nothing was struck: striking a file that CI announced needs a reason" in said
    assert Draft.objects.get().expects == NAMES
    mikes.post(url, {"filename": SDIST.filename, "reason": "built by hand later"})
    assert Draft.objects.get().expects == [WHEEL.filename]
    assert (blockers(speaker), "data-expected" in page(mikes)) == ({}, False)
    event = AuditEvent.objects.latest("pk")
    assert (event.event, event.details["filename"]) == ("draft:expectation-struck", SDIST.filename)
    assert event.details["reason"] == "built by hand later"
    assert "“built by hand later”" in page(mikes)
    mikes.post(url, {"filename": SDIST.filename, "reason": "again"})
    assert AuditEvent.objects.latest("pk") == event


def test_nothing_is_struck_while_it_is_published(draft, mikes):
    Draft.objects.update(expects=NAMES)
    draft.refresh_from_db()
    mikes.post(draft_url(draft, "publish"), {"fingerprint": draft.fingerprint(), "code": totp_code("mike")})
    mikes.post(draft_url(draft, "expected-strike"), {"filename": NAMES[0], "reason": "x"})
    draft.refresh_from_db()
    assert (draft.state, draft.expects) == (DraftState.PROCESSING, NAMES)


# --- "it is complete" -----------------------------------------------------------------------------------------


def say(speaker):
    return speaker.ask("POST", speaker.join()["links"]["publish"], {"meta": META})


def said() -> int:
    return AuditEvent.objects.filter(event="draft:complete-said").count()


@pytest.mark.promise
def test_a_publish_by_ci_is_noted_and_refused(draft, speaker, mikes):
    """It is true that nothing is published, the answer names the page, and the page says what CI said, once per state."""
    for _ in range(3):
        answer = say(speaker)
        assert (answer.status_code, bodies.codes(answer)) == (403, {"people-only"})
        assert "/projects/sampleproject/drafts/1.0/" in answer.json()["detail"]
        assert "noted" in answer.json()["detail"]
    draft.refresh_from_db()
    assert (draft.state, said()) == (DraftState.OPEN, 1)
    assert draft.complete_said_by == 'token "release.yml"'
    assert "CI says it is complete" in page(mikes)
    speaker.stage(speaker.join(), wheels.wheel(build="2"))
    say(speaker)
    assert said() == 2


def test_what_is_not_complete_is_not_noted(speaker):
    """It is true that an empty draft, or one with a file under way or failed, is called complete in vain."""
    session = speaker.join()
    assert say(speaker).status_code == 403
    speaker.stage(session, SDIST)
    file = speaker.announce(session, WHEEL).json()
    answer = say(speaker)
    assert (answer.status_code, f"{WHEEL.filename} (pending)" in answer.json()["detail"]) == (403, True)
    speaker.complete(file)
    assert f"{WHEEL.filename} (error)" in say(speaker).json()["detail"]
    assert said() == 0
    speaker.delete(file)
    say(speaker)
    assert said() == 1


@pytest.mark.parametrize("state", ["processing", "canceled"])
def test_what_is_not_open_is_not_noted(draft, speaker, mikes, state):
    link = speaker.join()["links"]["publish"]
    if state == "canceled":
        mikes.post(draft_url(draft, "draft-cancel"))
    else:
        form = {"fingerprint": draft.fingerprint(), "code": totp_code("mike")}
        mikes.post(draft_url(draft, "publish"), form)
    draft.refresh_from_db()
    assert draft.state == state
    assert speaker.ask("POST", link, {"meta": META}).status_code == 403
    assert said() == 0


# --- what the page shows ----------------------------------------------------------------------------------------


def test_the_page_shows_what_is_on_its_way(speaker, mikes, rita):
    """It is true that an upload is a row with how far it is and who sends it, and a failed one says why."""
    session = speaker.join()
    file = speaker.announce(session, WHEEL).json()
    assert f'data-arriving="{WHEEL.filename}"' in page(mikes)
    assert "arriving: 0 %" in page(mikes)
    assert "token &quot;release.yml&quot;" in page(mikes)
    speaker.send(file, WHEEL.data[: WHEEL.size // 2])
    assert any(f"arriving: {percent} %" in page(mikes) for percent in (49, 50))
    speaker.complete(file)
    assert "failed: " in page(mikes)
    assert 'data-blocker="file-failed"' in page(mikes)
    reviewer = Client()
    reviewer.force_login(rita)
    assert "Delete upload" in page(mikes)
    assert "Delete upload" not in page(reviewer)


def test_a_page_that_watches_sees_an_upload_come(speaker, mikes, draft):
    """It is true that each step of an upload is news to a page that is open."""

    def seen() -> str:
        draft.refresh_from_db()
        return f"{draft.pk}.{draft.serial}.{draft.state}.0"

    url, built = draft_url(draft, "draft-now"), wheels.wheel(build="4")
    steps = [
        lambda: speaker.announce(speaker.join(), built).json(),
        lambda: speaker.send(file, built.data),
        lambda: speaker.complete(file),
    ]
    file = None
    for step in steps:
        before = seen()
        assert mikes.get(url, {"seen": before}).status_code == 204
        file = step() if file is None else (step() and file)
        assert mikes.get(url, {"seen": before}).status_code == 200


def test_a_maintainer_takes_an_upload_back(speaker, mikes, rita):
    file = speaker.announce(speaker.join(), WHEEL).json()
    url = draft_url(Draft.objects.get(), "arriving-delete", UploadSession.objects.get().handle)
    reviewer = Client()
    reviewer.force_login(rita)
    assert reviewer.post(url).status_code == 403
    assert mikes.post(url).status_code == 302
    assert speaker.status(file).json()["status"] == "canceled"
    assert "data-arriving" not in page(mikes)
    event = AuditEvent.objects.latest("pk")
    assert (event.event, event.actor_kind) == ("upload:canceled", "person")
    assert mikes.post(url[:-5] + "x/delete/").status_code == 404


def test_what_is_looked_at_cannot_be_taken_back(speaker, mikes):
    from drafts.intake.upload2 import complete

    file = speaker.announce(speaker.join(), WHEEL).json()
    complete.begin(upload=UploadSession.objects.get(), sending={})
    assert "being looked at" in page(mikes)
    assert "Delete upload" not in page(mikes)
    url = draft_url(Draft.objects.get(), "arriving-delete", UploadSession.objects.get().handle)
    assert "Nothing was deleted" in mikes.post(url, follow=True).content.decode()
    assert speaker.status(file).json()["status"] == "processing"
