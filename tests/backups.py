"""Backups for the tests: something to keep, other places to restore it to, and a server on what came back."""

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings
from django.db import connection
from django.test import Client

from drafts.models import EvidenceLog, File
from drafts.operations import backup
from drafts.storage import new_object_id, storage
from tests import wheels
from tests.conftest import draft_url, publish
from tests.live import CODE, Live, Program, eventually
from tests.processes import free_port


def manage(data: Path, *arguments: str, **more: str) -> subprocess.CompletedProcess:
    """A command on another data folder."""
    environment = {**os.environ, "PRESSCHECK_DATA": str(data), **more}
    command = [sys.executable, "manage.py", *arguments]
    return subprocess.run(command, cwd=CODE, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def full(draft, ci, mike, rita):
    """A published release, a draft that replaced a file, and a log."""
    browser = Client()
    browser.force_login(rita)
    file = draft.files.first()
    browser.post(draft_url(draft, "evidence-add"), {"log": f"{file.sha256}  {file.filename}\n"})
    publish(draft, mike)
    for seed in ("one", "two"):
        files = {"sampleproject/__init__.py": seed.encode()}
        assert ci.upload(wheels.wheel(version="2.0", files=files)).status_code == 200
    assert (File.objects.count(), EvidenceLog.objects.count()) == (4, 1)


def made(folder: Path) -> tuple[Path, list[str]]:
    """Make a backup; returns its folder, and the lines that were said."""
    said: list[str] = []
    backup.make(folder, say=said.append)
    return folder, said


def whole(data: Path, **more: str) -> None:
    """Fails unless every chain of events and every stored byte of a restored copy holds."""
    for command in ("verify_audit", "verify_storage"):
        done = manage(data, command, **more)
        assert (done.returncode, done.stdout) == (0, ""), done.stderr


@pytest.fixture
def another_database(transactional_db):
    """The setting that names an empty database beside the tests' one."""
    name = f"restored_{os.getpid()}"
    with connection.cursor() as cursor:
        cursor.execute(f"CREATE DATABASE {name}")
    yield {"DATABASE_URL": urlsplit(os.environ["DATABASE_URL"])._replace(path=f"/{name}").geturl()}
    with connection.cursor() as cursor:
        cursor.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def another_bucket():
    """The setting that names an empty bucket beside the tests' one."""
    name = f"restored-{new_object_id()}"
    storage()._client.create_bucket(Bucket=name)
    return {"PRESSCHECK_S3_BUCKET": name, "PRESSCHECK_S3_ENDPOINT": settings.PRESSCHECK_S3_ENDPOINT}


@contextmanager
def served(data: Path, **more: str) -> Iterator[Live]:
    """Run a web server on a data folder for the time of a block."""
    port = free_port()
    data.mkdir(parents=True, exist_ok=True)
    told = {"PRESSCHECK_DATA": str(data), "PRESSCHECK_URL": f"http://localhost:{port}", **more}
    bind = ("--bind", f"127.0.0.1:{port}", "--workers", "1")
    web = Program("restored", "-m", "gunicorn", "--config", "config/gunicorn.py", *bind, environment=told)
    server = Live(web, url=f"http://localhost:{port}", host=f"localhost:{port}", port=port)

    def serves() -> bool:
        assert web.is_alive, web.log()
        try:
            return server.get("/healthz").status == 200
        except OSError:
            return False

    web.start()
    try:
        eventually(serves)
        yield server
    finally:
        web.stop()
