"""A project without room keeps CI's copy: what a log names is deleted for no upload token's sake."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile

from drafts.evidence.add import paste
from drafts.intake import putback, quota
from drafts.models import Draft, File, Project
from tests import wheels
from tests.bodies import codes
from tests.conftest import SYSTEM, do_jobs, draft_url, make_ci

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
COPY, TAMPERED = wheels.wheel(salt="what CI built"), wheels.wheel(salt="something else")
MORE = wheels.wheel(version="2.0")


@pytest.fixture
def swapped(project, ci, rita) -> Draft:
    """A draft whose wheel was replaced after CI's log had named it, in a project that has no more room."""
    assert ci.upload(COPY).status_code == 200
    draft = Draft.objects.get()
    log = f"{COPY.sha256}  {COPY.filename}\n".encode()
    paste(draft=draft, data=log, label="run 8812", user=rita, by=SYSTEM)
    assert ci.upload(TAMPERED).status_code == 200
    do_jobs()
    Project.objects.update(quota=(quota.kept_bytes(project) + 10) * 5 // 4)
    return draft


def has_bytes(built: wheels.Built) -> bool:
    do_jobs()
    return File.objects.with_bytes().filter(sha256=built.sha256).exists()


@pytest.mark.parametrize("same", [True, False], ids=["the token that replaced it", "another token"])
def test_no_token_has_cis_copy_deleted(swapped, project, ci, same):
    """It is true that the upload is refused, and CI's copy can be put back."""
    token = ci if same else make_ci(project)
    assert codes(token.upload(MORE)) & {"over-quota", "file-too-large"}
    assert has_bytes(COPY)
    back = putback.put_back(draft=swapped, filename=COPY.filename, by=SYSTEM, seen=TAMPERED.sha256)
    assert back.sha256 == COPY.sha256


def test_what_no_log_names_makes_way_before_it(swapped, project, ci):
    """It is true that a token goes on replacing its own uploads where the quota is full: those alone make way."""
    third, fourth = wheels.wheel(salt="third"), wheels.wheel(salt="fourth")
    Project.objects.update(quota=None)
    assert ci.upload(third).status_code == 200
    do_jobs()
    Project.objects.update(quota=(quota.kept_bytes(project) + 10) * 5 // 4)
    assert ci.upload(fourth).status_code == 200
    assert [has_bytes(one) for one in (COPY, TAMPERED, third, fourth)] == [True, False, True, True]


def test_a_maintainers_upload_goes_before_it(swapped, mike, mikes):
    """It is true that people, who can delete the draft as well, are not kept out by what is kept for comparison."""
    Project.objects.update(quota=quota.kept_bytes(swapped.project) + 10)
    sent = mikes.post(draft_url(swapped, "file-upload"), {"content": _form(wheels.wheel(salt="repaired"))})
    assert sent.status_code == 302
    assert not has_bytes(COPY)


def _form(built: wheels.Built) -> SimpleUploadedFile:
    return SimpleUploadedFile(built.filename, built.data)
