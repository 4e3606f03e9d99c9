"""How many of a release's platforms testers found working, as the first sentence of the draft page says it."""

from itertools import count

import pytest

from accounts.audit import Actor
from drafts.access import links
from drafts.models import Draft
from drafts.publishing import reports
from drafts.publishing.reports import Told
from tests import wheels
from tests.approving import browser
from tests.conftest import draft_url
from tests.inspected import inspect_now

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")
LINUX = wheels.wheel(tag="cp313-cp313-manylinux_2_17_x86_64.manylinux2014_x86_64")
MUSL = wheels.wheel(tag="cp313-cp313-musllinux_1_2_x86_64")
WINDOWS = wheels.wheel(tag="cp313-cp313-win_amd64")
MAC = wheels.wheel(tag="cp313-cp313-macosx_11_0_universal2")
BUILT = (LINUX, MUSL, WINDOWS, MAC)  # five platforms: the last serves two


@pytest.fixture
def ready(ci, mike) -> Draft:
    """A draft of four wheels that CI logged."""
    for one in BUILT:
        assert ci.upload(one).status_code == 200
    draft = Draft.objects.get()
    log = "".join(f"{one.sha256}  {one.filename}\n" for one in BUILT)
    assert browser(mike).post(draft_url(draft, "evidence-add"), {"log": log}).status_code == 302
    inspect_now()
    return draft


@pytest.fixture
def said(ready):
    """Say something as one tester after the other."""
    number = count(1)

    def say(*, works: bool = True, where: str = "", file: wheels.Built | None = None):
        link = links.make(draft=ready, by=SYSTEM, label=f"tester {next(number)}")
        told = Told(works, where=where, sha256=file.sha256 if file else "")
        return reports.report(link=link, told=told, origin=SYSTEM.origin)

    return say


def verdict(draft: Draft, mike) -> str:
    page = browser(mike).get(draft_url(draft)).content.decode()
    return page.partition('id="verdict"')[2].partition("</div>")[0]


def test_nobody_is_said_to_have_tested_what_nobody_spoke_of(ready, mike):
    assert "Ready to publish. 4 of 4 files match" in verdict(ready, mike)
    assert "tested" not in verdict(ready, mike)


SAYS = {
    "the platform": ([{"where": "CPython 3.13, Linux x86-64"}], 1),
    "as installers write it": ([{"where": "pip 26.3, CPython 3.13, Linux x86_64"}], 1),
    "the file": ([{"file": MUSL}], 1),
    "a file of two platforms": ([{"file": MAC}], 2),
    "a file of two platforms, and where": ([{"file": MAC, "where": "macOS arm64"}], 1),
    "the same one twice": ([{"file": LINUX}, {"where": "linux x86-64"}], 1),
    "several": ([{"file": LINUX}, {"where": "Windows AMD64"}, {"file": MAC}], 4),
    "nothing of where": ([{"where": "my laptop"}, {}], 0),
    "one that the release has no file for": ([{"where": "Linux aarch64"}], 0),
}


@pytest.mark.parametrize(("told", "tested"), SAYS.values(), ids=SAYS.keys())
def test_platforms_are_counted_by_what_testers_say(ready, mike, said, told, tested):
    for one in told:
        said(**one)
    assert f"; {tested} of 5 platforms tested." in verdict(ready, mike)


def test_what_is_broken_or_taken_off_or_said_of_other_files_is_not_tested(ready, ci, mike, said):
    said(file=LINUX, works=False)
    spam = said(file=WINDOWS)
    reports.revoke(row=spam, by=SYSTEM)
    assert "0 of 5 platforms tested" in verdict(ready, mike)
    said(file=MUSL)
    assert "1 of 5 platforms tested" in verdict(ready, mike)
    assert ci.upload(wheels.wheel(tag="cp313-cp313-win_arm64")).status_code == 200
    inspect_now()
    assert "tested" not in verdict(ready, mike)
