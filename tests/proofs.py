"""Proofs for tests of acts, made by the one maker there is: a second factor in a request."""

from django.test import RequestFactory

from accounts import stepup
from accounts.models import User
from accounts.stepup import Proof, Purpose
from tests.conftest import totp_code


def proof_of(user: User, purpose: Purpose) -> Proof:
    """Give this person's next code for a purpose."""
    request = RequestFactory().post("/", {"code": totp_code(user.email.split("@")[0])})
    request.user = user
    return stepup.prove(request, purpose)
