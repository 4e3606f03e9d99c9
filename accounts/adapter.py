"""How allauth behaves here: no sign-up, secrets encrypted at rest, absolute addresses from the settings."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.mfa.adapter import DefaultMFAAdapter
from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse

from accounts import keys
from accounts.models import User

TOTP_LABEL = "second-factor"


class AccountAdapter(DefaultAccountAdapter):
    """People are made by an operator or an invitation."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        del request
        return False

    def is_reauthentication_required(self, *, app: str) -> bool:
        """Ask again before factors change; a newcomer, who came a moment ago, has nothing to be asked for yet."""
        user = self.request.user
        if isinstance(user, User) and not user.is_enrolled:
            return False
        return bool(super().is_reauthentication_required(app=app))

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Go on to the second factors: for a newcomer they are the next step."""
        del request
        return reverse("mfa_index")

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the peer's address; forwarded headers count only where a trusted proxy rewrote it."""
        return str(request.META.get("REMOTE_ADDR", ""))

    def render_mail(
        self, template_prefix: str, email: Any, context: dict[str, Any], headers: Any = None
    ) -> Any:
        """Links in mails are built from the public address, never from the Host header."""
        if url := context.get("password_reset_url"):
            path = "/" + str(url).split("/", 3)[3]
            context = {**context, "password_reset_url": settings.PRESSCHECK_URL + path}
        return super().render_mail(template_prefix, email, context, headers)


class SecondFactorAdapter(DefaultMFAAdapter):
    """TOTP secrets and recovery seeds are encrypted under a derived key."""

    def encrypt(self, text: str) -> str:
        return keys.encrypt(text, label=TOTP_LABEL)

    def decrypt(self, encrypted_text: str) -> str:
        return keys.decrypt(encrypted_text, label=TOTP_LABEL)

    def can_delete_authenticator(self, authenticator: Any) -> bool:
        """The last second factor cannot be taken away: enrol another first."""
        others = type(authenticator).objects.filter(user=authenticator.user, type__in=["totp", "webauthn"])
        return bool(others.exclude(pk=authenticator.pk).exists())
