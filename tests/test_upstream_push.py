"""Publishing goes upstream first: wheels before the sdist, each file confirmed by its digest, forward only once one was sent."""

import base64
import hashlib
import json

import pytest
from django.test import Client

from accounts.models import AuditEvent
from drafts.models import Draft, DraftState, File, Job, Kind, Push, PushedFile, Receipt
from tests import wheels
from tests.conftest import do_jobs, draft_url, publish, totp_code
from tests.sent_on import SDIST, WHEEL, is_hidden, loopback_is_allowed, page, states, target, there
from tests.test_attestations import attestation
from tests.upstreams import TOKEN, aimed, refuses, took

__all__ = ["loopback_is_allowed", "target", "there"]
pytestmark = [pytest.mark.django_db, pytest.mark.promise]


def test_files_are_upstream_before_they_show_here(target, there, draft, mike):
    """It is true that wheels go first, the sdist last, with the metadata that twine sends, and what is here is there."""
    publish(draft, mike)
    assert (draft.state, there.uploads) == (DraftState.PUBLISHED, [WHEEL, SDIST])
    kept = {name: hashlib.sha256(data).hexdigest() for name, data in there.files.items()}
    assert kept == dict(File.objects.values_list("filename", "sha256"))
    told = there.fields[0]
    assert (told["name"], told["version"], told["filetype"]) == (["sampleproject"], ["1.0"], ["bdist_wheel"])
    assert (told["pyversion"], told["sha256_digest"], told[":action"]) == (
        ["py3"],
        [kept[WHEEL]],
        ["file_upload"],
    )
    assert set(states().values()) == {"confirmed"}
    login = there.peer.asked[-2].headers
    assert "authorization" in login


def test_the_record_and_the_receipt_say_what_went_where(target, there, draft, mike):
    publish(draft, mike)
    said = AuditEvent.objects.get(event="draft:published").details["upstream"]
    assert said["files"] == {WHEEL: "confirmed", SDIST: "confirmed"}
    assert said["index"] == str(target)
    statement = json.loads(base64.b64decode(Receipt.objects.get().envelope["payload"]))
    assert statement["predicate"]["upstream"] == said
    events = list(AuditEvent.objects.filter(event__startswith="upstream:").values_list("event", flat=True))
    assert sorted(events) == ["upstream:confirmed"] * 2 + ["upstream:done"] + ["upstream:sent"] * 2
    assert TOKEN not in json.dumps([event.details for event in AuditEvent.objects.all()])


def test_a_page_in_html_confirms_as_well(target, there, draft, mike):
    there.as_html = True
    publish(draft, mike)
    assert draft.state == DraftState.PUBLISHED


def test_a_listed_file_without_a_sha256_is_read_back(target, there, draft, mike):
    there.as_html = True
    there.shown = {WHEEL: "", SDIST: ""}
    there.digest = lambda _name: ""
    publish(draft, mike)
    assert draft.state == DraftState.PUBLISHED
    assert [asked.path for asked in there.peer.asked if asked.path.startswith("/f/")]


def test_identical_files_that_are_there_count_as_sent(target, there, draft, mike):
    built = {one.filename: one.data for one in (wheels.wheel(), wheels.sdist())}
    there.files = {WHEEL: built[WHEEL]}
    publish(draft, mike)
    assert (draft.state, there.uploads) == (DraftState.PUBLISHED, [SDIST])
    assert (
        PushedFile.objects.get(file__filename=WHEEL).words == "It was there already, with the reviewed bytes."
    )


ALREADY = {
    "PyPI": refuses(
        400, b"<html><body><h1>400 File already exists.</h1></body></html>", Content_Type="text/html"
    ),
    "pypiserver": refuses(409, b"Package already exists!"),
    "devpi": refuses(409, b"conflict: already exists in non-volatile index"),
    "Artifactory": refuses(403, b'{"errors":[{"message":"Not enough permissions to overwrite artifact"}]}'),
    "GitLab": refuses(400, b'{"message":"Validation failed: File name has already been taken"}'),
    "Nexus": refuses(400, b"Repository does not allow updating assets"),
}


@pytest.mark.parametrize("words", ALREADY.values(), ids=ALREADY.keys())
def test_a_duplicate_is_known_by_its_digest_whatever_it_is_called(target, there, draft, mike, words):
    """It is true that a refusal of what is there with the reviewed bytes is none, in each index's wording."""
    there.instead = [took(there, words)]
    publish(draft, mike)
    assert draft.state == DraftState.PUBLISHED


@pytest.mark.parametrize("words", ALREADY.values(), ids=ALREADY.keys())
def test_a_name_that_is_taken_by_nothing_listed_is_a_refusal(target, there, draft, mike, words):
    """It is true that a refusal of the first file hands the draft back, with the upstream's words."""
    there.instead = [words]
    publish(draft, mike)
    assert (draft.state, is_hidden()) == (DraftState.ERROR, True)
    assert "was refused" in draft.error
    assert f"Nothing of {draft} is at" in draft.error
    assert "!." not in draft.error
    assert (Push.objects.count(), draft.burnt_names.count()) == (0, 0)


@pytest.mark.parametrize(
    ("body", "said"),
    [
        (
            b'{"type": "about:blank", "title": "Closed", "detail": "This release is closed."}',
            "This release is closed",
        ),
        (b'{"title": "Closed"}', '{"title": "Closed"}'),
        (b'{"meta": {"_presscheck": []}}', '{"meta": {"_presscheck": []}}'),
        (b'["closed"]', '["closed"]'),
        (b'{"detail": ', '{"detail":'),
        (b"[" * 100_000, "[[["),
    ],
)
def test_a_refusal_in_json_is_said_in_its_words(target, there, draft, mike, body, said):
    there.instead = [refuses(403, body, Content_Type="application/problem+json")]
    publish(draft, mike)
    assert draft.state == DraftState.ERROR
    assert said in draft.error
    assert "about:blank" not in draft.error


def test_a_refusal_of_the_first_file_can_be_mended(target, there, draft, mike):
    there.instead = [refuses(403, b"Invalid or non-existent authentication information.")]
    publish(draft, mike)
    assert "Invalid or non-existent authentication information" in draft.error
    publish(draft, mike)
    assert draft.state == DraftState.PUBLISHED


def test_other_bytes_that_are_there_before_stop_the_publish(target, there, draft, mike):
    there.files = {SDIST: b"somebody else's"}
    publish(draft, mike)
    assert (draft.state, is_hidden()) == (DraftState.ERROR, True)
    assert "other bytes under this name" in draft.error
    assert there.uploads == []


@pytest.mark.django_db(transaction=True)
def test_a_refusal_after_the_first_file_freezes_the_draft(target, there, draft, mike, mikes, mailoutbox):
    """It is true that from the first file that was sent the act only goes forward, and says what is there and what is not."""
    there.instead = [None, refuses(403, b"The sdist is too large.")]
    publish(draft, mike)
    assert (draft.state, is_hidden()) == (DraftState.PROCESSING, True)
    assert states() == {WHEEL: "sent", SDIST: "refused"}
    text = page(draft, mikes)
    assert "The sdist is too large." in text
    assert "Publishing: stopped, 1 of 2 files sent" in text
    assert mikes.post(draft_url(draft, "draft-cancel")).status_code == 302
    draft.refresh_from_db()
    assert draft.state == DraftState.PROCESSING
    assert any("The sdist is too large." in mail.body for mail in mailoutbox)
    assert Job.objects.live().filter(kind=Kind.PUBLISH).count() == 0


def test_a_stopped_publish_is_resumed_where_it_stood(target, there, draft, mike, mikes):
    there.instead = [None, refuses(403, b"Not now.")]
    publish(draft, mike)
    mikes.post(draft_url(draft, "upstream-resume"))
    do_jobs()
    draft.refresh_from_db()
    assert (draft.state, there.uploads) == (DraftState.PUBLISHED, [WHEEL, SDIST, SDIST])


def test_an_owner_finishes_here_without_the_rest(target, there, draft, mike, alice):
    there.instead = [None, refuses(403, b"Not now.")]
    publish(draft, mike)
    alices = Client()
    alices.force_login(alice)
    assert "without the rest" in alices.get(draft_url(draft, "upstream-finish")).content.decode()
    form = {"reason": "it is there tomorrow", "code": totp_code("alice")}
    assert alices.post(draft_url(draft, "upstream-finish"), form).status_code == 302
    do_jobs()
    draft.refresh_from_db()
    assert (draft.state, there.uploads) == (DraftState.PUBLISHED, [WHEEL, SDIST])
    said = AuditEvent.objects.get(event="draft:published").details["upstream"]
    assert (said["state"], said["files"]) == ("left", {WHEEL: "sent", SDIST: "refused"})
    left = AuditEvent.objects.get(event="upstream:left")
    assert (left.details["reason"], left.actor_label) == ("it is there tomorrow", "alice")


def test_finishing_here_takes_a_code_and_an_owner(target, there, draft, mike, mikes, alice):
    there.instead = [None, refuses(403, b"Not now.")]
    publish(draft, mike)
    form = {"reason": "x", "code": totp_code("mike")}
    assert "an owner can finish here without the rest" in page(draft, mikes)
    assert mikes.post(draft_url(draft, "upstream-finish"), form).status_code == 403
    alices = Client()
    alices.force_login(alice)
    assert "an owner can finish here" not in page(draft, alices)
    assert alices.post(draft_url(draft, "upstream-finish"), {**form, "code": "000000"}).status_code == 403
    do_jobs()
    assert is_hidden()


def test_attestations_go_along_where_they_are_taken(there, project, alice, ci, mike):
    aimed(there, project, alice, takes_attestations=True)
    assert ci.upload(wheels.wheel(), attestations=json.dumps([attestation()])).status_code == 200
    publish(Draft.objects.get(), mike)
    assert "attestations" in there.fields[0]
