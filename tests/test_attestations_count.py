"""Attestations through both doors and the draft page: they count for a file when signature and identity are right."""

import json

import pytest

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.evidence import verdicts
from drafts.evidence.add import paste
from drafts.evidence.compare import Rank, Verdict
from drafts.intake import putback
from drafts.models import Attested, CiSource, Draft, Job, JobState, Kind, jobs
from tests import wheels
from tests.conftest import do_jobs, draft_url, sign_in
from tests.sigstore import Sigstore, Workflow, statement

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("_trusted")]
WHEEL, SDIST = wheels.wheel(), wheels.sdist()
NEWER = wheels.wheel(files={"sampleproject/__init__.py": "import os\n"})


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
def source(project, alice):
    """The project's CI is the workflow release.yml of acme/sample."""
    return CiSource.objects.create(
        project=project,
        kind="github",
        repository="acme/sample",
        repository_id=4711,
        workflow="release.yml",
        set_by=alice,
    )


@pytest.fixture
def stage(ci):
    """Stage a wheel with attestations, let the worker verify them; returns the draft."""

    def staged(*attestations, built=WHEEL) -> Draft:
        assert ci.upload(built, attestations=json.dumps(attestations)).status_code == 200
        do_jobs()
        return Draft.objects.get()

    return staged


def said(draft: Draft, built=WHEEL) -> tuple[Verdict, Rank | None]:
    found = verdicts.comparison(draft).files[built.filename]
    return found.verdict, found.rank


def page(draft: Draft, user) -> str:
    return sign_in(user).get(draft_url(draft)).content.decode()


@pytest.mark.usefixtures("source")
def test_a_signature_of_the_registered_workflow_makes_a_file_match(stage, sigstore, rita):
    draft = stage(sigstore.attestation(WHEEL.filename, WHEEL.sha256))
    assert said(draft) == (Verdict.MATCH, Rank.ATTESTED)
    assert "is signed by acme/sample (release.yml) at ccccccc: the CI that this project registered." in page(
        draft, rita
    )


# What is wrong with the signer: the workflow that signed, or what the project registered; and a word of the reason.
STRANGERS = {
    "another repository": ({"repository": "mallory/sample"}, {}, "registered acme/sample"),
    "a repository whose name ends alike": ({"repository": "x/acme/sample"}, {}, "registered acme/sample"),
    "a repository of the same name that came later": ({"repository_id": "12"}, {}, "another repository"),
    "another workflow": ({"path": ".github/workflows/test.yml"}, {}, "test.yml"),
    "a file of the workflow's name elsewhere": ({"path": "x/release.yml"}, {}, "x/release.yml"),
    "a workflow with the name inside": ({"path": ".github/workflows/x-release.yml"}, {}, "x-release.yml"),
    "a pull request": ({"event": "pull_request"}, {}, "pull_request"),
    "a pull request in the target's name": ({"event": "pull_request_target"}, {}, "pull_request_target"),
    "no event": ({"event": ""}, {}, "(none)"),
    "another issuer": ({"issuer": "https://issuer.test"}, {}, "registered acme/sample"),
    "a server of one's own": ({}, {"api": "https://git.example.org/api/v3"}, "a server of its own"),
    "a repository that was never reached": ({}, {"repository_id": None}, "not reached"),
    "another provider": ({}, {"kind": "gitlab", "workflow": ""}, "registered acme/sample"),
}


@pytest.mark.promise
@pytest.mark.parametrize(("by", "registered", "reason"), STRANGERS.values(), ids=STRANGERS.keys())
def test_a_strangers_good_signature_proves_nothing(by, registered, reason, stage, sigstore, source, rita):
    CiSource.objects.filter(pk=source.pk).update(**registered)
    draft = stage(sigstore.attestation(WHEEL.filename, WHEEL.sha256, Workflow(**by)))
    assert said(draft) == (Verdict.NONE, None)
    assert verdicts.comparison(draft).matched == 0
    shown = page(draft, rita)
    assert "which does not count." in shown
    assert reason in shown


def test_a_project_without_a_ci_believes_nobody(stage, sigstore):
    draft = stage(sigstore.attestation(WHEEL.filename, WHEEL.sha256))
    assert said(draft) == (Verdict.NONE, None)


@pytest.mark.promise
@pytest.mark.usefixtures("source")
def test_what_is_not_verified_is_no_evidence_at_all(stage, sigstore, rita):
    """It is true of other bytes, of the sdist's attestation, of a bad signature and of another root alike."""
    tampered = sigstore.attestation(WHEEL.filename, WHEEL.sha256)
    tampered["envelope"]["statement"] = tampered["envelope"]["signature"]
    draft = stage(
        sigstore.attestation(WHEEL.filename, NEWER.sha256),
        sigstore.attestation(SDIST.filename, SDIST.sha256),
        tampered,
        Sigstore().attestation(WHEEL.filename, WHEEL.sha256),
    )
    assert said(draft) == (Verdict.NONE, None)
    assert Attested.objects.filter(signer__isnull=True, log=None).exclude(reason="").count() == 4
    shown = page(draft, rita)
    assert shown.count("is not verified: ") == 4
    assert "it was signed for other bytes under this name" in shown


@pytest.mark.usefixtures("source")
def test_until_the_worker_looked_the_page_says_so(ci, sigstore, rita):
    sent = json.dumps([sigstore.attestation(WHEEL.filename, WHEEL.sha256)])
    assert ci.upload(WHEEL, attestations=sent).status_code == 200
    draft = Draft.objects.get()
    assert said(draft) == (Verdict.NONE, None)
    assert "They are being verified." in page(draft, rita)


def test_another_ci_registered_later_takes_the_rank_away(stage, sigstore, source):
    draft = stage(sigstore.attestation(WHEEL.filename, WHEEL.sha256))
    CiSource.objects.filter(pk=source.pk).update(repository="acme/other")
    assert said(draft) == (Verdict.NONE, None)


@pytest.mark.usefixtures("source")
def test_an_attestation_does_not_speak_for_what_replaces_its_file(stage, sigstore, ci):
    draft = stage(sigstore.attestation(WHEEL.filename, WHEEL.sha256))
    assert ci.upload(NEWER).status_code == 200
    do_jobs()
    assert said(draft) == (Verdict.MISMATCH, Rank.ATTESTED)


@pytest.mark.usefixtures("source")
def test_a_job_done_twice_leaves_one_outcome_and_one_log(stage, sigstore):
    draft = stage(sigstore.attestation(WHEEL.filename, WHEEL.sha256))
    jobs.enqueue(kind=Kind.VERIFY_ATTESTATIONS, subject=draft.files.get().subject)
    do_jobs()
    assert (Attested.objects.count(), draft.evidence.count()) == (1, 1)
    assert said(draft) == (Verdict.MATCH, Rank.ATTESTED)
    asked = Job.objects.filter(kind=Kind.VERIFY_ATTESTATIONS)
    assert set(asked.values_list("state", flat=True)) == {JobState.DONE}


@pytest.mark.usefixtures("source")
def test_what_came_of_it_is_on_record(stage, sigstore):
    stage(sigstore.attestation(WHEEL.filename, WHEEL.sha256))
    event = AuditEvent.objects.get(event="evidence:attestations-checked")
    assert [(one["filename"], one["reason"]) for one in event.details["attestations"]] == [
        (WHEEL.filename, "")
    ]


# What a member drops on the page, made for the wheel and the sdist.
DROPPED = {
    "a bundle": lambda own: json.dumps(own.bundle(_both())),
    "a bundle over lines": lambda own: json.dumps(own.bundle(_both()), indent=2),
    "bundles, one a line": lambda own: "\n".join(
        json.dumps(own.bundle(statement(built.filename, built.sha256))) for built in (WHEEL, SDIST)
    ),
    "a provenance object": lambda own: json.dumps(
        {
            "version": 1,
            "attestation_bundles": [
                {"attestations": [own.attestation(built.filename, built.sha256)]} for built in (WHEEL, SDIST)
            ],
        }
    ),
}


def _both() -> bytes:
    return statement(WHEEL.filename, WHEEL.sha256, SDIST.filename, SDIST.sha256)


@pytest.mark.usefixtures("source")
@pytest.mark.parametrize("made", DROPPED.values(), ids=DROPPED.keys())
def test_what_a_member_drops_on_the_page_counts_as_well(made, draft, sigstore, mikes):
    mikes.post(draft_url(draft, "evidence-add"), {"log": made(sigstore), "label": "bundle.json"})
    do_jobs()
    assert said(draft) == said(draft, SDIST) == (Verdict.MATCH, Rank.ATTESTED)
    assert "in “bundle.json” is signed by acme/sample" in mikes.get(draft_url(draft)).content.decode()


@pytest.mark.promise
@pytest.mark.usefixtures("source")
def test_what_a_member_drops_and_nobody_signed_is_pasted_text(draft, sigstore, mikes):
    """It is true of a bundle of another root, and of one whose statement was exchanged for one about both files."""
    bundle = sigstore.bundle(statement(WHEEL.filename, NEWER.sha256))
    bundle["dsseEnvelope"]["payload"] = Sigstore().bundle(_both())["dsseEnvelope"]["payload"]
    mikes.post(draft_url(draft, "evidence-add"), {"log": json.dumps(bundle), "label": "bundle.json"})
    do_jobs()
    assert said(draft) == said(draft, SDIST) == (Verdict.MATCH, Rank.PASTED)
    assert "is not verified: " in mikes.get(draft_url(draft)).content.decode()


@pytest.mark.usefixtures("source")
def test_an_attestation_that_came_before_its_file_counts_once_the_file_is_there(ci, sigstore, rita):
    assert ci.upload(SDIST).status_code == 200
    draft = Draft.objects.get()
    text = json.dumps(sigstore.attestation(WHEEL.filename, WHEEL.sha256)).encode()
    paste(draft=draft, data=text, label="bundle", user=rita, by=Actor.system("tests"))
    do_jobs()
    assert ci.upload(WHEEL).status_code == 200
    do_jobs()
    assert said(draft) == (Verdict.MATCH, Rank.ATTESTED)


@pytest.mark.usefixtures("source")
def test_the_list_of_evidence_calls_it_a_signature(stage, sigstore, rita):
    """It is true that a signature is listed as one, of the rank that it has, and not as what a token posted."""
    draft = stage(sigstore.attestation(WHEEL.filename, WHEEL.sha256))
    shown = page(draft, rita)
    row = shown[shown.index("<tr data-log=") :]
    row = row[: row.index("</tr>")]
    assert "signature · " in row
    assert "posted" not in row
    assert '<td data-label="rank"><span class="strike">attested</span></td>' in row
    (claim,) = verdicts.comparison(draft).files[WHEEL.filename].agreeing
    assert (claim.by, claim.rank) == ("signature", Rank.ATTESTED)


@pytest.mark.usefixtures("source")
def test_a_copy_that_is_put_back_has_its_signature_verified_again(stage, sigstore, ci, mike):
    """It is true that CI's copy comes back with its attestations, which speak for the new row's file."""
    draft = stage(sigstore.attestation(WHEEL.filename, WHEEL.sha256))
    assert ci.upload(NEWER).status_code == 200
    do_jobs()
    assert said(draft)[0] == Verdict.MISMATCH
    putback.put_back(draft=draft, filename=WHEEL.filename, seen=NEWER.sha256, by=Actor.person(mike))
    do_jobs()
    file = draft.files.live().get()
    assert Attested.objects.get(file=file).signer["repository_id"] == "4711"
    assert said(draft) == (Verdict.MATCH, Rank.ATTESTED)
