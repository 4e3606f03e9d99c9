"""Operators see how full projects are, and give one a quota of its own with a second factor; it is on record."""

import pytest

from accounts.models import AuditEvent
from accounts.stepup import ProofRefused
from drafts.access import projects
from tests import wheels
from tests.conftest import totp_code
from tests.proofs import proof_of

pytestmark = pytest.mark.django_db
QUOTAS, QUOTA = "/operators/quotas/", "/operators/projects/sampleproject/quota/"


def press(client, gigabytes: str, **changes):
    return client.post(QUOTA, {"gigabytes": gigabytes, "code": totp_code("olga"), **changes})


def test_the_overview_leads_to_every_page_of_operators(olgas, project):
    page = olgas.get("/operators/").content.decode()
    for where in ("people/", "tokens/", "quotas/", "audit/"):
        assert f'href="/operators/{where}"' in page
    assert 'href="/.well-known/presscheck-audit"' in page
    assert 'href="/readyz"' in page
    own = olgas.get("/operators/projects/sampleproject/").content.decode()
    assert "hand-over/" in own
    assert f'href="{QUOTA}"' in own


def test_an_operator_sets_a_quota(draft, project, olgas, ci):
    """It is true that it counts at once, stands in the list, and takes a code of its own."""
    assert press(olgas, "1", code="000000").status_code == 403
    assert press(olgas, "0.000001")["Location"] == QUOTAS
    project.refresh_from_db()
    assert project.quota == 1000
    event = AuditEvent.objects.get(event="project:quota-changed")
    assert (event.actor_label, event.details) == ("olga", {"before": None, "after": 1000, "method": "totp"})
    page = olgas.get(QUOTAS).content.decode()
    assert 'data-quota="sampleproject"' in page
    assert "100 %" in page
    assert ci.upload(wheels.wheel(build="1")).status_code in {403, 413, 507}
    assert press(olgas, "").status_code == 302
    project.refresh_from_db()
    assert project.quota is None


@pytest.mark.parametrize("text", ["-1", "NaN", "1e99", "ten", "∞", "1" * 19])
def test_what_is_no_quota_is_refused_in_words(project, olgas, text):
    answer = press(olgas, text)
    assert answer.status_code == 400
    assert "write gigabytes as a number" in answer.content.decode()


def test_the_act_takes_an_operators_proof_of_this_quota(project, olga, alice):
    """It is true that a proof of another quota, or no proof, changes nothing."""
    from accounts.audit import Actor
    from drafts.access.operators import NotOperator

    proof = proof_of(olga, projects.quota_purpose(project, 5))
    for given in (None, proof):
        with pytest.raises(ProofRefused):
            projects.set_quota(project=project, quota=6, by=Actor.person(olga), proof=given)
    proof = proof_of(alice, projects.quota_purpose(project, 6))
    with pytest.raises(NotOperator):
        projects.set_quota(project=project, quota=6, by=Actor.person(alice), proof=proof)
    project.refresh_from_db()
    assert project.quota is None
