"""A volunteer is invited to build what CI does not: a token for certain files, a link, a message, and what publishing waits for."""

import html
import re
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent
from accounts.stepup import ProofRefused
from drafts.access import builders, links, members, tokens
from drafts.intake import stage
from drafts.models import Builder, Draft, DraftLink, Membership, NotEditable, Project, Token
from drafts.publishing import policy
from tests import wheels
from tests.bodies import codes
from tests.conftest import Ci, draft_url, make_ci, publish, totp_code
from tests.proofs import proof_of
from tests.racing import race

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
NAME = "Ann Other"


def mac(python: str = "cp312", **knobs) -> wheels.Built:
    return wheels.wheel(tag=f"{python}-{python}-macosx_11_0_arm64", **knobs)


def invite(draft: Draft, user, **changes) -> tuple[Builder, Ci]:
    """Invite somebody for macOS wheels, as the page does."""
    told = {"name": NAME, "patterns": ["*-macosx_*"], "expected": 2, "days": 7, "by": Actor.person(user)}
    proof = proof_of(user, builders.purpose(draft))
    builder, token = builders.invite(draft=draft, proof=proof, **{**told, **changes})
    return builder, Ci(token, builder.token)


@pytest.fixture
def invited(draft, mike) -> tuple[Builder, Ci]:
    """A builder who was asked for two macOS wheels, and the token they hold."""
    return invite(draft, mike)


@pytest.fixture
def browser(mike) -> Client:
    """A browser in which the maintainer is signed in."""
    client = Client()
    client.force_login(mike)
    return client


def waits(draft: Draft) -> list[str]:
    """What publishing waits for from builders, in sentences."""
    return [one.sentence for one in policy.blockers(draft) if one.code == policy.Code.BUILDER_FILES]


def form(**changes) -> dict[str, str]:
    filled = {"name": NAME, "patterns": "*-macosx_*", "expected": "2", "days": "7", "code": totp_code("mike")}
    return {**filled, **changes}


def shown(page: bytes) -> str:
    """The message in the page that shows it."""
    return html.unescape(re.search(r"<textarea[^>]*>(.*?)</textarea>", page.decode(), re.DOTALL)[1])


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


def test_a_wheel_that_a_maintainer_replaced_still_counts(invited, draft, browser):
    """It is true that replacing a builder's bytes is no reason to wait for them again; deleting them is."""
    from django.core.files.uploadedfile import SimpleUploadedFile

    _, ci = invited
    ci.upload(mac())
    again = mac(salt="ours")
    content = SimpleUploadedFile(again.filename, again.data)
    browser.post(draft_url(draft, "file-upload"), {"content": content})
    file = draft.files.live().get(filename=again.filename)
    assert (file.sha256, file.staged_by_user is not None) == (again.sha256, True)
    assert "1 of 2" in waits(draft)[0]
    stage.delete_file(draft=draft, filename=file.filename, by=SYSTEM, seen=file.sha256)
    assert "2 of 2" in waits(draft)[0]


@pytest.mark.parametrize(("expected", "left"), [("1", []), ("3", ["2 of 3"]), ("", [])])
def test_a_maintainer_changes_the_number(invited, draft, browser, expected, left):
    """It is true that changing the number clears the blocker or keeps it, with one event."""
    builder, ci = invited
    ci.upload(mac())
    path = draft_url(draft, "builder-expect", builder.pk)
    assert browser.post(path, {"expected": expected}).status_code == 302
    assert [words for words in left if words not in waits(draft)[0]] == []
    assert len(waits(draft)) == len(left)
    event = AuditEvent.objects.get(event="builder:expected")
    assert (event.details["before"], event.details["after"]) == (2, int(expected) if expected else None)
    assert browser.post(path, {"expected": expected}).status_code == 302
    assert AuditEvent.objects.filter(event="builder:expected").count() == 1


@pytest.mark.parametrize("number", ["0", "-1", "501", "six"])
def test_a_number_that_is_none_changes_nothing(invited, draft, browser, number):
    builder, _ = invited
    page = browser.post(draft_url(draft, "builder-expect", builder.pk), {"expected": number}, follow=True)
    assert "Nothing was changed" in page.content.decode()
    assert Builder.objects.get().expected == 2


def test_an_invitation_that_expired_still_waits(invited, draft):
    """It is true that files which cannot come any more are missing until a person decides."""
    Token.objects.filter(builder__isnull=False).update(expires_at=timezone.now() - timedelta(seconds=1))
    assert len(waits(draft)) == 1


# --- inviting -----------------------------------------------------------------------------------------


def test_a_maintainer_invites(draft, browser):
    """It is true that one act makes token, link and invitation, with one event that holds neither secret."""
    assert browser.get(draft_url(draft, "builder-invite")).status_code == 200
    before = AuditEvent.objects.count()
    response = browser.post(draft_url(draft, "builder-invite"), form(patterns="*-macosx_*, *-win_arm64.whl"))
    assert response.status_code == 200
    assert "no-store" in response["Cache-Control"]
    builder = Builder.objects.select_related("token", "link").get()
    assert (builder.name, builder.expected) == (NAME, 2)
    assert (builder.token.versions, builder.token.patterns) == (["1"], ["*-macosx_*", "*-win_arm64.whl"])
    assert (builder.token.add_only, builder.token.draft) == (True, draft)
    assert (builder.link.label, builder.link.draft) == (NAME, draft)
    assert AuditEvent.objects.count() == before + 1
    event = AuditEvent.objects.get(event="builder:invited")
    assert "pcu_" not in repr(event.details)
    assert "pcd_" not in repr(event.details)
    assert (event.details["label"], event.details["expected"]) == (NAME, 2)


REFUSED_FORMS = {
    "nobody": ({"name": " "}, 400, "Say who builds."),
    "no files": ({"patterns": " "}, 400, "Say which files they build"),
    "a pattern that is none": ({"patterns": "mac/os"}, 400, "is not a pattern for file names"),
    "no time": ({"days": "0"}, 400, "1 to 30 days"),
    "too long": ({"days": "31"}, 400, "1 to 30 days"),
    "no number of files": ({"expected": "0"}, 400, "a number from 1, or empty"),
    "no code": ({"code": ""}, 403, "Type the six digits"),
    "a wrong code": ({"code": "000000"}, 403, "That code is wrong"),
}


@pytest.mark.parametrize(("changes", "status", "words"), REFUSED_FORMS.values(), ids=REFUSED_FORMS.keys())
def test_an_invitation_is_refused_in_words(draft, browser, changes, status, words):
    """It is true that nothing is made, the words say why, and what was typed stays."""
    response = browser.post(draft_url(draft, "builder-invite"), form(**changes))
    page = response.content.decode()
    assert (response.status_code, words in page) == (status, True)
    assert 'value="*-macosx_*"' in page or "patterns" in changes
    assert (Builder.objects.count(), Token.objects.count(), DraftLink.objects.count()) == (0, 1, 0)


def test_nobody_is_invited_to_a_draft_that_ended(draft, browser):
    stage.cancel(draft=draft, by=SYSTEM)
    page = browser.post(draft_url(draft, "builder-invite"), form(), follow=True).content.decode()
    assert "Nobody was invited: the draft of sampleproject 1.0 is canceled" in page
    assert not Builder.objects.exists()


@pytest.mark.promise
def test_the_act_asks_for_proof_role_and_draft(draft, mike, alice):
    """It is true that a proof for something else, a role that was lost, or a draft that ended makes no invitation."""
    told = {"name": NAME, "patterns": ["*"], "expected": None, "days": 1, "by": SYSTEM}
    other = proof_of(mike, tokens.make_purpose(draft.project))
    with pytest.raises(ProofRefused):
        builders.invite(draft=draft, proof=other, **told)
    proof = proof_of(mike, builders.purpose(draft))
    Membership.objects.filter(user=mike).update(role="reviewer")
    with pytest.raises(members.NotYours):
        builders.invite(draft=draft, proof=proof, **told)
    stage.cancel(draft=draft, by=SYSTEM)
    with pytest.raises(NotEditable):
        builders.invite(draft=draft, proof=proof_of(alice, builders.purpose(draft)), **told)
    assert (Builder.objects.count(), DraftLink.objects.count()) == (0, 0)


def test_another_drafts_builder_is_not_there(invited, ci, browser):
    """It is true that a builder is found under their own draft alone."""
    ci.upload(wheels.wheel(version="2.0"))
    other = Draft.objects.get(version="2.0")
    for act in ("builder-revoke", "builder-expect"):
        assert browser.post(draft_url(other, act, invited[0].pk)).status_code == 404
    assert Builder.objects.invited().count() == 1


# --- what the pages say -------------------------------------------------------------------------------


def test_the_draft_page_says_what_it_waits_for(invited, draft, browser):
    """It is true that the sentence counts up, is a hint, a row and, while files are missing, a blocker."""
    builder, ci = invited
    ci.upload(mac())
    page = browser.get(draft_url(draft)).content.decode()
    assert f"waiting for 2 files like *-macosx_* from {NAME} (1 of 2 so far)" in page
    assert f'data-builder="{NAME}" data-missing="1"' in page
    assert 'data-blocker="builder-files"' in page
    ci.upload(mac("cp313"))
    page = browser.get(draft_url(draft)).content.decode()
    assert f"{NAME} sent 2 files like *-macosx_*" in page
    assert 'data-blocker="builder-files"' not in page
    browser.post(draft_url(draft, "builder-revoke", builder.pk))
    page = browser.get(draft_url(draft)).content.decode()
    assert "data-builder=" not in page
    assert "revoked a builder" in page


def test_an_invitation_without_a_number_is_a_hint_alone(draft, mike, browser):
    invite(draft, mike, expected=None)
    page = browser.get(draft_url(draft)).content.decode()
    assert f"{NAME} may send files like *-macosx_* (0 so far)" in page
    assert waits(draft) == []


def test_a_reviewer_sees_builders_and_changes_nothing(invited, draft, rita):
    client = Client()
    client.force_login(rita)
    page = client.get(draft_url(draft)).content.decode()
    assert f'data-builder="{NAME}"' in page
    assert "/builders/" not in page


def test_a_message_for_a_draft_without_its_source(ci, browser):
    """It is true that without an sdist the message says where it will be, and still how to send the wheels."""
    ci.upload(wheels.wheel())
    text = shown(browser.post(draft_url(Draft.objects.get(), "builder-invite"), form()).content)
    assert "is not staged yet" in text
    assert "curl" not in text
    assert "twine upload" in text


@pytest.mark.clients
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("tool", ["python -m twine", "uv publish"])
def test_the_commands_of_the_message_work(live, clients, draft, browser, tool):
    """It is true that a volunteer who pastes the message's lines fetches, checks, builds and stages."""
    text = shown(browser.post(draft_url(draft, "builder-invite"), form(patterns="*-none-any.whl")).content)
    source = [line for line in text.splitlines() if line.startswith(("curl", "python -c", "python -m pip"))]
    assert len(source) == 3
    said = clients.shell(*source)
    assert said.code == 0, said.text
    built = next((clients.home / "wheels").iterdir())
    built.rename(built.with_name("sampleproject-1.0-7-py3-none-any.whl"))
    # The sample's own wheel lies in the draft already; a build number makes this one another file.
    send = next(line for line in text.splitlines() if line.startswith(tool))
    said = clients.shell(send)
    assert said.code == 0, said.text
    assert draft.files.live().filter(filename="sampleproject-1.0-7-py3-none-any.whl").exists()
    link = re.search(r"http://\S+/draft/pcd_\w+/$", text, re.MULTILINE)[0]
    assert live.get(link).status == 200


@pytest.mark.clients
@pytest.mark.django_db(transaction=True)
def test_the_message_notices_another_source(live, clients, draft, browser):
    """It is true that the check fails for a file with other bytes."""
    text = shown(browser.post(draft_url(draft, "builder-invite"), form()).content)
    check = next(line for line in text.splitlines() if line.startswith("python -c"))
    (clients.home / wheels.sdist().filename).write_bytes(b"not the source")
    said = clients.shell(check)
    assert said.code != 0
    assert "not the staged file" in said
