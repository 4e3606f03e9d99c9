"""Where the tests' server lives: an own data folder and port per test process, set before settings are read."""

import atexit
import os
import shutil
import socket
import sys
import tempfile

from hypothesis import HealthCheck, settings


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


_KEPT = {"PRESSCHECK_REQUIRE_ALL", "PRESSCHECK_S3_BUCKET", "PRESSCHECK_S3_ENDPOINT"}
for name in [name for name in os.environ if name.startswith("PRESSCHECK_") and name not in _KEPT]:
    del os.environ[name]
for name in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "all_proxy"):
    os.environ.pop(name, None)
# What one process compiled is kept for the next: hundreds are started, and asserts are costly to compile.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)
sys.dont_write_bytecode = False
DATA = tempfile.mkdtemp(prefix="presscheck-test-")
PORT = _free_port()
os.environ.update(
    PRESSCHECK_DATA=DATA,
    PRESSCHECK_URL=f"http://localhost:{PORT}",
    PRESSCHECK_JOB_LEASE_SECONDS="3",
    PRESSCHECK_SWEEP_SECONDS="1",
    DJANGO_ALLOW_ASYNC_UNSAFE="true",  # Playwright's loop runs in the thread that talks to the database
)
if _server := os.environ.get(
    "DATABASE_URL"
):  # a PostgreSQL server was started for the tests: one database per process
    os.environ["PRESSCHECK_SECRET_KEY"] = "for the tests alone, and as long as a key should be"
    os.environ["DATABASE_URL"] = f"{_server.rpartition('/')[0]}/presscheck_{os.getpid()}"
if _redis := os.environ.get("REDIS_URL"):
    _database = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
    os.environ["REDIS_URL"] = f"{_redis.rpartition('/')[0]}/{_database}"
if _bucket := os.environ.get("PRESSCHECK_S3_BUCKET"):  # made before the first test: one bucket per process
    os.environ["PRESSCHECK_S3_BUCKET"] = f"{_bucket}-{os.getpid()}"
# Nothing is judged by the clock: the machine may be busy with other things.
settings.register_profile(
    "busy", deadline=None, max_examples=50, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("busy")
atexit.register(shutil.rmtree, DATA, ignore_errors=True)
