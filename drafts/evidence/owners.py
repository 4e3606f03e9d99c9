"""Whose repository a trusted publisher is: its ids, asked of the provider when the publisher is added, by a job."""

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from drafts.access.publishers import Event
from drafts.evidence import sources
from drafts.evidence.providers import KINDS, Down, Provider, ProviderError, RateLimited, Repository
from drafts.models import CiSource, Job, Project, Publisher

_PATIENCE = timedelta(hours=1)
_AGAIN = timedelta(minutes=10)
_LATER = "The first run that matches says the ids."


def work(job: Job) -> None:
    """Ask for the ids of a publisher's repository; where there is no answer, its first run says them as ever."""
    publisher = Publisher.objects.trusted().filter(pk=job.subject_id).first()
    if publisher is None or (publisher.owner_id and publisher.repository_id):
        job.finish()
        return
    try:
        found = _provider(publisher).repository()
    except (Down, RateLimited) as error:
        _wait(job, publisher, str(error))
    except ProviderError as error:
        _settle(job, publisher, None, str(error))
    else:
        _settle(job, publisher, found, "")


def _provider(publisher: Publisher) -> Provider:
    """Return the provider, with the token that an owner gave for reading this repository's CI, if there is one."""
    kind = KINDS[publisher.kind]
    rows = CiSource.objects.filter(project=publisher.project_id, kind=publisher.kind, api="")
    source = rows.filter(repository__iexact=publisher.repository).first()
    if source is not None:
        return sources.provider_of(source)
    return kind.at(kind.api, publisher.repository, "")


@transaction.atomic
def _wait(job: Job, publisher: Publisher, said: str) -> None:
    """Put it back while the provider is away, for an hour."""
    Project.objects.lock(publisher.project_id)
    if timezone.now() - publisher.added_at < _PATIENCE:
        job.postpone(timezone.now() + _AGAIN, said)
    else:
        job.give_up(said)
    _say(publisher, f"{said} {_LATER}")


@transaction.atomic
def _settle(job: Job, publisher: Publisher, found: Repository | None, said: str) -> None:
    """Write the ids down, unless a run said them first; what an owner typed stays, and is compared."""
    Project.objects.lock(publisher.project_id)
    job.finish()
    row = Publisher.objects.trusted().filter(pk=publisher.pk).first()
    if row is None:
        return
    if found is None or not found.owner_id:
        _say(row, f"{said or 'The provider did not say whose it is.'} {_LATER}")
        return
    asked = {"owner_id": str(found.owner_id), "repository_id": str(found.id)}
    typed = {name: value for name in asked if (value := getattr(row, name))}
    if differing := [name for name, value in typed.items() if value != asked[name]]:
        now = " and ".join(f"{name.replace('_', ' ')} {asked[name]}" for name in differing)
        _say(row, f"The repository of this name has the {now} at the provider: its runs are refused.")
        return
    values = {name: value for name, value in asked.items() if name not in typed}
    if not values:
        return
    Publisher.objects.filter(pk=row.pk).update(**values, ids_said="")
    audit.record(Event.IDENTIFIED, on=row, by=Actor.system(), **values)


def _say(publisher: Publisher, said: str) -> None:
    """Note for owners why the ids are not known yet (not an act: a mark)."""
    Publisher.objects.filter(pk=publisher.pk).update(ids_said=said[:300])
