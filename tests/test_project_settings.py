"""A project's settings: who changes them, with what proof; and the quota, which operators set."""

import re
from dataclasses import replace
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.test import Client

from accounts.audit import Actor
from accounts.models import ActLock, AuditEvent
from accounts.stepup import ProofRefused
from drafts.access import members, projects
from drafts.access import policy as policies
from drafts.access.policy import Policy
from drafts.dist.windows import Series
from drafts.models import Changed, EvidenceDemand, LinkForCi, Loosening, Membership, Project, PublishFromCi
from tests import wheels
from tests.conftest import make_ci, totp_code
from tests.proofs import proof_of

pytestmark = pytest.mark.django_db
PAGE = "/projects/sampleproject/settings/"
SYSTEM = Actor.system("tests")
OPEN = Policy(
    LinkForCi.FULL,
    PublishFromCi.WAIT,
    local_versions=True,
    evidence_demand=EvidenceDemand.FETCHED,
    direct_urls=True,
)
WINDOW = {
    "window": "limits",
    "window_first_days": 14,
    "window_last_days": 0,
    "window_newer": False,
    "window_series": "minor",
    "window_mode": "refuse",
}


@pytest.fixture
def owner(project, alice) -> Client:
    """A browser in which the owner is signed in."""
    browser = Client()
    browser.force_login(alice)
    return browser


def chosen(**changes) -> dict[str, str]:
    """The form as the page would send it, everything loosened."""
    form = {
        "link_for_ci": "full",
        "publish_from_ci": "wait",
        "local_versions": "on",
        "evidence_demand": "fetched",
        "expected_files": "last",
        "direct_urls": "on",
        "window": "limits",
        "window_first_days": "14",
        "window_series": "minor",
        "window_mode": "refuse",
        "seen": Policy().spelled,
    }
    return {**form, "code": totp_code("alice"), **changes}


def events() -> list[str]:
    return list(AuditEvent.objects.filter(event__startswith="project:policy").values_list("event", flat=True))


def test_an_owner_changes_the_settings(owner):
    """It is true that one act changes them, its event holds what was and what is, and what asks less waits."""
    assert owner.get(PAGE).status_code == 200
    assert owner.post(PAGE, chosen()).status_code == 302
    assert Policy.of(Project.objects.get()) == replace(OPEN, direct_urls=False)
    event = AuditEvent.objects.get(event="project:policy-changed")
    assert {
        "link_for_ci": "never",
        "publish_from_ci": "refuse",
        "local_versions": False,
        "evidence_demand": "nothing",
        "expected_files": "last",
        "expected_patterns": [],
        "direct_urls": False,
        **WINDOW,
    }.items() <= event.details["before"].items()
    assert {
        "link_for_ci": "full",
        "publish_from_ci": "wait",
        "local_versions": True,
        "evidence_demand": "fetched",
        "expected_files": "last",
        "expected_patterns": [],
        "direct_urls": False,
        **WINDOW,
    }.items() <= event.details["after"].items()
    assert event.details["waits"] == {"direct_urls": True}
    assert (event.actor_kind, event.details["method"]) == ("person", "totp")


REFUSED = {
    "no code": ({"code": ""}, 403, "Type the six digits"),
    "a wrong code": ({"code": "000000"}, 403, "That code is wrong"),
    "no such choice": ({"link_for_ci": "always"}, 400, "Choose never, 24 hours or full."),
    "no such evidence": (
        {"evidence_demand": "some"},
        400,
        "Choose nothing, pasted, ci, fetched or attested.",
    ),
    "no such window": ({"window": "week"}, 400, "Choose none, limits or ever."),
    "no limit": ({"window_first_days": ""}, 400, "Choose at least one limit"),
    "days below none": ({"window_last_days": "-1"}, 400, "a number from 0 to 3650"),
    "no choice": ({"publish_from_ci": ""}, 400, "Choose what CI is answered."),
    "settings that were changed meanwhile": ({"seen": OPEN.spelled}, 409, "These are the settings now."),
}


@pytest.mark.parametrize(("changes", "status", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_a_change_is_refused_in_words(owner, changes, status, words):
    response = owner.post(PAGE, chosen(**changes))
    assert (response.status_code, words in response.content.decode()) == (status, True)
    assert (Policy.of(Project.objects.get()), events()) == (Policy(), [])


FULL = Policy(
    local_versions=True,
    evidence_demand=EvidenceDemand.CI,
    expected_patterns=("*.whl",),
    direct_urls=True,
    window_newer=True,
    window_last_days=5,
    window_series=Series.LINES,
    window_series_lines=("4.2", "*"),
    approvals_needed=2,
    own_approval_counts=True,
    soak_hours=24,
    answer_reports=True,
    draft_days=9,
)


@pytest.mark.promise
def test_a_form_that_names_one_setting_changes_that_one(owner):
    """It is true that what a form leaves out stays as it is: nothing is loosened by not being named."""
    Project.objects.update(**FULL.as_details())
    answer = owner.post(PAGE, {"soak_hours": "48", "seen": FULL.spelled, "code": totp_code("alice")})
    assert answer.status_code == 302
    assert Policy.of(Project.objects.get()) == replace(FULL, soak_hours=48)
    assert not Loosening.objects.exists()


def test_every_box_of_the_page_says_when_it_is_not_ticked(owner):
    """It is true that a browser's form names each box, ticked or not; a ticked one is said last, and counts."""
    Project.objects.update(**FULL.as_details())
    page = owner.get(PAGE).content.decode()
    boxes = re.findall(r'<input type="hidden" name="(\w+)" value="false"><input type="checkbox"', page)
    assert boxes == re.findall(r'type="checkbox" id="[\w-]+" name="(\w+)"', page)
    assert len(boxes) == 5
    for said, after in ((["false", "on"], True), (["false"], False)):
        seen = Policy.of(Project.objects.get()).spelled
        answer = owner.post(PAGE, {"local_versions": said, "seen": seen, "code": totp_code("alice")})
        assert (answer.status_code, Project.objects.get().local_versions) == (302, after)


def test_settings_that_stay_as_they_are_cost_no_code(owner):
    """It is true that nothing to change leaves no event and spends no code."""
    form = {
        "link_for_ci": "never",
        "publish_from_ci": "refuse",
        "evidence_demand": "nothing",
        "expected_files": "last",
        "window": "limits",
        "window_first_days": "14",
        "window_series": "minor",
        "window_mode": "refuse",
        "seen": Policy().spelled,
    }
    assert owner.post(PAGE, form).status_code == 302
    assert (events(), ActLock.objects.count()) == ([], 0)


@pytest.mark.promise
def test_the_act_takes_a_proof_for_this_very_policy(project, alice):
    """It is true that a proof for one policy, project or person sets no other."""
    calm, loose = Policy(local_versions=True), OPEN
    other = projects.create(name="another", by=SYSTEM, owner=alice.email)
    for purpose in (policies.purpose(project, calm), policies.purpose(other, loose)):
        with pytest.raises(ProofRefused):
            policies.set_policy(
                project=project,
                policy=loose,
                seen=Policy().spelled,
                by=SYSTEM,
                proof=proof_of(alice, purpose),
            )
    assert (Policy.of(Project.objects.get(pk=project.pk)), events()) == (Policy(), [])


@pytest.mark.promise
def test_who_is_no_owner_any_more_changes_nothing(project, alice):
    """It is true that the act asks for the role again, under the lock."""
    proof = proof_of(alice, policies.purpose(project, OPEN))
    Membership.objects.filter(user=alice).update(role="maintainer")
    with pytest.raises(members.NotYours):
        policies.set_policy(project=project, policy=OPEN, seen=Policy().spelled, by=SYSTEM, proof=proof)
    assert (Policy.of(Project.objects.get()), events()) == (Policy(), [])


def test_the_act_refuses_settings_that_changed_meanwhile(project, alice):
    proof = proof_of(alice, policies.purpose(project, OPEN))
    Project.objects.update(local_versions=True)
    with pytest.raises(Changed):
        policies.set_policy(project=project, policy=OPEN, seen=Policy().spelled, by=SYSTEM, proof=proof)


def test_local_versions_are_taken_where_the_project_takes_them(owner, project):
    """It is true that the setting on the page is the one that the door asks."""
    ci = make_ci(project)
    local = wheels.wheel(version="1.0+cu121")
    assert ci.upload(local).status_code == 400
    owner.post(PAGE, chosen(link_for_ci="never", publish_from_ci="refuse"))
    assert ci.upload(local).status_code == 200


def test_the_page_shows_the_room_there_is(owner, project):
    page = owner.get(PAGE).content.decode()
    assert 'data-quota="10737418240" data-used="0"' in page
    call_command("quota", "sampleproject", "1000000", stdout=StringIO())
    page = owner.get(PAGE).content.decode()
    assert 'data-quota="1000000"' in page
    assert "1.0 MB used." in page


def test_operators_set_the_quota(project):
    """It is true that the command sets it and takes it back, each with one event, and none for no change."""
    for word, quota in (("1000", 1000), ("1000", 1000), ("default", None), ("0", 0)):
        call_command("quota", "Sample.Project".replace(".", ""), word, stdout=StringIO())
        assert Project.objects.get().quota == quota
    changes = AuditEvent.objects.filter(event="project:quota-changed").order_by("seq")
    assert [(event.details["before"], event.details["after"]) for event in changes] == [
        (None, 1000),
        (1000, None),
        (None, 0),
    ]


@pytest.mark.parametrize(
    ("name", "quota"), [("nothing", "1"), ("sampleproject", "-1"), ("sampleproject", "10G")]
)
def test_a_quota_that_is_none_is_refused(project, name, quota):
    with pytest.raises(CommandError):
        call_command("quota", name, quota)
    assert Project.objects.get().quota is None


def test_a_quota_that_is_used_up_refuses_files(project, ci):
    call_command("quota", "sampleproject", "100", stdout=StringIO())
    assert ci.upload(wheels.wheel()).status_code == 413
