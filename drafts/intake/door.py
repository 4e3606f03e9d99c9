"""The door: every file, whoever brings it, is looked into before it is staged."""

from django.db import InterfaceError, OperationalError
from packaging.version import Version

from drafts.dist import Distribution, Findings, check_name
from drafts.intake import stage
from drafts.intake.arrival import Upload
from drafts.intake.problems import CHALLENGE, Finding, Problem
from drafts.intake.rules import Refused, Stager
from drafts.models import NotEditable, Project

# What a refusal of the rules says beside its body (RFC 9110, sections 10.2.3 and 11.6.1), by its code.
_LATER = {"Retry-After": "60"}
_HEADERS = {
    "no-credential": {"WWW-Authenticate": CHALLENGE},
    "being-published": _LATER,
    "upload-in-progress": _LATER,
    "too-many-drafts": _LATER,
    "too-many-announced": _LATER,
}


def take(upload: Upload, *, project: Project, version: Version, by: Stager) -> stage.Staged:
    """Check a received file, make its bytes durable and stage it. Raises Problem or BadDistribution.

    A database that does not answer leaves the bytes where they are.
    """
    distribution = checked(upload, project, version)
    upload.commit(distribution.metadata.raw)
    try:
        staged = stage.add_file(
            project=project, version=version, arrival=upload.arrival, distribution=distribution, by=by
        )
    except (Refused, NotEditable) as error:
        raise problem(error) from error
    except (OperationalError, InterfaceError):
        # The connection may have ended after the row was committed and before this server heard of it: a row must not
        # speak of bytes that are gone, and bytes without a row are swept after a day.
        upload.kept = True
        raise
    upload.kept = staged.did in {stage.Did.ADDED, stage.Did.REPLACED}
    return staged


def checked(upload: Upload, project: Project, version: Version) -> Distribution:
    """Look at the name and inside, and refuse with what is wrong with both. Raises BadDistribution."""
    findings = Findings()
    findings.add(
        check_name(
            upload.name, project=project.plain_name, version=version, local_allowed=project.local_versions
        )
    )
    distribution: Distribution | None = None
    with findings.caught():
        distribution = upload.look_inside()
    findings.refuse()
    assert distribution is not None  # its absence is a finding
    return distribution


def problem(error: Refused | NotEditable) -> Problem:
    """Return a refusal of the acts as a problem document."""
    if isinstance(error, NotEditable):
        return Problem.one(409, "Not now", "not-editable", f"{error}.", Retry_After="60")
    finding = Finding("content", error.message, error.code)
    headers = dict(_HEADERS.get(error.code, {}))
    return Problem(error.status, "This file cannot be staged", (finding,), headers)
