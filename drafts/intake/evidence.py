"""``POST /evidence/``: a job posts its log, or a checksum file. Whether the release exists is not told."""

from django.conf import settings
from django.http import HttpRequest, JsonResponse
from django.http.response import HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST
from packaging.utils import InvalidName, canonicalize_name, canonicalize_version
from packaging.version import InvalidVersion, Version

from drafts.access import gate
from drafts.access.gate import Credential
from drafts.evidence import add
from drafts.evidence.compare import Rank
from drafts.evidence.limits import TooMuch
from drafts.intake import body, door, limits, rules
from drafts.intake.problems import Problem, spoken
from drafts.models import Space

_LABEL = 200
_RETRY_SECONDS = "3600"


@csrf_exempt
@never_cache
@require_POST
def post(request: HttpRequest, space: Space = Space.INDEX) -> HttpResponse:
    """Keep what a job says its files' digests are; 202, in the same words for a release that there is and one that is not."""
    return _post(request, space)


@spoken
def _post(request: HttpRequest, space: Space) -> HttpResponse:
    credential = gate.evidence_credential(request, space)  # before the body is read
    project = _project(request)
    credential = credential.of(project)
    version = _version(request, credential, project)
    text = _text(request)
    try:
        added = add.post(
            token=credential.token, version_key=canonicalize_version(version), text=text, by=credential.actor
        )
    except add.NothingToRead as error:
        raise Problem.one(422, "Nothing to compare", "no-digest-found", str(error)) from error
    except TooMuch as error:
        raise _too_much(error) from error
    log = added.log
    said = {
        "digests": added.digests,
        "rank": Rank(log.rank).label,
        "cut": log.cut,
        "masked": log.masked,
    }
    return JsonResponse(said, status=202)


def _project(request: HttpRequest) -> str:
    """Return the project that the query names, normalised. Raises Problem."""
    try:
        return canonicalize_name(request.GET.get("project", "").strip(), validate=True)
    except InvalidName as error:
        raise _wrong(
            "bad-name", "Name the project in the address: /evidence/?project=NAME&version=VERSION."
        ) from error


def _version(request: HttpRequest, credential: Credential, project: str) -> Version:
    """Return the version that the query names, of the token's project and within its limits. Raises Problem."""
    if project != credential.project.plain_name:
        raise Problem.one(
            403,
            "Another project",
            "wrong-project",
            f"This token is of another project than '{project[:200]}'.",
        )
    try:
        version = Version(request.GET.get("version", ""))
    except InvalidVersion as error:
        raise _wrong(
            "bad-version", "Name the version (PEP 440) in the address: /evidence/?project=NAME&version=1.2.0."
        ) from error
    try:
        limits.must_cover_release(credential.token, version)
    except rules.Refused as error:
        raise door.problem(error) from error
    return version


def _wrong(code: str, words: str) -> Problem:
    return Problem.one(400, "What is this a log of?", code, f"{words} Nothing was kept.")


def _text(request: HttpRequest) -> add.Text:
    """Read the body; of a long one the beginning is kept, and the answer says so. Raises Problem."""
    length, kept = body.length(request), bytearray()
    if length > settings.EVIDENCE_DAY_LIMIT:
        raise Problem.one(
            413,
            "Too large",
            "too-much-evidence",
            f"At most {settings.EVIDENCE_DAY_LIMIT // 10**6} MB are taken. Nothing was kept: send the lines with the hashes.",
        )
    with body.admitted(request):
        for chunk in body.chunks(request, length):
            kept += chunk[: settings.EVIDENCE_SIZE_LIMIT + 1 - len(kept)]
    name = request.GET.get("name", "")[:_LABEL]
    return add.Text(bytes(kept), request.GET.get("label", "")[:_LABEL] or name or "posted by CI", name)


def _too_much(error: TooMuch) -> Problem:
    if error.later:
        return Problem.one(
            429, "Enough for today", "too-much-evidence", str(error), Retry_After=_RETRY_SECONDS
        )
    return Problem.one(413, "No room", "too-much-evidence", str(error))
