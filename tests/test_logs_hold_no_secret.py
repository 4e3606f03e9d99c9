"""It is true that no log and no error report holds a secret that lets somebody in: tokens, headers, one-time addresses."""

import base64
import logging
import re
from pathlib import Path

import pytest

from config import logs
from drafts.secrets import Prefix, ScrubFilter, new_token, scrub
from tests.live import eventually

ROOT = Path(__file__).resolve().parent.parent
TOKENS = {str(prefix): new_token(prefix)[0] for prefix in Prefix if str(prefix) != "pcd_"}
TOKENS |= {"pcd_": "pcd_" + "a1B2" * 12}
IDENTITY = "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJyZXBvOm9jdG8ifQ.c2lnbmF0dXJlLW9mLWl0"
BASIC = base64.b64encode(f"__token__:{TOKENS['pcu_']}".encode()).decode()
SECRETS = {
    **{
        f"{prefix} in an address": (f"GET /draft/{token}/simple/", token[4:])
        for prefix, token in TOKENS.items()
    },
    **{
        f"{prefix} in a header": (f"Authorization: Bearer {token}", token[4:])
        for prefix, token in TOKENS.items()
    },
    "an identity token": (f'{{"token": "{IDENTITY}"}}', IDENTITY[10:]),
    "an identity token as Bearer": (f"authorization: bearer {IDENTITY}", IDENTITY[10:]),
    "Basic in a header": (f"Authorization: Basic {BASIC}", BASIC),
    "Basic in a dictionary": (f"{{'Authorization': 'Basic {BASIC}', 'Accept': '*/*'}}", BASIC),
    "Basic in the environment": (f"'HTTP_AUTHORIZATION': 'Basic {BASIC}'", BASIC),
    "a one-time link": ('"GET /welcome/s3cr3t-one-time/ HTTP/1.1" 200', "s3cr3t-one-time"),
    "a password's reset": ("/accounts/password/reset/key/3-c0ffee/", "3-c0ffee"),
    "an objection to a recovery": ("POST /account/recovery/0bject-t0ken/?x=1", "0bject-t0ken"),
}
secrets = pytest.mark.parametrize(("line", "secret"), SECRETS.values(), ids=SECRETS.keys())


def record(line: str, *, raised: bool = False) -> logging.LogRecord:
    """A record with the line as an argument of its message, or as the text of what was raised."""
    if not raised:
        return logging.LogRecord("x", logging.ERROR, "x", 1, "it said %s", (line,), None)
    try:
        int(f"no number: {line}")
    except ValueError as error:
        info = (type(error), error, error.__traceback__)
    return logging.LogRecord("x", logging.ERROR, "x", 1, "it broke", (), info)


@secrets
@pytest.mark.parametrize("raised", [False, True], ids=["a message", "a traceback"])
def test_no_line_of_text_holds_it(line, secret, raised):
    one = record(line, raised=raised)
    assert ScrubFilter().filter(one)
    assert secret not in logging.Formatter().format(one)


@secrets
@pytest.mark.parametrize("raised", [False, True], ids=["a message", "a traceback"])
def test_no_line_of_json_holds_it(line, secret, raised):
    assert secret not in logs.Lines().format(record(line, raised=raised))


@pytest.mark.parametrize(
    "text",
    ["GET /projects/welcome/ 200", "/accounts/login/", "basic training", "eyJ alone", "sha256 " + "ab" * 32],
)
def test_what_is_no_secret_stays(text):
    assert scrub(text) == text


@secrets
def test_nginx_writes_no_address_that_lets_somebody_in(line, secret):
    """It is true of the example's log, which writes addresses alone."""
    found = re.search(r"(/(?:draft|welcome|account)\S*)", line)
    if found is None:
        return
    config = (ROOT / "deploy" / "nginx.conf").read_text(encoding="utf-8")
    pattern = re.search(r"map \$request_uri \$presscheck_uri \{\s*~(\S+) ", config)[1].replace("?<", "?P<")
    match = re.match(pattern, found[1])
    written = f"{match['room']}..." if match else found[1]
    assert secret not in written


@pytest.mark.django_db(transaction=True)
def test_the_servers_own_log_holds_none(live):
    """It is true of gunicorn's access log as it is written, for every kind of token in path, query and header."""
    paths = [f"/draft/{token}/?again={token}" for token in TOKENS.values()]
    for path in [*paths, "/welcome/s3cr3t-one-time/", "/account/recovery/0bject-t0ken/"]:
        live.get(path, Authorization=f"Basic {BASIC}", Referer=f"{live.url}{path}")
    text = eventually(lambda: "/account/recovery/" in live.web.log() and live.web.log())
    hidden = [*(token[4:] for token in TOKENS.values()), BASIC, "s3cr3t-one-time", "0bject-t0ken"]
    assert not [secret for secret in hidden if secret in text]
    assert "/draft/pcd_…" in text
