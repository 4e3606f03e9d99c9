"""A Presscheck to be loaded: started as operators start it, on a shape, with a project, and ended with the block it serves."""

import http.cookiejar
import os
import re
import secrets
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from base64 import b32decode, b32encode
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.twofactor.hotp import HOTP

from tests.processes import free_port

CODE = Path(__file__).resolve().parent.parent.parent
OWNER = "alice@example.org"
PATIENCE = 120
INSPECTION_SECONDS = 300
FOREIGN = ("PRESSCHECK_", "DJANGO_", "DATABASE_URL", "REDIS_URL", "AWS_")


class NotWell(Exception):
    """The server did not start, or a command failed; the text is what it said."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server, and its operator's command line."""

    url: str
    data: Path
    environment: dict[str, str]

    def manage(self, *arguments: str) -> str:
        """Run a command; its standard output. Raises NotWell."""
        done = subprocess.run(
            [sys.executable, "manage.py", *arguments],
            cwd=CODE,
            env=self.environment,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise NotWell(done.stderr.strip())
        return done.stdout.strip()

    def publish_seconds(self) -> tuple[float, float]:
        """Return how long the worker copied and hashed, and how long its transaction took, from its log."""
        log = (self.data / "logs" / "worker.log").read_text(encoding="utf-8")
        found = re.findall(r"copied and hashed in ([\d.]+) s, shown by a transaction of ([\d.]+) s", log)
        return float(found[-1][0]), float(found[-1][1])


@contextmanager
def running(shape: str) -> Iterator[Server]:
    """``manage.py up`` on an empty embedded shape, or on the services that the environment names. Raises NotWell."""
    with ExitStack() as stack:
        data = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="presscheck-load-")))
        own = {name: value for name, value in os.environ.items() if not name.startswith(FOREIGN)}
        more = stack.enter_context(_services()) if shape == "services" else {}
        port = free_port()
        url = f"http://localhost:{port}"
        environment = {**own, **more, "PRESSCHECK_DATA": str(data), "PRESSCHECK_URL": url}
        command = [sys.executable, "manage.py", "up", "--port", str(port), "--no-sample"]
        output = stack.enter_context((data / "up.log").open("wb"))
        process = subprocess.Popen(command, cwd=CODE, env=environment, stdout=output, stderr=output)
        stack.callback(_end, process)
        deadline = time.monotonic() + PATIENCE
        while "Ctrl-C" not in (said := (data / "up.log").read_text(encoding="utf-8")):
            if process.poll() is not None or time.monotonic() > deadline:
                raise NotWell(said)
            time.sleep(0.05)
        yield Server(url, data, environment)


def _end(process: "subprocess.Popen[bytes]") -> None:
    process.terminate()
    process.wait(60)


@contextmanager
def _services() -> Iterator[dict[str, str]]:
    """A database and a bucket of their own on the servers that ``tests.services`` started."""
    import boto3
    import psycopg
    import redis

    server, redis_url = os.environ["DATABASE_URL"].rpartition("/")[0], os.environ["REDIS_URL"]
    name = f"presscheck_load_{os.getpid()}"
    bucket = name.replace("_", "-")
    with psycopg.connect(f"{server}/postgres", autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
        keys = {name: os.environ[name] for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY")}
        store = boto3.client(
            "s3",
            endpoint_url=os.environ["PRESSCHECK_S3_ENDPOINT"],
            region_name="us-east-1",
            aws_access_key_id=keys["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=keys["AWS_SECRET_ACCESS_KEY"],
        )
        store.create_bucket(Bucket=bucket)
        own_redis = f"{redis_url.rpartition('/')[0]}/15"
        try:
            yield {
                **keys,
                "DATABASE_URL": f"{server}/{name}",
                "REDIS_URL": own_redis,
                "PRESSCHECK_S3_ENDPOINT": os.environ["PRESSCHECK_S3_ENDPOINT"],
                "PRESSCHECK_S3_BUCKET": bucket,
                "PRESSCHECK_SECRET_KEY": secrets.token_urlsafe(48),
            }
        finally:
            connection.execute(f"DROP DATABASE {name} WITH (FORCE)")
            redis.Redis.from_url(own_redis).flushdb()
            for page in store.get_paginator("list_objects_v2").paginate(Bucket=bucket):
                for one in page.get("Contents", []):
                    store.delete_object(Bucket=bucket, Key=one["Key"])
            store.delete_bucket(Bucket=bucket)


class Maintainer:
    """The owner at the pages: cookies, forms, redirects, and codes of an authenticator."""

    def __init__(self, server: Server) -> None:
        """Make the person and sign in."""
        self._server = server
        self._password, secret = secrets.token_urlsafe(16), b32encode(secrets.token_bytes(20)).decode()
        self._secret = secret
        path = server.data / "password"
        path.write_text(self._password, encoding="ascii")
        server.manage("adduser", OWNER, "--password-file", str(path), "--totp-secret", secret)
        cookies = urllib.request.HTTPCookieProcessor(http.cookiejar.CookieJar())
        self._opener = urllib.request.build_opener(urllib.request.ProxyHandler({}), cookies)

    def _open(self, path: str, data: bytes | None = None) -> str:
        with self._opener.open(self._server.url + path, data, timeout=PATIENCE) as answer:
            return str(answer.read().decode())

    def _submit(self, path: str, page: str, **fields: str) -> str:
        token = _field(page, "csrfmiddlewaretoken")
        return self._open(path, urllib.parse.urlencode({"csrfmiddlewaretoken": token, **fields}).encode())

    def sign_in(self) -> None:
        """Give password and code."""
        path = "/accounts/login/"
        page = self._submit(path, self._open(path), login=OWNER, password=self._password)
        self._submit("/accounts/2fa/authenticate/", page, code=self._code(0))

    def wait_for_inspections(self, path: str, *, seconds: float = INSPECTION_SECONDS) -> None:
        """Ask for a draft's page until its files are inspected: before that nothing is published. Raises NotWell."""
        deadline = time.monotonic() + seconds
        while "Being inspected" in self._open(path):
            if time.monotonic() > deadline:
                raise NotWell("the files were not inspected in time")
            time.sleep(0.5)

    def publish(self, path: str) -> None:
        """Press Publish on what the confirmation page shows."""
        self.press(path, self.confirmation(path))

    def confirmation(self, path: str) -> str:
        """Open the confirmation page."""
        return self._open(path)

    def press(self, path: str, page: str) -> None:
        """Press its button."""
        self._submit(path, page, fingerprint=_field(page, "fingerprint"), code=self._code(1))

    def _code(self, ahead: int) -> str:
        """Return the code of the time step so many after this one; each is good once."""
        key = b32decode(self._secret)
        return (
            HOTP(key, 6, SHA1(), enforce_key_length=False).generate(int(time.time()) // 30 + ahead).decode()
        )


def _field(page: str, name: str) -> str:
    found = re.search(rf'name="{name}" value="(\w+)"', page)
    if found is None:
        raise NotWell(f"the page has no field {name}")
    return found[1]
