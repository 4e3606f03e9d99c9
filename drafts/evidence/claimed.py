"""Runs that staged files themselves, by a trusted publisher's token: where such a run is asked for, and with what."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from drafts.evidence import sources
from drafts.evidence.providers import KINDS, Provider
from drafts.models import CiSource, Project, PublisherKind, RunClaims
from drafts.models.publishers import GITHUB_ISSUER, GITLAB_ISSUER

_ISSUERS_HOST = "token.actions."  # of GitHub's own tenants with a host name of their own


@dataclass(frozen=True, slots=True)
class Asking:
    """The provider to ask for a run; without the project's own ``source`` it is asked without a token."""

    provider: Provider
    source: CiSource | None


def api_of(claims: RunClaims) -> str:
    """Return the base address of the API of the server whose issuer speaks; empty for an issuer of no known kind.

    The address comes from the publisher that an owner added, never from what a token says.
    """
    there = urlsplit(claims.issuer)
    if claims.kind == PublisherKind.GITHUB:
        if there.netloc == urlsplit(GITHUB_ISSUER).netloc:
            return KINDS["github"].api
        if there.netloc.startswith(_ISSUERS_HOST):
            return f"{there.scheme}://api.{there.netloc.removeprefix(_ISSUERS_HOST)}"
        return f"{there.scheme}://{there.netloc}/api/v3"
    if claims.kind == PublisherKind.GITLAB:
        issuer = claims.issuer.rstrip("/")
        return KINDS["gitlab"].api if issuer == GITLAB_ISSUER else f"{issuer}/api/v4"
    return ""


def can_be_asked(claims: RunClaims) -> bool:
    """Say whether what was claimed names a run of a provider that this server can ask."""
    return bool(api_of(claims) and claims.repository and claims.run.isdecimal() and len(claims.run) < 19)  # noqa: PLR2004 - BIGINT


def asking(claims: RunClaims, project: Project) -> Asking:
    """Return whom to ask for the run. The project's token goes to the server and repository it was given for alone.

    Raises ProviderError when the token cannot be read any more.
    """
    source = CiSource.objects.filter(project=project).first()
    if source is not None and is_of(source, claims):
        return Asking(sources.provider_of(source), source)
    return Asking(KINDS[claims.kind].at(api_of(claims), claims.repository, ""), None)


def is_of(source: CiSource, claims: RunClaims) -> bool:
    """Say whether what is claimed is of the server and the repository that the project's CI is set to."""
    api = source.api or KINDS[source.kind].api
    named = (source.kind, source.repository.lower(), api.rstrip("/").lower())
    return named == (claims.kind, claims.repository.lower(), api_of(claims).rstrip("/").lower())
