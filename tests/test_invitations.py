"""Invitations by mail: bound to an address, good once and for a week, with an account or without one."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent, User
from drafts.access import invitations
from drafts.models import Invitation, Membership, standing
from tests.conftest import totp_code
from tests.racing import race
from tests.test_second_factors import APP, code_of, shown_secret

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.state]
PAGE = "/projects/sampleproject/people/"


@pytest.fixture
def alices(project, alice) -> Client:
    """The owner's browser."""
    browser = Client()
    browser.force_login(alice)
    return browser


def send(browser, email="nora@example.org", role="maintainer", **form):
    return browser.post(f"{PAGE}invite/", {"email": email, "role": role, "code": totp_code("alice"), **form})


def link(email="nora@example.org") -> str:
    """The path in the last mail to this address."""
    message = [one for one in mail.outbox if one.to == [email]][-1]
    return re.search(r"(/invitations/\S+)", message.body)[1]


def browser_of(user) -> Client:
    browser = Client()
    browser.force_login(user)
    return browser


def roles() -> dict[str, str]:
    return {one.user.email: str(one.role) for one in standing.standings(Invitation.objects.get().project)}


def test_somebody_without_an_account_makes_one_and_joins(alices, draft):
    """It is true that the link leads to a password, a second factor, and the project."""
    assert send(alices).status_code == 302
    path = link()
    browser = Client()
    page = browser.get(path)
    assert "Become maintainer of sampleproject." in page.content.decode()
    assert page["Referrer-Policy"] == "no-referrer"
    assert not User.objects.filter(email="nora@example.org").exists()
    assert browser.post(path).status_code == 302
    new = {"password1": "another quiet evening", "password2": "another quiet evening"}
    assert browser.get("/")["Location"] == "/accounts/password/set/"
    assert browser.post("/accounts/password/set/", new).status_code == 302
    assert browser.post(APP, {"new_code": code_of(shown_secret(browser))}).status_code == 302
    assert browser.get(PAGE).status_code == 200
    assert roles()["nora@example.org"] == "maintainer"
    said = AuditEvent.objects.filter(event__startswith="invitation:").order_by("pk")
    assert list(said.values_list("event", flat=True)) == ["invitation:sent", "invitation:accepted"]


def test_somebody_with_an_account_signs_in_and_says_yes(alices, charlie):
    assert send(alices, charlie.email, "reviewer").status_code == 302
    path = link(charlie.email)
    assert f"/accounts/login/?next={path}" in Client().get(path).content.decode()
    assert Client().post(path).status_code == 409  # the link alone opens no account that there is
    browser = browser_of(charlie)
    assert "Become reviewer of sampleproject" in browser.get(path).content.decode()
    assert charlie.email not in roles()
    assert browser.post(path).status_code == 302
    assert roles()[charlie.email] == "reviewer"


def revoked(alices, row):
    assert alices.post(f"{PAGE}invitations/{row.pk}/revoke/").status_code == 302


def too_old(alices, row):
    Invitation.objects.update(expires_at=timezone.now())


def used(alices, row):
    assert Client().post(link()).status_code == 302


NOT_GOOD = [revoked, too_old, used]


@pytest.mark.promise
@pytest.mark.parametrize("why", NOT_GOOD)
def test_a_link_that_is_over_opens_nothing(alices, why):
    """It is true that revoked, expired and used links are the same 404 for everybody, and make no account."""
    send(alices)
    path = link()
    why(alices, Invitation.objects.get())
    people = User.objects.count()
    assert [Client().get(path).status_code, Client().post(path).status_code] == [404, 404]
    assert User.objects.count() == people


@pytest.mark.promise
@pytest.mark.parametrize(
    "path", ["/invitations/x/", "/invitations/pci_" + "0" * 49 + "/", "/invitations/%00/"]
)
def test_a_made_up_link_opens_nothing(alices, path):
    send(alices)
    assert [Client().get(path).status_code, Client().post(path).status_code] == [404, 404]


@pytest.mark.promise
def test_an_invitation_is_for_its_address_alone(alices, charlie, project):
    """It is true that who is signed in as somebody else does not become a member."""
    send(alices)
    answer = browser_of(charlie).post(link())
    assert (answer.status_code, standing.role_on(project, charlie)) == (409, None)
    assert "This invitation is for nora@example.org" in answer.content.decode()
    assert Invitation.objects.open().exists()


@pytest.mark.promise
def test_who_invited_must_still_be_allowed_to(alices, alice, mike, project):
    """It is true that links of an owner who was removed are worth nothing."""
    send(alices)
    Membership.objects.filter(user=mike).update(role="owner")
    Membership.objects.filter(user=alice).update(role="maintainer")
    assert Client().post(link()).status_code == 409
    assert not User.objects.filter(email="nora@example.org").exists()


@pytest.mark.promise
def test_the_mailbox_alone_opens_no_account_that_had_a_second_factor(alices, charlie):
    """It is true that an account which lost its factors, or was recovered, is not let in by an invitation."""
    send(alices, charlie.email)
    charlie.authenticator_set.all().delete()
    assert Client().post(link(charlie.email)).status_code == 409
    User.objects.filter(pk=charlie.pk).update(recovered_at=timezone.now())
    assert Client().post(link(charlie.email)).status_code == 409
    assert charlie.email not in roles()


def test_only_the_digest_of_a_link_is_kept(alices):
    """It is true that the database holds nothing that lets anybody in."""
    send(alices)
    token = link().split("/")[2]
    assert token.startswith("pci_")
    row = Invitation.objects.get()
    assert token not in str(vars(row))
    assert row.expires_at - timezone.now() <= timedelta(days=7)


def test_of_two_who_follow_one_link_at_once_one_joins(alices, project):
    """It is true that a link is good once, also for the same moment."""
    send(alices)
    path = link()
    answers = race([lambda: Client().post(path).status_code, lambda: Client().post(path).status_code])
    assert sorted(answers) == [302, 404] or sorted(answers) == [302, 409]
    assert project.members.filter(user__email="nora@example.org").count() == 1


REFUSED = {
    "no address": ({"email": ""}, 400, "is not an e-mail address"),
    "no e-mail address": ({"email": "nora at home"}, 400, "is not an e-mail address"),
    "a member": ({"email": "Mike@example.org "}, 400, "is a member already"),
    "no role": ({"role": ""}, 400, "choose a role"),
    "no such role": ({"role": "admin"}, 400, "choose a role"),
    "a wrong code": ({"code": "000000"}, 403, "That code is wrong"),
}


@pytest.mark.parametrize(("form", "status", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_an_invitation_is_refused_in_words(alices, form, status, words):
    answer = send(alices, **form)
    assert (answer.status_code, words in answer.content.decode()) == (status, True)
    assert (Invitation.objects.count(), mail.outbox) == (0, [])


def test_nobody_is_invited_twice_and_not_without_end(alices, monkeypatch):
    send(alices)
    assert "is invited already" in send(alices, "NORA@example.org").content.decode()
    monkeypatch.setattr(invitations, "MOST_OPEN", 1)
    assert "1 invitations are open" in send(alices, "other@example.org").content.decode()
    assert Invitation.objects.count() == 1


def test_open_invitations_are_listed_for_owners(alices, mikes):
    send(alices)
    assert 'data-invitation="nora@example.org"' in alices.get(PAGE).content.decode()
    assert "nora@example.org" not in mikes.get(PAGE).content.decode()
