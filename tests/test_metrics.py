"""It is true that metrics are for the operator alone, name no project, and count what happened in every process."""

import re
from datetime import timedelta

import pytest
from django.db import DatabaseError
from django.test import Client
from django.utils import timezone

from drafts.models import Count, Job, counts
from tests import wheels
from tests.conftest import publish
from tests.racing import race

pytestmark = pytest.mark.django_db
TOKEN = "a metrics token"


@pytest.fixture(autouse=True)
def nothing_counted(db):
    """A server's process may count uploads that broke off after the test that sent them had emptied the tables."""
    Count.objects.all().delete()


def read(**request) -> dict[str, float]:
    """The samples by name and labels; every line is checked against the text format."""
    response = Client().get("/metrics", **request)
    assert response.status_code == 200
    assert response["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "no-store" in response["Cache-Control"]
    samples = {}
    for line in response.content.decode().splitlines():
        if not line.startswith("# "):
            name, value = re.fullmatch(
                r'([a-z_]+(?:\{[a-z]+="[\w.-]+"(?:,[a-z]+="[\w.-]+")*\})?) ([\d.e+-]+)', line
            ).groups()
            samples[name] = float(value)
    return samples


ASKED = {
    "from this machine": ("", {}, 200),
    "from this machine, by its other name": ("", {"REMOTE_ADDR": "::1"}, 200),
    "from elsewhere": ("", {"REMOTE_ADDR": "192.0.2.1"}, 404),
    "through a socket": ("", {"REMOTE_ADDR": ""}, 404),
    "through a proxy here": ("", {"headers": {"X-Forwarded-For": "192.0.2.1"}}, 404),
    "through another proxy here": ("", {"headers": {"Forwarded": "for=192.0.2.1"}}, 404),
    "through nginx": ("", {"headers": {"X-Real-IP": "192.0.2.1"}}, 404),
    "with the token, from elsewhere": (
        TOKEN,
        {"REMOTE_ADDR": "192.0.2.1", "headers": {"Authorization": f"Bearer {TOKEN}"}},
        200,
    ),
    "with another token": (TOKEN, {"headers": {"Authorization": "Bearer x"}}, 404),
    "with a token that is not ASCII": (TOKEN, {"headers": {"Authorization": "Bearer ü"}}, 404),
    "without the token": (TOKEN, {}, 404),
    "with nothing after Bearer where no token is set": (
        "",
        {"REMOTE_ADDR": "192.0.2.1", "headers": {"Authorization": "Bearer "}},
        404,
    ),
}


@pytest.mark.parametrize(("token", "request_", "status"), ASKED.values(), ids=ASKED.keys())
def test_only_the_operator_reads_them(settings, token, request_, status):
    settings.METRICS_TOKEN = token
    assert Client().get("/metrics", **request_).status_code == status


def test_they_count_uploads_refusals_and_publishes(draft, ci, mike):
    ci.upload(wheels.wheel(files={"sampleproject/__init__.py": b"again"}))
    for _ in range(3):
        assert ci.upload(wheels.wheel(), sha256_digest="0" * 64).status_code == 400
    assert Client().post("/legacy/").status_code == 401
    before = read()
    assert before['presscheck_uploads_total{outcome="staged"}'] == 2
    assert before['presscheck_uploads_total{outcome="replaced"}'] == 1
    assert before['presscheck_uploads_total{outcome="refused"}'] == 4
    assert before['presscheck_refusals_total{code="digest-differs"}'] == 3
    assert before['presscheck_refusals_total{code="no-credential"}'] == 1
    assert before['presscheck_drafts{state="open"}'] == 1
    publish(draft, mike)
    after = read()
    assert after['presscheck_drafts{state="open"}'] == 0
    assert after['presscheck_drafts{state="published"}'] == 1
    assert after['presscheck_jobs{kind="publishing.publish",state="done"}'] == 1
    assert after['presscheck_publish_seconds{quantile="1"}'] >= 0


def test_a_refusal_in_the_browser_counts_too(project, mike):
    from django.core.files.uploadedfile import SimpleUploadedFile

    browser = Client()
    browser.force_login(mike)
    browser.post(
        f"/projects/{project.name}/upload/", {"content": SimpleUploadedFile("x-1.0-py3-none-any.whl", b"x")}
    )
    assert read()['presscheck_uploads_total{outcome="refused"}'] == 1


def test_they_name_no_project(draft, ci):
    ci.upload(wheels.wheel("secretproject"), name="secretproject")
    text = Client().get("/metrics").content.decode()
    assert "sampleproject" not in text
    assert "secretproject" not in text


def test_the_queue_has_an_age_while_something_waits(db):
    assert read()["presscheck_queue_age_seconds"] == 0
    Job.objects.create(
        kind="intake.purge", subject="draft:1", not_before=timezone.now() + timedelta(minutes=5)
    )
    assert read()["presscheck_queue_age_seconds"] == 0
    Job.objects.update(not_before=timezone.now() - timedelta(minutes=5))
    assert read()["presscheck_queue_age_seconds"] >= 300


@pytest.mark.django_db(transaction=True)
def test_no_count_is_lost_in_a_race():
    race([lambda: counts.count("refused:x")] * 8)
    assert Count.objects.get().value == 8


def test_a_database_that_does_not_count_refuses_all_the_same(ci, monkeypatch):
    def fails(_name: str) -> int:
        raise DatabaseError("away")

    monkeypatch.setattr(counts, "_add", fails)
    assert Client().post("/legacy/").status_code == 401
