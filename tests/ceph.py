"""A real S3 server for the tests: Ceph's gateway over one monitor and one object store in memory, on loopback."""

import os
import subprocess
import uuid
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.processes import free_port, program, running

PACKAGES = "radosgw ceph-mon ceph-osd ceph-mgr ceph-common"
KEY, SECRET = "presscheck-tests", "a secret of the tests alone"
CONFIGURATION = """
[global]
fsid = {fsid}
mon host = {monitors}
auth cluster required = cephx
auth service required = cephx
auth client required = cephx
auth allow insecure global id reclaim = false
osd pool default size = 1
osd pool default min size = 1
osd pool default pg num = 8
osd pool default pgp num = 8
osd pool default pg autoscale mode = off
osd crush chooseleaf type = 0
mon allow pool size one = true
mon max pg per osd = 5000
mon data avail warn = 1
mon data avail crit = 0
ms bind ipv6 = false
public network = 127.0.0.0/8
cluster network = 127.0.0.0/8
public addr = 127.0.0.1
cluster addr = 127.0.0.1
run dir = {folder}
admin socket = {folder}/$name.asok
log file = /dev/null
mon cluster log file = /dev/null
pid file = {folder}/$name.pid
mon data = {folder}/mon
osd data = {folder}/osd
keyring = {folder}/keyring
osd objectstore = memstore
memstore device bytes = 4294967296
osd heartbeat use min delay socket = false
rgw dns name = 127.0.0.1
rgw thread pool size = 64
rgw crypt require ssl = false
"""
MAY = {
    "mon.": ["mon"],
    "client.admin": ["mon", "osd", "mgr"],
    "osd.0": ["mon", "osd", "mgr"],
    "client.rgw.a": ["mon", "osd", "mgr"],
}


@contextmanager
def s3(folder: Path) -> Iterator[dict[str, str]]:
    """An S3 server with one user. Yields its settings; each test process makes a bucket of its own."""
    for name in ("ceph-mon", "ceph-osd", "ceph-authtool", "ceph", "radosgw"):
        program(name, PACKAGES)
    home = folder / "ceph"
    for name in ("mon", "osd"):
        (home / name).mkdir(parents=True)
    monitor, legacy, port = free_port(), free_port(), free_port()
    monitors = f"[v2:127.0.0.1:{monitor},v1:127.0.0.1:{legacy}]"
    fsid = str(uuid.uuid4())
    (home / "ceph.conf").write_text(CONFIGURATION.format(fsid=fsid, monitors=monitors, folder=home))
    _keys(home)
    with ExitStack() as stack:
        environment = {**os.environ, "CEPH_CONF": str(home / "ceph.conf")}

        def do(*command: str) -> None:
            subprocess.run(command, check=True, cwd=home, env=environment, capture_output=True)

        def serve(*command: str, port: int) -> None:
            stack.enter_context(running(list(command), port, cwd=home, env=environment))

        do("monmaptool", "--create", "--fsid", fsid, "--addv", "a", monitors, "monmap")
        do("ceph-mon", "--mkfs", "-i", "a", "--monmap", "monmap", "--keyring", "keyring")
        serve("ceph-mon", "-i", "a", "-f", port=monitor)
        store = str(uuid.uuid4())
        do("ceph", "osd", "new", store, "0")
        do("ceph-osd", "-i", "0", "--mkfs", "--osd-uuid", store)
        # It takes a port of its own choice: the gateway, which needs it, answers when both do.
        serve("ceph-osd", "-i", "0", "-f", port=monitor)
        at = f"beast endpoint=127.0.0.1:{port}"
        serve("radosgw", "-n", "client.rgw.a", "-f", "--rgw-frontends", at, port=port)
        who = ("--uid", "tests", "--display-name", "tests")
        do("radosgw-admin", "user", "create", *who, "--access-key", KEY, "--secret", SECRET)
        yield {
            "PRESSCHECK_S3_ENDPOINT": f"http://127.0.0.1:{port}",
            "PRESSCHECK_S3_BUCKET": "presscheck",
            "AWS_ACCESS_KEY_ID": KEY,
            "AWS_SECRET_ACCESS_KEY": SECRET,
        }


def _keys(home: Path) -> None:
    make = ["ceph-authtool", "--create-keyring"]
    for name, services in MAY.items():
        may = [part for service in services for part in ("--cap", service, "allow *")]
        command = [*make, str(home / "keyring"), "--gen-key", "-n", name, *may]
        subprocess.run(command, check=True, capture_output=True)
        make = ["ceph-authtool"]
