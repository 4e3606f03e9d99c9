"""It is true that a command which meets a store that is down says so in one line and exits 1."""

import pytest

from drafts.storage.errors import StorageDown, StorageFull, StorageRefuses
from tests import backups
from tests.fault_proxy import Fault
from tests.test_commands import manage

__all__ = ["manage"]
pytestmark = pytest.mark.django_db(transaction=True)
DOWN = "the store of files does not answer (EndpointConnectionError): try again in a moment"


@pytest.mark.parametrize("command", ["verify_storage", "backup", "doctor", "prepare"])
@pytest.mark.parametrize("error", [StorageDown, StorageFull, StorageRefuses])
def test_whatever_a_store_raises_is_one_line(manage, monkeypatch, command, error):
    """It is true of every command, because it is said where all of them begin."""
    from django.core.management import load_command_class

    def fails(_self, **_told) -> None:
        raise error("the store is not well: wait")

    monkeypatch.setattr(type(load_command_class("drafts", command)), "handle", fails)
    arguments = [command, "somewhere"] if command == "backup" else [command]
    assert manage(*arguments) == (1, "", "Refused: the store is not well: wait\n")


@pytest.mark.services
def test_a_store_that_is_down_ends_a_command_in_words(manage, draft, settings, tmp_path):
    settings.PRESSCHECK_S3_ENDPOINT = "http://127.0.0.1:9"
    code, out, err = manage("verify_storage")
    assert (code, err) == (1, f"Refused: {DOWN}\n")
    assert out.count("cannot be read: the store of files does not answer") == 2
    assert manage("backup", str(tmp_path / "backup")) == (1, "", f"Refused: {DOWN}\n")
    assert not (tmp_path / "backup" / "backup.json").exists()
    assert manage("doctor", "--fix") == (1, "", f"Refused: {DOWN}\n")
    code, out, err = manage("doctor")
    assert (code, err) == (1, "Refused: not well: storage\n")
    assert f"storage: StorageDown: {DOWN}" in out
    code, _, err = manage("prepare")  # which needs no store where there is a project already
    assert (code, err) == (0, "")


@pytest.mark.services
def test_a_full_store_ends_a_restore_in_words(full, proxy, tmp_path, another_bucket, another_database):
    """It is true that the database stays empty, so that the restore can be begun again when there is room."""
    folder, _ = backups.made(tmp_path / "backup")
    elsewhere = {**another_bucket, **another_database, "PRESSCHECK_S3_ENDPOINT": proxy.url}
    proxy.faults.append(Fault("507", lambda method, _path: method == "PUT"))
    done = backups.manage(tmp_path / "new", "restore", str(folder), **elsewhere)
    assert done.returncode == 1
    assert done.stderr.endswith(
        "Refused: the store is full: nothing was kept; try again when the operator has made room\n"
    )
    assert "Traceback" not in done.stderr
    proxy.faults.clear()
    done = backups.manage(tmp_path / "new", "restore", str(folder), **elsewhere)
    assert done.returncode == 0, done.stderr


@pytest.mark.services
@pytest.mark.parametrize("command", [("prepare", "--sample"), ("up", "--port", "{port}")])
def test_a_first_start_without_its_store_is_refused_in_words(tmp_path, another_database, command):
    from tests.processes import free_port

    arguments = [one.format(port=free_port()) for one in command]
    elsewhere = {**another_database, "PRESSCHECK_S3_ENDPOINT": "http://127.0.0.1:9", "PRESSCHECK_URL": ""}
    done = backups.manage(tmp_path / "new", *arguments, **elsewhere)
    assert (done.returncode, done.stdout) == (1, "")
    assert DOWN in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
