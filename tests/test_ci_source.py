"""Owners say where CI runs: with a second factor, tested by a job, the token sealed and never shown or sent elsewhere."""

import pytest
from django.test import Client

from accounts.models import AuditEvent
from drafts import secrets
from drafts.evidence import sources
from drafts.models import CiSource, Job, jobs
from tests.conftest import do_jobs, totp_code
from tests.providers import github as hubs

pytestmark = pytest.mark.django_db
PAGE = "/projects/sampleproject/ci/"


@pytest.fixture(autouse=True)
def _loopback_is_allowed(settings):
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]


@pytest.fixture
def hub():
    """GitHub's double."""
    with hubs.github() as double:
        yield double


@pytest.fixture
def alices(project, alice):
    """alice's browser."""
    client = Client()
    client.force_login(alice)
    return client


@pytest.fixture
def press(alices, hub):
    """Set the CI as alice would, with a fresh code; ``changes`` replace fields."""

    def pressed(**changes):
        form = {
            "kind": "github",
            "repository": "octo/sampleproject",
            "token": hubs.TOKEN,
            "api": hub.url,
            "workflow": "",
            "code": totp_code("alice"),
            **changes,
        }
        return alices.post(PAGE, form, follow=True)

    return pressed


def page(client: Client) -> str:
    return client.get(PAGE).content.decode()


def test_an_owner_sets_it_and_a_job_tests_it(press, alices, alice):
    """It is true that the page says that it is being tested, and then what was found."""
    assert "is being tested" in press().content.decode()
    assert 'hx-trigger="every 2s"' in page(alices)
    do_jobs()
    source = CiSource.objects.get()
    assert (source.repository, source.repository_id, source.set_by) == ("octo/sampleproject", 4711, alice)
    assert "octo/sampleproject can be read" in page(alices)
    assert "hx-trigger" not in page(alices)
    events = AuditEvent.objects.filter(on_kind="ci").order_by("seq")
    assert [(event.event, event.actor_label) for event in events] == [
        ("ci:set", "alice"),
        ("ci:checked", "Presscheck"),
    ]


def test_the_token_is_written_and_never_shown(press, alices):
    """It is true that it stands in no row, page or event in clear, and that the server can still read it."""
    press()
    do_jobs()
    source = CiSource.objects.get()
    assert hubs.TOKEN not in source.token_sealed
    assert secrets.open_ci_token(source.token_sealed) == hubs.TOKEN
    assert hubs.TOKEN not in page(alices)
    assert not [event for event in AuditEvent.objects.all() if hubs.TOKEN in str(event.details)]
    refused = press(repository="no repository").content.decode()
    assert hubs.TOKEN not in refused


def test_a_token_outlives_the_servers_key(press, settings, hub):
    """It is true that a retired key still opens it, and that without any key the page says what to do."""
    press()
    old = settings.SECRET_KEY
    settings.SECRET_KEY, settings.SECRET_KEY_FALLBACKS = "another secret for this test", [old]
    do_jobs()
    assert CiSource.objects.get().check_error == ""
    settings.SECRET_KEY_FALLBACKS = []
    Job.objects.all().delete()
    sources.test_again(source=CiSource.objects.get())
    do_jobs()
    assert "give it again" in CiSource.objects.get().check_error


def test_logs_do_not_hold_tokens():
    for token in (hubs.TOKEN, "ghp_0123456789abcdefghij", "glpat-0123456789abcdefghij"):
        assert token not in secrets.scrub(f"asked with {token} just now")
    assert secrets.scrub("glide-bindings and gltf-viewer-plugin") == "glide-bindings and gltf-viewer-plugin"


def test_a_kept_token_is_sent_to_no_other_address(press, hub):
    """It is true that whoever changes the API's address must give a token for it."""
    press()
    answer = press(api="http://127.0.0.1:9", token="")
    assert answer.status_code == 400
    assert "Give the token again" in answer.content.decode()
    assert CiSource.objects.get().api == hub.url
    assert press(kind="gitlab", repository="group/name", token="").status_code == 400


def test_a_kept_token_stays_when_the_repository_changes(press, hub):
    press()
    do_jobs()
    assert press(token="", repository="octo/other").status_code == 200
    source = CiSource.objects.get()
    assert (source.repository, source.repository_id) == ("octo/other", None)
    assert secrets.open_ci_token(source.token_sealed) == hubs.TOKEN
    do_jobs()
    assert "knows nothing of the repository octo/other" in CiSource.objects.get().check_error


def test_a_wrong_token_is_told(press, alices):
    press(token="github_pat_of_somebody_else")
    do_jobs()
    assert "mistyped, expired or revoked" in page(alices)
    assert "github_pat_of_somebody_else" not in page(alices)


def test_a_name_that_changed_hands_is_told(press, alices, hub):
    press()
    do_jobs()
    hub.repository_id = 666
    alices.post(f"{PAGE}test/")
    do_jobs()
    assert "belongs to another repository now" in page(alices)
    assert CiSource.objects.get().repository_id == 4711


def test_a_test_of_what_was_set_anew_writes_nothing(press, hub):
    """It is true that the answer about the old repository does not stand at the new one."""
    press()
    job = jobs.claim(Job.objects.get().pk)
    source = CiSource.objects.get()
    press(repository="octo/other", token="")
    with pytest.raises(jobs.Fenced):
        sources._settle(job, source, 4711, "")
    assert CiSource.objects.get().repository_id is None


@pytest.mark.parametrize("act", ["set", "remove"])
def test_nothing_happens_without_a_code(press, alices, act):
    press()
    before = CiSource.objects.values().get(), AuditEvent.objects.count()
    if act == "set":
        answer = press(repository="octo/other", code="000000")
    else:
        answer = alices.post(f"{PAGE}remove/", {"code": "000000"})
    assert answer.status_code == 403
    assert "wrong" in answer.content.decode()
    assert (CiSource.objects.values().get(), AuditEvent.objects.count()) == before


def test_an_owner_removes_it(press, alices):
    press()
    alices.post(f"{PAGE}remove/", {"code": totp_code("alice")})
    assert not CiSource.objects.exists()
    event = AuditEvent.objects.filter(on_kind="ci").order_by("-seq").first()
    assert (event.event, event.details["repository"]) == ("ci:removed", "octo/sampleproject")
    do_jobs()
    assert "Remove the CI" not in page(alices)


BAD = {
    "no provider": {"kind": "jenkins"},
    "no repository": {"repository": ""},
    "a repository that climbs": {"repository": "octo/.."},
    "a path": {"repository": "octo/sampleproject/actions"},
    "a query": {"repository": "octo/sample?x=1"},
    "an API without a scheme": {"api": "api.example"},
    "an API with a user": {"api": "https://user:pw@api.example"},
    "an API elsewhere": {"api": "file:///etc/passwd"},
    "a workflow that is none": {"workflow": "release"},
    "a workflow at GitLab": {"kind": "gitlab", "repository": "a/b", "workflow": "release.yml"},
    "a token of two words": {"token": "one two"},
    "a token with a line feed": {"token": "one\ntwo"},
    "a long token": {"token": "x" * 501},
}


@pytest.mark.parametrize("changes", BAD.values(), ids=BAD.keys())
def test_what_has_no_form_is_refused_before_a_code_is_spent(press, changes):
    code = totp_code("alice")
    answer = press(**changes, code=code)
    assert answer.status_code == 400
    assert "Nothing was changed." in answer.content.decode()
    assert not CiSource.objects.exists()
    assert press(code=code).status_code == 200
    assert CiSource.objects.exists()


def test_the_form_is_filled_with_what_is_set(press, alices):
    """It is true that setting it again as it is shown changes nothing: the names of jobs stand one a line."""
    press(jobs="build*\nsdist")
    assert ">build*\nsdist</textarea>" in page(alices)
    shown = alices.get(PAGE).context["page"].jobs
    press(jobs=shown)
    assert CiSource.objects.get().evidence_jobs == ["build*", "sdist"]
    press(jobs="")
    assert "{{" not in page(alices)
