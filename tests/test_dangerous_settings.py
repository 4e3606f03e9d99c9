"""It is true that a server does not start with a configuration that would hurt it, and says what to set."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_up import free_port

CODE = Path(__file__).parent.parent
KEY = "as long as a key should be, and nobody else's, so that checks are content"
PRODUCTION = {
    "DATABASE_URL": "postgres://somebody@127.0.0.1:1/nowhere",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "PRESSCHECK_SECRET_KEY": KEY,
}
SIGN_ON = {
    "PRESSCHECK_OIDC_ISSUER": "https://login.example.org/realms/main",
    "PRESSCHECK_OIDC_CLIENT_ID": "presscheck",
    "PRESSCHECK_OIDC_CLIENT_SECRET": "secret",
}
S3 = {"PRESSCHECK_S3_BUCKET": "files"}
FOREIGN = ("PRESSCHECK_", "AWS_", "DATABASE_URL", "REDIS_URL", "DJANGO_")


def environment(folder, **shape):
    own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
    told = {name: value for name, value in shape.items() if value is not None}
    return {**own, "PRESSCHECK_DATA": str(folder), **told}


def run(folder, *arguments, **shape):
    """Run Python with nothing but these settings."""
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=CODE,
        check=False,
        env=environment(folder, **shape),
        capture_output=True,
        text=True,
        timeout=60,
    )


def read(folder, **shape):
    """Read the settings as every process does at its start; connects to nothing."""
    return run(folder, "-c", "from config import settings; print(settings.DEBUG)", **shape)


@pytest.mark.parametrize("shape", [{}, PRODUCTION, {**PRODUCTION, **S3}], ids=["embedded", "services", "S3"])
def test_the_shapes_are_accepted(tmp_path, shape):
    answer = run(tmp_path, "manage.py", "check", **shape)
    assert answer.returncode == 0, answer.stderr


HARMLESS = {
    "https in public": {"PRESSCHECK_URL": "https://packages.example.org"},
    "an address that nobody filled in": {"PRESSCHECK_URL": ""},
    "http on this machine": {"PRESSCHECK_URL": "http://127.0.0.1:9000/"},
    "http by another of its names": {"PRESSCHECK_URL": "http://[::1]:9000"},
    "a name with its port": {"PRESSCHECK_URL": "https://packages.example.org:8443"},
    "all hosts of a domain": {"PRESSCHECK_ALLOWED_HOSTS": ".example.org"},
    "proxies": {"PRESSCHECK_TRUSTED_PROXIES": "unix, 127.0.0.1, 10.0.0.0/24, ::1"},
    "a location of nginx": {"PRESSCHECK_ACCEL": "/objects/", "PRESSCHECK_TRUSTED_PROXIES": "127.0.0.1"},
    "a metrics token": {"PRESSCHECK_METRICS_TOKEN": "sixteen-or-more-x"},
    "a key that was made": {"PRESSCHECK_SECRET_KEY": "q7-Yk2J0ZbLr5mXvT9sWcE4hNf8uPdAgKi3oRx6"},
    "single sign-on": SIGN_ON,
    "single sign-on on this machine": {**SIGN_ON, "PRESSCHECK_OIDC_ISSUER": "http://127.0.0.1:9100"},
    "a private index": {"PRESSCHECK_PRIVATE": "1"},
    "an index behind this one": {
        "PRESSCHECK_UPSTREAM_INDEX": "https://index.example.org/simple/",
        "PRESSCHECK_OWN_NAMES": "Acme_*, acme",
    },
    "its earlier name": {"PRESSCHECK_RESOLVE_INDEX": "https://index.example.org/simple"},
    "a Redis with TLS": {**PRODUCTION, "REDIS_URL": "rediss://cache.example.org:6380/1"},
}


@pytest.mark.parametrize("shape", HARMLESS.values(), ids=HARMLESS.keys())
def test_what_hurts_nobody_is_accepted(tmp_path, shape):
    answer = read(tmp_path, **shape)
    assert (answer.returncode, answer.stdout) == (0, "False\n"), answer.stderr


DANGEROUS = {
    "single sign-on in the clear": (
        {**SIGN_ON, "PRESSCHECK_OIDC_ISSUER": "http://login.example.org"},
        "no https address of an identity provider",
    ),
    "single sign-on at no address": ({**SIGN_ON, "PRESSCHECK_OIDC_ISSUER": "login"}, "no https address"),
    "single sign-on without its secret": (
        {**SIGN_ON, "PRESSCHECK_OIDC_CLIENT_SECRET": None},
        "set all three, or none",
    ),
    "a private index whose files are elsewhere": (
        {"PRESSCHECK_PRIVATE": "1", "PRESSCHECK_FILES_URL": "https://cdn.example.org"},
        "set one of them",
    ),
    "no key of its own on every host": (
        {**PRODUCTION, "PRESSCHECK_SECRET_KEY": None},
        "PRESSCHECK_SECRET_KEY is not",
    ),
    "a short key": ({**PRODUCTION, "PRESSCHECK_SECRET_KEY": "hunter2"}, "can be guessed"),
    "a key of one letter": ({**PRODUCTION, "PRESSCHECK_SECRET_KEY": "x" * 64}, "can be guessed"),
    "a short key on one machine": ({"PRESSCHECK_SECRET_KEY": "hunter2"}, "can be guessed"),
    "an example's key": ({"PRESSCHECK_SECRET_KEY": f"Change-Me-{KEY}"}, "an example's"),
    "Django's example of a key": ({"PRESSCHECK_SECRET_KEY": f"django-insecure-{KEY}"}, "an example's"),
    "a SQLite file for several hosts": (
        {**PRODUCTION, "DATABASE_URL": None},
        "several hosts cannot share a SQLite file",
    ),
    "a SQLite file by address": ({**PRODUCTION, "DATABASE_URL": "sqlite:///x"}, "no PostgreSQL database"),
    "another queue": ({**PRODUCTION, "REDIS_URL": "amqp://127.0.0.1"}, "no Redis server"),
    "an S3 server without a bucket": ({"PRESSCHECK_S3_ENDPOINT": "http://127.0.0.1:1"}, "name the bucket"),
    "half a credential": ({**S3, "AWS_ACCESS_KEY_ID": "half"}, "only one is set"),
    "files from a folder that are in a bucket": (
        {**S3, "PRESSCHECK_ACCEL": "/objects"},
        "set one of the two",
    ),
    "http in public": ({"PRESSCHECK_URL": "http://packages.example.org"}, "must not travel in the clear"),
    "http in a private network": ({"PRESSCHECK_URL": "http://10.0.0.5:8000"}, "must not travel in the clear"),
    "a name like this machine's": (
        {"PRESSCHECK_URL": "http://localhost.example.org"},
        "must not travel in the clear",
    ),
    "an address without scheme": ({"PRESSCHECK_URL": "packages.example.org"}, "is no address"),
    "an address with a path": ({"PRESSCHECK_URL": "https://packages.example.org/index"}, "is no address"),
    "an address with a password": ({"PRESSCHECK_URL": "https://a:b@packages.example.org"}, "is no address"),
    "an address with a port that is none": (
        {"PRESSCHECK_URL": "https://packages.example.org:x"},
        "is no address",
    ),
    "any host": ({"PRESSCHECK_ALLOWED_HOSTS": "packages.example.org,*"}, "names that are not its own"),
    "any host of a domain": ({"PRESSCHECK_ALLOWED_HOSTS": "*.example.org"}, "names that are not its own"),
    "a location that is no path": ({"PRESSCHECK_ACCEL": "objects"}, "is no path"),
    "a location on another host": ({"PRESSCHECK_ACCEL": "//objects"}, "is no path"),
    "files that nobody sends": ({"PRESSCHECK_ACCEL": "/objects"}, "files would come empty"),
    "metrics behind a short token": ({"PRESSCHECK_METRICS_TOKEN": "metrics"}, "can be guessed"),
    "a network that is none": (
        {"PRESSCHECK_OUTBOUND_ALLOW": "ci.example, 10.1.0.0/99"},
        "PRESSCHECK_OUTBOUND_ALLOW",
    ),
    "a host with its port": (
        {"PRESSCHECK_OUTBOUND_ALLOW": "ci.example:8443"},
        "'ci.example:8443' is no host, address or network",
    ),
    "an address of the web for a host": (
        {"PRESSCHECK_OUTBOUND_ALLOW": "https://ci.example"},
        "PRESSCHECK_OUTBOUND_ALLOW",
    ),
    "hosts of a domain": ({"PRESSCHECK_OUTBOUND_ALLOW": "*.example"}, "is no host"),
    "everybody a proxy": ({"PRESSCHECK_TRUSTED_PROXIES": "0.0.0.0/0"}, "everybody may say"),
    "everybody a proxy, IPv6": ({"PRESSCHECK_TRUSTED_PROXIES": "::/0"}, "everybody may say"),
    "a proxy by name": ({"PRESSCHECK_TRUSTED_PROXIES": "nginx"}, "is no address, no network"),
    "an upstream that is no address": (
        {"PRESSCHECK_UPSTREAM_INDEX": "index.example.org"},
        "is no base address",
    ),
    "an upstream with a password": (
        {"PRESSCHECK_UPSTREAM_INDEX": "https://a:b@index.example.org/simple"},
        "is no base address",
    ),
    "an upstream with a query": (
        {"PRESSCHECK_UPSTREAM_INDEX": "https://index.example.org/simple?a=b"},
        "is no base address",
    ),
    "an upstream that is this server": (
        {
            "PRESSCHECK_URL": "https://packages.example.org",
            "PRESSCHECK_UPSTREAM_INDEX": "https://packages.example.org/simple/",
        },
        "which is this server",
    ),
    "an upstream by two names": (
        {
            "PRESSCHECK_UPSTREAM_INDEX": "https://index.example.org/simple",
            "PRESSCHECK_RESOLVE_INDEX": "https://other.example.org/simple",
        },
        "say different addresses",
    ),
    "own names that match nothing": ({"PRESSCHECK_OWN_NAMES": "acme/*"}, "matches no project"),
    "a limit that is no number": ({"PRESSCHECK_THREADS": "many"}, "no whole number above 0"),
    "a limit of nothing": ({"PRESSCHECK_FILE_SIZE_LIMIT": "0"}, "no whole number above 0"),
    "a time that never ends": ({"PRESSCHECK_SWEEP_SECONDS": "inf"}, "no number above 0"),
    "a secret that is not mounted": ({"PRESSCHECK_SECRET_KEY_FILE": "/nowhere/key"}, "which cannot be read"),
    "a data folder that cannot be": ({"PRESSCHECK_DATA": "/proc/nothing"}, "cannot be made"),
}


@pytest.mark.parametrize(("shape", "words"), DANGEROUS.values(), ids=DANGEROUS.keys())
def test_what_would_hurt_is_refused(tmp_path, shape, words):
    answer = read(tmp_path, **shape)
    assert answer.returncode != 0
    assert words in answer.stderr.splitlines()[-1]


def test_every_reason_is_said_at_once(tmp_path):
    shape = {"PRESSCHECK_URL": "http://packages.example.org", "PRESSCHECK_ALLOWED_HOSTS": "*"}
    answer = run(tmp_path, "manage.py", "doctor", **shape)
    assert answer.returncode == 1
    assert answer.stderr.startswith("Refused: PRESSCHECK_URL is")
    assert "PRESSCHECK_ALLOWED_HOSTS has" in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_a_server_says_why_it_does_not_start(tmp_path):
    told = ("--no-sample", "--port", str(free_port()))
    answer = run(tmp_path, "manage.py", "up", *told, PRESSCHECK_SECRET_KEY="hunter2")
    assert answer.returncode == 1
    assert "PRESSCHECK_SECRET_KEY can be guessed" in answer.stderr
    assert answer.stderr.count("\n") == 1


def test_nothing_switches_debugging_on(tmp_path):
    """It is true that there is no setting for pages with sources and settings on them."""
    switches = dict.fromkeys(["DEBUG", "DJANGO_DEBUG", "PRESSCHECK_DEBUG"], "1")
    assert read(tmp_path, **switches).stdout == "False\n"


@pytest.mark.parametrize("address", ["0.0.0.0:0", "[::]:0"])
def test_gunicorn_does_not_serve_http_to_other_machines(tmp_path, address):
    """It is true that without https in PRESSCHECK_URL gunicorn listens on loopback alone."""
    answer = run(tmp_path, "-m", "gunicorn", "--config", "config/gunicorn.py", "--bind", address)
    assert answer.returncode == 1
    assert "must not travel in the clear" in answer.stderr
    assert "Listening at" not in answer.stderr


def test_a_form_leads_to_the_named_provider_and_to_nobody_else(tmp_path):
    """It is true that browsers are told of the one other origin to which a sign-in may lead."""
    show = "import django; django.setup(); from config import csp; print(csp.PAGE)"
    shape = {**SIGN_ON, "DJANGO_SETTINGS_MODULE": "config.settings"}
    assert "form-action 'self' https://login.example.org;" in run(tmp_path, "-c", show, **shape).stdout
    shape["PRESSCHECK_OIDC_ISSUER"] = ""
    assert "form-action 'self';" in run(tmp_path, "-c", show, **shape).stdout
