"""The main job, end to end, through Django's front door: stage, review, compare, test, publish, install page."""

import json
import re

import pytest
from django.test import Client
from django.urls import reverse

from drafts.access import links
from drafts.models import DraftState, File
from tests.conftest import draft_url, publish, sign_in
from tests.stored import fetched

pytestmark = pytest.mark.django_db


def test_a_maintainer_publishes_what_was_reviewed(draft, mike, ci):
    """It is true that after the act, and not before, all files stand on the index with the reviewed digests."""
    assert Client().get("/simple/sampleproject/").status_code == 404
    assert b"sampleproject" not in b"".join(Client().get("/simple/").streaming_content)
    browser = sign_in(mike)
    page = browser.get(draft_url(draft))
    assert page.status_code == 200
    confirm = browser.get(draft_url(draft, "publish"))
    assert b"Publish sampleproject 1.0" in confirm.content
    response = publish(draft, mike, browser)
    assert response.status_code == 302
    assert draft.state == DraftState.PUBLISHED
    shown = json.loads(
        Client()
        .get("/simple/sampleproject/", headers={"Accept": "application/vnd.pypi.simple.v1+json"})
        .content
    )
    assert {f["filename"]: f["hashes"]["sha256"] for f in shown["files"]} == dict(
        File.objects.values_list("filename", "sha256")
    )
    for file in shown["files"]:
        answer = Client().get(file["url"])
        assert fetched(answer)
        metadata = Client().get(file["url"] + ".metadata")
        assert b"Name: sampleproject" in b"".join(metadata.streaming_content)
    assert browser.get(draft_url(draft)).status_code == 200
    assert browser.get("/").status_code == 200
    assert browser.get(reverse("project", args=["sampleproject"])).status_code == 200


def test_members_see_the_version_and_nobody_else(draft, mike, settings):
    """It is true that the version is the changelog's newest, and that strangers do not learn it."""
    newest = re.search(r"^## (\S+)", (settings.BASE_DIR / "CHANGELOG.md").read_text(), re.MULTILINE)[1]
    said = f"version {newest}".encode()
    assert said in sign_in(mike).get("/").content
    assert said not in Client().get(reverse("ci")).content


def test_a_log_is_compared(draft, rita):
    browser = sign_in(rita)
    file = draft.files.get(filetype="bdist_wheel")
    log = f"{file.sha256}  dist/{file.filename}\n"
    assert browser.post(draft_url(draft, "evidence-add"), {"log": log}).status_code == 302
    page = browser.get(draft_url(draft)).content.decode()
    assert f'data-file="{file.filename}" data-evidence="match"' in page


def test_a_draft_link_opens_the_merged_page(draft, mike):
    browser = sign_in(mike)
    browser.post(draft_url(draft, "link-make"), {"label": "x"})
    link = draft.links.get()
    token = links.token(link)
    page = Client().get(f"/draft/{token}/simple/sampleproject/")
    assert page.status_code == 200
    assert page["Cache-Control"] == "private, no-store"
    assert Client().get(f"/draft/{token}/simple/other/").status_code == 404
    assert Client().get(f"/draft/{token}/").status_code == 200
    assert browser.get(draft_url(draft)).status_code == 200
