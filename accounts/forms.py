"""allauth's forms, with codes that are accepted once and in the database."""

from typing import Any

from allauth.account.internal.flows.login import record_authentication
from allauth.core import context
from allauth.mfa.adapter import get_adapter
from allauth.mfa.base import forms as base
from allauth.mfa.base.internal.flows import check_rate_limit
from allauth.mfa.internal.flows.add import validate_can_add_authenticator
from allauth.mfa.models import Authenticator
from allauth.mfa.totp import forms as totp_forms

from accounts import holds, totp


class _OnceOnly(base.BaseAuthenticateForm):
    """A sign-in or re-authentication code: TOTP through its counter row, else a recovery code."""

    user: Any
    authenticator: Authenticator

    def clean_code(self) -> str:
        forget_failures = check_rate_limit(self.user)
        code: str = self.cleaned_data["code"]
        authenticator = totp.accept(self.user, code) or self._recovery(code)
        if authenticator is None:
            main = Authenticator.objects.filter(user=self.user, type=Authenticator.Type.TOTP).first()
            if main:
                self._emit_authentication_failed(main)
            raise get_adapter().validation_error("incorrect_code")
        authenticator.user = self.user
        self.authenticator = authenticator
        forget_failures()
        return code

    def _recovery(self, code: str) -> Authenticator | None:
        for authenticator in Authenticator.objects.filter(
            user=self.user, type=Authenticator.Type.RECOVERY_CODES
        ):
            if authenticator.wrap().validate_code(code):
                holds.after_recovery(self.user)
                return authenticator
        return None


class AuthenticateForm(_OnceOnly, base.AuthenticateForm):
    """The second step of signing in."""


class ReauthenticateForm(_OnceOnly, base.ReauthenticateForm):
    """Proof again, for changes to one's own factors."""

    def _recovery(self, code: str) -> Authenticator | None:
        """Recovery codes open the door, they do not change the locks."""
        del code
        return None


class ActivateTOTPForm(totp_forms.ActivateTOTPForm):
    """The last step of enrolling an authenticator app; its code is spent here."""

    def clean_code(self) -> str:
        validate_can_add_authenticator(self.user)
        forget_failures = check_rate_limit(self.user, error_key="rate_limited")
        code: str = self.cleaned_data["code"]
        if not totp.accept_new(self.user, self.secret, code):
            raise get_adapter().validation_error("incorrect_code")
        holds.after_enrolment(self.user)
        # The code that was given a moment ago is proof enough to see the recovery codes, the next page.
        record_authentication(context.request, self.user, method="mfa", reauthenticated=True)
        forget_failures()
        return code
