"""The one-time way in of the embedded shape."""

from django.contrib.auth import login
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import arrivals, people
from accounts.audit import Origin
from accounts.models import SignInLink
from accounts.peers import is_this_machine


@never_cache
@require_http_methods(["GET", "POST"])
def welcome(request: HttpRequest, token: str) -> HttpResponse:
    """Show whom the link signs in, and do it on POST: mail scanners and previews follow links."""
    link = SignInLink.usable(token)
    if link is None or link.user.is_enrolled or (link.loopback_only and not is_this_machine(request)):
        raise Http404("This link was used, is too old, or was made for another machine.")
    if request.method == "GET":
        return render(request, "account/welcome.html", {"person": link.user})
    if not people.let_in(link=link, origin=Origin.of(request)):
        raise Http404("This link was used.")
    login(request, link.user, backend="allauth.account.auth_backends.AuthenticationBackend")
    return arrivals.welcome(request, redirect("queue"), link.user, how="link")


def no_such_page(request: HttpRequest, *_more: str) -> HttpResponse:
    """Stand where a page of the sign-in library is not wanted."""
    raise Http404(f"There is no page {request.path} here.")
