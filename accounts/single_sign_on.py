"""Single sign-on (OpenID Connect, authorization code with PKCE): it replaces the password of people who are here already.

The second factor is asked for as after a password. No row is kept: each time, the address that the provider says it
verified names the person.
"""

import logging
from collections.abc import Callable
from typing import Any

from allauth.core.exceptions import ImmediateHttpResponse
from allauth.socialaccount.adapter import DefaultSocialAccountAdapter
from allauth.socialaccount.models import SocialApp
from allauth.socialaccount.providers.oauth2.client import OAuth2Error
from allauth.socialaccount.providers.oauth2.views import OAuth2CallbackView, OAuth2LoginView
from allauth.socialaccount.providers.openid_connect.provider import OpenIDConnectProvider
from allauth.socialaccount.providers.openid_connect.views import OpenIDConnectOAuth2Adapter
from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe
from requests import RequestException

log = logging.getLogger(__name__)
PROVIDER = "sso"
_BAD_GATEWAY = 502
# What the library raises on answers that no provider should give.
_UNUSABLE = (RequestException, OAuth2Error, ValueError, KeyError, TypeError, AttributeError)


class Adapter(OpenIDConnectOAuth2Adapter):
    """Asks the provider, and calls it back at this server's public address."""

    def get_callback_url(self, request: HttpRequest, app: Any) -> str:
        del request, app
        return settings.PRESSCHECK_URL + reverse("sso-callback")


class Provider(OpenIDConnectProvider):
    """The one identity provider that the settings name."""

    package = "allauth.socialaccount.providers.openid_connect"
    oauth2_adapter_class = Adapter

    def extract_email_addresses(self, data: dict[str, Any]) -> Any:
        """Take ``email_verified`` only where it is true, not where it is a word that looks like it."""
        found = super().extract_email_addresses(data)
        for address in found:
            address.verified = address.verified is True
        return found


class SingleSignOnAdapter(DefaultSocialAccountAdapter):
    """The provider signs people in; it makes nobody, and connects nothing."""

    def is_open_for_signup(self, request: HttpRequest, sociallogin: Any) -> bool:
        del request, sociallogin
        return False

    def pre_social_login(self, request: HttpRequest, sociallogin: Any) -> None:
        """Refuse addresses of nobody here in words that say which address it was."""
        if not sociallogin.is_existing:
            page = {"email": sociallogin.user.email}
            response = render(request, "socialaccount/nobody_here.html", page, status=403)
            raise ImmediateHttpResponse(response)

    def get_requests_session(self) -> Any:
        """Ask the provider that the operator named, and follow it nowhere else."""
        session = super().get_requests_session()
        session.max_redirects = 0
        session.trust_env = False
        return session


@never_cache
@require_POST
def login(request: HttpRequest) -> HttpResponse:
    """Send the browser to the identity provider."""
    return _in_words(request, OAuth2LoginView.adapter_view(Adapter(request, PROVIDER)))


@never_cache
@require_safe
def callback(request: HttpRequest) -> HttpResponse:
    """Take the browser back, and go on to the second factor."""
    if request.user.is_authenticated:
        return redirect("queue")
    return _in_words(request, OAuth2CallbackView.adapter_view(Adapter(request, PROVIDER)))


def _in_words(request: HttpRequest, view: Callable[[HttpRequest], HttpResponse]) -> HttpResponse:
    """Answer in words when the provider is away, or answers what cannot be used."""
    try:
        return view(request)
    except SocialApp.DoesNotExist as error:
        raise Http404("This server has no single sign-on.") from error
    except _UNUSABLE as error:
        log.warning("the identity provider could not be used: %s: %s", type(error).__name__, error)
        return render(request, "socialaccount/authentication_error.html", status=_BAD_GATEWAY)
