"""From the click to the index page that shows a release, against hashing the same files in the same minute.

``python -m bench.publishing --files 100 --megabytes 20``: real processes, embedded or (``--shape services``, under ``tests.services``)
on PostgreSQL, Redis and S3. The bytes lie below TMPDIR while it runs: twice ``files × megabytes``.
"""

import argparse
import base64
import hashlib
import http.client
import os
import subprocess
import sys
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import urlsplit

from bench.load import serving
from bench.load.serving import OWNER, Maintainer, NotWell, Server
from tests import wheels

NAME, VERSION, MB = "click", "1.0", 1_000_000
_ASK_SECONDS = 0.005
_PATIENCE_SECONDS = 900
_BOUNDARY = "bench-bench-bench"


def _wheel(number: int, megabytes: int) -> wheels.Built:
    files = {"click/data.bin": os.urandom(megabytes * MB)} if megabytes else {}
    salt, stored = str(number), zipfile.ZIP_STORED
    return wheels.wheel(NAME, VERSION, build=salt, salt=salt, files=files, compression=stored)


def _form(built: wheels.Built) -> bytes:
    fields = {":action": "file_upload", "protocol_version": "1", "name": NAME, "version": VERSION}
    fields |= {"filetype": "bdist_wheel", "metadata_version": "2.1", "sha256_digest": built.sha256}
    head = "".join(
        f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'
        for name, value in fields.items()
    )
    head += f'--{_BOUNDARY}\r\nContent-Disposition: form-data; name="content"; filename="{built.filename}"\r\n\r\n'
    return head.encode() + built.data + f"\r\n--{_BOUNDARY}--\r\n".encode()


def fill(server: Server, folder: Path, files: int, megabytes: int) -> None:
    """Upload the files one after the other, and keep a copy of each in a folder."""
    token = server.manage("token", NAME)
    basic = base64.b64encode(f"__token__:{token}".encode()).decode()
    headers = {
        "Authorization": f"Basic {basic}",
        "Content-Type": f"multipart/form-data; boundary={_BOUNDARY}",
    }
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=300)
    for number in range(1, files + 1):
        built = _wheel(number, megabytes)
        (folder / built.filename).write_bytes(built.data)
        connection.request("POST", "/legacy/", _form(built), headers)
        answer = connection.getresponse()
        if (said := answer.read()) and answer.status != http.client.OK:
            raise NotWell(said.decode())
    connection.close()


def shown(server: Server, files: int) -> bool:
    """Say whether the index page lists all files."""
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    connection.request("GET", f"/simple/{NAME}/")
    text = connection.getresponse().read().decode()
    connection.close()
    return text.count("<a ") >= files


def click(server: Server, maintainer: Maintainer, files: int) -> float:
    """Press Publish and return the seconds until the index page shows it."""
    path = f"/projects/{NAME}/drafts/{VERSION}/publish/"
    page = maintainer.confirmation(path)
    began = time.monotonic()
    maintainer.press(path, page)
    while not shown(server, files):
        if time.monotonic() - began > _PATIENCE_SECONDS:
            raise NotWell("the release was not published")
        time.sleep(_ASK_SECONDS)
    return time.monotonic() - began


def hashing(folder: Path) -> tuple[float, float]:
    """Return how long the files take to hash: by threads on all processors, and by one sha256sum."""
    paths = sorted(folder.iterdir())
    began = time.monotonic()
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(_digest, paths))
    threads = time.monotonic() - began
    began = time.monotonic()
    subprocess.run(["sha256sum", *map(str, paths)], check=True, stdout=subprocess.DEVNULL)
    return threads, time.monotonic() - began


def _digest(path: Path) -> str:
    with path.open("rb") as stored:
        return hashlib.file_digest(stored, "sha256").hexdigest()


def main() -> int:
    """Fill a draft, publish it, print one line of Markdown."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--files", type=int, default=100)
    parser.add_argument("--megabytes", type=int, default=20)
    parser.add_argument("--shape", choices=["embedded", "services"], default="embedded")
    told = parser.parse_args()
    with serving.running(told.shape) as server, TemporaryDirectory(prefix="presscheck-click-") as copies:
        maintainer = Maintainer(server)
        server.manage("createproject", NAME, "--owner", OWNER)
        fill(server, Path(copies), told.files, told.megabytes)
        maintainer.sign_in()
        maintainer.wait_for_inspections(f"/projects/{NAME}/drafts/{VERSION}/", seconds=_PATIENCE_SECONDS)
        before = hashing(Path(copies))
        seconds = click(server, maintainer, told.files)
        after = hashing(Path(copies))
        threads, alone = (min(pair) for pair in zip(before, after, strict=True))
        hashed, transaction = server.publish_seconds()
    print(
        "| files | click to visible | hashing alone | beyond it | sha256sum | copied and hashed | transaction |"
    )
    print("|---|---|---|---|---|---|---|")
    print(
        f"| {told.files} of {told.megabytes or 'under 1'} MB | {seconds:.2f} s | {threads:.2f} s | "
        f"{seconds - threads:.2f} s | {alone:.2f} s | {hashed:.2f} s | {transaction:.3f} s |"
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
