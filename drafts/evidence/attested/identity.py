"""The one check of whom a project lets speak for its files: the repository and workflow that its owner registered.

A good signature alone proves nothing: anybody's workflow can sign for any bytes.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from drafts.evidence.providers import KINDS
from drafts.evidence.providers.github import GitHub
from drafts.evidence.providers.gitlab import GitLab
from drafts.evidence.trust import same_workflow

if TYPE_CHECKING:
    from collections.abc import Iterator

    from drafts.evidence.attested.signer import Signer
    from drafts.models import CiSource


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


def why_not(signer: Signer, source: CiSource | None) -> str:
    """Return, in a sentence, why a signer is not whom the project registered; empty when it is."""
    if source is None:
        return "The project has not registered where its CI runs."
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
