"""Two web servers, three workers and two schedulers on one database: what one of them does is so for all of them."""

import os
import random
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from celery import current_app
from django.core.cache import cache
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent, TotpCounter
from bench.faults import first, opening
from bench.faults import fleet as fleets
from bench.faults.acts import ACTS, NAMED, orders, perform, trains
from bench.faults.acts.people import draft_url
from bench.faults.acts.uploads import send
from bench.faults.cast import Cast, Person
from bench.faults.fleet import eventually
from bench.faults.forge import Forge
from bench.faults.forge import running as forging
from bench.faults.ledger import Ledger
from bench.faults.promises.trail import by_and_by
from drafts.access import tokens
from drafts.intake import stage
from drafts.models import Draft, DraftState, File, Job, JobState, Kind
from tests import wheels
from tests.conftest import SECRETS
from tests.environment import DATA

pytestmark = [pytest.mark.promise, pytest.mark.django_db(transaction=True), pytest.mark.timeout(400)]
WHEEL = wheels.wheel()
DICE = 7
OF_PUBLISHED = {
    "upload other bytes under a published name",
    "read the index",
    "yank a release, or take that back",
    "close a release, or reopen it",
}


@pytest.fixture(scope="module")
def _processes(django_db_setup, django_db_blocker):
    """The processes of one server, on the database and the data folder of this test process; hours take seconds there."""
    told = {"DJANGO_SETTINGS_MODULE": "bench.faults.settings", "PRESSCHECK_OUTBOUND_ALLOW": "127.0.0.0/8"}
    folder = Path(DATA) / "many"
    fleet = fleets.fleet([{**os.environ, **told}], folder, elsewhere=folder / "upstream")
    with fleets.running(fleet):
        yield fleet


@pytest.fixture
def fleet(_processes, transactional_db):
    """All processes are up, and nothing is counted against anybody."""
    cache.clear()
    _processes.start()
    yield _processes
    nothing_is_left_to_do()  # before the rows go that workers are at


@pytest.fixture
def cast(fleet, project, ci, alice, mike):
    """alice and mike, signed in, and ci; both web servers."""
    people = [Person(f"{name}@example.org", SECRETS[name]) for name in ("alice", "mike")]
    for person, server in zip(people, fleet.addresses, strict=True):
        person.sign_in(server)
    cast = Cast(fleet.addresses, {project.name: ci.token}, "nobody", people, Ledger())
    cast.begin(["1.0"])
    return cast


@pytest.fixture
def ordered(cast):
    """CI's own server and the project that trusts it, with a first release and a standing order of alice."""
    with forging(Forge("marble", cast.people[0])) as forge:
        opening.trusting(forge, cast.people[1:])
        nobody_gave_a_code(cast)
        cast.forge = forge
        first.order(cast)
        nobody_gave_a_code(cast)
        yield cast
        nothing_is_left_to_do()  # while CI's server still answers


def nobody_gave_a_code(cast: Cast) -> None:
    """Forget which codes were given: nobody waits half a minute in a test."""
    TotpCounter.objects.all().delete()
    for person in cast.people:
        person.spent = 0


def nothing_is_left_to_do() -> None:
    eventually(lambda: not Job.objects.live().exclude(by_and_by()).exists(), what="no job is left")


@pytest.mark.parametrize("act", ACTS, ids=[act.name for act in ACTS])
def test_every_act_is_answered_as_its_entry_says(cast, fleet, act, request):
    """It is true that each act of the campaign does something here, and that what it was told is so afterwards."""
    if act in orders.ACTS:
        request.getfixturevalue("ordered")
    for name in ("upload a file", "upload a release" if act in trains.ACTS else "upload a file"):
        perform(NAMED[name], cast, random.Random(name))
    cast.drafts.append((*cast.tokens, *cast.versions))  # nobody waits for a draft to come
    if act.name in OF_PUBLISHED:
        perform(NAMED["publish a draft"], cast, random.Random(DICE))
        eventually(lambda: File.objects.published().exists(), what="the draft is published")
        perform(NAMED["read the index"], cast, random.Random(DICE))
    said = perform(act, cast, random.Random(DICE))
    nothing_is_left_to_do()
    assert said is not None
    assert cast.ledger.wrong == []
    assert [claim.wrong() for claim in cast.ledger.claims if claim.wrong()] == []


def test_one_file_at_both_web_servers_is_staged_once(cast):
    """It is true that two jobs at one moment open one draft, and the second's equal bytes change nothing."""
    for number in range(4):
        perform(NAMED["upload one file to both web servers"], cast, random.Random(number))
    assert Draft.objects.count() == 1
    assert AuditEvent.objects.filter(event="draft:opened").count() == 1
    assert (
        File.objects.count() == AuditEvent.objects.filter(event__in=["file:staged", "file:replaced"]).count()
    )
    assert cast.ledger.wrong == []


def _pressed(person: Person, server: str, code: str) -> int:
    url = draft_url(server, "sampleproject", "1.0") + "publish/"
    page = person.browser.ask(url)
    return person.browser.post(url, page, fingerprint=page.hidden("fingerprint"), code=code).status


def test_two_maintainers_at_two_web_servers_publish_once(cast, fleet, ci, draft):
    """It is true that of two decisions at one moment one is made, and three workers publish it once."""
    codes = [person.code() for person in cast.people]
    with ThreadPoolExecutor(2) as pool:
        statuses = list(pool.map(_pressed, cast.people, fleet.addresses, codes))
    assert set(statuses) <= {302, 404, 409}
    eventually(lambda: Draft.objects.get().state == DraftState.PUBLISHED, what="the draft is published")
    events = list(AuditEvent.objects.values_list("event", flat=True))
    assert (events.count("draft:publishing"), events.count("draft:published")) == (1, 1)
    assert File.objects.published().count() == 2
    assert Draft.objects.get().project.page.serial == 1


def test_a_code_that_was_given_at_one_web_server_is_spent_at_the_other(cast, fleet, draft):
    """It is true that one code of one person at both web servers at once proves one act, not two."""
    [alice, _] = cast.people
    code = alice.code()
    stage.extend(draft=draft, by=Actor.system("tests"))
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda server: _pressed(alice, server, code), fleet.addresses))
    nothing_is_left_to_do()
    assert AuditEvent.objects.filter(event="draft:publishing").count() == 1


def test_a_revoked_token_is_refused_by_both_web_servers_at_once(cast, fleet, ci):
    """It is true that after the revocation no web server takes one more file, and before it both did."""
    for tag, server in zip(("py3-none-any", "py2-none-any"), fleet.addresses, strict=True):
        built = wheels.wheel(tag=tag)
        assert send(server, built, ci.basic, "sampleproject", "1.0").status == 200
    tokens.revoke(token=ci.row, by=Actor.system("tests"))
    for server in fleet.addresses * 4:
        assert send(server, WHEEL, ci.basic, "sampleproject", "1.0").status == 401
    assert File.objects.count() == 2


def test_a_draft_that_two_schedulers_find_expired_expires_once(fleet, draft):
    Draft.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    for _ in range(6):
        current_app.send_task("operations.expire", ignore_result=True)
    eventually(lambda: Draft.objects.get().state == DraftState.CANCELED, what="the draft is canceled")
    assert AuditEvent.objects.filter(event="draft:expired").count() == 1
    assert Job.objects.filter(kind=Kind.PURGE, subject=draft.subject).count() == 1


def test_a_job_that_is_rung_by_two_schedulers_is_done_once(fleet, draft):
    """It is true that a purge whose ring was lost is found, and that many rings at once leave one event."""
    Draft.objects.update(state=DraftState.CANCELED, ended_at=timezone.now())
    late = timezone.now() - timedelta(seconds=10)
    job = Job.objects.create(kind=Kind.PURGE, subject=draft.subject, not_before=late)
    for _ in range(6):
        current_app.send_task("operations.sweep", ignore_result=True)
        current_app.send_task(Kind.PURGE, args=[job.pk], ignore_result=True)
    eventually(lambda: Job.objects.get(pk=job.pk).state == JobState.DONE, what="the purge is done")
    nothing_is_left_to_do()
    assert AuditEvent.objects.filter(event="draft:purged").count() == 1
    assert Job.objects.get(pk=job.pk).attempt == 1


def test_the_second_scheduler_takes_over_when_the_first_is_killed(fleet, draft):
    """It is true that of two schedulers on one data folder one waits, and rings what waits after the other's end."""

    def waits(process) -> bool:
        return "another scheduler runs" in process.log.read_text()

    eventually(lambda: sum(map(waits, fleet.schedulers)) == 1, what="one scheduler waits")
    [first] = [process for process in fleet.schedulers if not waits(process)]
    first.kill()
    Draft.objects.update(state=DraftState.CANCELED, ended_at=timezone.now())
    late = timezone.now() - timedelta(seconds=10)
    job = Job.objects.create(kind=Kind.PURGE, subject=draft.subject, not_before=late)
    eventually(
        lambda: Job.objects.get(pk=job.pk).state == JobState.DONE, what="the purge was rung for and done"
    )
    for process in fleet.schedulers:
        process.kill()
        process.log.write_text("")
