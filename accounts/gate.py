"""Who may open the pages of an account: the person it belongs to, signed in."""

from collections.abc import Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache

from accounts.audit import Actor, Origin
from accounts.models import User

P = ParamSpec("P")


def signed_in(
    view: Callable[Concatenate[HttpRequest, P], HttpResponse],
) -> Callable[Concatenate[HttpRequest, P], HttpResponse]:
    """Let in people who are signed in; ``accounts.enrolment`` keeps those without a second factor to its steps."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        if not isinstance(request.user, User):
            return redirect_to_login(request.get_full_path())
        return view(request, *args, **kwargs)

    return never_cache(guarded)


def person(request: HttpRequest) -> User:
    """Return who is signed in. Raises PermissionDenied (the decorator came first)."""
    if not isinstance(request.user, User):
        raise PermissionDenied("Sign in first.")
    return request.user


def actor(request: HttpRequest) -> Actor:
    return Actor.person(person(request), Origin.of(request))
