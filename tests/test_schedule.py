"""Publishing at a time, yanked first, or closing the release: what is chosen at the click, and what becomes of it."""

import json
from datetime import timedelta

import pytest
from allauth.mfa.models import Authenticator
from django.test import Client
from django.utils import timezone

from accounts import holds
from accounts.models import AuditEvent, User
from accounts.stepup import ProofRefused
from drafts.intake import deleting, stage
from drafts.models import BurntName, Changed, Draft, File, Job, Kind, Membership, NotEditable, Release
from drafts.publishing import publish as publishing
from drafts.publishing import schedule as act
from drafts.publishing.options import BadOptions, Options
from tests import wheels
from tests.conftest import do_jobs, draft_url, totp_code
from tests.pressing import mismatch
from tests.proofs import proof_of
from tests.test_publish_act import SYSTEM
from tests.uploading import Speaker

pytestmark = [pytest.mark.django_db, pytest.mark.promise, pytest.mark.state]
LATE = wheels.wheel(tag="cp312-cp312-win_amd64")


def at(**distance: float) -> str:
    """A time as the form sends it."""
    return (timezone.now() + timedelta(**distance)).strftime("%Y-%m-%dT%H:%M")


def press(client: Client, draft: Draft, **form: str):
    fields = {"fingerprint": draft.fingerprint(), "code": totp_code("mike"), **form}
    return client.post(draft_url(draft, "publish"), fields)


@pytest.fixture
def scheduled(draft, mikes) -> Draft:
    """sampleproject 1.0, scheduled by mike for in a day."""
    assert press(mikes, draft, when="at", at=at(days=1)).status_code == 302
    draft.refresh_from_db()
    assert draft.publish_at
    return draft


def time_comes(draft: Draft, late: timedelta = timedelta(0)) -> None:
    """Let the chosen time be now, or so long ago, and let the worker look."""
    Draft.objects.filter(pk=draft.pk).update(publish_at=timezone.now() - late)
    Job.objects.filter(kind=Kind.SCHEDULED).update(not_before=timezone.now())
    do_jobs()
    draft.refresh_from_db()


def events(*names: str) -> list[str]:
    return list(AuditEvent.objects.filter(event__in=names).order_by("seq").values_list("event", flat=True))


def test_a_draft_is_published_at_its_time(scheduled, mikes):
    """It is true that the page counts down, nothing is public before, and everything is afterwards."""
    page = mikes.get(draft_url(scheduled)).content.decode()
    assert "Scheduled: it is published on" in page
    assert "Publishes" in page
    assert "Withdraw the schedule" in page
    assert do_jobs() == 0
    assert Client().get("/simple/sampleproject/").status_code == 404
    time_comes(scheduled)
    assert (scheduled.state, scheduled.publish_at) == ("published", None)
    assert Client().get("/simple/sampleproject/").content.count(b"<a ") == 2
    assert events("draft:scheduled", "draft:publishing", "draft:published") == [
        "draft:scheduled",
        "draft:publishing",
        "draft:published",
    ]
    assert scheduled.ended_by == str(User.objects.get(email="mike@example.org"))


NO_TIME = {
    "over": ({"at": "2020-01-01T10:00"}, "is over"),
    "after the expiry": ({"at": "2096-01-01T10:00"}, "after the draft expires"),
    "no time": ({"at": ""}, "choose the day and the time, in UTC"),
    "nonsense": ({"at": "tomorrow"}, "choose the day and the time, in UTC"),
    "yanked without a reason": ({"at": "", "when": "now", "yanked": "on"}, "why the release is yanked first"),
}


@pytest.mark.parametrize(("form", "words"), NO_TIME.values(), ids=NO_TIME.keys())
def test_options_that_do_not_fit_are_refused_before_a_code_is_spent(draft, mikes, form, words):
    answer = press(mikes, draft, **{"when": "at", "code": "", **form})
    assert (answer.status_code, words in answer.content.decode()) == (400, True)
    draft.refresh_from_db()
    assert (draft.state, draft.publish_at) == ("open", None)


def test_files_cannot_change_while_a_draft_is_scheduled(scheduled, ci, mikes):
    """It is true that both doors say so, that nothing of the time is told to CI, and that a person deletes nothing."""
    answer = ci.upload(LATE)
    assert (answer.status_code, answer.json()["code"]) == (409, "not-editable")
    speaker = Speaker(ci.token)
    session = speaker.join()
    assert session["status"] == "open"
    assert session["meta"]["_presscheck"]["scheduled"] is True
    assert "scheduled" in session["notices"][0]
    assert str(scheduled.publish_at.year) not in session["notices"][0]
    assert speaker.announce(session, LATE).json()["code"] == "not-editable"
    file = scheduled.files.first()
    with pytest.raises(NotEditable, match="scheduled"):
        deleting.delete_file(draft=scheduled, filename=file.filename, by=SYSTEM, seen=file.sha256)
    scheduled.refresh_from_db()
    assert scheduled.fingerprint() == scheduled.publishing_fingerprint


def test_a_schedule_is_withdrawn(scheduled, ci, mikes):
    """It is true that the draft can change again, the job finds nothing to do, and a second press changes nothing."""
    for _ in range(2):
        assert mikes.post(draft_url(scheduled, "schedule-withdraw")).status_code == 302
    assert events("draft:schedule-withdrawn") == ["draft:schedule-withdrawn"]
    assert ci.upload(LATE).status_code == 200
    Job.objects.filter(kind=Kind.SCHEDULED).update(not_before=timezone.now())
    do_jobs()
    scheduled.refresh_from_db()
    assert (scheduled.state, File.objects.published().count()) == ("open", 0)


def test_a_scheduled_draft_can_be_canceled(scheduled, mikes):
    assert mikes.post(draft_url(scheduled, "draft-cancel")).status_code == 302
    scheduled.refresh_from_db()
    assert (scheduled.state, scheduled.publish_at) == ("canceled", None)
    Job.objects.filter(kind=Kind.SCHEDULED).update(not_before=timezone.now())
    do_jobs()
    assert File.objects.published().count() == 0


def _deactivated(_draft, mike, _rita) -> None:
    User.objects.filter(pk=mike.pk).update(is_active=False)


def _demoted(_draft, mike, _rita) -> None:
    Membership.objects.filter(user=mike).update(role="reviewer")


def _factor_gone(_draft, mike, _rita) -> None:
    Authenticator.objects.filter(user=mike).delete()


def _held(_draft, mike, _rita) -> None:
    holds.hold_person(mike, "a recovery code was used to sign in")


def _other_files(draft, _mike, _rita) -> None:
    File.objects.filter(draft=draft).update(sha256="0" * 64)


def _evidence_against(draft, _mike, rita) -> None:
    mismatch(draft, rita)


DOUBTS = {
    "the person was deactivated": (_deactivated, "no active account"),
    "the person is no maintainer any more": (_demoted, "cannot publish"),
    "the second factor was removed": (_factor_gone, "was removed since"),
    "the second factor is held": (_held, "is held, because a recovery code was used"),
    "the files are others": (_other_files, "not those that were decided on"),
    "newer evidence speaks against it": (_evidence_against, "logged"),
}


@pytest.mark.parametrize(("spoil", "words"), DOUBTS.values(), ids=DOUBTS.keys())
def test_everything_is_asked_again_at_the_time(
    scheduled, mike, rita, spoil, words, mailoutbox, django_capture_on_commit_callbacks
):
    """It is true that a doubt cancels the schedule, publishes nothing, and is mailed to the maintainers in words."""
    spoil(scheduled, mike, rita)
    with django_capture_on_commit_callbacks(execute=True):
        time_comes(scheduled)
    assert (scheduled.state, scheduled.publish_at) == ("open", None)
    assert (File.objects.published().count(), BurntName.objects.count()) == (0, 0)
    reason = AuditEvent.objects.get(event="draft:schedule-canceled").details["reason"]
    assert words in reason
    letters = [one for one in mailoutbox if one.to == ["alice@example.org"]]
    [mail] = [one for one in letters if "was not published at its time" in one.subject]
    assert f"It was not published. Why: {reason.rstrip('.')}. The draft is as it was" in " ".join(
        mail.body.split()
    )


LATENESS = {"23 hours late: published": (23, "published"), "25 hours late: canceled": (25, "open")}


@pytest.mark.parametrize(("hours", "state"), LATENESS.values(), ids=LATENESS.keys())
def test_a_server_that_comes_back_late(scheduled, hours, state):
    time_comes(scheduled, timedelta(hours=hours))
    assert (scheduled.state, scheduled.publish_at) == (state, None)


def test_the_clock_does_not_expire_what_is_scheduled(scheduled):
    """It is true that a server which was away decides by the schedule first: the sweep that expires drafts waits."""
    past = timezone.now() - timedelta(hours=1)
    Draft.objects.filter(pk=scheduled.pk).update(publish_at=past - timedelta(hours=1), expires_at=past)
    assert not Draft.objects.expired().exists()
    assert not stage.expire(draft=scheduled)
    Job.objects.filter(kind=Kind.SCHEDULED).update(not_before=timezone.now())
    do_jobs()
    scheduled.refresh_from_db()
    assert scheduled.state == "published"


def test_a_proof_is_for_one_time_and_one_way(draft, mike):
    """It is true that the second factor covers the moment, the yank and the closing, not the files alone."""
    chosen = Options(at=timezone.now() + timedelta(days=1))
    others = [
        Options(at=chosen.at + timedelta(minutes=1)),
        Options(at=chosen.at, yanked="why"),
        Options(at=chosen.at, closes=True),
    ]
    seen = draft.fingerprint()
    for purpose in [
        *(act.purpose(draft, seen, other) for other in others),
        publishing.purpose(draft, seen),
    ]:
        with pytest.raises(ProofRefused):
            act.schedule(
                draft=draft, by=SYSTEM, proof=proof_of(mike, purpose), fingerprint=seen, options=chosen
            )
    draft.refresh_from_db()
    assert draft.publish_at is None


def test_the_act_asks_everything_that_publishing_asks(draft, mike, rita):
    """It is true that a time in the past, other files, blockers and a lost role refuse the act itself."""
    chosen, seen = Options(at=timezone.now() + timedelta(days=1)), draft.fingerprint()

    def schedule(options=chosen, fingerprint=seen):
        proof = proof_of(mike, act.purpose(draft, fingerprint, options))
        act.schedule(draft=draft, by=SYSTEM, proof=proof, fingerprint=fingerprint, options=options)

    with pytest.raises(BadOptions):
        schedule(Options(at=draft.expires_at))
    with pytest.raises(Changed):
        schedule(fingerprint="0" * 64)
    mismatch(draft, rita)
    with pytest.raises(publishing.Blocked):
        schedule()
    Membership.objects.filter(user=mike).delete()
    with pytest.raises(act.NotYours):
        schedule()


def test_what_is_scheduled_is_not_published_by_another_click(scheduled, mikes):
    """It is true that publishing now takes withdrawing the schedule first."""
    assert press(mikes, scheduled).status_code == 302
    scheduled.refresh_from_db()
    assert (scheduled.state, BurntName.objects.count()) == ("open", 0)
    assert events("draft:publishing") == []


JSON = {"Accept": "application/vnd.pypi.simple.v1+json"}


def told() -> dict:
    return json.loads(Client().get("/simple/sampleproject/", headers=JSON).content)


def test_a_draft_is_published_yanked_first(draft, mikes):
    """It is true that no reader ever sees it without the yank, and that it is taken back as any other."""
    press(mikes, draft, yanked="on", reason=" for the\n brave ")
    do_jobs()
    assert {file["yanked"] for file in told()["files"]} == {"for the brave"}
    assert AuditEvent.objects.get(event="draft:published").details["yanked"] == "for the brave"
    mikes.post("/projects/sampleproject/releases/1.0/yank/", {"act": "unyank all"})
    assert {file["yanked"] for file in told()["files"]} == {False}


def test_a_release_is_closed_with_the_click(draft, ci, mikes):
    press(mikes, draft, closes="on")
    do_jobs()
    assert told()["_presscheck"]["closed"] == ["1.0"]
    assert Release.objects.get().closed_at
    assert AuditEvent.objects.get(event="draft:published").details["closed"] is True
    assert ci.upload(LATE).json()["code"] == "release-closed"


def test_options_of_a_click_that_failed_do_not_stay(draft, mikes):
    """It is true that each click says anew how: what an earlier one chose is not remembered."""
    press(mikes, draft, yanked="on", reason="for the brave", when="at", at=at(days=1))
    mikes.post(draft_url(draft, "schedule-withdraw"))
    press(mikes, draft)
    do_jobs()
    assert {file["yanked"] for file in told()["files"]} == {False}


def test_a_schedule_is_published_yanked_and_closed_as_chosen(draft, mikes):
    press(mikes, draft, when="at", at=at(days=1), yanked="on", reason="embargo", closes="on")
    page = mikes.get(draft_url(draft)).content.decode()
    assert "It is published yanked: embargo" in page
    assert "The release is closed with it." in page
    time_comes(draft)
    assert {file["yanked"] for file in told()["files"]} == {"embargo"}
    assert told()["_presscheck"]["closed"] == ["1.0"]
