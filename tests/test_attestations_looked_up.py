"""Attestations are looked up by the files' digests where the project's CI keeps them, and verified like those that came along."""

from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.models import AuditEvent
from drafts import secrets
from drafts.evidence import verdicts
from drafts.evidence.compare import Rank, Verdict
from drafts.models import AttestationSearch, Attested, CiSource, EvidenceLog, Job, Kind
from tests import wheels
from tests.conftest import do_jobs, draft_url
from tests.pressing import browser_of
from tests.providers import github as hubs
from tests.providers import gitlab as labs
from tests.sigstore import Sigstore, Workflow, statement

pytestmark = pytest.mark.django_db
WHEEL, SDIST = wheels.wheel(), wheels.sdist()
NAMED = Workflow(repository="octo/sampleproject")


def bundle(sigstore, filename, sha256, by) -> dict:
    """What a workflow signed, as the provider keeps it."""
    return sigstore.bundle(statement(filename, sha256, predicate="https://slsa.dev/provenance/v1"), by)


@pytest.fixture(scope="module")
def sigstore() -> Sigstore:
    """A Sigstore of our own, for all tests of the module."""
    return Sigstore()


@pytest.fixture
def _trusted(sigstore, tmp_path, settings):
    """The server trusts it."""
    (tmp_path / "root.json").write_text(sigstore.root)
    settings.SIGSTORE_ROOT = str(tmp_path / "root.json")


@pytest.fixture
def hub(settings):
    """GitHub's double."""
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    with hubs.github() as double:
        yield double


@pytest.fixture
def source(project, hub, alice):
    """sampleproject's CI runs at octo/sampleproject."""
    return CiSource.objects.create(
        project=project,
        kind="github",
        api=hub.url,
        repository="octo/sampleproject",
        repository_id=hub.repository_id,
        token_sealed=secrets.seal_ci_token(hubs.TOKEN),
        set_by=alice,
    )


@pytest.fixture
def look(source, draft, rita):
    """Have rita press "Look for attestations", and the worker look; returns the page."""

    def looked() -> str:
        assert browser_of(rita).post(draft_url(draft, "evidence-attestations")).status_code == 302
        do_jobs()
        # The double is no public GitHub, whose repositories are those that certificates name.
        CiSource.objects.update(api="")
        page = browser_of(rita).get(draft_url(draft)).content.decode()
        CiSource.objects.update(api=source.api)
        return page

    return looked


def said(draft, built=WHEEL) -> tuple[Verdict, Rank | None]:
    found = verdicts.comparison(draft).files[built.filename]
    return found.verdict, found.rank


@pytest.mark.promise
@pytest.mark.usefixtures("_trusted")
def test_a_signature_that_is_found_counts_like_one_that_came_along(look, hub, draft, sigstore):
    hub.attestations = {WHEEL.sha256: [bundle(sigstore, WHEEL.filename, WHEEL.sha256, NAMED)]}
    page = look()
    assert "Attestation 1 found at GitHub is signed by octo/sampleproject (release.yml)" in page
    assert "GitHub keeps attestations of 1 of 2 files. 1 of 1 could be verified." in page
    CiSource.objects.update(api="")
    assert (said(draft), said(draft, SDIST)) == ((Verdict.MATCH, Rank.ATTESTED), (Verdict.MISSING, None))
    assert {one.path.rpartition(":")[2] for one in hub.api.asked} == {WHEEL.sha256, SDIST.sha256}
    assert AuditEvent.objects.filter(event="evidence:attestations-looked-for").count() == 1
    assert AuditEvent.objects.filter(event="evidence:attestations-checked").count() == 1


@pytest.mark.promise
def test_without_the_root_of_trust_it_is_not_verified_and_never_green(look, hub, draft, sigstore):
    hub.attestations = {WHEEL.sha256: [bundle(sigstore, WHEEL.filename, WHEEL.sha256, NAMED)]}
    page = look()
    assert "Attestation 1 found at GitHub is not verified: " in page
    CiSource.objects.update(api="")
    assert said(draft) == (Verdict.NONE, None)
    assert not EvidenceLog.objects.exists()


@pytest.mark.promise
@pytest.mark.usefixtures("_trusted")
def test_a_strangers_signature_that_is_found_is_no_evidence(look, hub, draft, sigstore):
    stranger = Workflow(repository="mallory/sample")
    hub.attestations = {WHEEL.sha256: [bundle(sigstore, WHEEL.filename, WHEEL.sha256, stranger)]}
    assert "which does not count." in look()
    CiSource.objects.update(api="")
    assert said(draft) == (Verdict.NONE, None)


@pytest.mark.promise
@pytest.mark.usefixtures("_trusted")
def test_an_answer_about_other_bytes_proves_nothing(look, hub, draft, sigstore):
    """It is true that it is the signed statement that counts, and not where the provider keeps it."""
    hub.attestations = {
        WHEEL.sha256: [bundle(sigstore, WHEEL.filename, SDIST.sha256, NAMED), {"not": "a bundle"}]
    }
    page = look()
    assert "it was signed for other bytes under this name" in page
    assert Attested.objects.filter(signer__isnull=True).count() == 2
    assert said(draft) == (Verdict.NONE, None)


@pytest.mark.usefixtures("_trusted")
def test_what_is_not_kept_there_any_more_says_nothing(look, hub, draft, sigstore):
    hub.attestations = {WHEEL.sha256: [bundle(sigstore, WHEEL.filename, WHEEL.sha256, NAMED)]}
    look()
    hub.attestations = {}
    assert "GitHub keeps attestations of 0 of 2 files." in look()
    assert (Attested.objects.count(), EvidenceLog.objects.count()) == (0, 0)


@pytest.mark.usefixtures("_trusted")
def test_looking_again_finds_the_same_once(look, hub, sigstore):
    hub.attestations = {WHEEL.sha256: [bundle(sigstore, WHEEL.filename, WHEEL.sha256, NAMED)]}
    look()
    look()
    assert (Attested.objects.count(), EvidenceLog.objects.count()) == (1, 1)


# What the provider answers, and what the page says of it.
REFUSALS = {
    "a wrong token": ((401, {}), "the token is missing, mistyped, expired or revoked"),
    "a token that may not": ((403, {}), "may not read this"),
    "something else": ((418, {}), "GitHub answered 418"),
    "a limit for a day": ((429, {"Retry-After": "86400"}), "That is too long to wait here"),
}


@pytest.mark.parametrize(("answer", "words"), REFUSALS.values(), ids=REFUSALS.keys())
def test_a_refusal_is_said_in_words(answer, words, look, hub):
    hub.refuse = [answer]
    page = look()
    assert 'data-search="failed"' in page
    assert words in page
    assert "Look for attestations again" in page


@pytest.mark.state
def test_a_limit_is_waited_for(look, hub):
    hub.refuse = [(429, {"Retry-After": "600"})]
    page = look()
    assert 'data-search="waits"' in page
    assert "GitHub asks to wait until" in page
    job = Job.objects.get(kind=Kind.FIND_ATTESTATIONS)
    assert job.not_before > timezone.now() + timedelta(minutes=9)
    Job.objects.update(not_before=timezone.now())
    do_jobs()
    assert AttestationSearch.objects.get().said == "GitHub keeps attestations of 0 of 2 files."


def test_a_project_without_a_ci_has_nowhere_to_look(draft, mike):
    client = browser_of(mike)
    assert "Look for attestations" not in client.get(draft_url(draft)).content.decode()
    page = client.post(draft_url(draft, "evidence-attestations"), follow=True).content.decode()
    assert "does not say where its CI runs" in page
    assert not AttestationSearch.objects.exists()


@pytest.mark.usefixtures("_trusted")
def test_gitlab_is_asked_too(draft, project, alice, rita, settings, sigstore):
    """It is true of a server whose projects keep attestations; one without them keeps none."""
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    with labs.gitlab() as lab:
        lab.attestations = {WHEEL.sha256: [bundle(sigstore, WHEEL.filename, WHEEL.sha256, NAMED)]}
        CiSource.objects.create(
            project=project,
            kind="gitlab",
            api=lab.url,
            repository="group/sub/sampleproject",
            token_sealed=secrets.seal_ci_token(labs.TOKEN),
            set_by=alice,
        )
        browser_of(rita).post(draft_url(draft, "evidence-attestations"))
        do_jobs()
    assert AttestationSearch.objects.get().said.startswith("GitLab keeps attestations of 1 of 2 files")
