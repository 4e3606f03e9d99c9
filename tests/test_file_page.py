"""A file's page: what it says of itself, what is inside, as plain text, whatever is in it."""

import io
import time
import zipfile

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from drafts.models import Draft
from drafts.review import filecontents
from tests import wheels
from tests.conftest import draft_url, publish
from tests.pressing import browser_of

SOURCE = "".join(f"line {number}\n" for number in range(1, 3001))
README = "# Hello\n\n![drawing](https://images.example/a.png)\n\n<script>document.title = 'gone'</script>\n"
MARKDOWN = {
    "description": README,
    "fields": (("Description-Content-Type", "text/markdown"), ("Summary", "Says hello")),
}


def page_of(client, draft, filename, **query) -> str:
    response = client.get(draft_url(draft, "file-page", filename), query)
    assert response.status_code == 200, response.status_code
    return response.content.decode()


@pytest.fixture
def staged(ci):
    """A wheel with a source of 3000 lines, folders, and what is no text."""
    files = {
        "sampleproject/long.py": SOURCE,
        "sampleproject/data/a.bin": b"\0\1\2",
        "sampleproject/data/(b).txt": "x",
        "sampleproject/empty.py": "",
        "sampleproject/latin.txt": b"caf\xe9\n",
    }
    assert ci.upload(wheels.wheel(files=files, **MARKDOWN)).status_code == 200
    return Draft.objects.get().files.get()


def test_the_page_says_what_the_file_says_of_itself(staged, mikes):
    page = page_of(mikes, staged.draft, staged.filename)
    for words in (
        "Says hello",
        ">Hello<",
        staged.sha256[:8],
        "Nothing to compare with yet.",
        "None came with this file.",
    ):
        assert words in page
    assert "<script>document" not in page
    assert "<img" not in page
    assert "[image: drawing]" in page


def test_a_folder_lists_what_lies_in_it(staged, mikes):
    top = page_of(mikes, staged.draft, staged.filename, tab="contents")
    assert "sampleproject/</a>" in top
    assert "long.py" not in top
    inside = page_of(mikes, staged.draft, staged.filename, **{"in": "sampleproject"})
    assert "long.py</a>" in inside
    assert "2 files" in inside
    assert "a.bin" not in inside


def test_members_are_found_by_their_path(staged, mikes):
    page = page_of(mikes, staged.draft, staged.filename, find="/DATA/")
    assert "2 members with" in page
    assert "sampleproject/data/a.bin" in page
    assert "No member has" in page_of(mikes, staged.draft, staged.filename, find="no such")


def test_a_member_is_shown_with_line_numbers_a_thousand_at_once(staged, mikes):
    told = {"member": "sampleproject/long.py"}
    first = page_of(mikes, staged.draft, staged.filename, **told)
    assert 'id="L1"' in first
    assert 'id="L1000"' in first
    assert 'id="L1001"' not in first
    later = page_of(mikes, staged.draft, staged.filename, **told, **{"from": "1001"})
    assert 'id="L1001"' in later
    assert "Earlier lines" in later
    around = page_of(mikes, staged.draft, staged.filename, **told, line="2500")
    assert 'id="L2500"' in around
    assert "line 2500<" in around


SAID = {
    "sampleproject/data/a.bin": "Binary, 3 bytes.",
    "sampleproject/empty.py": "It is empty.",
    "sampleproject/latin.txt": "caf\\xe9",
}


@pytest.mark.parametrize("path", SAID)
def test_what_is_no_plain_text_is_said_to_be_none(staged, mikes, path):
    assert SAID[path] in page_of(mikes, staged.draft, staged.filename, member=path)


def test_numbers_that_are_none_show_the_beginning(staged, mikes):
    for number in ("-1", "x", "9" * 30, "٣", "1e3", ""):
        page_of(mikes, staged.draft, staged.filename, member="sampleproject/long.py", line=number)
        page_of(mikes, staged.draft, staged.filename, tab="contents", start=number, **{"from": number})


def test_strangers_see_nothing_and_what_is_not_there_is_404(staged, mikes, charlie, rita, client):
    where = draft_url(staged.draft, "file-page", staged.filename)
    assert browser_of(charlie).get(where).status_code == 404
    assert browser_of(rita).get(where).status_code == 200
    assert client.get(where).status_code == 302
    assert mikes.get(where, {"member": "../../etc/passwd"}).status_code == 404
    assert mikes.get(where, {"member": "sampleproject"}).status_code == 404
    assert mikes.get(draft_url(staged.draft, "file-page", "other-1.0.tar.gz")).status_code == 404


def test_after_publishing_the_page_is_the_record(staged, mike, mikes):
    publish(staged.draft, mike)
    assert "Says hello" in page_of(mikes, staged.draft, staged.filename)
    assert "line 7<" in page_of(mikes, staged.draft, staged.filename, member="sampleproject/long.py")


def test_a_file_that_nobody_looked_into_yet_says_so(inspections_wait, ci, mikes):
    assert ci.upload(wheels.wheel(**MARKDOWN)).status_code == 200
    file = Draft.objects.get().files.get()
    page = page_of(mikes, file.draft, file.filename)
    assert "being inspected" in page
    assert "Contents" not in page


def test_attestations_are_shown_as_what_they_state(staged, mikes):
    import base64
    import json

    from drafts.models import Attestations, File

    statement = {"predicateType": "https://docs.example/publish/v1", "subject": [{"name": "<b>a.whl</b>"}]}
    envelope = {"statement": base64.b64encode(json.dumps(statement).encode()).decode(), "signature": "AA=="}
    broken = {"envelope": {"statement": "!", "signature": "AA=="}}
    Attestations.objects.create(file=staged, statements=[{"envelope": envelope}, broken])
    File.objects.update(attestations_sha256="0" * 64)
    page = page_of(mikes, staged.draft, staged.filename)
    assert "https://docs.example/publish/v1" in page
    assert "&lt;b&gt;a.whl" in page
    assert "a statement that cannot be read" in page
    assert "no signature was verified" in page


MANY = {f"sampleproject/p{number // 100}/m{number}.py": f"x = {number}\n" for number in range(20_000)}


def ten_readings() -> float:
    """Return the processor time that zipfile takes now to read ten times what 20,000 members are called: about a second."""
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as members:
        for name in MANY:
            members.writestr(name, b"")
    began = time.process_time()
    for _ in range(10):
        zipfile.ZipFile(archive).infolist()
    return time.process_time() - began


def test_a_wheel_of_twenty_thousand_members_opens_quickly(ci, mikes):
    limit = ten_readings()
    assert ci.upload(wheels.wheel(files=MANY)).status_code == 200
    file = Draft.objects.get().files.get()
    for query in (
        {},
        {"tab": "contents"},
        {"in": "sampleproject"},
        {"find": "m1"},
        {"member": "sampleproject/p7/m777.py"},
    ):
        began = time.process_time()
        page = page_of(mikes, file.draft, file.filename, **query)
        assert time.process_time() - began < limit
        assert len(page) < 600_000
    assert "Show more: 500 of" in page_of(mikes, file.draft, file.filename, find="m1")


def test_a_member_of_five_megabytes_does_not_hang_the_page(ci, mikes):
    limit = ten_readings()
    one_line, lines = "x" * 5_000_000, "y = 1 \u202e\n" * 500_000
    assert (
        ci.upload(
            wheels.wheel(files={"sampleproject/a.txt": one_line, "sampleproject/b.txt": lines})
        ).status_code
        == 200
    )
    file = Draft.objects.get().files.get()
    for path in ("sampleproject/a.txt", "sampleproject/b.txt"):
        began = time.process_time()
        page = page_of(mikes, file.draft, file.filename, member=path, line="1")
        assert time.process_time() - began < limit
        assert len(page) < 600_000
    assert "more characters" in page_of(mikes, file.draft, file.filename, member="sampleproject/a.txt")


def test_findings_cost_the_pages_a_few_questions_however_many_there_are(ci, mikes):
    """It is true that the draft page, the queue and a file's page ask no more for twelve files than for one."""
    asked = []
    for tags in (["cp38"], [f"cp3{minor}" for minor in range(9, 20)]):
        for tag in tags:
            built = wheels.wheel(
                tag=f"{tag}-{tag}-win_amd64", files={"x.pth": "a", "sampleproject/.env": tag}
            )
            assert ci.upload(built).status_code == 200
        draft = Draft.objects.get()
        counts = []
        mikes.get(draft_url(draft))  # the first look of all is written down
        for path in (draft_url(draft), "/", draft_url(draft, "file-page", draft.files.first().filename)):
            with CaptureQueriesContext(connection) as queries:
                assert mikes.get(path).status_code == 200
            counts.append(len(queries))
        asked.append(counts)
    assert asked[0] == asked[1]
    assert max(asked[0]) <= 26, asked


def test_what_is_longer_than_is_read_says_so(staged, mikes, monkeypatch):
    monkeypatch.setattr(filecontents, "_READ", 100)
    page = page_of(mikes, staged.draft, staged.filename, member="sampleproject/long.py")
    assert "download the file to see the rest" in page


# In a real browser: what archives may try.

EVIL_README = """
<script>document.title = 'gone'</script><img src=x onerror="document.title='gone'">
<svg onload="document.title='gone'"></svg><iframe src="https://example.org"></iframe>
<a href="javascript:document.title='gone'">press</a> <style>body{display:none}</style>
<link rel=stylesheet href=https://example.org/a.css><meta http-equiv=refresh content="0;url=https://example.org">
<div hx-get="https://example.org" hx-trigger="load">x</div><base href="https://example.org/">
![drawing](https://images.example/a.svg) <video src=https://example.org/a autoplay></video>
"""
EVIL = {
    "page.html": "<script>document.title='gone'</script><iframe src=https://example.org></iframe>",
    "drawing.svg": "<svg xmlns='http://www.w3.org/2000/svg' onload=\"document.title='gone'\"/>",
    "'&amp;'; document.title='gone'.py": "x = 1\n",
    "{{ 7*7 }}{% now %}.py": "</code></td></tr></table><script>document.title='gone'</script>\n",
    "<img src=x onerror=\"document.title='gone'\">.py": "javascript:document.title='gone'\n",
}


@pytest.mark.browser
@pytest.mark.promise
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("kind", ["text/markdown", "text/x-rst", "text/plain"])
def test_nothing_in_an_archive_acts_in_a_browser(open_page, live, project, ci, mike, kind):
    fields = (("Description-Content-Type", kind), ("Summary", "<script>document.title='gone'</script>"))
    readme = f".. raw:: html\n\n   {EVIL_README}" if kind == "text/x-rst" else EVIL_README
    built = wheels.sdist(
        files={f"evil/{name}": text for name, text in EVIL.items()}, description=readme, fields=fields
    )
    assert ci.upload(built).status_code == 200
    file = Draft.objects.get().files.get()
    page = open_page(user=mike)  # it complains about requests to other origins, scripts and errors
    where = f"{live.url}{draft_url(file.draft, 'file-page', file.filename)}"
    addresses = [where, f"{where}?tab=contents", f"{where}?in=sampleproject-1.0/evil", draft_url(file.draft)]
    for address in addresses:
        page.goto(address if address.startswith("http") else f"{live.url}{address}")
        assert "gone" not in page.title()
        assert (
            page.locator("iframe, object, embed, video, .description img, .description script").count() == 0
        )
    for name, text in EVIL.items():
        page.goto(f"{where}?in=sampleproject-1.0/evil")
        page.locator("table.members").get_by_role("link", name=name, exact=True).click()
        assert page.locator(".source td").first.inner_text().strip() == text.strip()
        assert "gone" not in page.title()
    assert reverse("file-page", args=["sampleproject", "1.0", file.filename]) in page.url


def test_the_file_page_leads_to_what_changed_and_back(draft, mikes):
    """It is true that a file's page and the page of its differences lead to each other."""
    page = draft_url(draft, "file-page", wheels.wheel().filename)
    changes = draft_url(draft, "file-changes", wheels.wheel().filename)
    assert f'href="{changes}"' in mikes.get(page).content.decode()
    assert f'href="{page}"' in mikes.get(changes).content.decode()
