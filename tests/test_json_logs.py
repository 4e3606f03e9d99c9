"""It is true that with PRESSCHECK_LOG=json every line is one JSON object, names its request, and holds no token."""

import json
import logging
import os
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.test import Client

from accounts import people
from accounts.audit import Actor
from config import logs
from drafts.access import links

pytestmark = pytest.mark.django_db
SYSTEM = Actor.system("tests")


@pytest.fixture
def lines(settings):
    """The JSON lines that requests of this test leave."""
    settings.MIDDLEWARE = ["config.logs.requests", *settings.MIDDLEWARE]
    written: list[str] = []

    class Kept(logging.Handler):
        def emit(self, record):
            written.append(self.format(record))

    handler = Kept()
    handler.setFormatter(logs.Lines())
    logs.log.addHandler(handler)
    logs.log.setLevel(logging.INFO)
    yield written
    logs.log.removeHandler(handler)


def test_a_request_is_a_line(lines):
    response = Client().get("/simple/nothing/?x=secret", headers={"X-Request-ID": "proxy-17"})
    (line,) = map(json.loads, lines)
    assert line["request"] == response["X-Request-ID"] == "proxy-17"
    assert (line["method"], line["path"], line["status"]) == ("GET", "/simple/nothing/", 404)
    assert line["duration"] >= 0
    assert line["time"].endswith("+00:00")
    assert "secret" not in lines[0]


@pytest.mark.parametrize("given", ["", "two words", "x" * 65, 'a"b', "a\tb"])
def test_a_name_that_is_no_plain_word_is_replaced(lines, given):
    response = Client().get("/healthz", headers={"X-Request-ID": given})
    assert response["X-Request-ID"] != given
    assert json.loads(lines[0])["request"] == response["X-Request-ID"]


def test_no_line_holds_a_token(lines, draft, ci, alice):
    token = links.token(links.make(draft=draft, by=SYSTEM))
    welcome = people.invite(alice)
    lines.clear()
    Client().get(f"/draft/{token}/simple/")
    Client().get(f"/draft/{token}/nothing/at/all")
    Client().get(f"/{ci.token}/")
    Client().get(f"/welcome/{welcome}/")
    assert len(lines) == 4
    assert not [line for line in lines for secret in (token, welcome, ci.token) if secret[4:] in line]
    assert json.loads(lines[0])["path"] == "/draft/…/simple/"


def test_a_traceback_stays_on_its_line(draft):
    token = links.token(links.make(draft=draft, by=SYSTEM))
    with pytest.raises(ValueError, match="broken") as caught:
        int(f"broken\n{token}")
    record = logging.LogRecord("x", logging.ERROR, "x", 1, "it %s", ("broke",), caught._excinfo)
    text = logs.Lines().format(record)
    assert "\n" not in text
    assert token[4:] not in text
    told = json.loads(text)
    assert (told["level"], told["message"]) == ("ERROR", "it broke")
    assert "ValueError: invalid literal" in told["exception"]


def _lines_of(tmp_path: Path, *command: str) -> str:
    environment = {**os.environ, "PRESSCHECK_LOG": "json", "PRESSCHECK_DATA": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, *command],
        cwd=settings.BASE_DIR,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr


def test_the_setting_turns_them_on(tmp_path):
    code = "import django, logging; django.setup(); logging.getLogger('drafts').info('well')"
    text = _lines_of(
        tmp_path, "-c", f"import os; os.environ['DJANGO_SETTINGS_MODULE']='config.settings'; {code}"
    )
    assert json.loads(text)["message"] == "well"


def test_gunicorn_writes_them_too(tmp_path):
    (tmp_path / "static").mkdir()
    text = _lines_of(tmp_path, "-m", "gunicorn", "--config", "config/gunicorn.py", "--bind", "192.0.2.1:1")
    assert text
    assert all(json.loads(line)["logger"].startswith("gunicorn") for line in text.splitlines())
