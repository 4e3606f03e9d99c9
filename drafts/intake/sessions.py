"""PEP 694's session body, and what an upload credential may ask of its drafts: their status, nothing else."""

from datetime import UTC, datetime, timedelta
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_http_methods

from drafts.access import gate
from drafts.access.gate import Credential
from drafts.intake import told
from drafts.intake.problems import Problem, spoken
from drafts.intake.stage import Did, Staged
from drafts.models import Draft, DraftState, File, Release
from drafts.publishing import policy

CONTENT_TYPE = "application/vnd.pypi.upload.v2+json"
META = {"api-version": "2.0"}
TERMINAL_KEPT = timedelta(days=30)
_WORDS = {
    Did.ADDED: "{} is staged. Nothing is published: a maintainer reviews it at {}",
    Did.REPLACED: "{} replaced the file that was staged under this name. Nothing is published: review it at {}",
    Did.UNCHANGED: "{} was staged before with the same bytes: nothing changed. Review it at {}",
}


def absolute(path: str) -> str:
    """Return an address under the public base, never under the Host header."""
    return settings.PRESSCHECK_URL + path


def review_url(draft: Draft) -> str:
    """Return the address of the draft's page."""
    return absolute(reverse("draft", args=[draft.project.name, draft.version]))


def moment(value: datetime) -> str:
    """Return RFC 3339 in UTC, whole seconds."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def body(draft: Draft, credential: Credential, *, notices: list[str] | None = None) -> dict[str, Any]:
    """Return the session body of a draft for an upload credential.

    ``links.stage`` and ``session-token``, which PEP 694 lets a server leave out, only where the project says so.
    """
    staged = told.stage(draft, credential)
    session = absolute(reverse("session", args=[draft.handle]))
    said = [*(notices or []), *([draft.error] if draft.error and draft.state == DraftState.ERROR else [])]
    return {
        "meta": {**META, "_presscheck": _own(draft)},
        "links": {
            "session": session,
            "publish": f"{session}publish/",
            "upload": f"{session}files/",
            "extend": f"{session}extend/",
            **({"stage": staged.url} if staged else {}),
        },
        "mechanisms": [],
        **({"session-token": staged.token} if staged else {}),
        "expires-at": moment(draft.expires_at),
        "status": draft.state,
        "files": {file.filename: file_entry(file) for file in draft.files.live().order_by("filename")},
        **({"notices": said} if said else {}),
    }


def _own(draft: Draft) -> dict[str, Any]:
    blockers = policy.blockers(draft) if draft.is_live else []
    return {
        "review-url": review_url(draft),
        "fingerprint": draft.fingerprint(),
        "blockers": [
            {"code": blocker.code, "message": blocker.sentence, "owner": blocker.owner}
            for blocker in blockers
        ],
    }


def file_entry(file: File) -> dict[str, str]:
    return {
        "status": file.state,
        "link": absolute(reverse("session-file", args=[file.draft.handle, file.filename])),
    }


def legacy_answer(staged: Staged, credential: Credential) -> HttpResponse:
    """Return 200 with the session body and its address, which every legacy client takes for success."""
    if staged.draft is None:
        url = absolute(reverse("simple-project", args=[credential.project.name]))
        notices = [
            f"{staged.file.filename} is published already with the same bytes: nothing was staged. {url}"
        ]
        return _json({"meta": META, "notices": notices}, location=url)
    draft = Draft.objects.select_related("project").get(pk=staged.draft.pk)
    notices = [_late(draft) + _WORDS[staged.did].format(staged.file.filename, review_url(draft))]
    return _json(
        body(draft, credential, notices=notices), location=absolute(reverse("session", args=[draft.handle]))
    )


def _late(draft: Draft) -> str:
    """Return the words that a notice begins with when the release has published files already."""
    release = Release.objects.filter(project=draft.project, version_key=draft.version_key).first()
    if release is None:
        return ""
    return f"ADDS TO A PUBLISHED RELEASE: {release} was published at {moment(release.published_at)}. "


def _json(content: dict[str, Any], *, location: str = "", status: int = 200) -> HttpResponse:
    response = JsonResponse(
        content, status=status, content_type=CONTENT_TYPE, json_dumps_params={"indent": 1}
    )
    if location:
        response["Location"] = location
    response["Vary"] = "Accept"
    return response


@csrf_exempt
@never_cache
@spoken
def root(request: HttpRequest) -> HttpResponse:
    """Say that drafts are opened by uploading here."""
    gate.upload_credential(request)
    raise _no_mechanism()


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "DELETE"])
@spoken
def session(request: HttpRequest, handle: str) -> HttpResponse:
    """Tell how a draft stands; ended ones for 30 days. Cancelling takes a maintainer."""
    credential, draft = gate.session(request, handle)
    if request.method == "DELETE":
        raise _people_only("cancel", draft)
    if draft.ended_at and draft.ended_at + TERMINAL_KEPT < timezone.now():
        raise Problem.one(404, "Not found", "not-found", "This session ended more than 30 days ago.")
    return _json(body(draft, credential))


@csrf_exempt
@never_cache
@require_http_methods(["GET", "HEAD", "DELETE"])
@spoken
def file(request: HttpRequest, handle: str, filename: str) -> HttpResponse:
    """Tell how a file of a draft stands."""
    _, draft = gate.session(request, handle)
    row = draft.files.filter(filename=filename).order_by("-pk").first()
    if row is None:
        raise Problem.one(404, "Not found", "not-found", f"There is no file '{filename}' in this draft.")
    if request.method == "DELETE":
        raise _people_only("delete a file of", draft)
    link = file_entry(row)["link"]
    content = {
        "meta": META,
        "links": {"file-upload-session": link},
        "status": row.state,
        "expires-at": moment(draft.expires_at),
    }
    return _json(content)


@csrf_exempt
@never_cache
@require_http_methods(["POST"])
@spoken
def publish(request: HttpRequest, handle: str) -> HttpResponse:
    """Refuse: publishing takes a maintainer with a second factor, at the page that the answer names."""
    _, draft = gate.session(request, handle)
    raise _people_only("publish", draft)


@csrf_exempt
@never_cache
@require_http_methods(["POST"])
@spoken
def extend(request: HttpRequest, handle: str) -> HttpResponse:
    """Answer with the session as it is: a credential cannot extend past the first expiry."""
    credential, draft = gate.session(request, handle)
    return _json(
        body(
            draft, credential, notices=["The expiry is unchanged: a maintainer extends a draft on its page."]
        )
    )


@csrf_exempt
@never_cache
@require_http_methods(["POST"])
@spoken
def files(request: HttpRequest, handle: str) -> HttpResponse:
    """Refuse: there is no Upload 2.0 mechanism yet, as ``mechanisms`` says; the legacy API takes the files."""
    gate.session(request, handle)
    raise _no_mechanism()


def _people_only(what: str, draft: Draft) -> Problem:
    return Problem.one(
        403,
        "This takes a person",
        "people-only",
        f"An upload token stages files and cannot {what} a draft. A maintainer signed in with a second factor does that at "
        f"{review_url(draft)}",
    )


def _no_mechanism() -> Problem:
    message = f"There is no upload mechanism here yet: upload the files with twine or uv to {absolute(reverse('legacy'))}"
    return Problem.one(422, "No mechanism", "no-mechanism", message)
