"""Approving as the page does, and projects that ask for it."""

from django.test import Client

from accounts.audit import Actor
from accounts.models import User
from drafts.models import Approval, Draft, Project, Says
from drafts.publishing import approvals
from tests.conftest import draft_url, totp_code
from tests.proofs import proof_of


def needs(count: int, **changes: object) -> None:
    """Let every project need so many approvals."""
    Project.objects.update(approvals_needed=count, **changes)


def browser(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def press_approve(user: User, draft: Draft, says: str = "yes", **form: str):
    """Send the form of the page that asks for a note and a code."""
    code = totp_code(user.email.split("@")[0])
    fields = {"says": says, "fingerprint": draft.fingerprint(), "code": code, **form}
    return browser(user).post(draft_url(draft, "approve"), fields)


def approve(user: User, draft: Draft, says: Says = Says.YES, note: str = "") -> Approval:
    """The act itself, with a proof for it."""
    seen = draft.fingerprint()
    proof = proof_of(user, approvals.purpose(draft, says, seen))
    return approvals.say(
        draft=draft, says=says, by=Actor.person(user), proof=proof, fingerprint=seen, note=note
    )
