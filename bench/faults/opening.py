"""How a campaign begins: tables, static files, people, projects and tokens; then everybody signs in."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from django.conf import settings

from accounts import people
from accounts.audit import Actor
from bench.faults import first
from bench.faults import fleet as fleets
from bench.faults.campaign import Campaign
from bench.faults.cast import PASSWORD, Cast, Person, secret_of
from bench.faults.elsewhere import Elsewhere
from bench.faults.forge import Forge
from bench.faults.forge import running as forging
from bench.faults.ledger import Ledger
from bench.faults.places import Place, Shape
from bench.faults.shelf import Bucket, Folder, Inventory, Shelf
from drafts.access import projects, tokens
from drafts.models import ExpectedFiles, Project, TokenKind
from drafts.operations import prepare

NAMES = ("basalt", "gneiss", "obsidian")
QUIET = "obsidian"
OWNER = "owner@example.org"
SHIPPER = "shipper@example.org"  # owns what goes upstream: a project that Presscheck brings there, and one whose CI does
SENT_ON, BY_CI = "pumice", "slate"
ORDERED = "marble"  # whose releases a standing order publishes
MOST_PEOPLE = 12


@contextmanager
def campaign(place: Place, *, seed: int, rounds: int, port: int) -> Iterator[Campaign]:
    """Begin a campaign on a place whose settings this process has; its server ends with the block."""
    prepare.tables()
    _static_files(place)
    shelf = _shelf(place)
    cast_of_people = [
        Person(f"maintainer{number}@example.org", secret_of(f"m{number}"))
        for number in range(_enough(rounds))
    ]
    held = _projects(cast_of_people)
    there = place.folder / "upstream"
    hosts = [dict(host) for host in place.hosts]
    fleet = fleets.fleet(hosts, place.folder / "logs", port, elsewhere=there)
    upstream = Elsewhere(fleet.upstream.address, there)
    owner = Person(OWNER, secret_of("owner"))
    with forging(Forge(ORDERED, owner)) as forge, fleets.running(fleet):
        trusting(forge, cast_of_people)
        held[SENT_ON], by_ci = going_upstream(upstream, cast_of_people)
        cast = Cast(fleet.addresses, held, QUIET, cast_of_people, Ledger(), forge=forge, aside={BY_CI: by_ci})
        with ThreadPoolExecutor(2) as pool:
            list(pool.map(lambda person: person.sign_in(fleet.addresses[0]), [forge.owner, *cast_of_people]))
        first.order(cast)
        yield Campaign(place, fleet, cast, Inventory(shelf), seed, upstream)


def _enough(rounds: int) -> int:
    """Return how many maintainers there are: each has one code in half a minute, and nobody gives one twice."""
    return min(MOST_PEOPLE, 4 + rounds)


def _static_files(place: Place) -> None:
    """Collect the static files for every host."""
    prepare.static_files()
    root = Path(settings.STATIC_ROOT)
    for host in place.hosts[1:]:
        (Path(host["PRESSCHECK_DATA"]) / root.name).symlink_to(root)


def _shelf(place: Place) -> Shelf:
    if place.shape is Shape.EMBEDDED:
        return Folder(Path(settings.STORAGE_DIR))
    bucket = Bucket(place.store, settings.PRESSCHECK_S3_BUCKET, place.environment)
    bucket.client.create_bucket(Bucket=settings.PRESSCHECK_S3_BUCKET)
    return bucket


def _projects(maintainers: list[Person]) -> dict[str, str]:
    """Make people, projects and an upload token for each; returns the tokens by project."""
    by, owner = Actor.system("campaign"), OWNER
    people.add(email=owner, by=by, password=PASSWORD, totp_secret=secret_of("owner"))
    for person in maintainers:
        people.add(email=person.email, by=by, password=PASSWORD, totp_secret=person.secret)
    made = {}
    for name in NAMES:
        emails = [person.email for person in maintainers]
        project = projects.create(name=name, by=by, owner=owner, maintainers=emails)
        # What is staged is random: releases of the campaign are not alike.
        Project.objects.filter(pk=project.pk).update(expected_files=ExpectedFiles.NOTHING)
        made[name] = tokens.make(project=project, kind=TokenKind.UPLOAD, by=by, label="CI")[1]
    return made


def trusting(forge: Forge, maintainers: Sequence[Person]) -> None:
    """Make the project whose releases CI builds, with its owner's trust in CI's job."""
    by = Actor.system("campaign")
    emails = [person.email for person in maintainers]
    project = projects.create(name=forge.project, by=by, owner=forge.owner.email, maintainers=emails)
    forge.plain = tokens.make(project=project, kind=TokenKind.UPLOAD, by=by, label="no job's")[1]
    forge.trusted(project)


def going_upstream(there: Elsewhere, maintainers: Sequence[Person]) -> list[str]:
    """Make the projects whose releases go to the upstream index as well; returns the tokens of their CI."""
    by, owner = Actor.system("campaign"), Person(SHIPPER, secret_of("shipper"))
    people.add(email=SHIPPER, by=by, password=PASSWORD, totp_secret=owner.secret)
    emails, made = [person.email for person in maintainers], []
    there.sent, there.by_ci = SENT_ON, BY_CI
    for name in (SENT_ON, BY_CI):
        project = projects.create(name=name, by=by, owner=SHIPPER, maintainers=emails)
        Project.objects.filter(pk=project.pk).update(expected_files=ExpectedFiles.NOTHING)
        there.aimed_at(project, owner, by_ci=name == BY_CI)
        made.append(tokens.make(project=project, kind=TokenKind.UPLOAD, by=by, label="CI")[1])
    return made
