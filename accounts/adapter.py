"""How allauth behaves here: no sign-up, secrets encrypted at rest, every sign-in and password change on record."""

from typing import Any

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.internal.flows.login import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from django.http import HttpRequest, HttpResponse
from django.urls import reverse

from accounts import arrivals, keys, letters, mail, people
from accounts.audit import Actor, Origin
from accounts.models import User

TOTP_LABEL = "second-factor"


class AccountAdapter(DefaultAccountAdapter):
    """People are made by an operator or an invitation."""

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        del request
        return False

    def is_reauthentication_required(self, *, app: str) -> bool:
        """Ask again before a password is set; a newcomer, who came a moment ago, has nothing to be asked for yet."""
        user = self.request.user
        if isinstance(user, User) and not user.is_enrolled:
            return False
        return bool(super().is_reauthentication_required(app=app))

    def get_password_change_redirect_url(self, request: HttpRequest) -> str:
        """Go on to the account: a newcomer is led to the next step from there."""
        del request
        return reverse("account")

    def get_client_ip(self, request: HttpRequest) -> str:
        """Return the peer's address; forwarded headers count only where a trusted proxy rewrote it."""
        return str(request.META.get("REMOTE_ADDR", ""))

    def post_login(self, request: HttpRequest, user: User, **hooks: Any) -> HttpResponse:
        """Put the sign-in on record before the browser is told that it is in."""
        response: HttpResponse = super().post_login(request, user, **hooks)
        return arrivals.welcome(request, response, user, how=_how(request, user))

    def set_password(self, user: User, password: str) -> None:
        """Change the password and write the event in one transaction; allauth calls this for every way there is."""
        request = self.request
        signed_in = request.user == user
        by = Actor.person(user, Origin.of(request))
        people.set_password(user=user, password=password, by=by, forgotten=not signed_in)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """Write the letters of this server in place of allauth's; links are built from the settings, never from Host."""
        if template_prefix == "account/email/password_reset_key":
            path = "/" + str(context["password_reset_url"]).split("/", 3)[3]
            mail.send(letters.password_reset(path), to=[email])
        elif template_prefix == "account/email/unknown_account":
            mail.send(letters.no_such_account(email), to=[email])
        else:
            super().send_mail(template_prefix, email, context)


def _how(request: HttpRequest, user: User) -> str:
    """Return the ways that this sign-in took, such as ``password totp``."""
    records = get_authentication_records(request, user)
    return " ".join(dict.fromkeys(str(record.get("type", record["method"])) for record in records))


class SecondFactorAdapter(DefaultMFAAdapter):
    """TOTP secrets and recovery seeds are encrypted under a derived key."""

    def encrypt(self, text: str) -> str:
        return keys.encrypt(text, label=TOTP_LABEL)

    def decrypt(self, encrypted_text: str) -> str:
        return keys.decrypt(encrypted_text, label=TOTP_LABEL)
