"""People: signed in, with a second factor, as members of a project."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from packaging.utils import canonicalize_version
from packaging.version import InvalidVersion, Version

from accounts.audit import Actor, Origin
from accounts.models import User
from drafts.access.gate.presented import presented_token
from drafts.access.roles import Act, may
from drafts.models import CiRun, Draft, OperatorLook, Project, ReadOnly, Release, beside

P = ParamSpec("P")
_SAFE = {"GET", "HEAD", "OPTIONS"}
LOOKING = "operator"  # the role of nobody: whoever looks may see one draft, and nothing else
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]


def people(view: View[P]) -> View[P]:
    """Let in people who are signed in with a second factor set up; caches keep nothing, tables travel compressed."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        return turned_away(request) or standstill(request) or view(request, *args, **kwargs)

    return gzip_page(never_cache(guarded))


def turned_away(request: HttpRequest) -> HttpResponse | None:
    """Return where somebody goes who is not signed in with a second factor. Raises PermissionDenied for a token."""
    user = request.user
    if not isinstance(user, User):
        if presented_token(request):
            raise PermissionDenied("A token opens no page: sign in.")  # valid or not, existing page or not
        return redirect_to_login(request.get_full_path())
    return None if user.is_enrolled else redirect("enrol")


def standstill(request: HttpRequest) -> HttpResponse | None:
    """Return what is said while the server is read-only to whoever would change something."""
    still = None if request.method in _SAFE else ReadOnly.now()
    if still is None:
        return None
    response = render(request, "503.html", {"reason": still.reason}, status=503)
    response["Retry-After"] = "600"
    return response


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
    found = Project.objects.of_name(name, user)
    if found is None:
        raise Http404("There is no such project, or you are not one of its members.")
    row, role = found
    if not may(role, act):
        raise PermissionDenied(f"As {role} of {name} you cannot {act}. An owner can change your role.")
    return Member(user, row, role, Actor.person(user, Origin.of(request)))


def draft(request: HttpRequest, name: str, version: str, act: Act) -> tuple[Member, Draft]:
    """Return the newest draft of a version and the person as a member of its project."""
    if look := _look(request, name, version, act):
        user = user_of(request)
        return Member(user, look.draft.project, LOOKING, Actor.person(user, Origin.of(request))), look.draft
    who = member(request, name, act)
    row = beside.said(Draft.objects.all()).latest_of(who.project, _canonical(version))
    if row is None:
        raise Http404(f"{name} has no draft of {version}.")
    return who, row


def _look(request: HttpRequest, name: str, version: str, act: Act) -> OperatorLook | None:
    """Return an operator's open look into this draft; a member of the project needs none."""
    user = user_of(request)
    if not user.is_staff or act is not Act.SEE:
        return None
    if Project.objects.visible_to(user).filter(name=name).exists():
        return None
    looks = OperatorLook.objects.open(user).select_related("draft__project")
    return looks.filter(draft__project__name=name, draft__version_key=_canonical(version)).first()


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
    row = (
        CiRun.objects.select_related("asked_by", "named_by__publisher")
        .filter(pk=run_id, project=who.project)
        .first()
    )
    if row is None:
        raise Http404(f"{name} has no such run.")
    return who, row


def _canonical(version: str) -> str:
    try:
        return canonicalize_version(Version(version))
    except InvalidVersion:
        raise Http404("That is not a version.") from None
