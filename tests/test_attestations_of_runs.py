"""It is true that a signature for a file which a run staged must be of that run: its repository, workflow, commit and number."""

import json

import pytest

from drafts.evidence import verdicts
from drafts.evidence.compare import Rank, Verdict
from drafts.models import CiSource, Draft, File, RunClaims
from tests import wheels
from tests.conftest import do_jobs, draft_url
from tests.sigstore import GITHUB, Sigstore, Workflow

pytestmark = [pytest.mark.django_db, pytest.mark.promise, pytest.mark.usefixtures("_trusted")]
WHEEL = wheels.wheel()
CLAIMS = RunClaims(
    publisher=1,
    kind="github",
    issuer=GITHUB,
    repository="acme/sample",
    repository_id="4711",
    commit="c" * 40,
    run="8812",
    attempt="1",
    workflow="release.yml",
    event="push",
)
SIGNER = Workflow(run="8812")


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
def stage(ci):
    """Stage a wheel with an attestation of a signer, as if a run of these claims had."""

    def staged(attestation: dict, **claims) -> Draft:
        assert ci.upload(WHEEL, attestations=json.dumps([attestation])).status_code == 200
        File.objects.update(claims={**CLAIMS.values, **claims})
        do_jobs()
        return Draft.objects.get()

    return staged


def said(draft: Draft) -> tuple[Verdict, Rank | None]:
    found = verdicts.comparison(draft).files[WHEEL.filename]
    return found.verdict, found.rank


def test_the_run_that_staged_a_file_signs_for_it(stage, sigstore, mikes):
    """It is true without the project saying where its CI runs: an owner trusts the publisher."""
    draft = stage(sigstore.attestation(WHEEL.filename, WHEEL.sha256, SIGNER))
    assert said(draft) == (Verdict.MATCH, Rank.ATTESTED)
    assert "of a publisher that this project trusts" in mikes.get(draft_url(draft)).content.decode()


# What the certificate says otherwise than the claims; and a word of the reason.
STRANGERS = {
    "another repository of the name": ({"repository_id": "12"}, "signed by another repository"),
    "another workflow": ({"path": ".github/workflows/test.yml"}, "test.yml"),
    "another commit": ({"commit": "d" * 40}, "signed at ddddddd"),
    "another run": ({"run": "8813"}, "signed in run 8813"),
    "another issuer": ({"issuer": "https://issuer.test"}, "another issuer"),
    "a pull request": ({"event": "pull_request"}, "pull_request"),
}


@pytest.mark.parametrize(("by", "reason"), STRANGERS.values(), ids=STRANGERS.keys())
def test_a_signature_that_disagrees_with_the_claims_proves_nothing(by, reason, stage, sigstore, mikes):
    signer = Workflow(**{"run": "8812", **by})
    draft = stage(sigstore.attestation(WHEEL.filename, WHEEL.sha256, signer))
    assert said(draft) == (Verdict.NONE, None)
    assert reason in mikes.get(draft_url(draft)).content.decode()


def test_where_both_are_known_both_must_agree(stage, sigstore, project, alice):
    """It is true that a signature of the run that staged is none of a project whose CI is registered elsewhere."""
    CiSource.objects.create(
        project=project, kind="github", repository="acme/other", repository_id=4712, set_by=alice
    )
    draft = stage(sigstore.attestation(WHEEL.filename, WHEEL.sha256, SIGNER))
    assert said(draft) == (Verdict.NONE, None)
    CiSource.objects.update(repository="acme/sample", repository_id=4711)
    assert said(draft) == (Verdict.MATCH, Rank.ATTESTED)
