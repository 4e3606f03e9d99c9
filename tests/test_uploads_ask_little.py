"""What a small upload asks the database: few questions, whose SQL is written once, and no rule is left out for it."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import IntegrityError, connection, transaction
from django.db.models import F
from django.db.transaction import TransactionManagementError
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.compiled import Compiled, CompiledUpdate, insert
from drafts.dist import parse_filename
from drafts.models import Job, Project, Token, ahead
from tests import wheels

pytestmark = [pytest.mark.django_db, pytest.mark.promise]


def _named(name: str, since: datetime):
    return Project.objects.filter(name=name, created_at__gte=since)


def _deaf(name: str, since: datetime):
    return Project.objects.filter(created_at__gte=since)


def test_a_question_is_asked_again_with_other_values(project):
    """It is true that what was written for one name and time is asked for another."""
    question, past = Compiled(_named), datetime(2020, 1, 1, tzinfo=UTC)
    assert question.models(name="another", since=past) == []
    assert question.models(name=project.name, since=past) == [project]
    assert question.models(name=project.name, since=timezone.now() + timedelta(days=1)) == []
    assert question.rows(name=project.name, since=past)[0][0] == project.pk


def test_a_question_that_would_not_hear_a_value_is_not_asked(project):
    with pytest.raises(TypeError, match="does not use name"):
        Compiled(_deaf).models(name=project.name, since=timezone.now())


def _ended(kind: str, moment: datetime):
    return Job.objects.filter(kind=kind), {"ended_at": moment, "done": F("done") + 1}


def test_a_row_that_is_written_is_the_row_that_is_read():
    """It is true that a row gets its id, each defaults of its own, and comes back as it was; and that rules hold for it."""
    for subject in ("draft:1", "draft:2"):
        row = Job(kind="a", subject=subject, not_before=timezone.now())
        insert(row)
        read = Job.objects.get(subject=subject)
        assert {**vars(row), "_state": None} == {**vars(read), "_state": None}
        assert not row._state.adding
    with pytest.raises(IntegrityError), transaction.atomic():
        insert(Job(kind="a", subject="draft:1"))


def test_a_change_is_made_again_with_other_values():
    """It is true that what was written for one value changes the rows of another, and no others."""
    change, moment = CompiledUpdate(_ended), datetime(2020, 1, 1, tzinfo=UTC)
    for kind in ("a", "b", "b"):
        Job.objects.create(kind=kind, subject=f"draft:{Job.objects.count()}")
    assert [change.do(kind=kind, moment=moment) for kind in ("none", "b", "a", "b")] == [0, 2, 1, 2]
    rows = Job.objects.order_by("pk").values_list("kind", "done", "ended_at")
    assert list(rows) == [("a", 1, moment), ("b", 2, moment), ("b", 2, moment)]


@pytest.mark.django_db(transaction=True)
def test_a_row_is_locked_within_a_transaction_alone(project):
    """It is true as of Django's own questions: a lock that ends with its statement is none."""
    with transaction.atomic():
        assert Project.objects.lock(project.pk) == project
    with pytest.raises(TransactionManagementError):
        Project.objects.lock(project.pk)


def test_a_file_is_staged_with_few_questions(ci, inspections_wait):
    """It is true that a file which meets nothing takes 21 statements, the transaction included, however many others are in."""
    for build in "12":
        ci.upload(wheels.wheel(build=build))
    with CaptureQueriesContext(connection) as queries:
        assert ci.upload(wheels.wheel(build="3")).status_code == 200
    assert len(queries) <= 19, [query["sql"][:100] for query in queries]


def test_what_a_file_meets_is_seen(ci, project):
    """It is true that one question finds what stands in a file's way: by name, by spelling, and a token that ended."""
    ci.upload(wheels.wheel())
    token, name = Token.objects.get(), parse_filename(wheels.wheel().filename)
    asked = {"project": project, "version_key": "1", "name": name}
    met = ahead.of(**asked, token=token)
    assert (met.there, met.is_valid) == (True, True)
    assert (met.burnt, met.released, met.arriving, met.logs) == (False, False, False, False)
    Token.objects.update(expires_at=timezone.now() - timedelta(seconds=1))
    assert not ahead.of(**asked, token=token).is_valid
    assert not ahead.of(**{**asked, "version_key": "2"}, token=token).there
