"""Bytes in a real S3 store: written, read, copied, handed out and swept."""

import hashlib
import os
import urllib.error
import urllib.request
from dataclasses import replace
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from django.conf import settings as django_settings
from django.test import Client

from drafts.models import File
from drafts.storage import NoSuchObject, StorageDown, new_object_id, storage
from tests import stored, wheels
from tests.conftest import publish
from tests.stored import NAME, everything, kept, link_to

pytestmark = [
    pytest.mark.services,
    pytest.mark.django_db,
]
WHEEL = wheels.wheel()


@pytest.fixture
def s3(small_parts):
    """The store, with parts and copies small enough for a test."""
    return storage()


MIB = 1024 * 1024
SIZES = [1, 5 * MIB - 1, 5 * MIB, 5 * MIB + 1, 10 * MIB, 12 * MIB + 345]


@pytest.mark.parametrize("size", SIZES)
def test_bytes_come_back_as_they_were(s3, size):
    data = os.urandom(size)
    one = kept(data, public=True)
    assert s3.size(replace(one, public_id="")) == size
    with s3.open(one.object_id, NAME) as file:
        assert hashlib.sha256(file.read()).digest() == hashlib.sha256(data).digest()
    for _ in range(2):  # copying again is fine
        s3.promote(one)
        assert s3.size(one) == size
        with s3.open_public(one) as file:
            assert file.read() == data
    assert s3.local_path(one.object_id, NAME) is None
    s3.delete(one.object_id)
    s3.delete_public(one.public_id)
    assert not everything() & {one.object_id, one.public_id}
    s3.delete(one.object_id)


def test_a_file_of_the_store_can_be_read_from_anywhere(s3):
    """It is true that seeking reads what a local file would read, also across the window's edges and beyond the end."""
    data = os.urandom(2 * MIB)
    one = kept(data)
    with s3.open(one.object_id, NAME) as file:
        for start, size in [(0, 4), (len(data) - 22, 22), (256 * 1024 - 1, 3), (7, MIB), (len(data), 1)]:
            file.seek(start)
            assert file.read(size) == data[start : start + size]
        assert file.seek(-5, os.SEEK_END) == len(data) - 5
        assert file.read() == data[-5:]
        with pytest.raises(ValueError, match="before the beginning"):
            file.seek(-1)


def test_nothing_is_there_before_commit_or_after_abort(s3):
    before = everything()
    object_id = new_object_id()
    writer = s3.create(object_id, NAME)
    writer.write(b"x" * 11 * MIB)
    with writer.reader() as file:
        assert file.seek(0, os.SEEK_END) == 11 * MIB
    with pytest.raises(NoSuchObject, match=NAME):
        s3.open(object_id, NAME)
    assert everything() == before | {object_id}  # half-sent files are seen, so that the sweep can take them
    writer.abort()
    assert everything() == before


def test_a_half_sent_file_whose_process_died_is_swept(s3):
    writer = s3.create(object_id := new_object_id(), NAME)
    writer.write(b"x" * 6 * MIB)
    s3.delete(object_id)
    assert object_id not in everything()
    writer._file.close()


def test_a_file_that_was_replaced_while_it_is_read_is_refused(s3):
    """It is true that bytes of two objects are never mixed: the ETag of what was opened holds for every piece."""
    one = kept(b"a" * MIB)
    with s3.open(one.object_id, NAME) as file:
        file.read(10)
        where = {"Bucket": django_settings.PRESSCHECK_S3_BUCKET, "Key": f"staged/{one.object_id}/{NAME}"}
        s3._client.put_object(**where, Body=b"b" * MIB)
        file.seek(MIB - 10)
        with pytest.raises(StorageDown):
            file.read()


@pytest.mark.parametrize(
    ("object_id", "name"), [("../x", NAME), ("0" * 32, ".."), ("0" * 32, "a/b"), ("", NAME)]
)
def test_no_other_key_can_be_named(s3, object_id, name):
    with pytest.raises(NoSuchObject):
        s3.create(object_id, name)
    with pytest.raises(NoSuchObject):
        s3.open(object_id, name)


def test_memory_does_not_grow_with_the_file():
    import tracemalloc

    writer = storage().create(new_object_id(), NAME)
    chunk = os.urandom(MIB)
    tracemalloc.start()
    try:
        for _ in range(40):
            writer.write(chunk)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
        writer.abort()
    assert peak < 8 * MIB


def test_a_staged_file_leads_to_an_address_that_ends_soon(draft):
    file = draft.files.get(filetype="bdist_wheel")
    path = link_to(draft, file)
    response = Client().get(path)
    assert response.status_code == 302
    assert "no-store" in response["Cache-Control"]
    assert int(parse_qs(urlsplit(response["Location"]).query)["X-Amz-Expires"][0]) <= 60
    with urllib.request.urlopen(response["Location"]) as answer:
        assert answer.read() == WHEEL.data
        assert "no-store" in answer.headers["Cache-Control"]
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{file.filename}"'
    head = Client().head(path)
    assert (head.status_code, head["Content-Length"]) == (200, str(WHEEL.size))
    metadata = Client().get(path + ".metadata")
    assert metadata.status_code == 200
    assert stored.fetched(metadata) == wheels.core_metadata("sampleproject", "1.0")


def test_nothing_is_read_without_a_signature(draft):
    file = draft.files.get(filetype="bdist_wheel")
    location = Client().get(link_to(draft, file))["Location"]
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(location.partition("?")[0])


def _another_key(address: str, draft) -> urllib.request.Request:
    wheel, sdist = (draft.files.get(filetype=one) for one in ("bdist_wheel", "sdist"))
    path = address.replace(wheel.object_id, sdist.object_id).replace(wheel.filename, sdist.filename)
    return urllib.request.Request(path)


def _longer(address: str, _draft) -> urllib.request.Request:
    return urllib.request.Request(address.replace("X-Amz-Expires=60", "X-Amz-Expires=6000"))


def _write(address: str, _draft) -> urllib.request.Request:
    return urllib.request.Request(address, data=b"other bytes", method="PUT")


def _delete(address: str, _draft) -> urllib.request.Request:
    return urllib.request.Request(address, method="DELETE")


def _list(address: str, draft) -> urllib.request.Request:
    file = draft.files.get(filetype="bdist_wheel")
    return urllib.request.Request(address.replace(f"/staged/{file.object_id}/{file.filename}", ""))


@pytest.mark.parametrize("make", [_another_key, _longer, _write, _delete, _list])
def test_an_address_gives_one_file_and_nothing_else(draft, make):
    """It is true that who is led to a staged file can neither write nor list, and learns no other file's name."""
    wheel, sdist = (draft.files.get(filetype=one) for one in ("bdist_wheel", "sdist"))
    address = Client().get(link_to(draft, wheel))["Location"]
    assert not any(one in address for one in (sdist.object_id, sdist.filename, sdist.handle, wheel.handle))
    asked = make(address, draft)
    assert (asked.full_url, asked.get_method()) != (address, "GET")
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(asked)
    with storage().open(wheel.object_id, wheel.filename) as file:
        assert file.read() == WHEEL.data


@pytest.mark.parametrize("cdn", ["", "https://files.example"])
def test_a_published_file_leads_to_its_public_copy(draft, mike, mikes, settings, cdn):
    settings.PRESSCHECK_FILES_URL = cdn
    publish(draft, mike, mikes)
    file = File.objects.published().get(filetype="bdist_wheel")
    path = f"/files/{file.public_id}/{file.filename}"
    response = Client().get(path)
    assert response.status_code == 302
    if cdn:
        assert response["Location"] == f"{cdn}/public/{file.public_id}/{file.filename}"
        assert "immutable" not in response["Cache-Control"]
        return
    assert "no-store" in response["Cache-Control"]
    assert f"/public/{file.public_id}/" in response["Location"]
    assert stored.fetched(response) == WHEEL.data
    assert Client().head(path)["Content-Length"] == str(WHEEL.size)
    assert (
        hashlib.sha256(stored.fetched(Client().get(path + ".metadata"))).hexdigest() == file.metadata_sha256
    )
    assert Client().get(path, headers={"If-None-Match": f'"{file.sha256}"'}).status_code == 304


def test_a_cdn_finds_the_metadata_beside_the_file(draft, mike, mikes):
    """It is true that what an installer asks for beside a file is an object of that name in the public folder."""
    publish(draft, mike, mikes)
    file = File.objects.published().first()
    with storage().open_public(file.kept_metadata) as metadata:
        assert hashlib.sha256(metadata.read()).hexdigest() == file.metadata_sha256
    assert file.kept_metadata.filename == f"{file.filename}.metadata"


def test_files_on_their_way_have_no_name_on_this_machine(s3):
    scratch = Path(django_settings.STORAGE_DIR)
    writer = s3.create(new_object_id(), NAME)
    writer.write(b"x" * 1000)
    assert not list(scratch.iterdir())
    writer.abort()
