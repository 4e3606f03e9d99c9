"""Tokens: what is kept of them, and that they are written nowhere."""

import logging
from datetime import timedelta

import pytest
from django.utils import timezone

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts import secrets
from drafts.access import links, tokens
from drafts.models import Token, TokenKind
from tests import wheels

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")


@pytest.mark.parametrize("kind", list(TokenKind))
def test_a_token_has_its_prefix_and_only_its_digest_is_kept(project, kind):
    row, token = tokens.make(project=project, kind=kind, by=SYSTEM)
    assert token.startswith({"upload": "pcu_", "evidence": "pce_", "read": "pcr_"}[kind])
    assert secrets.read(secrets.Prefix(token[:4]), token, 32)
    values = Token.objects.values_list(*(field.attname for field in Token._meta.concrete_fields)).get(
        pk=row.pk
    )
    assert token not in map(str, values)
    assert row.token_sha256 == secrets.token_digest(token)


def test_no_event_holds_a_token(project, draft, ci):
    link = links.make(draft=draft, by=SYSTEM)
    dump = repr(list(AuditEvent.objects.values()))
    assert ci.token not in dump
    assert links.token(link) not in dump


def test_a_token_is_marked_used_once_a_minute(ci):
    ci.upload(wheels.wheel())
    first = Token.objects.get(pk=ci.row.pk).last_used_at
    ci.upload(wheels.wheel())
    assert Token.objects.get(pk=ci.row.pk).last_used_at == first
    Token.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))
    ci.upload(wheels.wheel())
    assert Token.objects.get(pk=ci.row.pk).last_used_at > first


def test_a_token_is_revoked_once(ci):
    assert tokens.revoke(token=ci.row, by=SYSTEM)
    assert not tokens.revoke(token=ci.row, by=SYSTEM)
    assert AuditEvent.objects.filter(event="token:revoked").count() == 1


def test_no_log_line_holds_a_token(ci, draft, caplog):
    """It is true that a token in a path or a message is blotted out before a log is written."""
    link_token = links.token(links.make(draft=draft, by=SYSTEM))
    said = secrets.ScrubFilter()
    for token in (ci.token, link_token):
        record = logging.LogRecord("x", logging.ERROR, "x", 1, "GET /draft/%s/ failed", (token,), None)
        assert said.filter(record)
        assert token[5:20] not in record.getMessage()
        assert token[:4] in record.getMessage()


def int_of(token: str) -> None:
    raise ValueError(f"no such page: /draft/{token}/")


def test_a_traceback_holds_no_token(ci):
    with pytest.raises(ValueError, match="no such page") as caught:
        int_of(ci.token)
    record = logging.LogRecord("x", logging.ERROR, "x", 1, "failed", (), caught._excinfo)
    secrets.ScrubFilter().filter(record)
    assert ci.token[5:20] not in logging.Formatter().format(record)
