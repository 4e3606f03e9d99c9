"""Owners say where a project's files go besides this index: a code at the act, secrets sealed, and no index replaced in a moment."""

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEvent
from drafts import secrets
from drafts.models import Decision, Draft, Membership, Project, Release, Target
from drafts.operations import sweeps
from drafts.publishing import policy
from drafts.publishing.targets import check, places, setting
from tests import wheels
from tests.conftest import do_jobs, draft_url, person, publish, totp_code
from tests.coupled import couple, open_draft
from tests.inspected import inspect_now
from tests.proofs import proof_of
from tests.upstreams import TOKEN, aimed, set_target, upstream

pytestmark = pytest.mark.django_db
PAGE = "/projects/sampleproject/upstream/"


@pytest.fixture(autouse=True)
def _loopback_is_allowed(settings):
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]


@pytest.fixture
def there():
    """The upstream index."""
    with upstream() as double:
        yield double


@pytest.fixture
def alices(project, alice):
    """alice's browser."""
    client = Client()
    client.force_login(alice)
    return client


def form(there, **changes) -> dict[str, str]:
    typed = {
        "kind": "other",
        "uploader": "presscheck",
        "upload_url": f"{there.url}/legacy/",
        "index_url": f"{there.url}/simple/",
        "username": "__token__",
        "secret": TOKEN,
        "code": totp_code("alice"),
        **changes,
    }
    return {name: value for name, value in typed.items() if value is not None}


def test_an_owner_sets_it_and_it_is_looked_at(there, alices, project):
    """It is true that the secret is sealed and shown nowhere, and that the page says whether the index answers."""
    answer = alices.post(PAGE, form(there), follow=True)
    target = Target.objects.get()
    assert secrets.open_target_secret(target.secret_sealed) == TOKEN
    assert TOKEN not in target.secret_sealed + answer.content.decode()
    assert "is being looked at" in answer.content.decode()
    do_jobs()
    text = alices.get(PAGE).content.decode()
    assert "answers. It has no release of sampleproject yet." in " ".join(text.split())
    assert TOKEN not in text + str(list(AuditEvent.objects.values_list("details", flat=True)))
    assert "Upstream index" in alices.get("/projects/sampleproject/").content.decode()


def test_the_public_indexes_are_known_by_name(project, alice):
    """It is true that their addresses come from twine, and that nobody's home folder changes them."""
    target = Target(project=project, kind="pypi", set_by=alice)
    assert places.upload_url(target).startswith("https://upload.")
    assert places.index_url(target).endswith("/simple/")
    assert places.index_url(Target(kind="testpypi")) != places.index_url(target)


REFUSED = {
    "no address": ({"index_url": ""}, "needs two addresses"),
    "an address that is none": ({"upload_url": "ftp://a/"}, "Only https"),
    "a user in the address": ({"upload_url": "https://a:b@c/"}, "user name in it"),
    "no token": ({"secret": ""}, "Give the token"),
    "a token of two lines": ({"secret": "a\nb"}, "one line"),
    "an unknown kind": ({"kind": "npm"}, "Choose one"),
    "CI without a way to ask it": ({"uploader": "ci"}, "Say how CI is asked"),
    "a webhook's weak secret": (
        {"uploader": "ci", "hook_url": "https://a/", "secret": "whsec_YQ=="},
        "24 to 64 bytes",
    ),
    "an app that is no number": ({"uploader": "ci", "environment": "pypi", "app_id": "x"}, "is a number"),
    "a wrong code": ({"code": "000000"}, "code"),
}


@pytest.mark.parametrize(("changes", "words"), REFUSED.values(), ids=REFUSED.keys())
def test_what_cannot_be_set_is_said(there, alices, changes, words):
    answer = alices.post(PAGE, form(there, **changes))
    assert answer.status_code in {400, 403}
    assert words in answer.content.decode()
    assert (Target.objects.count(), AuditEvent.objects.filter(event__startswith="target:").count()) == (0, 0)


def test_new_credentials_count_at_once_and_another_index_does_not(there, alices, project, alice):
    """It is true that a stolen session does not turn releases to another index in a moment."""
    aimed(there, project, alice)
    assert alices.post(PAGE, form(there, secret="another")).status_code == 302
    assert secrets.open_target_secret(Target.objects.get().secret_sealed) == "another"
    answer = alices.post(PAGE, form(there, upload_url="http://127.0.0.1:9/legacy/"))
    assert answer.status_code == 400
    assert "it takes 24 hours, or another owner" in answer.content.decode()


@pytest.mark.django_db(transaction=True)
def test_a_removal_takes_a_day_or_a_second_owner(there, alices, project, alice, mailoutbox):
    aimed(there, project, alice)
    remove = f"{PAGE}remove/"
    assert alices.post(remove, {"code": totp_code("alice")}).status_code == 302
    assert Target.objects.standing().exists()
    do_jobs()
    assert any("leaves" in one.subject for one in mailoutbox)
    assert alices.post(remove, {"code": totp_code("alice")}).status_code == 409
    bob = person("charlie")
    Membership.objects.create(project=project, user=bob, role="owner")
    other = Client()
    other.force_login(bob)
    assert other.post(remove, {"code": totp_code("charlie")}).status_code == 302
    target = Target.objects.get()
    assert (target.ended_at is not None, target.secret_sealed) == (True, "")


def test_a_removal_counts_after_its_time_and_forgets_the_secret(there, alices, project, alice):
    aimed(there, project, alice)
    alices.post(f"{PAGE}remove/", {"code": totp_code("alice")})
    Target.objects.update(leaves_at=timezone.now() - timedelta(seconds=1))
    assert not Target.objects.standing().exists()
    sweeps.prune()
    assert Target.objects.get().secret_sealed == ""
    assert alices.post(PAGE, form(there)).status_code == 302
    assert Target.objects.standing().count() == 1


def test_a_removal_can_be_called_off(there, alices, project, alice):
    aimed(there, project, alice)
    alices.post(f"{PAGE}remove/", {"code": totp_code("alice")})
    alices.post(f"{PAGE}keep/", {"code": totp_code("alice")})
    assert Target.objects.get().leaves_at is None
    assert AuditEvent.objects.filter(event="target:kept").count() == 1


def test_a_target_is_not_removed_while_files_are_on_their_way(there, alices, project, alice, draft, mike):
    aimed(there, project, alice)
    there.down = 503
    publish(draft, mike)
    answer = alices.post(f"{PAGE}remove/", {"code": totp_code("alice")})
    assert answer.status_code == 409
    assert "on their way there" in answer.content.decode()


def blockers(draft) -> dict[str, str]:
    inspect_now()
    return {f"{one.code} {one.title}": one.detail for one in policy.blockers(draft)}


def pypi(project, alice, **known) -> Target:
    """sampleproject goes to PyPI, which was looked at."""
    setting.set_target(
        project=project,
        wanted=setting.Wanted(kind="pypi", secret="pypi-token"),
        by=_system(),
        proof=proof_of(alice, setting.purpose(project)),
    )
    Target.objects.update(checked_at=timezone.now(), known=known)
    return Target.objects.get()


def _system():
    from accounts.audit import Actor

    return Actor.system("tests")


def test_what_an_upstream_would_refuse_is_said_before_the_click(project, alice, ci):
    """It is true that local versions, platform tags and old releases are blockers for PyPI, in numbers."""
    Project.objects.update(local_versions=True)
    project.refresh_from_db()
    ci.upload(wheels.wheel(version="1.0+cu121", tag="cp312-cp312-linux_x86_64"))
    draft = Draft.objects.get()
    assert not any(code.startswith("target") for code in blockers(draft))
    pypi(project, alice)
    found = [text for code, text in blockers(draft).items() if code.startswith("target-not-ready")]
    every = " ".join(one.detail for one in policy.blockers(draft) if one.code == "target-not-ready")
    assert found
    assert "no local versions" in every
    assert "1 of 1 files" in every


def test_a_train_waits_for_the_upstream_index_of_its_draft(project, companion, alice, draft):
    """It is true that a target which is not ready blocks a draft in a train as it does alone, and no other draft."""
    pypi(project, alice)
    Target.objects.update(check_error="It does not answer.")
    other = open_draft(companion, "companion")
    couple(alice, draft, other)
    assert "It does not answer." in " ".join(blockers(Draft.objects.get(pk=draft.pk)).values())
    assert not any(code.startswith("target") for code in blockers(Draft.objects.get(pk=other.pk)))


def test_an_old_release_takes_no_more_files(project, alice, draft):
    began = timezone.now() - timedelta(days=20)
    pypi(project, alice, began={"1.0.0": began.strftime("%Y-%m-%dT%H:%M:%S.%fZ")})
    assert "began 20 days ago" in " ".join(blockers(draft).values())
    Target.objects.update(known={})
    assert blockers(draft) == {}
    Release.objects.create(project=project, version="1.0", version_key="1", published_at=began)


TAGS = {"any": True, "manylinux_2_28_x86_64": True, "musllinux_1_2_aarch64": True, "win_amd64": True}
TAGS |= {"macosx_11_0_arm64": True, "manylinux2014_x86_64": True, "linux_armv7l": True, "linux_x86_64": False}
TAGS |= {
    "manylinux_2_17_x86_64.manylinux2014_x86_64": True,
    "openbsd_7_amd64": False,
    "win_amd64.linux_x86_64": False,
}


@pytest.mark.parametrize(("tag", "is_taken"), TAGS.items())
def test_platform_tags_that_pypi_takes(tag, is_taken):
    from drafts.publishing.policy import upstream as rules

    assert rules._is_taken(f"a-1-py3-none-{tag}.whl") is is_taken


def test_lost_attestations_take_a_decision_with_a_reason(project, alice, draft, mike, mikes):
    """It is true that the page asks before PyPI shows a release without the attestations that the last one had."""
    pypi(project, alice, attested=True, newest="0.9")
    inspect_now()
    found = [one for one in policy.blockers(draft) if one.code == "target-attestations"]
    assert "0.9 has them there" in found[0].detail
    text = mikes.get(draft_url(draft)).content.decode()
    assert "PyPI will show no attestations for these files" in text
    form = {"kind": "no-attestations", "what": list(found[0].what), "reason": "CI is down"}
    mikes.post(draft_url(draft, "decide"), form)
    assert Decision.objects.get().kind == "no-attestations"
    assert [one for one in policy.blockers(draft) if one.code == "target-attestations"] == []
    assert "let the upstream index show no attestations" in mikes.get(draft_url(draft)).content.decode()


def test_a_look_remembers_when_releases_began_and_who_signed(there, project, alice):
    there.files = {
        "sampleproject-0.9-py3-none-any.whl": b"a",
        "sampleproject-0.8.tar.gz": b"b",
        "odd.whl": b"c",
    }
    there.uploaded_at = {"sampleproject-0.9-py3-none-any.whl": "2026-01-02T03:04:05.000000Z"}
    there.provenance = True
    known = aimed(there, project, alice).known
    assert known == {
        "began": {"0.9": "2026-01-02T03:04:05.000000Z", "0.8": ""},
        "newest": "0.9",
        "attested": True,
    }


def test_a_target_that_does_not_answer_blocks_and_is_looked_at_again(there, project, alice, draft):
    there.down = 502
    aimed(there, project, alice)
    assert "answered 502" in " ".join(blockers(draft).values())
    assert check.stale() == 0
    Target.objects.update(checked_at=timezone.now() - timedelta(minutes=6))
    there.down = 0
    assert (check.stale(), check.stale()) == (1, 0)
    do_jobs()
    assert blockers(draft) == {}


def test_credentials_that_no_key_opens_block(there, project, alice, draft):
    aimed(there, project, alice)
    Target.objects.update(secret_sealed="gAAAA")
    assert "give them again" in " ".join(blockers(draft).values())


def test_the_page_says_what_publishing_does_elsewhere(there, project, alice, draft, mikes):
    set_target(project, alice, upload_url=f"{there.url}/legacy/", index_url=f"{there.url}/simple/")
    inspect_now()
    assert "shows them one by one" in mikes.get(draft_url(draft, "publish")).content.decode()
