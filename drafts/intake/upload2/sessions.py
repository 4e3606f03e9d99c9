"""Publishing sessions (PEP 694): a draft as upload credentials open and see it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from packaging.utils import InvalidName, canonicalize_name
from packaging.version import InvalidVersion, Version

from drafts.access import gate
from drafts.access.gate import Credential
from drafts.intake import door, stage, trains
from drafts.intake.problems import Finding, Problem, either
from drafts.intake.rules import Refused, Stager
from drafts.intake.stage import Did, Staged
from drafts.intake.told import RETRY_SECONDS, publish_status
from drafts.intake.upload2 import bodies, said
from drafts.intake.upload2.announcement import wrong_names
from drafts.intake.upload2.negotiation import META, answer, spoken_v2, told
from drafts.models import Draft, Project, Release, Space
from drafts.models.drafts import TERMINAL_KEPT

_WORDS = {
    Did.ADDED: "{} is staged. Nothing is published: a maintainer reviews it at {}",
    Did.REPLACED: "{} replaced the file that was staged under this name. Nothing is published: review it at {}",
    Did.UNCHANGED: "{} was staged before with the same bytes: nothing changed. Review it at {}",
}


def legacy_answer(staged: Staged, credential: Credential, train: str = "") -> HttpResponse:
    """Return 200 with the session body and its address, which every legacy client takes for success.

    No such client reads blockers: they are told by the session's address.
    """
    if staged.draft is None:
        assert staged.file.release is not None  # published files have one
        url = bodies.absolute(
            reverse("public-release", args=[credential.project.name, staged.file.release.version])
        )
        notices = [
            f"{staged.file.filename} is published already with the same bytes: nothing was staged. {url}"
        ]
        return answer({"meta": META, "notices": notices}, Location=url)
    draft = staged.draft
    notices = [_late(draft) + _WORDS[staged.did].format(staged.file.filename, bodies.review_url(draft))]
    notices += trains.notice(draft, train)
    told = bodies.of_draft(draft, credential, notices=notices, blockers=False)
    return answer(told, Location=bodies.session_url(draft))


def _late(draft: Draft) -> str:
    """Return the words that a notice begins with when the release has published files already."""
    if draft.project.first_published_at is None:
        return ""
    release = Release.objects.filter(project=draft.project, version_key=draft.version_key).first()
    if release is None:
        return ""
    return f"ADDS TO A PUBLISHED RELEASE: {release} was published at {bodies.moment(release.published_at)}. "


@spoken_v2("POST")
def root(request: HttpRequest, space: Space = Space.INDEX) -> HttpResponse:
    """Open the draft of a release: 201; where there is one that did not end, 409 and its address."""
    credential = gate.upload_credential(request, space)
    label = trains.label(request)
    asked = told(request)
    credential = credential.of(_normalized(asked.get("name")))
    version = _release(asked, credential)
    expects, late = _expects(asked, credential.project, version), _may_be_late(asked)
    by = Stager(actor=credential.actor, token=credential.token, train=label)
    try:
        draft = stage.open_draft(
            project=credential.project, version=version, by=by, expects=expects, late=late
        )
    except stage.Exists as error:
        raise _exists(error.draft) from error
    except stage.Published as error:
        raise Problem.one(
            409, "Published already", "release-published", f"{error}. Nothing was opened."
        ) from error
    except Refused as error:
        raise door.problem(error) from error
    adds = [words + bodies.review_url(draft)] if (words := _late(draft)) else []
    body = bodies.of_draft(draft, credential, notices=adds + trains.notice(draft, label))
    return answer(body, status=201, Location=bodies.session_url(draft))


def _normalized(name: Any) -> str:
    """Return a project's name (PEP 503); empty for what is none."""
    try:
        return canonicalize_name(name if isinstance(name, str) else "", validate=True)
    except InvalidName:
        return ""


def _release(asked: Mapping[str, Any], credential: Credential) -> Version:
    """Return the version to open. Raises Problem: 403 for another project's name, before anything is looked up."""
    name, version, project = asked.get("name"), asked.get("version"), credential.project
    normalized, findings = _normalized(name), []
    if not normalized:
        findings.append(Finding("name", f"'{str(name)[:120]}' is not a project name (PEP 508).", "bad-name"))
    elif normalized != project.plain_name:
        message = f"This token stages files of {either(credential.projects)}, not of '{normalized}'."
        raise Problem.one(403, "Another project", "wrong-project", message, source="name")
    try:
        found = Version(version if isinstance(version, str) else "")
    except InvalidVersion:
        message = f"'{str(version)[:120]}' is not a version (PEP 440)."
        findings.append(Finding("version", message, "bad-version"))
    else:
        if found.local and not project.local_versions:
            message = f"The project takes no local versions, and '{version}' is one."
            findings.append(Finding("version", message, "local-version"))
    if findings:
        raise Problem(400, "This draft cannot be opened", tuple(findings))
    return found


def _expects(asked: Mapping[str, Any], project: Project, version: Version) -> list[str]:
    """Return the names to wait for, each once. Raises Problem (400)."""
    own = _own(asked)
    names = own.get("expects", []) if own is not None else None
    most = settings.EXPECTED_FILES_LIMIT
    if not isinstance(names, list) or len(names) > most:
        message = f"meta._presscheck.expects must be an array of at most {most} file names."
        raise Problem.one(400, "Bad names", "bad-expects", message, source="meta._presscheck.expects")
    release = (project.plain_name, version, project.local_versions)
    findings = [finding for name in names for finding in wrong_names(name, release)]
    if findings:
        raise Problem(400, "Bad names", tuple(findings[:20]))
    return list(dict.fromkeys(names))


def _own(asked: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """Return what the request says to this server alone; None when that is no object."""
    own = asked["meta"].get("_presscheck", {})
    return own if isinstance(own, dict) else None


def _may_be_late(asked: Mapping[str, Any]) -> bool:
    """Tell whether the draft may add to a release that is published: unless ``late`` is false. Raises Problem (400)."""
    late = (_own(asked) or {}).get("late", True)
    if not isinstance(late, bool):
        message = "meta._presscheck.late must be true or false."
        raise Problem.one(400, "Late or not?", "bad-late", message, source="meta._presscheck.late")
    return late


def _exists(draft: Draft) -> Problem:
    message = f"There is a draft of {draft} already: take it from the address in Location, and join it."
    headers = {"Location": bodies.session_url(draft)}
    return Problem(409, "There is one", (Finding("request", message, "draft-exists"),), headers)


@spoken_v2("GET", "HEAD", "DELETE")
def session(request: HttpRequest, handle: str) -> HttpResponse:
    """Tell how a draft stands; ended ones for 30 days. Cancelling takes a maintainer."""
    credential, draft = gate.session(request, handle)
    if request.method == "DELETE":
        raise _people_only("cancel", draft)
    if draft.ended_at and draft.ended_at + TERMINAL_KEPT < timezone.now():
        raise Problem.one(404, "Not found", "not-found", "This session ended more than 30 days ago.")
    return answer(bodies.of_draft(draft, credential))


@spoken_v2("POST")
def publish(request: HttpRequest, handle: str) -> HttpResponse:
    """Note that CI calls the draft complete, and refuse: publishing takes a maintainer with a second factor.

    202 where the project says so, for clients that publish by default; the session stays ``open`` all the same.
    """
    credential, draft = gate.session(request, handle)
    noted = said.complete(draft=draft, by=credential.actor)
    if noted and publish_status(credential.project) == HTTPStatus.ACCEPTED:
        draft.refresh_from_db()
        notices = [f"Nothing is published: a maintainer does that at {bodies.review_url(draft)}"]
        where = bodies.session_url(draft)
        body = bodies.of_draft(draft, credential, notices=notices)
        return answer(body, status=202, Location=where, Retry_After=str(RETRY_SECONDS))
    raise _people_only("publish", draft, also=_about_complete(draft, noted=noted))


def _about_complete(draft: Draft, *, noted: bool) -> str:
    if noted:
        return " It is noted that CI calls the draft complete."
    waits = draft.arriving.in_the_way().order_by("filename")
    names = ", ".join(f"{upload.filename} ({upload.state})" for upload in waits[:20])
    return f" The draft is not noted as complete, because of {names}." if names else ""


@spoken_v2("POST")
def extend(request: HttpRequest, handle: str) -> HttpResponse:
    """Answer with the session as it is: a credential cannot extend past the first expiry."""
    credential, draft = gate.session(request, handle)
    must_name_seconds(told(request))
    return answer(bodies.of_draft(draft, credential, notices=[UNCHANGED]))


UNCHANGED = "The expiry is unchanged: a maintainer extends a draft on its page."


def must_name_seconds(asked: Mapping[str, Any]) -> None:
    """Raise Problem (400) unless a request says for how many seconds to extend."""
    seconds = asked.get("extend-for")
    if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds < 1:
        message = "extend-for must be a whole number of seconds, and at least 1."
        raise Problem.one(400, "For how long?", "bad-extend-for", message, source="extend-for")


def _people_only(what: str, draft: Draft, *, also: str = "") -> Problem:
    return Problem.one(
        403,
        "This takes a person",
        "people-only",
        f"An upload token stages files and cannot {what} a draft. A maintainer signed in with a second factor does that at "
        f"{bodies.review_url(draft)}{also}",
    )
