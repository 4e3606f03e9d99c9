"""Expected files: publishing waits for everybody who had a wheel, for patterns, or for nothing."""

import pytest
from django.test import Client

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.evidence.add import paste
from drafts.models import Decision, Draft, Project
from drafts.publishing.policy import Code, blockers
from tests import wheels
from tests.conftest import draft_url, publish
from tests.loosened import pass_a_day

pytestmark = pytest.mark.django_db
LINUX, ALPINE, WINDOWS = (
    "cp313-cp313-manylinux_2_17_x86_64",
    "cp313-cp313-musllinux_1_2_aarch64",
    "cp313-cp313-win_amd64",
)


def stage(ci, version: str, *tags: str, sdist: bool = True, **options) -> Draft:
    built = [wheels.wheel(version=version, tag=tag, **options) for tag in tags]
    for one in [*built, *([wheels.sdist(version=version, **options)] if sdist else [])]:
        assert ci.upload(one).status_code == 200
    return Draft.objects.get(version=version, ended_at=None)


@pytest.fixture
def first(ci, alice):
    """sampleproject 1.0, published: three wheels and an sdist."""
    draft = stage(ci, "1.0", LINUX, ALPINE, WINDOWS)
    publish(draft, alice)
    assert draft.state == "published"
    return draft


def reasons(draft: Draft) -> list[tuple[str, str]]:
    return [(str(one.code), one.subject) for one in blockers(Draft.objects.get(pk=draft.pk))]


def test_a_lost_wheel_blocks_and_says_whom_it_leaves_behind(first, ci, alice):
    """It is true that the effect on users comes first, then the cause, then who can clear it."""
    draft = stage(ci, "1.1", LINUX, WINDOWS)
    assert reasons(draft) == [("not-as-last-time", "CPython 3.13 · musl aarch64")]
    page = browser(alice).get(draft_url(draft)).content.decode()
    assert "Alpine on ARM would build from source on CPython 3.13." in page
    assert "sampleproject-1.0-cp313-cp313-musllinux_1_2_aarch64.whl" in page
    assert "Not yet: 1 wheel that 1.0 had is missing." in page
    publish(draft, alice)
    assert draft.state == "open"


def test_an_sdist_that_the_last_release_had_none_of_is_new(ci, alice):
    """It is true that the sentence over the grid counts what the grid marks."""
    publish(stage(ci, "1.0", LINUX, sdist=False), alice)
    page = browser(alice).get(draft_url(stage(ci, "1.1", LINUX))).content.decode()
    assert "against 1.0: 1 as last time, 1 new<" in page


def browser(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_without_an_sdist_they_could_not_install_it_at_all(first, ci):
    draft = stage(ci, "1.1", LINUX, WINDOWS, sdist=False)
    assert reasons(draft) == [
        ("not-as-last-time", "CPython 3.13 · musl aarch64"),
        ("not-as-last-time", "sdist"),
    ]
    assert "could not install it at all" in blockers(draft)[0].detail


def test_nothing_is_waited_for_that_another_wheel_serves(first, ci, alice):
    """It is true that a stable-ABI wheel and a newer C library count as the same expected cells."""
    tags = ["cp311-abi3-manylinux_2_28_x86_64", "cp311-abi3-musllinux_1_2_aarch64", "cp311-abi3-win_amd64"]
    draft = stage(ci, "1.1", *tags)
    assert reasons(draft) == []
    publish(draft, alice)
    assert draft.state == "published"


def test_a_python_that_requires_python_drops_is_not_waited_for(first, ci, alice):
    draft = stage(ci, "1.1", "cp314-cp314-manylinux_2_17_x86_64", requires_python=">=3.14")
    assert reasons(draft) == []
    page = browser(alice).get(draft_url(draft)).content.decode()
    assert 'data-state="dropped"' in page
    assert 'data-state="lost"' not in page


def decide(user, draft, what, kind="without", reason="Alpine is done by hand"):
    return browser(user).post(
        draft_url(draft, "decide"), {"kind": kind, "what": what, "reason": reason}, follow=True
    )


def test_a_maintainer_publishes_without_it_and_says_why(first, ci, mike, alice):
    """It is true that one decision leaves one event with its reason, clears the blocker, and can be taken back."""
    draft = stage(ci, "1.1", LINUX, WINDOWS)
    (blocker,) = blockers(draft)
    page = decide(mike, draft, list(blocker.what)).content.decode()
    assert "Alpine is done by hand" in page
    assert 'data-state="struck"' in page
    event = AuditEvent.objects.get(event="draft:decided")
    assert (event.actor_label, event.details["reason"]) == (str(mike), "Alpine is done by hand")
    assert event.details["what"] == ["CPython 3.13 on musl aarch64"]
    assert reasons(draft) == []
    browser(mike).post(draft_url(draft, "decision-revoke", Decision.objects.get().pk))
    assert reasons(draft) != []
    assert AuditEvent.objects.filter(event="draft:decision-revoked").count() == 1
    decide(mike, draft, list(blocker.what))
    publish(draft, alice)
    assert draft.state == "published"


@pytest.mark.parametrize(
    ("tags", "sdist", "what", "words"),
    [
        ([LINUX, ALPINE, WINDOWS], False, ["sdist"], "without the sdist that 1.0 had"),
        ([LINUX, WINDOWS], True, ["CPython 3.13 on musl aarch64"], "without 1 wheel that 1.0 had"),
    ],
    ids=["sdist", "wheel"],
)
def test_nothing_lost_is_never_said_of_what_is_published_without(first, ci, mike, tags, sdist, what, words):
    """It is true that neither verdict nor panel says so, before the decision and after it."""
    draft = stage(ci, "1.1", *tags, sdist=sdist)
    mikes = browser(mike)
    assert "nothing lost" not in mikes.get(draft_url(draft)).content.decode()
    page = decide(mike, draft, what).content.decode()
    assert "nothing lost" not in page
    assert words in page.partition('<div id="panel">')[2].partition("</aside>")[0]
    log = "".join(f"{one.sha256}  {one.filename}\n" for one in draft.files.live()).encode()
    paste(draft=draft, data=log, label="log", user=mike, by=Actor.person(mike))
    verdict = mikes.get(draft_url(draft)).content.decode().partition('id="verdict"')[2][:600]
    assert f"Ready to publish. {draft.files.live().count()} of" in verdict
    assert words in verdict


REFUSED = {
    "no reason": ({"reason": "  "}, 200),
    "nothing": ({"what": []}, 200),
    "what is not in the way": ({"what": ["CPython 3.13 on Windows amd64"]}, 200),
    "more than is in the way": ({"what": ["CPython 3.13 on musl aarch64", "sdist"]}, 200),
    "under another kind": ({"kind": "sources"}, 200),
    "no kind": ({"kind": "everything"}, 404),
}


@pytest.mark.parametrize(("changes", "status"), REFUSED.values(), ids=REFUSED.keys())
def test_a_decision_covers_what_stands_in_the_way_and_nothing_else(first, ci, mike, changes, status):
    """It is true that a decision without a reason, or about what the page did not show, decides nothing."""
    draft = stage(ci, "1.1", LINUX, WINDOWS)
    form = {"what": ["CPython 3.13 on musl aarch64"], "kind": "without", "reason": "why", **changes}
    answer = decide(mike, draft, form["what"], form["kind"], form["reason"])
    assert (answer.status_code, Decision.objects.count()) == (status, 0)
    assert not AuditEvent.objects.filter(event="draft:decided").exists()


def test_reviewers_and_tokens_decide_nothing(first, ci, rita):
    draft = stage(ci, "1.1", LINUX, WINDOWS)
    assert decide(rita, draft, ["CPython 3.13 on musl aarch64"]).status_code == 403
    headers = {"Authorization": ci.basic}
    form = {"kind": "without", "what": "CPython 3.13 on musl aarch64", "reason": "x"}
    assert Client().post(draft_url(draft, "decide"), form, headers=headers).status_code in {302, 403}
    assert Decision.objects.count() == 0


def test_a_decision_does_not_cover_what_is_lost_later(first, ci, mike):
    """It is true that deleting another wheel after a decision asks again."""
    draft = stage(ci, "1.1", LINUX, WINDOWS)
    decide(mike, draft, list(blockers(draft)[0].what))
    draft.files.get(filename__endswith="win_amd64.whl").cancel()
    assert reasons(draft) == [("not-as-last-time", "CPython 3.13 · Windows amd64")]


def test_many_lost_platforms_are_one_blocker(ci, alice):
    """It is true that a draft whose first wheel just came does not list eleven things to fix."""
    places = ["manylinux_2_17_x86_64", "manylinux_2_17_aarch64", "musllinux_1_2_x86_64", "win_amd64", "win32"]
    every = [f"cp313-cp313-{one}" for one in [*places, "macosx_11_0_arm64"]]
    publish(stage(ci, "1.0", *every), alice)
    draft = stage(ci, "1.1", every[0])
    (blocker,) = blockers(draft)
    assert (blocker.subject, len(blocker.what)) == ("5 platforms", 5)
    assert "5 of the 6 wheels that 1.0 had have no successor here" in blocker.detail


def test_what_ci_announced_can_be_left_out_with_a_reason(ci, mike):
    """It is true that a name in ``expects`` is cleared by a decision, too, and stays in the list."""
    draft = stage(ci, "1.0", LINUX)
    name = wheels.wheel(version="1.0", tag=WINDOWS).filename
    Draft.objects.filter(pk=draft.pk).update(expects=[name])
    assert [code for code, _ in reasons(draft)] == ["expected-missing"]
    decide(mike, draft, [name])
    assert (reasons(draft), Draft.objects.get().expects) == ([], [name])


def test_patterns_are_waited_for_instead(first, ci, mike, alice):
    """It is true that a project with patterns waits for one file of each, and a maintainer may do without."""
    Project.objects.update(
        expected_files="patterns", expected_patterns=["*-win_amd64.whl", "*-musllinux_*_aarch64.whl"]
    )
    draft = stage(ci, "1.1", WINDOWS, sdist=False)
    assert reasons(draft) == [("pattern-missing", "*-musllinux_*_aarch64.whl")]
    decide(mike, draft, ["*-musllinux_*_aarch64.whl"])
    assert reasons(draft) == []


def test_a_project_that_expects_nothing_is_told_and_not_stopped(first, ci, alice):
    Project.objects.update(expected_files="nothing")
    draft = stage(ci, "1.1", LINUX, WINDOWS)
    assert reasons(draft) == []
    assert "Waiting for you: 1 wheel that 1.0 had is missing." in browser(alice).get(
        draft_url(draft)
    ).content.decode().replace("&#x27;", "'")


def test_a_first_release_and_a_draft_without_files_miss_nothing(ci):
    draft = stage(ci, "1.0", LINUX)
    assert reasons(draft) == []
    for file in draft.files.all():
        file.cancel()
    assert [code for code, _ in reasons(draft)] == [str(Code.NO_FILES)]


SETTINGS = {
    "patterns": (
        {"expected_files": "patterns", "expected_patterns": "*.tar.gz\n\n *-any.whl \n*.tar.gz"},
        ["*.tar.gz", "*-any.whl"],
    ),
    "nothing": ({"expected_files": "nothing"}, []),
}


@pytest.mark.parametrize(("chosen", "patterns"), SETTINGS.values(), ids=SETTINGS.keys())
def test_owners_choose_what_is_expected(project, alice, chosen, patterns):
    """It is true that the settings page keeps the choice, blank and repeated lines left out."""
    from tests.test_project_settings import chosen as form

    answer = browser(alice).post("/projects/sampleproject/settings/", form(**chosen))
    assert answer.status_code == 302
    pass_a_day()
    row = Project.objects.get()
    assert (row.expected_files, row.expected_patterns) == (chosen["expected_files"], patterns)


def test_patterns_without_patterns_are_refused(project, alice):
    from tests.test_project_settings import chosen as form

    answer = browser(alice).post("/projects/sampleproject/settings/", form(expected_files="patterns"))
    assert (answer.status_code, "Write a pattern on each line" in answer.content.decode()) == (400, True)
