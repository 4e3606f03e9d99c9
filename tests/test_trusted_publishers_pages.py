"""It is true that owners add and remove trusted publishers with a second factor at that very act, and members see why a run was refused."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import AuditEvent
from drafts.models import CiSource, Publisher, Token
from tests.conftest import totp_code
from tests.trusted import exchange, minted, trust

pytestmark = pytest.mark.django_db
GOOD = {"kind": "github", "repository": "octo/sampleproject", "workflow": "release.yml"}


@pytest.fixture
def alices(alice):
    """alice's browser, signed in."""
    client = Client()
    client.force_login(alice)
    return client


def post(client: Client, **form):
    """Send the form that adds a publisher, with alice's code unless told otherwise."""
    sent = {**GOOD, "code": totp_code("alice"), **form}
    return client.post(
        "/projects/sampleproject/publishers/", {k: v for k, v in sent.items() if v is not None}
    )


def page(client: Client) -> str:
    return " ".join(client.get("/projects/sampleproject/").content.decode().split())


def test_an_owner_trusts_a_job(project, alices):
    assert post(alices, environment="release").status_code == 302
    row = Publisher.objects.get()
    assert (row.issuer, row.owner_id) == ("https://token.actions.githubusercontent.com", "")
    assert "octo/sampleproject, release.yml" in page(alices)
    assert "environment release" in page(alices)
    event = AuditEvent.objects.last()
    assert (event.event, event.details["workflow"], event.details["method"]) == (
        "publisher:added",
        "release.yml",
        "totp",
    )


REFUSED = {
    "no kind": ({"kind": "jenkins"}, 400, "Choose where the job runs"),
    "no owner": ({"repository": "sampleproject"}, 400, "owner/name"),
    "an address": ({"repository": "https://github.com/octo/x"}, 400, "owner/name"),
    "no workflow": ({"workflow": ""}, 400, "workflow file"),
    "a path": ({"workflow": ".github/workflows/release.yml"}, 400, "workflow file"),
    "an id that is none": ({"owner_id": "octo"}, 400, "Ids are numbers"),
    "an issuer that is none": ({"issuer": "ftp://x"}, 400, "The issuer"),
    "an issuer with a query": ({"issuer": "https://x.example/?a=1"}, 400, "without a query"),
    "no subject": ({"kind": "oidc", "issuer": "https://x.example", "rules": "team = build"}, 400, "subject"),
    "a rule without a value": ({"kind": "oidc", "issuer": "https://x.example", "rules": "sub"}, 400, "one claim on each line"),
    "a rule about the audience": ({"kind": "oidc", "issuer": "https://x.example", "rules": "sub=1\naud=2"}, 400, "not a claim to choose"),
    "no issuer": ({"kind": "oidc", "issuer": "", "rules": "sub = 1"}, 400, "The issuer"),
    "no code": ({"code": ""}, 403, "six digits"),
    "a wrong code": ({"code": "000000"}, 403, "wrong"),
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_trusted_is_refused_in_words(project, alices, name):
    """It is true that nothing is kept of it, and what was typed is shown again."""
    changes, status, words = REFUSED[name]
    response = post(alices, **changes)
    assert response.status_code == status
    text = response.content.decode()
    assert words in text
    assert not Publisher.objects.exists()
    if changes.get("kind") is None and "repository" not in changes:
        assert 'value="octo/sampleproject"' in text


def test_a_job_is_trusted_once(project, alices):
    assert post(alices).status_code == 302
    again = post(alices, repository="Octo/SampleProject")
    assert (again.status_code, "already" in again.content.decode()) == (400, True)


def test_a_repository_that_was_asked_before_is_known_by_its_id(project, alices, alice):
    CiSource.objects.create(
        project=project, kind="github", repository="octo/sampleproject", repository_id=4711, set_by=alice
    )
    post(alices)
    assert Publisher.objects.get().repository_id == "4711"


def test_claims_are_shown_as_they_are_compared(project, alices):
    post(alices, kind="oidc", issuer="https://ci.example", rules="sub = job:7\n\nteam = <b>build</b>")
    assert "team = &lt;b&gt;build&lt;/b&gt;" in page(alices)


@pytest.mark.promise
def test_only_an_owner_changes_who_is_trusted(provider, publisher, mikes):
    """It is true that a maintainer sees the list, and neither the links nor the pages."""
    assert "octo/sampleproject, release.yml" in page(mikes)
    remove = reverse("publisher-remove", args=["sampleproject", publisher.pk])
    assert remove not in page(mikes)
    for path in ("/projects/sampleproject/publishers/", remove):
        assert mikes.get(path).status_code == 403
        assert mikes.post(path, {"code": totp_code("mike")}).status_code == 403


def test_removing_takes_a_code_and_ends_the_tokens(provider, publisher, alices):
    ci = minted(provider)
    path = reverse("publisher-remove", args=["sampleproject", publisher.pk])
    assert alices.get(path).status_code == 200
    assert alices.post(path, {"code": "000000"}).status_code == 403
    assert Token.objects.valid().exists()
    response = alices.post(path, {"code": totp_code("alice")}, follow=True)
    assert "1 upload token of its runs ended with it" in response.content.decode()
    assert not Token.objects.valid().exists()
    assert AuditEvent.objects.last().event == "publisher:removed"
    assert alices.get(path).status_code == 404
    assert exchange(ci.token, "/_/oidc/burn-token").status_code == 202


def test_a_publisher_of_another_project_is_not_found(project, alices, alice, charlie, provider):
    from accounts.audit import Actor
    from drafts.access.projects import create

    row = trust(
        create(name="foreign", by=Actor.system("tests"), owner=charlie.email), charlie, provider.issuer
    )
    assert alices.get(reverse("publisher-remove", args=["sampleproject", row.pk])).status_code == 404


def test_members_see_why_a_run_was_refused(provider, publisher, mikes):
    """It is true that the page names what differed, where CI's log cannot."""
    path = "octo/sampleproject/.github/workflows/test.yml@refs/tags/v1.0"
    assert exchange(provider.token(job_workflow_ref=path)).status_code == 422
    assert "the workflow file is another one" in page(mikes)
    minted(provider)
    assert "ids: owner 99, repository 4711" in page(mikes)


def test_minted_tokens_are_not_among_those_that_people_made(provider, publisher, alices, ci):
    minted(provider)
    text = page(alices)
    assert text.count("data-token=") == 1


def test_the_help_page_fills_in_the_audience(settings):
    settings.OIDC_AUDIENCE = "2.index.example:8443"
    text = Client().get("/help/ci/").content.decode()
    assert "_index_example_8443_ID_TOKEN:" not in text
    assert "__INDEX_EXAMPLE_8443_ID_TOKEN:" in text
    assert "aud: 2.index.example:8443" in text
