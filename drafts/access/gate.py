"""One gate to each object. Strangers get 404, members without the right 403, credentials 401 or 403."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from typing import Concatenate, ParamSpec

from django.contrib.auth.views import redirect_to_login
from django.core.exceptions import PermissionDenied
from django.db.models import F
from django.http import Http404, HttpRequest, HttpResponseBase
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.gzip import gzip_page
from packaging.utils import canonicalize_version
from packaging.version import InvalidVersion, Version

from accounts.audit import Actor, ActorKind, Origin
from accounts.models import User
from drafts import secrets
from drafts.access.limits import within
from drafts.access.roles import Act, may
from drafts.models import (
    CiRun,
    Draft,
    DraftLink,
    DraftState,
    File,
    Membership,
    Project,
    Release,
    Token,
    TokenKind,
    UploadSession,
)

P = ParamSpec("P")
View = Callable[Concatenate[HttpRequest, P], HttpResponseBase]

_MARK_EVERY = timedelta(minutes=1)
POINTER_LIFETIME = timedelta(days=30)


class NoCredential(Exception):
    """There is no credential, or none that is valid: 401. The text never says which."""


class NotAllowed(Exception):
    """The credential is valid and may not do this: 403. The text says what it may do."""


class NotFromHere(NotAllowed):
    """The token is limited to other addresses than the request's: 403. The text says no more than that."""


def people(view: View[P]) -> View[P]:
    """Let in people who are signed in with a second factor set up; caches keep nothing, tables travel compressed."""

    @wraps(view)
    def guarded(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        user = request.user
        if not isinstance(user, User):
            if _presented_token(request):
                raise PermissionDenied(
                    "A token opens no page: sign in."
                )  # valid or not, existing page or not
            return redirect_to_login(request.get_full_path())
        if not user.is_enrolled:
            return redirect("mfa_activate_totp")
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


def _basic(request: HttpRequest) -> tuple[str, str] | None:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, _, password = base64.b64decode(value.strip(), validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return user, password


@dataclass(frozen=True, slots=True)
class Credential:
    """An upload token that was checked for this request."""

    token: Token
    actor: Actor

    @property
    def project(self) -> Project:
        return self.token.project


def _presented_token(request: HttpRequest) -> str:
    scheme, _, value = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    user, password = _basic(request) or ("", "")
    return password.strip() if user == "__token__" else ""


def upload_credential(request: HttpRequest) -> Credential:
    """Return the upload token of a request (Basic with user ``__token__``, or Bearer). Cookies are never looked at.

    Raises NoCredential, NotAllowed for a valid token of another kind, or NotFromHere.
    """
    text = _presented_token(request)
    if not text:
        raise NoCredential(
            "This address needs an upload token: user name __token__, password the token (pcu_…)."
        )
    token = (
        Token.objects.select_related("project")
        .valid()
        .filter(token_sha256=secrets.token_digest(text))
        .first()
    )
    if token is None:
        raise NoCredential(
            "This token is not valid: it is mistyped, has expired or was revoked. An owner of the project makes a new one."
        )
    if token.kind != TokenKind.UPLOAD:
        raise NotAllowed(
            f"This is a token of kind {token.kind}: it cannot stage files. Make an upload token."
        )
    origin = Origin.of(request)
    if token.addresses and not within(origin.address, token.addresses):
        raise NotFromHere("This token may not be used from here.")
    _mark(token)
    return Credential(token, Actor(ActorKind.TOKEN, str(token.pk), str(token), origin))


def session(request: HttpRequest, handle: str) -> tuple[Credential, Draft]:
    """Return the draft that an upload credential names, of its own project and within its limits only. Raises Http404."""
    credential = upload_credential(request)
    row = Draft.objects.select_related("project").filter(handle=handle, project=credential.project).first()
    if row is None or not credential.token.covers(row):
        raise Http404("There is no such session for this credential.")
    return credential, row


def arriving(request: HttpRequest, handle: str, file: str) -> tuple[Credential, UploadSession]:
    """Return an upload session of a draft that an upload credential names. Raises Http404."""
    credential, row = draft_file(request, handle, file)
    if isinstance(row, File):
        raise Http404("There is no such file for this credential.")
    return credential, row


def draft_file(request: HttpRequest, handle: str, file: str) -> tuple[Credential, UploadSession | File]:
    """Return a file of a draft by the handle of its upload session, or by its own when it came in by another door.

    Raises Http404.
    """
    credential, draft = session(request, handle)
    uploads = UploadSession.objects.select_related("draft__project", "staged_by_token", "file")
    upload = uploads.filter(draft=draft, handle=file).first()
    if upload is not None:
        return credential, upload
    row = draft.files.select_related("draft__project").filter(handle=file).first()
    if row is None:
        raise Http404("There is no such file for this credential.")
    return credential, row


def _mark(token: Token) -> None:
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at < now - _MARK_EVERY:
        Token.objects.filter(pk=token.pk).update(last_used_at=now)


@dataclass(frozen=True, slots=True)
class DraftAccess:
    """A draft as a link opens it: read-only. ``ended`` when the link only points to what is public now."""

    link: DraftLink
    draft: Draft
    ended: bool


def draft_link(request: HttpRequest, token: str | None) -> DraftAccess:
    """Return the draft that a link opens; the token stands in the path, or in Basic auth as the password of ``draft``.

    Wrong, expired, revoked and canceled are one and the same Http404: a resolver that meets 401 or 403 stops.
    """
    if token is None:
        user, token = _basic(request) or ("", "")
        if user != "draft":
            raise Http404("Not found")
    row = _link_of(token)
    if row is None:
        raise Http404("Not found")
    ended = row.draft.state == DraftState.PUBLISHED
    if ended and (row.draft.ended_at is None or row.draft.ended_at + POINTER_LIFETIME < timezone.now()):
        raise Http404("Not found")
    if not ended and not (row.draft.is_live and row.draft.expires_at > timezone.now()):
        raise Http404("Not found")
    return DraftAccess(row, row.draft, ended)


def _link_of(token: str) -> DraftLink | None:
    handle = secrets.draft_token_handle(token)
    if handle is None:
        return None
    rows = DraftLink.objects.select_related("draft__project").valid()
    row = rows.filter(handle=handle).first()
    if row is None or not secrets.is_draft_token(
        token, handle=handle, rotation=row.rotation, key_id=row.key_id
    ):
        return None
    return row


def count_use(link: DraftLink) -> None:
    """Count one fetch through a link (not an act: a counter)."""
    DraftLink.objects.filter(pk=link.pk).update(uses=F("uses") + 1, last_used_at=timezone.now())
