"""Spoiled, expired, revoked and foreign tokens at every door of machines. docs/security.md lists what else is made to hurt."""

import base64
from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.access import tokens
from drafts.access.projects import create
from drafts.models import File, Token, TokenKind
from tests import wheels
from tests.conftest import upload
from tests.test_roles import where

__all__ = ["where"]
pytestmark = [pytest.mark.django_db, pytest.mark.promise]
SYSTEM = Actor.system("tests")
UPLOAD2 = "application/vnd.pypi.upload.v2+json"


def changed(kind: str, **values) -> None:
    Token.objects.filter(kind=kind).update(**values)


def flipped(text: str) -> str:
    """The same text with another letter in its middle, so that only its checksum tells."""
    at = len(text) // 2
    return text[:at] + ("A" if text[at] != "A" else "B") + text[at + 1 :]


# What a thief, a copyist or a scanner presents in place of a token.
SPOILED = {
    "nothing": lambda text: "",
    "one letter less": lambda text: text[:-1],
    "half of it": lambda text: text[: len(text) // 2],
    "its prefix alone": lambda text: text[:4],
    "one letter more": lambda text: text + "0",
    "another letter": flipped,
    "another case": str.swapcase,
    "another prefix": lambda text: "pcd_" + text[4:],
    "itself twice": lambda text: text + text,
    "a NUL": lambda text: text + "\0",
    "a NUL within": lambda text: text[:9] + "\0" + text[10:],
    "no ASCII": lambda text: text[:-1] + "é",
    "digits of another script": lambda text: text[:-1] + "٣",
    "its digest": lambda text: Token.objects.filter(token_sha256__gt="").first().token_sha256,
    "a wildcard": lambda text: "%",
    "SQL": lambda text: "' OR '1'='1",
    "a long one": lambda text: text * 100,
}
# What time and owners make of a token that was good.
OVER = {
    "expired": {"expires_at": timedelta(seconds=-1)},
    "revoked": {"revoked_at": timedelta()},
}
SCHEMES = {
    "basic": lambda text: "Basic " + base64.b64encode(f"__token__:{text}".encode()).decode(),
    "bearer": lambda text: f"Bearer {text}",
}


def legacy(authorization: str):
    return upload(Client(), wheels.wheel(build="5"), authorization)


def opening(authorization: str):
    body = '{"meta": {"api-version": "2.0"}, "name": "sampleproject", "version": "3.0", "nonce": ""}'
    told = {"Authorization": authorization, "Accept": UPLOAD2}
    return Client().post("/upload/", body, content_type=UPLOAD2, headers=told)


def evidence(authorization: str):
    told = {"Authorization": authorization}
    place = "/evidence/?project=sampleproject&version=1.0"
    line = f"{wheels.wheel().sha256}  {wheels.wheel().filename}"
    return Client().post(place, line, content_type="text/plain", headers=told)


def reading(authorization: str):
    return Client().get("/simple/", headers={"Authorization": authorization})


DOORS = {
    "legacy": (TokenKind.UPLOAD, legacy),
    "opening": (TokenKind.UPLOAD, opening),
    "evidence": (TokenKind.EVIDENCE, evidence),
    "reading": (TokenKind.READ, reading),
}


@pytest.fixture
def doors(project, draft, settings):
    """A good token for each door, on an index that is private."""
    settings.INDEX_IS_PRIVATE = True
    made = {kind: tokens.make(project=project, kind=kind, by=SYSTEM)[1] for kind in TokenKind}
    return [(name, made[kind], knock) for name, (kind, knock) in DOORS.items()]


def kept() -> tuple:
    return File.objects.count(), AuditEvent.objects.count()


def must_be_turned_away(response, name: str) -> None:
    assert response.status_code == 401, name
    assert response.has_header("WWW-Authenticate"), name
    text = response.content.decode()
    assert len(text.split()) > 6, name
    assert "Traceback" not in text, name


def test_a_spoiled_token_opens_no_door(doors):
    """It is true at each door and in both schemes: 401 in words, nothing kept, and never a fault of the server."""
    before = kept()
    for what, spoil in SPOILED.items():
        for name, text, knock in doors:
            for scheme, header in SCHEMES.items():
                spoiled = spoil(text)
                if scheme == "bearer" and not spoiled.isascii():
                    spoiled = spoiled.encode().decode("latin-1")  # as a server hands a header on
                must_be_turned_away(knock(header(spoiled)), f"{what}: {name} by {scheme}")
    assert kept() == before


@pytest.mark.parametrize("what", OVER)
def test_a_token_that_is_over_opens_no_door(doors, what):
    """It is true that it opened each door before, and that it is told apart from a mistyped one nowhere."""
    for name, text, knock in doors:
        assert knock(SCHEMES["basic"](text)).status_code in {200, 201, 202}, name
    for kind in TokenKind:
        changed(kind, **{field: timezone.now() + by for field, by in OVER[what].items()})
    before = kept()
    for name, text, knock in doors:
        answer = knock(SCHEMES["basic"](text))
        must_be_turned_away(answer, name)
        assert answer.content == knock(SCHEMES["basic"](flipped(text))).content, name
    assert kept() == before


def test_another_projects_token_opens_nothing_here(doors, alice, charlie):
    """It is true at the doors that take files and evidence (403), and that what it may read is its own."""
    other = create(name="another", by=SYSTEM, owner=charlie.email)
    before = None
    for name, _, knock in doors:
        kind, _knock = DOORS[name]
        text = tokens.make(project=other, kind=kind, by=SYSTEM)[1]
        before = before or kept()[0]
        answer = knock(SCHEMES["basic"](text))
        if name == "reading":
            assert answer.status_code == 200
            assert "sampleproject" not in b"".join(answer.streaming_content).decode()
        else:
            assert answer.status_code == 403, name
            assert "another" in answer.content.decode(), name
    assert kept()[0] == before


HEADERS = [
    "Basic", "Basic ", "Basic !!!", "Basic X19", "Bearer", "Bearer  ", "Digest username=x", "\0", "Basic \xff\xfe",
    "Basic " + base64.b64encode(b"\xff\xfe:\xff").decode(), "Basic " + base64.b64encode(b"__token__").decode(),
    "Basic " + base64.b64encode(b":").decode(), "Basic " + "A" * 9000, "__token__:x",
]  # fmt: skip


def test_a_broken_header_is_no_credential(doors):
    before = kept()
    for header in HEADERS:
        for name, _, knock in doors:
            must_be_turned_away(knock(header), f"{header!r:.40}: {name}")
    assert kept() == before
