"""A volunteer is invited to build what CI does not: a token for certain files, a link, a message, and what publishing waits for."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent
from drafts.access import builders, links, tokens
from drafts.intake import deleting, stage
from drafts.models import Builder, Draft, DraftLink, Project, Token
from tests import wheels
from tests.bodies import codes
from tests.conftest import draft_url, make_ci, publish
from tests.racing import race
from tests.volunteers import NAME, SYSTEM, invite, mac, waits

pytestmark = pytest.mark.django_db


# --- what the token is good for -----------------------------------------------------------------------


def test_a_builder_adds_what_they_were_asked_for(invited, draft):
    """It is true that the wheels come into the draft, and the page says who sent them."""
    _, ci = invited
    assert ci.upload(mac()).status_code == 200
    assert draft.files.live().get(filename=mac().filename).staged_by_token.label == f"builder {NAME}"


REFUSED = {
    "another platform": (lambda: wheels.wheel(tag="cp312-cp312-win32"), 403, "token-filename"),
    "the source": (wheels.sdist, 403, "token-filename"),
    "macOS and Linux in one": (
        lambda: wheels.wheel(tag="cp312-cp312-macosx_11_0_arm64.linux_x86_64"),
        403,
        "token-filename",
    ),
    "another version": (lambda: mac(version="2.0"), 403, "token-version"),
    "other bytes for their own wheel": (lambda: mac(salt="again"), 403, "add-only"),
}


@pytest.mark.promise
@pytest.mark.parametrize(("build", "status", "code"), REFUSED.values(), ids=REFUSED.keys())
def test_a_builder_stages_nothing_else(invited, draft, build, status, code):
    """It is true that an invitation adds files of one version and of certain names, and replaces none."""
    _, ci = invited
    ci.upload(mac())
    before = draft.fingerprint()
    response = ci.upload(build())
    assert (response.status_code, codes(response)) == (status, {code})
    assert (draft.fingerprint(), Draft.objects.count()) == (before, 1)


@pytest.mark.promise
@pytest.mark.parametrize("end", ["cancel", "publish"])
def test_an_invitation_dies_with_the_draft(invited, draft, mike, end):
    """It is true that after the draft's end the token opens nothing: no new draft, no session."""
    builder, ci = invited
    if end == "cancel":
        stage.cancel(draft=draft, by=SYSTEM)
    else:
        builders.expect(builder=builder, expected=None, by=SYSTEM)
        publish(draft, mike)
    draft.refresh_from_db()
    assert not draft.is_live
    assert ci.upload(mac()).status_code == 401
    assert Client().get(f"/upload/{draft.handle}/", headers={"Authorization": ci.basic}).status_code == 401
    assert Draft.objects.count() == 1


@pytest.mark.promise
@pytest.mark.parametrize("how", ["the invitation", "the token"])
def test_revoking_takes_token_and_link(invited, draft, how):
    """It is true that a revoked invitation opens nothing, at once, and what was staged stays for maintainers to judge."""
    builder, ci = invited
    ci.upload(mac())
    url = links.url(builder.link).removeprefix("http://localhost:")
    path = url[url.index("/") :]
    assert Client().get(path).status_code == 200
    if how == "the invitation":
        assert builders.revoke(builder=builder, by=SYSTEM)
        assert not builders.revoke(builder=builder, by=SYSTEM)
        assert AuditEvent.objects.filter(event="builder:revoked").count() == 1
    else:
        assert tokens.revoke(token=builder.token, by=SYSTEM)
    assert ci.upload(mac("cp313")).status_code == 401
    assert Client().get(path).status_code == 404
    assert draft.files.live().filter(filename=mac().filename).exists()
    assert waits(draft) == []


@pytest.mark.promise
def test_a_builder_is_never_told_cis_link(invited, draft):
    """It is true that a builder's answers leave out the stage also where CI gets it: revoking must leave them nothing."""
    Project.objects.update(link_for_ci="full")
    _, ci = invited
    make_ci(draft.project).upload(wheels.wheel(build="1"))
    assert DraftLink.objects.filter(for_ci=True).count() == 1
    assert b"pcd_" not in ci.upload(mac()).content


@pytest.mark.promise
@pytest.mark.django_db(transaction=True)
def test_an_upload_and_a_revocation_at_one_moment(draft, mike):
    """It is true that a file is in only if it was staged before the invitation was revoked, and none comes after."""
    builder, ci = invite(draft, mike)
    answers = race(
        [
            lambda: ci.upload(mac()).status_code,
            lambda: ci.upload(mac("cp313")).status_code,
            lambda: builders.revoke(builder=builder, by=SYSTEM),
        ]
    )
    assert set(answers[:2]) <= {200, 401}
    assert answers[2]
    revoked = AuditEvent.objects.get(event="builder:revoked").seq
    staged = AuditEvent.objects.filter(event="file:staged", actor_label__contains=NAME)
    assert staged.count() == answers[:2].count(200)
    assert all(event.seq < revoked for event in staged)
    assert ci.upload(mac("cp314")).status_code == 401


def test_an_upload_on_its_way_is_refused_when_the_invitation_is_revoked(invited, draft, monkeypatch):
    """It is true that a token which was good when the bytes began is asked again under the lock."""
    from drafts.intake import door

    builder, ci = invited
    take = door.take

    def revoked_meanwhile(*given, **named):
        builders.revoke(builder=builder, by=SYSTEM)
        return take(*given, **named)

    monkeypatch.setattr(door, "take", revoked_meanwhile)
    before = draft.fingerprint()
    response = ci.upload(mac())
    assert (response.status_code, "while the file was on its way" in response.content.decode()) == (401, True)
    assert draft.fingerprint() == before


# --- what publishing waits for ------------------------------------------------------------------------


def test_publishing_waits_for_the_files(invited, draft, mike):
    """It is true that a number counts down as files come, and the last one clears it."""
    _, ci = invited
    assert waits(draft) == [f"builder {NAME}: 2 of 2 files are missing."]
    assert publish(draft, mike).status_code == 409
    ci.upload(mac())
    assert waits(draft) == [f"builder {NAME}: 1 of 2 files is missing."]
    ci.upload(mac("cp313"))
    assert waits(draft) == []
    publish(draft, mike)
    assert draft.state == "published"


def test_what_others_staged_does_not_count(invited, draft):
    make_ci(draft.project).upload(mac())
    assert "2 of 2" in waits(draft)[0]


def test_a_wheel_that_a_maintainer_replaced_still_counts(invited, draft, maintainer):
    """It is true that replacing a builder's bytes is no reason to wait for them again; deleting them is."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    _, ci = invited
    ci.upload(mac())
    again = mac(salt="ours")
    content = SimpleUploadedFile(again.filename, again.data)
    maintainer.post(draft_url(draft, "file-upload"), {"content": content})
    file = draft.files.live().get(filename=again.filename)
    assert (file.sha256, file.staged_by_user is not None) == (again.sha256, True)
    assert "1 of 2" in waits(draft)[0]
    deleting.delete_file(draft=draft, filename=file.filename, by=SYSTEM, seen=file.sha256)
    assert "2 of 2" in waits(draft)[0]


@pytest.mark.parametrize(("expected", "left"), [("1", []), ("3", ["2 of 3"]), ("", [])])
def test_a_maintainer_changes_the_number(invited, draft, maintainer, expected, left):
    """It is true that changing the number clears the blocker or keeps it, with one event."""
    builder, ci = invited
    ci.upload(mac())
    path = draft_url(draft, "builder-expect", builder.pk)
    assert maintainer.post(path, {"expected": expected}).status_code == 302
    assert [words for words in left if words not in waits(draft)[0]] == []
    assert len(waits(draft)) == len(left)
    event = AuditEvent.objects.get(event="builder:expected")
    assert (event.details["before"], event.details["after"]) == (2, int(expected) if expected else None)
    assert maintainer.post(path, {"expected": expected}).status_code == 302
    assert AuditEvent.objects.filter(event="builder:expected").count() == 1


@pytest.mark.parametrize("number", ["0", "-1", "501", "six"])
def test_a_number_that_is_none_changes_nothing(invited, draft, maintainer, number):
    builder, _ = invited
    page = maintainer.post(draft_url(draft, "builder-expect", builder.pk), {"expected": number}, follow=True)
    assert "Nothing was changed" in page.content.decode()
    assert Builder.objects.get().expected == 2


def test_an_invitation_that_expired_still_waits(invited, draft):
    """It is true that files which cannot come any more are missing until a person decides."""
    Token.objects.filter(builder__isnull=False).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert len(waits(draft)) == 1
