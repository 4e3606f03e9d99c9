"""People: signed in, with a second factor, as members of a project."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from packaging.utils import canonicalize_version
from packaging.version import InvalidVersion, Version

from accounts.audit import Actor, Origin
from accounts.models import User
from drafts.access.gate.presented import presented_token
from drafts.access.roles import Act, may
from drafts.models import CiRun, Draft, Membership, Project, Release

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def people(view: View[P]) -> View[P]:
    """Let in people who are signed in with a second factor set up; caches keep nothing, tables travel compressed."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        user = request.user
        if not isinstance(user, User):
            if presented_token(request):
                raise PermissionDenied(
                    "A token opens no page: sign in."
                )  # valid or not, existing page or not
            return redirect_to_login(request.get_full_path())
        if not user.is_enrolled:
            return redirect("enrol")
        return view(request, *args, **kwargs)

    return gzip_page(never_cache(guarded))


def user_of(request: HttpRequest) -> User:
    """Return the person who is signed in. Raises PermissionDenied (the decorator ``people`` came first)."""
    if not isinstance(request.user, User):
        raise PermissionDenied("Sign in first.")
    return request.user


@dataclass(frozen=True, slots=True)
class Member:
    """A person as a member of one project."""

    user: User
    project: Project
    role: str
    actor: Actor

    def may(self, act: Act) -> bool:
        return may(self.role, act)


def member(request: HttpRequest, name: str, act: Act) -> Member:
    """Return the person as a member of the project. Raises Http404 for strangers, PermissionDenied without the right."""
    user = user_of(request)
    row = Membership.objects.select_related("project").filter(project__name=name, user=user).first()
    if row is None:
        raise Http404("There is no such project, or you are not one of its members.")
    if not may(row.role, act):
        raise PermissionDenied(f"As {row.role} of {name} you cannot {act}. An owner can change your role.")
    return Member(user, row.project, row.role, Actor.person(user, Origin.of(request)))


def draft(request: HttpRequest, name: str, version: str, act: Act) -> tuple[Member, Draft]:
    """Return the newest draft of a version and the person as a member of its project."""
    who = member(request, name, act)
    row = Draft.objects.latest_of(who.project, _canonical(version))
    if row is None:
        raise Http404(f"{name} has no draft of {version}.")
    return who, row


def release(request: HttpRequest, name: str, version: str, act: Act) -> tuple[Member, Release]:
    """Return a published release and the person as a member of its project."""
    who = member(request, name, act)
    row = Release.objects.filter(project=who.project, version_key=_canonical(version)).first()
    if row is None:
        raise Http404(f"{name} has no published release {version}.")
    row.project = who.project
    return who, row


def run(request: HttpRequest, name: str, run_id: int, act: Act) -> tuple[Member, CiRun]:
    """Return a CI run that was asked for, and the person as a member of its project."""
    who = member(request, name, act)
    row = CiRun.objects.select_related("asked_by").filter(pk=run_id, project=who.project).first()
    if row is None:
        raise Http404(f"{name} has no such run.")
    return who, row


def _canonical(version: str) -> str:
    try:
        return canonicalize_version(Version(version))
    except InvalidVersion:
        raise Http404("That is not a version.") from None
