"""The one check of whom a project lets speak for its files: the repository and workflow that its owner registered.

An owner registers them as where CI runs, and as trusted publishers. Where a run staged the file by a publisher's token,
the signature must be of that very run's repository, workflow and commit.

A good signature alone proves nothing: anybody's workflow can sign for any bytes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from drafts.evidence.providers import KINDS
from drafts.evidence.providers.github import GitHub
from drafts.evidence.providers.gitlab import GitLab
from drafts.evidence.trust import same_workflow

_RUN = re.compile(r"/actions/runs/(?P<run>[0-9]{1,18})(?:/.*)?\Z")

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drafts.evidence.attested.signer import Signer
    from drafts.models import CiSource, RunClaims


@dataclass(frozen=True, slots=True)
class Issuer:
    """A provider whose jobs Sigstore knows: who vouches for them, where its repositories are, which events count."""

    issuer: str
    web: str
    events: frozenset[str]


# By the address of the API. A server of one's own has the same names for other repositories, and no certificates.
ISSUERS = {
    "https://api.github.com": Issuer(
        "https://token.actions.githubusercontent.com", "https://github.com", GitHub.trusted_events
    ),
    "https://gitlab.com/api/v4": Issuer("https://gitlab.com", "https://gitlab.com", GitLab.trusted_events),
}


_EVENTS = {"github": GitHub.trusted_events, "gitlab": GitLab.trusted_events}


def why_not(signer: Signer, source: CiSource | None, claims: RunClaims | None = None) -> str:
    """Return, in a sentence, why a signer is not whom the project registered; empty when it is.

    ``claims``: what an identity provider said of the run that staged the file, where one did.
    """
    if claims is not None and (doubt := next(_doubts_of_claims(signer, claims), "")):
        return doubt
    if source is None:
        return "" if claims else "The project has not registered where its CI runs."
    known = ISSUERS.get(source.api or KINDS[source.kind].api)
    if known is None:
        return f"The project's CI is a server of its own, and the signature is not for {source}."
    return next(_doubts(signer, source, known), "")


def _doubts(signer: Signer, source: CiSource, known: Issuer) -> Iterator[str]:
    registered = f"{known.web}/{source.repository}".lower()
    if (signer.issuer, signer.repository.lower()) != (known.issuer, registered):
        yield f"The project registered {source.repository}."
    if source.repository_id is None:
        yield f"The registered repository {source.repository} was not reached yet, so that its id is not known."
    if signer.repository_id != str(source.repository_id):
        yield f"The name {source.repository} belonged to another repository when this was signed."
    if not signer.workflow:
        yield "The certificate names no workflow of the repository."
    if source.workflow and not same_workflow(signer.workflow, source.workflow):
        yield f"It was signed by {signer.workflow}, and {source.workflow} is registered."
    if signer.event not in known.events:
        yield f"The run was started by the event {signer.event or '(none)'}, not by a push or release."


def _doubts_of_claims(signer: Signer, claims: RunClaims) -> Iterator[str]:
    """Yield what the certificate says otherwise than the claims of the run that staged the file."""
    if signer.issuer != claims.issuer:
        yield "It was signed with an identity of another issuer than the run's that staged the file."
    if not claims.repository_id or signer.repository_id != claims.repository_id:
        yield f"The file was staged by a run of {claims.repository}, and this was signed by another repository."
    if not signer.workflow or not same_workflow(signer.workflow, claims.workflow):
        yield f"The file was staged by {claims.workflow}, and this was signed by {signer.workflow or 'no workflow'}."
    if signer.commit != claims.commit:
        yield f"The file was staged by a run at {claims.commit[:7]}, and this was signed at {signer.commit[:7]}."
    run = _RUN.search(signer.run)
    if run and claims.run and run["run"] != claims.run:
        yield f"The file was staged by run {claims.run}, and this was signed in run {run['run']}."
    if signer.event not in _EVENTS.get(claims.kind, ()):
        yield f"The run was started by the event {signer.event or '(none)'}, not by a push or release."
