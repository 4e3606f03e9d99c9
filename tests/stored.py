"""Stored bytes behind the server's back: write them, change them, take them away; fetch them as a client does."""

import secrets
import shutil
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest
from django.conf import settings

from accounts.audit import Actor
from drafts.access import links
from drafts.models import Draft, File
from drafts.storage import METADATA, Kept, new_object_id, storage

NAME = "sampleproject-1.0.tar.gz"


def change(file: File, how: Callable[[bytes], bytes | None], *, metadata: bool = False) -> None:
    """Write what ``how`` makes of a staged file's bytes in their place; None takes them away."""
    change_object(file.object_id, METADATA if metadata else file.filename, how)


def change_object(object_id: str, name: str, how: Callable[[bytes], bytes | None]) -> None:
    """Write what ``how`` makes of a private object in its place; None takes it away."""
    with storage().open(object_id, name) as stored:
        data = how(stored.read())
    if path := storage().local_path(object_id, name):
        path.unlink() if data is None else path.write_bytes(data)
        return
    where = {"Bucket": settings.PRESSCHECK_S3_BUCKET, "Key": f"staged/{object_id}/{name}"}
    client = storage()._client
    client.delete_object(**where) if data is None else client.put_object(**where, Body=data)


def fetched(response) -> bytes:
    """The body of an answer that gives a file, or of where it leads: another server may have the bytes."""
    if response.status_code == 302 and response["Location"].startswith("http"):
        with urllib.request.urlopen(response["Location"], timeout=30) as answer:
            return answer.read()
    return b"".join(response.streaming_content) if response.streaming else response.content


def kept(data: bytes, *, public: bool = False) -> Kept:
    """Write an object in odd pieces; with a public id on demand, under which nothing lies yet."""
    object_id = new_object_id()
    writer = storage().create(object_id, NAME)
    for start in range(0, len(data), 999_983):
        writer.write(memoryview(data)[start : start + 999_983])
    writer.commit()
    return Kept(object_id, NAME, NAME, secrets.token_hex(16) if public else "")


def everything() -> set[str]:
    """The ids of all objects and of all public copies."""
    return {one for one, _ in [*storage().objects(), *storage().public_objects()]}


@pytest.fixture(autouse=True)
def _nothing_stored(_bucket):
    """Throw away what a test stored, so that none looks through the bytes of all before it; a bucket tells a thousand at once."""
    yield
    if not settings.PRESSCHECK_S3_BUCKET:
        for folder in Path(settings.STORAGE_DIR).glob("*"):
            shutil.rmtree(folder, ignore_errors=True)
        return
    client, where = storage()._client, {"Bucket": settings.PRESSCHECK_S3_BUCKET}
    for page in client.get_paginator("list_objects_v2").paginate(**where):
        if rows := page.get("Contents"):
            client.delete_objects(**where, Delete={"Objects": [{"Key": row["Key"]} for row in rows]})
    for page in client.get_paginator("list_multipart_uploads").paginate(**where):
        for row in page.get("Uploads", ()):
            client.abort_multipart_upload(**where, Key=row["Key"], UploadId=row["UploadId"])


def link_to(draft: Draft, file: File) -> str:
    """The address of a staged file under a new draft link."""
    token = links.token(links.make(draft=draft, by=Actor.system("tests")))
    return f"/draft/{token}/files/{file.handle}/{file.filename}"


@pytest.fixture
def small_parts(monkeypatch):
    """Parts and copies of an S3 store that are small enough for a test."""
    from drafts.storage import s3, s3_writer

    monkeypatch.setattr(s3_writer, "PART", 5 * 1024 * 1024)  # the least that stores take
    monkeypatch.setattr(s3, "WHOLE_COPY", 6 * 1024 * 1024)
    monkeypatch.setattr(s3, "COPY_PART", 5 * 1024 * 1024)


def read(object_id: str, name: str) -> bytes:
    """The bytes of a private object."""
    with storage().open(object_id, name) as there:
        return there.read()
