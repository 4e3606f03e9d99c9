"""Whether the CI workflow file is the one that built the release which people reviewed: asked of the provider, by commit."""

from drafts.evidence import sources
from drafts.evidence.providers import ProviderError
from drafts.models import CiSource, PublisherKind, RunClaims, StandingOrder
from drafts.publishing.orders.conditions import Reason, Why

_GITHUBS = ".github/workflows/"  # publishers name the file without it


def against(order: StandingOrder, claims: RunClaims) -> list[Reason]:
    """Compare the workflow file at the run's commit with that of the baseline. Asks the provider; not in a transaction."""
    source = CiSource.objects.filter(project=order.project).first()
    named = (claims.kind, claims.repository_id)
    if source is None or (source.kind, str(source.repository_id or "")) != named:
        return [_unknown("the project does not say where this repository's CI is asked, on its CI page")]
    provider = sources.provider_of(source)
    path = f"{_GITHUBS}{claims.workflow}" if claims.kind == PublisherKind.GITHUB else claims.workflow
    try:
        before = provider.file_digest(path, order.baseline["commit"])
        after = provider.file_digest(path, claims.commit)
    except ProviderError as error:
        return [_unknown(str(error), waits=True)]
    if before != after:
        was = f"{order.baseline['version']} ({order.baseline['commit'][:12]})"
        return [
            Reason(
                Why.WORKFLOW,
                f"{claims.workflow} at {claims.commit[:12]} is not the file that built {was}.",
                voids=True,
            )
        ]
    return []


def _unknown(why: str, *, waits: bool = False) -> Reason:
    return Reason(Why.WORKFLOW, f"Whether the workflow file changed cannot be known: {why}.", waits=waits)
