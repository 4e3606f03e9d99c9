"""Every staged file is looked into by a job that may die, run twice, or meet a file that was replaced meanwhile."""

import time
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.access import links
from drafts.dist import BadDistribution, Code
from drafts.inspection import fenced, inspect, members, reading
from drafts.inspection.tools import run
from drafts.intake import stage
from drafts.models import Draft, DraftState, File, Finding, Inspection, Job, JobState, Kind, Remembered, jobs
from drafts.operations import scrub
from drafts.publishing import policy
from drafts.storage import NoSuchObject, storage
from tests import wheels
from tests.bodies import is_inspection
from tests.conftest import do_jobs, draft_url, publish
from tests.pressing import assert_untouched, browser_of, press
from tests.stored import fetched

UNLISTED = {"extra": (("sampleproject/more.py", b"x = 1\n"),)}
KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA" + "0" * 40 + "\n"


def kept_objects() -> set[str]:
    return {object_id for object_id, _ in storage().objects() if is_inspection(object_id)}


def blockers(draft: Draft) -> dict[str, str]:
    return {str(one.code): one.sentence for one in policy.blockers(draft)}


def stage_one(ci, **changes) -> File:
    assert ci.upload(wheels.wheel(**changes)).status_code == 200
    return File.objects.live().latest("pk")


@pytest.fixture
def lens(monkeypatch):
    """Puts something in the way of reading: ``lens(function)`` is called before each file is read."""

    def put(before) -> None:
        read = reading.read
        monkeypatch.setattr(reading, "read", lambda *told: (before(), read(*told))[1])

    return put


def test_every_staged_file_is_inspected(draft):
    for file in draft.files.all():
        assert file.inspection.state == "done"
        assert file.inspection.members == len(members.members(file))
        assert not file.refused
    assert blockers(draft) == {}


def test_nothing_is_published_before_somebody_looked_inside(inspections_wait, draft, mike):
    assert blockers(draft) == {"being-inspected": "Being inspected: 0 of 2 files inspected."}
    press(browser_of(mike), draft, code="000000")
    draft.refresh_from_db()
    assert draft.state == DraftState.OPEN
    jobs.run(Job.objects.filter(kind=Kind.INSPECT).first().pk, inspect.work)
    assert blockers(draft) == {"being-inspected": "Being inspected: 1 of 2 files inspected."}
    do_jobs()
    assert blockers(draft) == {}
    publish(draft, mike)
    assert draft.state == DraftState.PUBLISHED


def test_the_page_counts_inspected_files(inspections_wait, draft, mikes):
    page = mikes.get(draft_url(draft)).content.decode()
    assert "Not yet: Being inspected: 0 of 2 files inspected." in page


@pytest.mark.promise
def test_what_is_refused_is_not_published(ci, mike):
    file = stage_one(ci, **UNLISTED)
    draft = file.draft
    assert (file.refused, list(blockers(draft))) == (True, ["finding-refused"])
    press(browser_of(mike), draft, code="000000")
    assert_untouched(draft)
    assert AuditEvent.objects.filter(event="file:refused", digest=file.sha256).count() == 1


@pytest.mark.promise
def test_what_is_refused_is_not_handed_to_testers(ci, mike):
    good = stage_one(ci)
    bad = stage_one(ci, tag="py2-none-any", **UNLISTED)
    link = links.make(draft=good.draft, label="x", by=Actor.system("tests"), user=mike)
    url = links.url(link if not isinstance(link, tuple) else link[0])
    browser = Client()
    page = browser.get(f"{url}simple/sampleproject/").content.decode()
    assert good.filename in page
    assert bad.filename not in page
    assert bad.filename not in browser.get(url).content.decode()
    assert bad.sha256 not in browser.get(f"{url}requirements.txt").content.decode()
    assert len(fetched(browser.get(f"{url}files/{good.handle}/{good.filename}"))) == good.size
    assert browser.get(f"{url}files/{bad.handle}/{bad.filename}").status_code == 404
    assert browser.get(f"{url}files/{bad.handle}/{bad.filename}.metadata").status_code == 404


def test_a_better_build_of_a_refused_file_is_free(ci):
    bad = stage_one(ci, **UNLISTED)
    good = stage_one(ci)
    assert (bad.filename, good.refused) == (good.filename, False)
    assert blockers(good.draft) == {}


def test_a_job_that_runs_twice_says_everything_once(ci):
    file = stage_one(ci, **UNLISTED)
    found, objects = list(Finding.objects.values_list("code", "text")), len(kept_objects())
    for _ in range(2):
        jobs.run(jobs.enqueue(kind=Kind.INSPECT, subject=file.subject).pk, inspect.work)
    assert list(Finding.objects.values_list("code", "text")) == found
    assert Inspection.objects.count() == 1
    assert len(kept_objects()) >= objects
    assert members.members(file)


def test_a_worker_that_was_overtaken_writes_nothing(inspections_wait, ci, lens):
    file = stage_one(ci)
    job = Job.objects.get(kind=Kind.INSPECT)
    lens(lambda: Job.objects.filter(pk=job.pk).update(attempt=7))
    jobs.run(job.pk, inspect.work)
    assert not Inspection.objects.filter(file=file).exists()


def test_a_file_that_is_replaced_meanwhile_does_not_stop_its_inspection(inspections_wait, ci, lens):
    old = stage_one(ci)
    done = []

    def replaced() -> None:
        if not done:
            done.append(stage_one(ci, salt="x"))

    lens(replaced)
    jobs.run(Job.objects.get(kind=Kind.INSPECT).pk, inspect.work)
    assert Inspection.objects.get().file == old
    assert list(blockers(old.draft)) == ["being-inspected"]
    do_jobs()
    assert blockers(old.draft) == {}


def test_a_file_that_is_purged_meanwhile_leaves_no_bytes(inspections_wait, ci, lens):
    file = stage_one(ci)
    before = kept_objects()
    lens(lambda: File.objects.update(purged_at=timezone.now()))
    jobs.run(Job.objects.get(kind=Kind.INSPECT).pk, inspect.work)
    assert (Inspection.objects.count(), Job.objects.get(kind=Kind.INSPECT).state) == (0, JobState.DONE)
    assert kept_objects() == before
    del file


def test_what_was_kept_goes_with_the_file(draft):
    kept = set(Inspection.objects.values_list("object_id", flat=True))
    assert kept <= kept_objects()
    stage.cancel(draft=draft, by=Actor.system("tests"))
    Job.objects.update(not_before=timezone.now() - timedelta(days=1))
    do_jobs()
    assert not kept & kept_objects()
    assert not Inspection.objects.filter(purged_at=None).exists()


def test_what_was_kept_is_hashed_again_with_the_rest(draft):
    row = Inspection.objects.first()
    storage().delete(row.object_id)
    gone = [one for one in scrub.differences(scrub.Share()) if one.object_id == row.object_id]
    assert [one.reason for one in gone] == ["missing"]


FAULTS = {
    "bytes that cannot be read": (
        BadDistribution(Code.BAD_MEMBER_DATA, "It does not hold together."),
        1,
        "hold together",
    ),
    "bytes that are gone": (NoSuchObject("it is not in the store"), 1, "not in the store"),
    "an error of ours": (RuntimeError("x"), 4, "failed 4 times; the last time: RuntimeError"),
    "no memory": (MemoryError(), 4, "failed 4 times; the last time: MemoryError"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_cannot_be_inspected_blocks_and_says_why(inspections_wait, ci, lens, fault, mikes):
    error, times, words = FAULTS[fault]
    file = stage_one(ci)

    def fails() -> None:
        raise error

    lens(fails)
    for _ in range(times):
        assert blockers(file.draft).keys() == {"being-inspected"}
        Job.objects.update(not_before=timezone.now())
        jobs.run(Job.objects.get(kind=Kind.INSPECT).pk, inspect.work)
    assert words in blockers(file.draft)["not-inspected"]
    assert words in mikes.get(draft_url(file.draft, "file-page", file.filename)).content.decode()


def test_an_inspection_that_kills_its_workers_is_given_up(inspections_wait, ci):
    file = stage_one(ci)
    Job.objects.filter(kind=Kind.INSPECT).update(attempt=20)
    jobs.run(Job.objects.get(kind=Kind.INSPECT).pk, inspect.work)
    assert "its worker died each time" in blockers(file.draft)["not-inspected"]


def test_a_file_that_takes_too_long_is_given_up(inspections_wait, ci, settings):
    settings.INSPECTION_SECONDS = -1
    file = stage_one(ci)
    do_jobs()
    assert "took too long" in blockers(file.draft)["not-inspected"]


def test_a_file_is_inspected_again_by_a_maintainer(inspections_wait, ci, settings, mikes, rita):
    settings.INSPECTION_SECONDS = -1
    file = stage_one(ci)
    do_jobs()
    settings.INSPECTION_SECONDS = 60
    again = draft_url(file.draft, "file-inspect", file.filename)
    assert browser_of(rita).post(again).status_code == 403
    assert mikes.post(again).status_code == 302
    assert list(blockers(file.draft)) == ["being-inspected"]
    do_jobs()
    assert blockers(file.draft) == {}
    mikes.post(again)
    assert Job.objects.live().count() == 0


# What a tool may do to us, and what comes of it.
MISDEEDS = {
    "it opens a connection": "import socket; socket.create_connection(('127.0.0.1', 1))",
    "it asks for a name": "import socket; socket.getaddrinfo('example.org', 80)",
    "it starts a program": "import subprocess; subprocess.run(['/bin/true'])",
    "it starts a shell": "import os; os.system('true')",
    "it writes a file": "open('/tmp/written-by-a-tool', 'w').write('x')",
    "it takes all memory": "x = bytearray(2 ** 31)",
}


@pytest.mark.parametrize("misdeed", MISDEEDS)
def test_the_fence_holds(misdeed):
    import subprocess
    import sys

    code = f"from drafts.inspection.tools import fence; fence.close()\ntry:\n    {MISDEEDS[misdeed]}\n"
    code += "except (PermissionError, MemoryError): print('held')\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "held\n", done.stderr


def test_a_task_that_kills_the_child_does_not_keep_the_others(monkeypatch):
    monkeypatch.setattr(run, "SECONDS", 3.0)
    monkeypatch.setattr(run, "_BEAT", 0.2)
    beats = []
    slow = {"kind": "description", "text": "`" * 100_000 + "<" * 200_000, "content_type": "text/x-rst"}
    good = {"kind": "description", "text": "**a**", "content_type": "text/markdown"}
    bad = {"kind": "platform", "tags": ["manylinux_2_17_x86_64"], "natives": {"a": "/nowhere"}, "inside": []}
    answers = run.do([bad, slow, good], lambda: beats.append(1))
    assert "FileNotFoundError" in answers[0].failed
    assert answers[2].done.strip() == "<p><strong>a</strong></p>"


def test_a_child_that_hangs_is_ended_and_its_worker_lives_on(monkeypatch):
    monkeypatch.setattr(run, "SECONDS", 0.0)
    monkeypatch.setattr(run, "_BEAT", 0.01)
    began = time.monotonic()
    answers = run.do([{"kind": "description", "text": "x", "content_type": "text/x-rst"}], lambda: None)
    assert "took longer" in answers[0].failed
    assert time.monotonic() - began < 10


def test_a_child_knows_no_secret_of_the_server(monkeypatch):
    told = {}
    popen = run.subprocess.Popen

    def noted(*args, **options):
        told.update(options["env"])
        return popen(*args, **options)

    monkeypatch.setattr(run.subprocess, "Popen", noted)
    run.do([{"kind": "description", "text": "x", "content_type": "text/plain"}], lambda: None)
    assert set(told) == {"HOME", "TMPDIR", "LANG"}


def test_a_description_is_rendered_once_for_a_release(ci, monkeypatch):
    text = {"description": "# Hello", "fields": (("Description-Content-Type", "text/markdown"),)}
    stage_one(ci, **text)
    monkeypatch.setattr(run, "do", lambda *_: pytest.fail("it was rendered again"))
    other = stage_one(ci, tag="py2-none-any", **text)
    assert "<h3>Hello" in members.seen(other).description.replace(' id="d-user-content-hello"', "")


def test_a_description_that_does_not_render_is_kept_as_text(ci):
    file = stage_one(ci, description="Title\n==\n`broken <script>")
    assert Finding.objects.filter(file=file, code="description-unrendered").exists()
    seen = members.seen(file)
    assert (seen.renders, "&lt;script&gt;" in seen.description, "<script" in seen.description) == (
        False,
        True,
        False,
    )


def test_native_code_is_held_against_its_tag(ci):
    """It is true that this Python's own extension does not keep what a manylinux1 tag promises."""
    import _ctypes
    from pathlib import Path

    library = Path(_ctypes.__file__).read_bytes()
    file = stage_one(ci, tag="cp312-cp312-manylinux1_x86_64", files={"sampleproject/_x.so": library})
    texts = list(Finding.objects.filter(file=file, code="platform-policy").values_list("text", flat=True))
    assert any("manylinux1_x86_64" in text for text in texts), list(
        Finding.objects.values_list("code", "text")
    )
    other = stage_one(ci, tag="cp38-abi3-linux_x86_64", files={"sampleproject/_x.abi3.so": library})
    codes = set(Finding.objects.filter(file=other).values_list("code", flat=True))
    assert {"abi3-violation", "plain-linux-tag"} <= codes


def test_native_code_that_is_none_is_a_finding_about_the_check(ci):
    file = stage_one(
        ci, tag="cp312-cp312-manylinux1_x86_64", files={"sampleproject/_x.so": b"\x7fELF" + bytes(60)}
    )
    found = Finding.objects.get(file=file, code="check-failed")
    assert "auditwheel" in found.text
    assert not file.refused


def test_too_much_native_code_is_not_copied(ci, monkeypatch):
    monkeypatch.setattr(fenced, "_MOST_BYTES", 10)
    files = {"sampleproject/_x.so": b"\x7fELF" + bytes(60)}
    file = stage_one(ci, tag="cp312-cp312-manylinux1_x86_64", files=files)
    assert Finding.objects.filter(file=file, code="not-searched").exists()


# Findings, accepted and not.


def accept(browser, draft, **changes):
    told = {"code": "leaked-credential", "pattern": "key.pem", "reason": "a key for tests", "scope": "draft"}
    return browser.post(draft_url(draft, "finding-accept"), {**told, **changes}, follow=True).content.decode()


@pytest.fixture
def leaky(ci):
    """A draft whose sdist holds a private key."""
    assert ci.upload(wheels.sdist(files={"key.pem": KEY})).status_code == 200
    return Draft.objects.get()


def test_a_leaked_credential_blocks_until_it_is_accepted(leaky, mikes, mike):
    page = mikes.get(draft_url(leaky)).content.decode()
    assert "Do not publish: 1 of 1 file holds a private key or token." in page
    page = accept(mikes, leaky)
    assert "1 accepted" in page
    assert "a key for tests" in page
    assert blockers(leaky) == {}
    event = AuditEvent.objects.get(event="finding:accepted")
    assert (event.details["label"], event.details["note"]) == (
        "leaked-credential of key.pem",
        "a key for tests",
    )
    mikes.post(reverse("finding-revoke", args=["sampleproject", Remembered.objects.get().pk]))
    assert list(blockers(leaky)) == ["credential-leaked"]


REFUSED_ACCEPTANCES = {
    "what is refused": {"code": "record-unlisted"},
    "what there is not": {"code": "no-such-code"},
    "without a reason": {"reason": "  "},
    "with too long a reason": {"reason": "x" * 1001},
    "with too long a pattern": {"pattern": "x" * 1025},
}


@pytest.mark.parametrize("case", REFUSED_ACCEPTANCES)
def test_some_things_are_not_accepted(leaky, mikes, case):
    assert "Nothing was accepted." in accept(mikes, leaky, **REFUSED_ACCEPTANCES[case])
    assert not Remembered.objects.exists()
    assert list(blockers(leaky)) == ["credential-leaked"]


def test_a_finding_is_accepted_once(leaky, mikes):
    accept(mikes, leaky)
    assert "accepted already" in accept(mikes, leaky)
    assert Remembered.objects.count() == 1


def test_reviewers_and_strangers_accept_nothing(leaky, mikes, rita, charlie):
    accept(mikes, leaky)
    row = Remembered.objects.get()
    for user, status in ((rita, 403), (charlie, 404)):
        browser = browser_of(user)
        assert browser.post(draft_url(leaky, "finding-accept"), {"code": "litter"}).status_code == status
        assert browser.post(reverse("finding-revoke", args=["sampleproject", row.pk])).status_code == status
    row.refresh_from_db()
    assert row.revoked_at is None


def test_an_acceptance_holds_for_its_pattern_and_no_further(leaky, mikes, ci):
    accept(mikes, leaky, pattern="tests/*")
    assert list(blockers(leaky)) == ["credential-leaked"]
    accept(mikes, leaky, pattern="*.pem")
    assert blockers(leaky) == {}


def test_an_acceptance_for_a_draft_ends_with_it_and_one_for_the_project_does_not(leaky, mikes, ci):
    accept(mikes, leaky)
    assert ci.upload(wheels.sdist(version="2.0", files={"key.pem": KEY})).status_code == 200
    second = Draft.objects.get(version="2.0")
    assert list(blockers(second)) == ["credential-leaked"]
    accept(mikes, second, scope="project")
    assert blockers(second) == {}
    listed = mikes.get(reverse("remembered", args=["sampleproject"])).content.decode()
    assert listed.count("a key for tests") == 2
    assert "in every draft" in listed


@pytest.mark.promise
def test_keys_that_are_not_listed_are_not_accepted_by_the_way(ci, mikes):
    """It is true that accepting the twenty places that are listed leaves the twenty-first against publishing."""
    keys = {f"tests/{number:02}.pem": KEY for number in range(20)}
    assert ci.upload(wheels.sdist(files={**keys, "zz.pem": KEY})).status_code == 200
    draft = Draft.objects.get()
    accept(mikes, draft, pattern="tests/*")
    assert list(blockers(draft)) == ["credential-leaked"]
    accept(mikes, draft, pattern="*")
    assert blockers(draft) == {}


def test_another_projects_acceptance_means_nothing_here(leaky, mikes, alice):
    from drafts.access.projects import create

    other = create(name="other", by=Actor.system("tests"), owner=alice.email)
    Remembered.objects.create(
        project=other, code="leaked-credential", severity="warn", pattern="*", reason="x", by=alice
    )
    assert list(blockers(leaky)) == ["credential-leaked"]


def test_only_what_is_new_since_the_last_release_counts(ci, mike, mikes):
    bad = {"files": {"sampleproject/.DS_Store": "x"}}
    first = stage_one(ci, **bad)
    assert ">1 new" in mikes.get(draft_url(first.draft)).content.decode()
    publish(first.draft, mike)
    second = stage_one(ci, version="1.1", **bad)
    page = mikes.get(draft_url(second.draft)).content.decode()
    assert "0 new, 1 as in 1.0" in page
    third = stage_one(ci, version="1.1", tag="py2-none-any", files={"sampleproject/.env": "x"})
    page = mikes.get(draft_url(third.draft)).content.decode()
    assert "1 new" in page


def test_many_files_with_one_finding_are_one_line(ci, mikes):
    for minor in range(6, 14):
        file = stage_one(ci, tag=f"cp3{minor}-cp3{minor}-win_amd64", files={"sampleproject/.DS_Store": "x"})
    page = mikes.get(draft_url(file.draft)).content.decode()
    assert page.count('id="finding-litter"') == 1
    assert "8 of 8 files" in page


def test_an_owner_allows_addresses_and_forbids_them_again(ci, alice, mikes):
    from accounts.audit import Actor
    from drafts.access.policy import Policy, purpose, set_policy
    from tests.proofs import proof_of

    file = stage_one(ci, requires_dist=("rich @ https://example.org/rich.whl",))
    assert list(blockers(file.draft)) == ["finding-refused"]
    for allowed in (True, False):
        project = file.draft.project
        project.refresh_from_db()
        policy = Policy(direct_urls=allowed)
        proof = proof_of(alice, purpose(project, policy))
        by = Actor.system("tests")
        assert set_policy(project=project, policy=policy, seen=Policy.of(project).spelled, by=by, proof=proof)
        do_jobs()
        file.refresh_from_db()
        assert file.refused is not allowed
        assert (blockers(file.draft) == {}) is allowed
