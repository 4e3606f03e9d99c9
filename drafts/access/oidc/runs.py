"""What the claims of each kind of provider say of a run, and whether a trusted publisher is that run's job."""

from collections.abc import Callable
from dataclasses import dataclass
from urllib.parse import urlsplit

from drafts.access.oidc.errors import Code, NotExchanged
from drafts.access.oidc.identity import Identity
from drafts.models import Publisher, PublisherKind, RunClaims

_WORKFLOWS = ".github/workflows/"


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its provider describes it, in one vocabulary. ``workflow``: the exact file, without the provider's folder."""

    repository: str
    owner_id: str
    repository_id: str
    workflow: str
    environment: str
    event: str
    commit: str
    ref: str
    number: str
    attempt: str
    job: str = ""

    def claims(self, publisher: Publisher) -> RunClaims:
        """Return what stays with the files that it stages."""
        return RunClaims(
            publisher=publisher.pk,
            kind=publisher.kind,
            issuer=publisher.issuer,
            repository=self.repository[:300],
            repository_id=self.repository_id[:40],
            commit=self.commit[:64],
            run=self.number[:40],
            attempt=self.attempt[:10],
            workflow=self.workflow[:200],
            environment=self.environment[:255],
            event=self.event[:60],
            ref=self.ref[:300],
            job=self.job[:40],
        )


def github(identity: Identity) -> Run:
    """Read GitHub's claims. ``sub`` is not looked at: owners of organisations may change its form.

    ``job_workflow_ref`` names the file whose job asked, at the run's own ref or commit, else a file of elsewhere would do.
    """
    text = identity.text
    path, _, ref = text("job_workflow_ref").partition("@")
    own = f"{text('repository')}/{_WORKFLOWS}"
    is_own = path.lower().startswith(own.lower()) and ref in {text("ref"), text("sha")} - {""}
    return Run(
        repository=text("repository"),
        owner_id=text("repository_owner_id"),
        repository_id=text("repository_id"),
        workflow=path[len(own) :] if is_own else "",
        environment=text("environment"),
        event=text("event_name"),
        commit=text("sha"),
        ref=text("ref"),
        number=text("run_id"),
        attempt=text("run_attempt"),
        job=text("check_run_id"),
    )


def gitlab(identity: Identity) -> Run:
    """Read GitLab's claims; ``ci_config_ref_uri`` is ``HOST/PROJECT//FILE@REF``, of the run's own project and ref."""
    text = identity.text
    where, _, rest = text("ci_config_ref_uri").partition("//")
    path, _, ref = rest.rpartition("@")
    address = urlsplit(identity.issuer)
    own = f"{address.netloc}{address.path.rstrip('/')}/{text('project_path')}"
    is_own = where.lower() == own.lower() and ref in {text("ref_path"), text("sha")} - {""}
    return Run(
        repository=text("project_path"),
        owner_id=text("namespace_id"),
        repository_id=text("project_id"),
        workflow=path if is_own else "",
        environment=text("environment"),
        event=text("pipeline_source"),
        commit=text("sha"),
        ref=text("ref_path"),
        number=text("pipeline_id"),
        attempt="",
        job=text("job_id"),
    )


def other(identity: Identity) -> Run:
    """Read the subject, which is all that every issuer says."""
    return Run("", "", "", identity.text("sub"), "", "", "", "", "", "")


def described(identity: Identity) -> Run:
    """Read the claims as those of the provider that they look like, before it is known who trusts them."""
    if "job_workflow_ref" in identity.claims:
        return github(identity)
    return gitlab(identity) if "project_path" in identity.claims else other(identity)


READERS: dict[str, Callable[[Identity], Run]] = {
    PublisherKind.GITHUB: github,
    PublisherKind.GITLAB: gitlab,
    PublisherKind.OIDC: other,
}
_OF_STRANGERS = ("pull_request", "merge_request", "external_pull_request")


def must_not_be_of_strangers(identity: Identity) -> None:
    """Refuse a run that whoever opens a pull request can start, whatever else is true of it. Raises NotExchanged."""
    event = identity.text("event_name") or identity.text("pipeline_source")
    if event.startswith(_OF_STRANGERS):
        raise NotExchanged(
            Code.PUBLISHER,
            f"a run of the event '{event[:60]}' stages nothing, because strangers can start one: "
            "stage from a push, a tag, a release or a run started by hand",
        )


def differs(publisher: Publisher, run: Run, identity: Identity) -> str:
    """Return in words what a run of the publisher's repository or issuer has that the publisher has not; empty: all agree."""
    for name, expected in publisher.rules.items():
        if identity.text(name) != expected:
            return f"the claim {name} is not '{expected}'"
    if publisher.kind == PublisherKind.OIDC:
        return ""
    has = {
        "repository": run.repository.lower() == publisher.repository.lower(),
        "owner's id": run.owner_id == publisher.owner_id if publisher.owner_id else bool(run.owner_id),
        "repository's id": run.repository_id == publisher.repository_id
        if publisher.repository_id
        else bool(run.repository_id),
        "workflow file": run.workflow == publisher.workflow,
        "environment": not publisher.environment or _same_environment(publisher, run),
    }
    wrong = next((what for what, holds in has.items() if not holds), "")
    return f"the {wrong} is another one" if wrong else ""


def _same_environment(publisher: Publisher, run: Run) -> bool:
    """GitHub's environments have no case, GitLab's do."""
    if publisher.kind == PublisherKind.GITHUB:
        return run.environment.lower() == publisher.environment.lower()
    return run.environment == publisher.environment


def spelled(run: Run) -> str:
    """Say which run it is, for who reads CI's log and compares."""
    named = {
        "repository": run.repository,
        "owner id": run.owner_id,
        "repository id": run.repository_id,
        "workflow": run.workflow,
        "environment": run.environment,
    }
    return ", ".join(f"{name} {value or '(none)'}" for name, value in named.items())
