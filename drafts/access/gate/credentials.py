"""Tokens of CI jobs: what they are good for, and the drafts and files that they may know of."""

from dataclasses import dataclass
from datetime import timedelta

from django.http import Http404, HttpRequest
from django.utils import timezone

from accounts.audit import Actor, Origin
from drafts import secrets
from drafts.access.gate.presented import presented_token
from drafts.access.limits import within
from drafts.models import Draft, File, Project, Space, Token, TokenKind, UploadSession
from drafts.models.spaces import split

_MARK_EVERY = timedelta(minutes=1)


class NoCredential(Exception):
    """There is no credential, or none that is valid: 401. The text never says which."""


class NotAllowed(Exception):
    """The credential is valid and may not do this: 403. The text says what it may do."""


class NotFromHere(NotAllowed):
    """The token is limited to other addresses than the request's: 403. The text says no more than that."""


@dataclass(frozen=True, slots=True)
class Credential:
    """A token that was checked for this request. ``others``: what the same secret is for other projects."""

    token: Token
    actor: Actor
    others: tuple[Token, ...] = ()

    @property
    def project(self) -> Project:
        return self.token.project

    @property
    def projects(self) -> tuple[str, ...]:
        """Return the names of the projects that the secret is good for, first the one that it is for here."""
        return tuple(token.project.name for token in (self.token, *self.others))

    def of(self, project: str) -> "Credential":
        """Return what the same secret is for a project of this plain name; itself, for another one, where it is nothing."""
        for token in self.others:
            if token.project.plain_name == project:
                rest = tuple(other for other in (self.token, *self.others) if other is not token)
                return Credential(token, token.as_actor(self.actor.origin), rest)
        return self


def upload_credential(request: HttpRequest, space: Space = Space.INDEX) -> Credential:
    """Return the upload token of a request (Basic with user ``__token__``, or Bearer). Cookies are never looked at.

    Raises NoCredential, NotAllowed for a valid token of another kind or of a project of another space, or NotFromHere.
    """
    return _credential(
        request,
        {TokenKind.UPLOAD},
        space,
        needs="an upload token: user name __token__, password the token (pcu_…)",
        cannot="it cannot stage files. Make an upload token",
    )


def evidence_credential(request: HttpRequest, space: Space = Space.INDEX) -> Credential:
    """Return the token of a request that posts evidence: of an evidence token's kind, or an upload token.

    Raises NoCredential, NotAllowed, NotFromHere.
    """
    return _credential(
        request,
        {TokenKind.UPLOAD, TokenKind.EVIDENCE},
        space,
        needs="an evidence token (pce_…) or an upload token: as Bearer, or as the password of __token__",
        cannot="it cannot post evidence. Make an evidence token",
    )


def _credential(
    request: HttpRequest, kinds: set[TokenKind], space: Space, *, needs: str, cannot: str
) -> Credential:
    text = presented_token(request)
    if not text:
        raise NoCredential(f"This address needs {needs}.")
    tokens = Token.objects.of_secret(secrets.token_digest(text))
    if not tokens:
        raise NoCredential(
            "This token is not valid: it is mistyped, has expired or was revoked. An owner of the project makes a new one."
        )
    token, *others = [one for one in tokens if one.project.space == space] or tokens[:1]
    if token.kind not in kinds:
        raise NotAllowed(f"This is a token of kind {token.kind}: {cannot}.")
    origin = Origin.of(request)
    if token.addresses and not within(origin.address, token.addresses):
        raise NotFromHere("This token may not be used from here.")
    if token.project.space != space:
        raise NotAllowed(_other_door(token.project))
    _mark(token)
    return Credential(token, token.as_actor(origin), tuple(others))


def _other_door(project: Project) -> str:
    """Say where a token goes that was shown at the door of the other space."""
    if project.is_sandbox:
        return f"This token is of {project}: what it sends goes to addresses under /sandbox/, never to the index."
    return (
        f"This token is of {project}, a project of the index: it sends nothing to addresses under /sandbox/."
    )


def session(request: HttpRequest, handle: str) -> tuple[Credential, Draft]:
    """Return the draft that an upload credential names, of its own project and within its limits only. Raises Http404.

    The handle says its space, as the draft's ``address`` does.
    """
    space, bare = split(handle)
    credential = upload_credential(request, space)
    row = Draft.objects.select_related("project").filter(handle=bare, project__space=space).first()
    credential = credential.of(row.project.plain_name) if row else credential
    if row is None or row.project_id != credential.project.pk or not credential.token.covers(row):
        raise Http404("There is no such session for this credential.")
    return credential, row


def arriving(request: HttpRequest, handle: str, file: str) -> tuple[Credential, UploadSession]:
    """Return an upload session of a draft that an upload credential names. Raises Http404."""
    credential, row = draft_file(request, handle, file)
    if isinstance(row, File):
        raise Http404("There is no such file for this credential.")
    return credential, row


def draft_file(request: HttpRequest, handle: str, file: str) -> tuple[Credential, UploadSession | File]:
    """Return a file of a draft that an upload credential names. Raises Http404."""
    credential, draft = session(request, handle)
    row = file_of(draft, file)
    if row is None:
        raise Http404("There is no such file for this credential.")
    return credential, row


def file_of(draft: Draft, file: str) -> UploadSession | File | None:
    """Return a file of a draft by the handle of its upload session, or by its own when it came in by another door."""
    uploads = UploadSession.objects.select_related("staged_by_token", "file")
    upload: UploadSession | None = uploads.filter(draft=draft, handle=file).first()
    if upload is not None:
        upload.draft = draft
        return upload
    row: File | None = draft.files.filter(handle=file).first()
    return row


def _mark(token: Token) -> None:
    now = timezone.now()
    if token.last_used_at is None or token.last_used_at < now - _MARK_EVERY:
        Token.objects.filter(pk=token.pk).update(last_used_at=now)
