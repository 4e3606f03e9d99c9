"""PostgreSQL, Redis and S3 for the tests: started on free ports under a temporary folder, stopped when the command ends.

``python -m tests.services COMMAND...`` runs a command with the settings of all three. Without the servers' packages it says
so in one line: nothing is run, unless PRESSCHECK_REQUIRE_ALL=1, which makes that an error.
"""

import os
import pwd
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests import ceph
from tests.processes import Missing, Server, free_port, program, running

NOBODY = pwd.getpwnam("nobody")


@contextmanager
def postgresql(folder: Path) -> Iterator[tuple[str, Server]]:
    """A PostgreSQL server; as another user where this one is root, whom it refuses. Yields its DATABASE_URL, and it."""
    newest = sorted(
        Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name), reverse=True
    )
    initdb, server = (program(name, "postgresql", *newest) for name in ("initdb", "postgres"))
    home, port = folder / "postgresql", free_port()
    home.mkdir()
    as_user: dict = {"cwd": home, "env": {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8"}}
    if os.geteuid() == 0:
        folder.chmod(0o755)
        os.chown(home, NOBODY.pw_uid, NOBODY.pw_gid)
        as_user |= {"user": NOBODY.pw_uid, "group": NOBODY.pw_gid, "extra_groups": []}
    make = [initdb, "-D", str(home / "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
    subprocess.run(make, check=True, stdout=subprocess.DEVNULL, **as_user)
    options = ["listen_addresses=127.0.0.1", "fsync=off", "max_connections=300"]
    serve = [server, "-D", str(home / "data"), "-p", str(port), "-k", str(home)]
    with running(
        [*serve, *(part for option in options for part in ("-c", option))], port, **as_user
    ) as server:
        yield f"postgres://postgres@127.0.0.1:{port}/postgres", server


@contextmanager
def redis(folder: Path) -> Iterator[tuple[str, Server]]:
    """A Redis server that keeps nothing. Yields its REDIS_URL, and it."""
    server, port = program("redis-server", "redis-server"), free_port()
    command = [
        server,
        "--port",
        str(port),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--appendonly",
        "no",
        "--dir",
        str(folder),
    ]
    with running(command, port) as server:
        yield f"redis://127.0.0.1:{port}/0", server


def main(command: list[str]) -> int:
    """Run the command on the production shape; its exit code is the answer."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="presscheck-services-")))
        try:
            shape = {
                "DATABASE_URL": stack.enter_context(postgresql(folder))[0],
                "REDIS_URL": stack.enter_context(redis(folder))[0],
                **stack.enter_context(ceph.s3(folder)),
            }
        except Missing as missing:
            required = bool(os.environ.get("PRESSCHECK_REQUIRE_ALL"))
            sys.stderr.write(f"{missing}{'' if required else ': the production shape is not tested'}\n")
            return 1 if required else 0
        return subprocess.run(command, check=False, env={**os.environ, **shape}).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
