"""A token that leaked: what it staged into drafts is confirmed file by file, or it is not published."""

from html import unescape

import pytest
from django.urls import reverse

from accounts.models import AuditEvent
from drafts.evidence.add import paste
from drafts.intake import deleting, putback
from drafts.models import Changed, Decision, Draft, File, Token
from drafts.publishing import decisions
from drafts.publishing.policy import Code, blockers
from tests import wheels
from tests.conftest import SYSTEM, draft_url, make_ci, publish, totp_code
from tests.pressing import browser_of

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
WHEEL, SDIST = wheels.wheel(), wheels.sdist()


def leak(alice, token, **form):
    """Revoke a token on its page, with the box ticked that says why."""
    path = reverse("token-revoke", args=[token.project.name, token.pk])
    return browser_of(alice).post(path, {"leaked": "on", "code": totp_code("alice"), **form}, follow=True)


def doubted(draft: Draft) -> list[str]:
    """What waits to be confirmed."""
    found = [one for one in blockers(Draft.objects.get(pk=draft.pk)) if one.code == Code.STAGED_BY_LEAKED]
    return [name.split()[0] for one in found for name in one.what]


def confirm(user, draft: Draft, reason: str = "the same digests as in the job's log") -> None:
    (found,) = [one for one in blockers(draft) if one.code == Code.STAGED_BY_LEAKED]
    form = {"kind": found.decision, "what": list(found.what), "reason": reason}
    browser_of(user).post(draft_url(draft, "decide"), form)


def test_what_it_staged_is_not_published_before_it_is_confirmed(draft, ci, alice, mike, mikes):
    """It is true that page and act say so, that a maintainer's reason clears it, and that the receipt keeps that."""
    assert File.objects.filter(leaked_at=None).count() == 2
    page = leak(alice, ci.row).content.decode()
    assert "revoked: it leaked" in page
    event = AuditEvent.objects.get(event="token:revoked")
    assert (event.details["leaked"], event.details["files"]) == (True, 2)
    publish(draft, mike, mikes)
    assert draft.state == "open"
    page = unescape(mikes.get(draft_url(draft)).content.decode())
    assert "Do not publish: 2 of 2 files were staged by a token that leaked." in page
    confirm(mike, draft)
    assert doubted(draft) == []
    assert "these bytes are right, though the token leaked" in mikes.get(draft_url(draft)).content.decode()
    publish(draft, mike, mikes)
    assert draft.state == "published"
    (told,) = AuditEvent.objects.get(event="draft:published").details["accepted"]
    assert (told["code"], told["by"], len(told["what"])) == ("confirmed", "mike", 2)


def test_only_revoked_tokens_that_leaked_raise_doubt(draft, ci, alice):
    """It is true that revoking alone asks nothing, and that the owner can say later that it leaked, once."""
    leaked = {"leaked": ""}
    path = reverse("token-revoke", args=["sampleproject", ci.row.pk])
    browser_of(alice).post(path, {"code": totp_code("alice")})
    assert doubted(draft) == []
    assert f"Say that {ci.row.label} leaked" in browser_of(alice).get(path).content.decode()
    leak(alice, ci.row, **leaked)
    assert len(doubted(draft)) == 2
    assert "because it leaked" in browser_of(alice).get(path).content.decode()
    leak(alice, ci.row)
    events = AuditEvent.objects.filter(event__startswith="token:", on_id=str(ci.row.pk)).order_by("seq")
    assert [one.event for one in events][-2:] == ["token:revoked", "token:leaked"]


def test_what_others_staged_is_not_doubted(draft, ci, project, alice):
    """It is true of another token's files, and of files that take the place of doubted ones."""
    other = make_ci(project, label="other.yml")
    assert other.upload(wheels.wheel(build="1")).status_code == 200
    leak(alice, ci.row)
    assert doubted(draft) == [WHEEL.filename, SDIST.filename]
    deleting.delete_file(draft=draft, filename=WHEEL.filename, by=SYSTEM, seen=WHEEL.sha256)
    assert other.upload(WHEEL).status_code == 200
    assert doubted(draft) == [SDIST.filename]


def test_a_decision_covers_the_bytes_that_were_looked_at(draft, ci, alice, mike):
    """It is true that a maintainer confirms no other bytes, and that a reviewer or CI confirms nothing."""
    leak(alice, ci.row)
    (found,) = [one for one in blockers(draft) if one.code == Code.STAGED_BY_LEAKED]
    with pytest.raises(Changed):
        decisions.decide(
            draft=draft,
            kind=found.decision,
            what=[f"{WHEEL.filename} {'0' * 64}"],
            reason="x",
            by=SYSTEM,
            user=mike,
        )
    confirm(mike, draft, reason=" ")
    assert not Decision.objects.exists()


def test_reviewers_confirm_nothing(draft, ci, alice, rita):
    leak(alice, ci.row)
    confirm(rita, draft)
    assert len(doubted(draft)) == 2


def test_a_replaced_copy_that_is_put_back_is_doubted_as_well(draft, ci, alice, mike, rita):
    """It is true that confirming what is there confirms nothing that was replaced before."""
    log = f"{WHEEL.sha256}  {WHEEL.filename}\n".encode()
    paste(draft=draft, data=log, label="log", user=rita, by=SYSTEM)
    assert ci.upload(wheels.wheel(salt="anew")).status_code == 200
    leak(alice, ci.row)
    confirm(mike, draft)
    assert doubted(draft) == []
    now = draft.files.live().get(filename=WHEEL.filename)
    putback.put_back(draft=draft, filename=WHEEL.filename, by=SYSTEM, seen=now.sha256)
    assert doubted(draft) == [WHEEL.filename]


def test_a_wrong_code_changes_nothing(draft, ci, alice):
    assert leak(alice, ci.row, code="000000").status_code == 403
    assert doubted(draft) == []
    assert Token.objects.get(pk=ci.row.pk).revoked_at is None
