"""Operators: people who run this server. Everybody else finds nothing here."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec

from django.http import Http404, HttpRequest, HttpResponseBase
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page

from accounts.audit import Actor, Origin
from accounts.models import User
from drafts.access.gate.people import turned_away, user_of

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


@dataclass(frozen=True, slots=True)
class Operator:
    """A person who is an operator of this server."""

    user: User
    actor: Actor


def operators(view: View[P]) -> View[P]:
    """Let in operators who are signed in with a second factor, also while the server is read-only; 404 for others."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if away := turned_away(request):
            return away
        if not user_of(request).is_staff:
            raise Http404("There is no such page, or it is not for you.")
        return view(request, *args, **kwargs)

    return gzip_page(never_cache(guarded))


def operator(request: HttpRequest) -> Operator:
    """Return the operator who is signed in. Raises Http404 for everybody else."""
    user = user_of(request)
    if not user.is_staff:
        raise Http404("There is no such page, or it is not for you.")
    return Operator(user, Actor.person(user, Origin.of(request)))
