"""Uploads that are refused: with all reasons at once, and leaving no row, no bytes, no event."""

from datetime import timedelta

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from drafts.access import tokens
from drafts.access.projects import create
from drafts.models import Draft, File, TokenKind
from tests import bodies, wheels
from tests.bodies import codes
from tests.conftest import make_ci, upload

pytestmark = pytest.mark.django_db
MIB = 1024**2


EGG = wheels.Built("sampleproject-1.0.egg", b"x")
FORMS = {
    "an unknown action": ({":action": "file_burn"}, 400, "unknown-action"),
    "no action": ({":action": None}, 400, "unknown-action"),
    "an action of long ago": ({":action": "submit"}, 410, "action-gone"),
    "an unknown protocol": ({"protocol_version": "2"}, 400, "unknown-protocol"),
    "no name": ({"name": None}, 400, "no-name"),
    "a name that twine did not know": ({"name": "UNKNOWN"}, 400, "no-name"),
    "a name that is none": ({"name": "-sample-"}, 400, "bad-name"),
    "a name in Cyrillic letters": ({"name": "sаmpleproject"}, 400, "bad-name"),
    "a name with a line break": ({"name": "sample\r\nX-Evil: 1"}, 400, "bad-name"),
    "no version": ({"version": None}, 400, "no-version"),
    "a version that is none": ({"version": "one"}, 400, "bad-version"),
    "no filetype": ({"filetype": None}, 400, "bad-filetype"),
    "an egg": ({"filetype": "bdist_egg"}, 400, "bad-filetype"),
    "a wheel that says it is a sdist": ({"filetype": "sdist"}, 400, "filetype-differs"),
    "no digest": ({"sha256_digest": None}, 400, "no-digest"),
    "a weak digest alone": ({"sha256_digest": None, "md5_digest": "0" * 32}, 400, "no-digest"),
    "another SHA-256": ({"sha256_digest": "0" * 64}, 400, "digest-differs"),
    "another BLAKE2b": ({"blake2_256_digest": "0" * 64}, 400, "digest-differs"),
    "another MD5 beside a right SHA-256": ({"md5_digest": "0" * 32}, 400, "digest-differs"),
    "no file": ({"content": None}, 400, "no-content"),
    "content as text": ({"content": "PK"}, 400, "content-is-text"),
    "two files": ({"content": [SimpleUploadedFile("a-1-py3-none-any.whl", b"1")] * 2}, 400, "too-many-files"),
    "a name twice": ({"name": ["sampleproject", "sampleproject"]}, 400, "field-twice"),
    "a version as a file": ({"version": SimpleUploadedFile("v.txt", b"1.0")}, 400, "field-is-a-file"),
    "a file that is no distribution": (
        {"content": SimpleUploadedFile(EGG.filename, EGG.data)},
        400,
        "bad-extension",
    ),
    "another project": ({"name": "another"}, 403, "wrong-project"),
    "a file of another version": ({"version": "2.0"}, 400, "wrong-version"),
}


@pytest.mark.parametrize(("changes", "status", "code"), FORMS.values(), ids=FORMS.keys())
def test_a_wrong_form_is_refused(ci, nothing_kept, changes, status, code):
    """It is true that one wrong field of an otherwise right form is named by a stable code, and nothing is kept."""
    response = ci.upload(wheels.wheel(), **changes)
    assert response.status_code == status
    assert code in codes(response)


def test_a_right_form_is_taken(ci):
    """It is true that the form which the refusals break in one place is taken when nothing is broken."""
    assert ci.upload(wheels.wheel()).status_code == 200
    assert bodies.post_form(bodies.parts(wheels.wheel(salt="1")), ci.basic).status_code == 200


def test_the_file_may_come_first(ci):
    form = bodies.parts(wheels.wheel())
    assert bodies.post_form([form[-1], *form[:-1]], ci.basic).status_code == 200


def test_all_that_is_wrong_is_said_at_once(ci, nothing_kept):
    changes = {
        "name": "UNKNOWN",
        "version": "one",
        "filetype": "egg",
        "sha256_digest": None,
        "protocol_version": "9",
    }
    response = ci.upload(wheels.wheel(), **changes)
    expected = {"no-name", "bad-version", "bad-filetype", "no-digest", "unknown-protocol"}
    assert codes(response) == expected


def test_all_that_is_wrong_with_a_name_is_said_at_once(ci, nothing_kept):
    response = ci.upload(wheels.wheel("other", "2.0+local"), name="sampleproject", version="1.0")
    assert codes(response) == {"wrong-project", "wrong-version", "local-version"}


def test_all_that_is_wrong_with_name_and_contents_is_said_at_once(ci, nothing_kept):
    response = ci.upload(
        wheels.wheel("other", record=b"", says_version="2"), name="sampleproject", version="1.0"
    )
    assert codes(response) == {"wrong-project", "bad-record", "metadata-version-differs"}


def test_a_field_that_is_no_text(ci, nothing_kept):
    response = bodies.post_form(bodies.parts(wheels.wheel(), summary=b"\xff\xfe"), ci.basic)
    assert response.status_code == 400
    assert codes(response) == {"field-not-utf8"}


NAMES = [
    "..",
    "../../x-1.0-py3-none-any.whl",
    "a b-1.0-py3-none-any.whl",
    "<img>-1.0.tar.gz",
    "x" * 247 + ".whl",
    "",
    "а-1.0.tar.gz",
]


@pytest.mark.parametrize("filename", NAMES)
def test_a_file_name_that_climbs_or_cannot_be_spelled(ci, nothing_kept, filename):
    response = bodies.post_form(bodies.parts(wheels.Built(filename, b"x")), ci.basic)
    assert response.status_code == 400
    assert codes(response) & {"bad-filename", "bad-extension"}


HOSTILE = {
    "empty": (wheels.Built("sampleproject-1.0-py3-none-any.whl", b""), "empty-file"),
    "no archive": (wheels.Built("sampleproject-1.0-py3-none-any.whl", b"MZ" * 500), "not-a-zip"),
    "bytes before the archive": (wheels.wheel(prefix=b"#!/bin/sh\n"), "zip-framing"),
    "bytes behind the archive": (wheels.wheel(suffix=b"\0" * 40), "zip-comment"),
    "a comment": (wheels.wheel(comment=b"PK"), "zip-comment"),
    "encrypted": (wheels.wheel(flags=wheels.ENCRYPTED), "zip-encrypted"),
    "a way out": (wheels.wheel(extra=(("../../etc/cron.d/x", b"x"),)), "bad-member-name"),
    "a file twice": (wheels.wheel(extra=(("sampleproject/__init__.py", b"x"),)), "duplicate-member"),
    "a bomb": (wheels.wheel(bomb=80 * MIB), "inflates-too-much"),
    "no METADATA": (wheels.wheel(omit=("METADATA",)), "missing-member"),
    "METADATA of another project": (wheels.wheel(says_name="other"), "metadata-name-differs"),
    "an sdist that is no gzip": (wheels.Built("sampleproject-1.0.tar.gz", b"x" * 99), "not-gzip"),
    "an sdist with a second folder": (wheels.sdist(extra=(("other-1.0/x", b"x"),)), "outside-folder"),
    "an sdist's tail": (wheels.sdist(suffix=b"x"), "trailing-bytes"),
}


@pytest.mark.promise
@pytest.mark.parametrize(("built", "code"), HOSTILE.values(), ids=HOSTILE.keys())
def test_a_hostile_archive_is_refused_at_the_door(ci, nothing_kept, built, code):
    """It is true that an archive which is not what it seems leaves neither row nor bytes."""
    response = ci.upload(built)
    assert response.status_code == 400
    assert code in codes(response)


def _spoiled(token: str) -> str:
    return token[:-1] + ("a" if token[-1] != "a" else "b")


CREDENTIALS = {
    "none": (lambda ci: "", 401),
    "another scheme": (lambda ci: f"Digest {ci.token}", 401),
    "Basic that is no base64": (lambda ci: "Basic %%%", 401),
    "the right token under another user": (lambda ci: ci.basic_as("alice"), 401),
    "one letter wrong": (lambda ci: f"Bearer {_spoiled(ci.token)}", 401),
    "an empty token": (lambda ci: "Bearer ", 401),
    "an expired token": (lambda ci: ci.expired(), 401),
    "a revoked token": (lambda ci: ci.revoked(), 401),
    "an evidence token": (lambda ci: ci.of_kind(TokenKind.EVIDENCE), 403),
    "a read token": (lambda ci: ci.of_kind(TokenKind.READ), 403),
}


class _Presented:
    """The upload token in the situations of the table."""

    def __init__(self, ci) -> None:
        self.token, self._row = ci.token, ci.row

    def basic_as(self, user: str) -> str:
        import base64

        return "Basic " + base64.b64encode(f"{user}:{self.token}".encode()).decode()

    def expired(self) -> str:
        type(self._row).objects.filter(pk=self._row.pk).update(
            expires_at=timezone.now() - timedelta(seconds=1)
        )
        return f"Bearer {self.token}"

    def revoked(self) -> str:
        tokens.revoke(token=self._row, by=Actor.system("tests"))
        return f"Bearer {self.token}"

    def of_kind(self, kind: TokenKind) -> str:
        return f"Bearer {tokens.make(project=self._row.project, kind=kind, by=Actor.system('tests'))[1]}"


@pytest.mark.promise
@pytest.mark.parametrize(("present", "status"), CREDENTIALS.values(), ids=CREDENTIALS.keys())
def test_a_wrong_credential_is_refused_before_the_body_is_read(ci, present, status):
    """It is true that who may not upload is told so with not one byte of the body read."""
    authorization = present(_Presented(ci))
    body = bodies.spelled(bodies.parts(wheels.wheel()))
    stream = bodies.Stream(body)
    response = bodies.post(stream, len(body), authorization)
    assert response.status_code == status
    assert codes(response) == {"no-credential" if status == 401 else "not-allowed"}
    assert response.has_header("WWW-Authenticate") == (status == 401)
    assert stream.taken == 0
    assert File.objects.count() == 0


def test_a_bearer_token_is_taken(ci):
    assert upload(Client(), wheels.wheel(), f"Bearer {ci.token}").status_code == 200


def test_a_cookie_is_no_credential(ci, alice, nothing_kept):
    browser = Client()
    browser.force_login(alice)
    assert upload(browser, wheels.wheel(), None).status_code == 401


@pytest.mark.promise
def test_a_token_revoked_on_the_way_stages_nothing(ci, nothing_kept):
    """It is true that a token which is revoked while its file arrives stages nothing."""
    body = bodies.spelled(bodies.parts(wheels.wheel()))

    class Slow(bodies.Stream):
        def read(self, size=-1):
            type(ci.row).objects.filter(pk=ci.row.pk).update(revoked_at=timezone.now())
            return super().read(size)

    response = bodies.post(Slow(body), len(body), ci.basic)
    assert response.status_code == 401
    assert response.has_header("WWW-Authenticate")
    assert codes(response) == {"no-credential"}


def test_a_draft_too_many_is_refused(project, ci, settings):
    settings.LIVE_DRAFTS_PER_PROJECT, settings.DRAFTS_OPENED_PER_HOUR = 2, 9
    for version in ("1.0", "2.0"):
        assert ci.upload(wheels.wheel(version=version)).status_code == 200
    response = ci.upload(wheels.wheel(version="3.0"))
    assert response.status_code == 429
    assert int(response["Retry-After"]) > 0
    assert codes(response) == {"too-many-drafts"}
    assert ci.upload(wheels.wheel(version="1.0", build="1")).status_code == 200
    assert Draft.objects.count() == 2


def test_a_token_opens_few_drafts_an_hour(project, ci, settings):
    settings.DRAFTS_OPENED_PER_HOUR = 2
    for version in ("1.0", "2.0"):
        assert ci.upload(wheels.wheel(version=version)).status_code == 200
    assert ci.upload(wheels.wheel(version="3.0")).status_code == 429
    assert make_ci(project, label="other").upload(wheels.wheel(version="3.0")).status_code == 200
    Draft.objects.filter(version="1.0").update(opened_at=timezone.now() - timedelta(minutes=61))
    assert ci.upload(wheels.wheel(version="4.0")).status_code == 200


def test_a_project_decides_on_local_versions(project, ci):
    built = wheels.wheel(version="1.0+cu118")
    assert codes(ci.upload(built)) == {"local-version"}
    project.local_versions = True
    project.save(update_fields=["local_versions"])
    assert ci.upload(built).status_code == 200


@pytest.mark.promise
def test_another_project_is_as_unknown_as_none(project, alice, ci):
    """It is true that a token learns nothing of other projects: an existing one is refused as one that is not."""
    create(name="secret", by=Actor.system("tests"), owner=alice.email)
    answers = [ci.upload(wheels.wheel(name), name=name) for name in ("secret", "absent")]
    bodies_read = [response.content.replace(b"absent", b"secret") for response in answers]
    assert [response.status_code for response in answers] == [403, 403]
    assert bodies_read[0] == bodies_read[1]
