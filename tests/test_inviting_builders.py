"""Inviting a builder: the form, the act, the message whose commands work, and what the draft page says."""

import re

import pytest
from django.test import Client

from accounts.models import AuditEvent
from accounts.stepup import ProofRefused
from drafts.access import builders, members, tokens
from drafts.intake import stage
from drafts.models import Builder, Draft, DraftLink, Membership, NotEditable, Token
from tests import wheels
from tests.conftest import draft_url
from tests.proofs import proof_of
from tests.volunteers import NAME, SYSTEM, form, invite, mac, shown, waits

pytestmark = pytest.mark.django_db


def test_a_maintainer_invites(draft, maintainer):
    """It is true that one act makes token, link and invitation, with one event that holds neither secret."""
    assert maintainer.get(draft_url(draft, "builder-invite")).status_code == 200
    before = AuditEvent.objects.count()
    response = maintainer.post(
        draft_url(draft, "builder-invite"), form(patterns="*-macosx_*, *-win_arm64.whl")
    )
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
def test_an_invitation_is_refused_in_words(draft, maintainer, changes, status, words):
    """It is true that nothing is made, the words say why, and what was typed stays."""
    response = maintainer.post(draft_url(draft, "builder-invite"), form(**changes))
    page = response.content.decode()
    assert (response.status_code, words in page) == (status, True)
    assert 'value="*-macosx_*"' in page or "patterns" in changes
    assert (Builder.objects.count(), Token.objects.count(), DraftLink.objects.count()) == (0, 1, 0)


def test_nobody_is_invited_to_a_draft_that_ended(draft, maintainer):
    stage.cancel(draft=draft, by=SYSTEM)
    page = maintainer.post(draft_url(draft, "builder-invite"), form(), follow=True).content.decode()
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


def test_another_drafts_builder_is_not_there(invited, ci, maintainer):
    """It is true that a builder is found under their own draft alone."""
    ci.upload(wheels.wheel(version="2.0"))
    other = Draft.objects.get(version="2.0")
    for act in ("builder-revoke", "builder-expect"):
        assert maintainer.post(draft_url(other, act, invited[0].pk)).status_code == 404
    assert Builder.objects.invited().count() == 1


# --- what the pages say -------------------------------------------------------------------------------


def test_the_draft_page_says_what_it_waits_for(invited, draft, maintainer):
    """It is true that the sentence counts up, is a hint, a row and, while files are missing, a blocker."""
    builder, ci = invited
    ci.upload(mac())
    page = maintainer.get(draft_url(draft)).content.decode()
    assert f"waiting for 2 macOS wheels from {NAME} (1 of 2 so far)" in page
    assert f'data-builder="{NAME}" data-missing="1"' in page
    assert 'data-blocker="builder-files"' in page
    ci.upload(mac("cp313"))
    page = maintainer.get(draft_url(draft)).content.decode()
    assert f"{NAME} sent 2 macOS wheels" in page
    assert 'data-blocker="builder-files"' not in page
    maintainer.post(draft_url(draft, "builder-revoke", builder.pk))
    page = maintainer.get(draft_url(draft)).content.decode()
    assert "data-builder=" not in page
    assert "revoked a builder" in page


def test_an_invitation_without_a_number_is_a_hint_alone(draft, mike, maintainer):
    invite(draft, mike, expected=None)
    page = maintainer.get(draft_url(draft)).content.decode()
    assert f"{NAME} may send macOS wheels (0 so far)" in page
    assert waits(draft) == []


WANTED = {
    "one wheel": (["*-macosx_*"], 1, "1 macOS wheel"),
    "two systems": (["*-macosx_*", "*-win_*.whl"], 6, "6 macOS or Windows wheels"),
    "Linux of either kind": (["*-manylinux*", "*-musllinux_*"], 2, "2 Linux or musl Linux wheels"),
    "more than a system": (["*-macosx_*", "*-cp312-*"], 6, "6 files like *-macosx_*, *-cp312-*"),
    "one architecture": (["*-macosx_*_arm64.whl"], 1, "1 file like *-macosx_*_arm64.whl"),
    "a source": (["*.tar.gz"], 1, "1 file like *.tar.gz"),
}


@pytest.mark.parametrize(("patterns", "expected", "words"), WANTED.values(), ids=WANTED.keys())
def test_what_is_waited_for_is_said_as_people_say_it(draft, mike, maintainer, patterns, expected, words):
    invite(draft, mike, patterns=patterns, expected=expected)
    assert (
        f"waiting for {words} from {NAME} (0 of {expected} so far)"
        in maintainer.get(draft_url(draft)).content.decode()
    )


def test_a_reviewer_sees_builders_and_changes_nothing(invited, draft, rita):
    client = Client()
    client.force_login(rita)
    page = client.get(draft_url(draft)).content.decode()
    assert f'data-builder="{NAME}"' in page
    assert "/builders/" not in page


def test_a_message_for_a_draft_without_its_source(ci, maintainer):
    """It is true that without an sdist the message says where it will be, and still how to send the wheels."""
    ci.upload(wheels.wheel())
    text = shown(maintainer.post(draft_url(Draft.objects.get(), "builder-invite"), form()).content)
    assert "is not staged yet" in text
    assert "curl" not in text
    assert "twine upload" in text


@pytest.mark.clients
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("tool", ["python -m twine", "uv publish"])
def test_the_commands_of_the_message_work(live, clients, draft, maintainer, tool):
    """It is true that a volunteer who pastes the message's lines fetches, checks, builds and stages."""
    text = shown(maintainer.post(draft_url(draft, "builder-invite"), form(patterns="*-none-any.whl")).content)
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
def test_the_message_notices_another_source(live, clients, draft, maintainer):
    """It is true that the check fails for a file with other bytes."""
    text = shown(maintainer.post(draft_url(draft, "builder-invite"), form()).content)
    check = next(line for line in text.splitlines() if line.startswith("python -c"))
    (clients.home / wheels.sdist().filename).write_bytes(b"not the source")
    said = clients.shell(check)
    assert said.code != 0
    assert "not the staged file" in said
