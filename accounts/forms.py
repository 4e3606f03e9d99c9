"""allauth's forms, with factors that are accepted once, counted and locked in the database."""

from typing import Any

from allauth.core import context
from allauth.mfa.base.forms import post_authentication
from allauth.mfa.models import Authenticator
from django import forms

from accounts import holds, stepup
from accounts.audit import Actor, Origin
from accounts.models import User
from accounts.purposes import Purpose
from accounts.stepup import Given, NotProven


class AuthenticateForm(forms.Form):
    """The second step of signing in: a code, a passkey, or a recovery code."""

    code = forms.CharField(required=False, max_length=64)
    credential = forms.CharField(required=False)

    act = "sign in"
    recovery_codes = True
    reauthenticated = False

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean(self) -> None:
        """Check what was given; the purpose is this person's sign-in and nothing else."""
        purpose = Purpose(act=self.act, on=f"person:{self.user.pk}")
        try:
            self.authenticator = stepup.check(
                self.user,
                purpose,
                Given.of(context.request),
                even_held=True,
                recovery_codes=self.recovery_codes,
            )
        except NotProven as error:
            raise forms.ValidationError(str(error)) from error

    def save(self) -> None:
        if self.authenticator.type == Authenticator.Type.RECOVERY_CODES:
            holds.after_recovery(user=self.user, by=Actor.person(self.user, Origin.of(context.request)))
        self.authenticator.user = self.user
        post_authentication(context.request, self.authenticator, reauthenticated=self.reauthenticated)


class ReauthenticateForm(AuthenticateForm):
    """Proof again. Recovery codes open the door, they do not change the locks."""

    act = "confirm that it is you"
    recovery_codes = False
    reauthenticated = True
