"""The command line that scripts rely on: what it prints, where, and how it exits."""

import io
import re
import sys
from importlib import import_module
from pathlib import Path

import pytest
from django.conf import settings
from django.core.management import get_commands, load_command_class
from django.db import connection
from django.test import Client

from accounts.models import AuditEvent, User
from drafts import secrets
from drafts.models import DraftLink, Job, Membership, Project, Token
from drafts.storage import storage
from tests import wheels
from tests.conftest import PASSWORD, SECRETS, Ci, publish, sign_in
from tests.stored import change

pytestmark = pytest.mark.django_db(transaction=True)  # a command closes its connections

OURS = sorted(name for name, where in get_commands().items() if where == "drafts")


@pytest.fixture
def manage(capsys, monkeypatch):
    """Runs a command as the shell does; returns exit code, standard output, standard error."""

    def run(*arguments: str, stdin: str = "") -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "stdin", io.StringIO(stdin))
        code = 0
        try:
            load_command_class("drafts", arguments[0]).run_from_argv(["manage.py", *arguments])
        except SystemExit as end:
            code = end.code or 0
        said = capsys.readouterr()
        return code, said.out, said.err

    return run


def test_a_person_with_password_and_secret_can_sign_in_at_once(manage):
    told = [
        "adduser",
        "alice@example.org",
        "--name",
        "Alice",
        "--password-file",
        "-",
        "--totp-secret",
        SECRETS["alice"],
    ]
    assert manage(*told, stdin=f"{PASSWORD}\n") == (0, "", "")
    alice = User.objects.get()
    assert (alice.name, alice.is_staff, alice.is_enrolled) == ("Alice", False, True)
    assert sign_in(alice).get("/").status_code == 200


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_a_password_ends_where_its_line_ends(manage, tmp_path, ending):
    file = tmp_path / "password"
    file.write_bytes(f" {PASSWORD} {ending}".encode())
    assert manage("adduser", "alice@example.org", "--password-file", str(file), "--staff")[0] == 0
    assert User.objects.get(is_staff=True).check_password(f" {PASSWORD} ")


def test_a_person_without_password_gets_a_link_on_standard_error(manage):
    code, out, err = manage("adduser", "alice@example.org")
    assert (code, out) == (0, "")
    assert not User.objects.get().has_usable_password()
    path = re.search(rf"{settings.PRESSCHECK_URL}(/welcome/[\w-]+/)\n$", err)[1]
    assert Client().get(path).status_code == 200


def test_a_project_has_the_people_it_was_made_with(manage, alice, mike, rita, charlie):
    told = [
        "Sample_Project",
        "--owner",
        alice.email.upper(),
        "--maintainer",
        mike.email,
        "--maintainer",
        charlie.email,
    ]
    assert manage("createproject", *told, "--reviewer", rita.email) == (0, "", "")
    assert Project.objects.get().name == "sample-project"
    roles = dict(Membership.objects.values_list("user__name", "role"))
    assert roles == {"alice": "owner", "mike": "maintainer", "charlie": "maintainer", "rita": "reviewer"}
    assert AuditEvent.objects.get(event="project:created").actor_label == "command line"


def test_a_token_is_all_that_is_printed_and_uploads(manage, project):
    code, out, err = manage("token", "SampleProject", "--label", "release.yml", "--days", "7", "--add-only")
    assert (code, err) == (0, "")
    row = Token.objects.get()
    assert secrets.token_digest(out.removesuffix("\n")) == row.token_sha256
    assert (row.label, row.kind, row.add_only) == ("release.yml", "upload", True)
    assert round((row.expires_at - row.created_at).total_seconds()) == 7 * 24 * 3600
    assert Ci(out.strip(), row).upload(wheels.wheel()).status_code == 200


@pytest.mark.parametrize(("kind", "prefix"), [("upload", "pcu_"), ("evidence", "pce_"), ("read", "pcr_")])
def test_a_token_has_its_kind(manage, project, kind, prefix):
    assert manage("token", "sampleproject", "--kind", kind)[1].startswith(prefix)
    assert Token.objects.get().kind == kind


def test_a_draft_link_opens_the_draft(manage, draft):
    code, out, err = manage("draftlink", "sampleproject", "1.0.0", "--label", "testers")
    assert (code, err) == (0, "")
    assert re.fullmatch(rf"{settings.PRESSCHECK_URL}/draft/pcd_\w+/\n", out)
    path = out.strip().removeprefix(settings.PRESSCHECK_URL)
    assert Client().get(f"{path}simple/sampleproject/").status_code == 200
    assert DraftLink.objects.get().label == "testers"


def test_the_doctor_finds_all_well(manage):
    manage("doctor", "--fix")
    code, out, err = manage("doctor")
    assert (code, err) == (0, "")
    bucket = ["bucket"] if settings.PRESSCHECK_S3_BUCKET else []
    asked = ["database", "queue", "storage", "migrations", "cache", "jobs", "mail", *bucket]
    *lines, last = out.splitlines()
    assert lines == [f"{one}: ok" for one in asked]
    assert last.startswith("inspection: ok")  # with a note where the kernel has no networks to give


ANSWERS = {
    404: "upstream: ok (PRESSCHECK_RESOLVE_INDEX is its earlier name",
    200: "is it the base address?",
    503: "is it the base address?",
}


@pytest.mark.parametrize("status", ANSWERS)
def test_the_doctor_asks_the_upstream_index(manage, settings, upstream, status):
    """It is true that what is no index, and the setting's earlier name, are said in words."""
    manage("doctor", "--fix")
    upstream.status, settings.IS_UPSTREAM_NAMED_AS_BEFORE = status, True
    code, out, err = manage("doctor")
    assert (code, ANSWERS[status] in out + err) == (0 if status == 404 else 1, True), out + err


@pytest.mark.embedded  # a folder is the queue
@pytest.mark.parametrize("setting", ["data_folder_out", "processed_folder"])
def test_the_doctor_and_the_probe_see_a_queue_that_is_gone(manage, setting, caplog):
    folder = Path(settings.CELERY_BROKER_TRANSPORT_OPTIONS[setting])
    away = folder.rename(folder.with_name("away"))
    try:
        probe = Client().get("/readyz")
        assert "not ready: queue: FileNotFoundError" in caplog.text
        code, out, err = manage("doctor")
    finally:
        away.rename(folder)
    assert code == 1
    assert err == "Refused: not well: queue\n"
    assert "queue: FileNotFoundError" in out
    assert (probe.status_code, probe.content) == (503, b"database: ok\nqueue: does not answer\nstorage: ok\n")
    assert Client().get("/readyz").status_code == 200


def test_the_doctor_sees_that_no_worker_works(manage):
    from datetime import timedelta

    from django.utils import timezone

    Job.objects.create(
        kind="intake.purge", subject="draft:1", not_before=timezone.now() - timedelta(minutes=3)
    )
    manage("doctor", "--fix")
    code, out, err = manage("doctor")
    assert (code, err) == (1, "Refused: not well: jobs\n")
    assert "jobs: 1 have waited for more than two minutes" in out


def test_a_whole_audit_trail_is_verified_in_silence(manage, draft):
    assert manage("verify_audit") == (0, "", "")


def test_a_changed_event_is_found(manage, draft):
    triggers = import_module("accounts.migrations.0002_append_only")
    with connection.schema_editor() as editor:
        triggers.drop(None, editor)
    event = AuditEvent.objects.filter(event="file:staged").first()
    AuditEvent.objects.filter(pk=event.pk).update(digest="0" * 64)
    with connection.schema_editor() as editor:
        triggers.make(None, editor)
    code, out, err = manage("verify_audit")
    assert (code, err) == (1, "Refused: the audit trail does not hold in 1 place\n")
    assert out.startswith(f"{event.scope} #{event.seq}: ")


@pytest.fixture
def own_store():
    """A store without what other tests left behind."""
    for object_id, _ in list(storage().objects()):
        storage().delete(object_id)


def test_bytes_that_differ_are_a_refusal(manage, own_store, draft):
    file = draft.files.first()
    change(file, lambda data: data[:-1])
    code, out, err = manage("verify_storage")
    assert (code, err) == (1, "Refused: 1 stored object is not as recorded\n")
    assert out == f"{file.object_id}/{file.filename}: {file.size - 1} bytes, and the row says {file.size}\n"


def test_whole_bytes_are_verified_in_silence(manage, own_store, draft):
    assert manage("verify_storage", "--share", "1/1") == (0, "", "")


REFUSALS = [
    (["adduser", "alice@example.org"], "there is already a person with the address alice@example.org"),
    (["adduser", "nobody"], "Enter a valid email address."),
    (["adduser", "new@example.org", "--password-file", "/nothing/here"], "the password could not be read"),
    (["adduser", "new@example.org", "--password-file", "-"], "there is no password in standard input"),
    (["adduser", "new@example.org", "--totp-secret", "!"], "the TOTP secret is not Base32"),
    (
        ["createproject", "sampleproject", "--owner", "alice@example.org"],
        "there is a project sampleproject already",
    ),
    (["createproject", "no_", "--owner", "alice@example.org"], "'no_' is not a project name"),
    (
        ["createproject", "new", "--owner", "nobody@example.org"],
        "there is no person with the address nobody@example.org",
    ),
    (
        ["createproject", "new", "--owner", "alice@example.org", "--reviewer", "alice@example.org"],
        "alice@example.org is named twice",
    ),
    (["token", "nothing"], "there is no project nothing"),
    (["token", "sampleproject", "--kind", "read", "--add-only"], "--add-only is for upload tokens"),
    (["draftlink", "nothing", "1.0"], "there is no project nothing"),
    (["draftlink", "sampleproject", "one"], "'one' is not a version"),
    (["draftlink", "sampleproject", "9.9"], "sampleproject has no draft of 9.9"),
]


@pytest.mark.parametrize(("arguments", "words"), REFUSALS)
def test_a_refusal_is_one_line_and_changes_nothing(manage, project, arguments, words):
    def count() -> list[int]:
        return [model.objects.count() for model in (User, Project, Membership, Token, DraftLink, AuditEvent)]

    before = count()
    code, out, err = manage(*arguments)
    assert (code, out) == (1, "")
    assert err.startswith("Refused: ")
    assert words in err
    assert err.count("\n") == 1
    assert count() == before


def test_a_link_to_what_is_published_is_refused(manage, draft, mike):
    publish(draft, mike)
    code, out, err = manage("draftlink", "sampleproject", "1.0")
    assert (code, out) == (1, "")
    assert "the draft of sampleproject 1.0 is published" in err


@pytest.mark.parametrize(
    "arguments",
    [
        ["adduser"],
        ["adduser", "alice@example.org", "more"],
        ["createproject", "new"],
        ["token", "new", "--kind", "publish"],
        ["token", "new", "--days", "0"],
        ["token", "new", "--days", "many"],
        ["token", "new", "--days", "3651"],
        ["draftlink", "new"],
        ["doctor", "--quick"],
        ["verify_audit", "x"],
        ["verify_storage", "--share", "8/7"],
        ["up", "--port", "x"],
    ],
)
def test_wrong_usage_is_one_line_and_exit_2(manage, arguments):
    code, out, err = manage(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"{arguments[0]}: ")
    assert f"(see manage.py {arguments[0]} --help)" in err
    assert err.count("\n") == 1


@pytest.mark.parametrize("command", OURS)
def test_every_command_explains_itself(manage, command):
    code, out, err = manage(command, "--help")
    assert (code, err) == (0, "")
    assert f"manage.py {command}" in out


def test_no_command_publishes():
    assert not [name for name in OURS if "publish" in name]
