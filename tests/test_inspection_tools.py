"""The field's own tools look into hostile files from behind a fence: what it holds, and what they find there."""

import socket
import subprocess
import sys
import time

import pytest

from drafts.inspection import fenced, members
from drafts.inspection.tools import run
from drafts.models import Finding
from drafts.operations import doctor
from tests.inspected import stage_one

# What a tool may do to us, and what comes of it.
MISDEEDS = {
    "it opens a connection": "import socket; socket.create_connection(('127.0.0.1', 1))",
    "it asks for a name": "import socket; socket.getaddrinfo('example.org', 80)",
    "it starts a program": "import subprocess; subprocess.run(['/bin/true'])",
    "it starts a shell": "import os; os.system('true')",
    "it writes a file": "open('/tmp/written-by-a-tool', 'w').write('x')",
    "it takes all memory": "x = bytearray(2 ** 31)",
}


@pytest.mark.parametrize("misdeed", MISDEEDS)
def test_the_fence_holds(misdeed):
    code = f"from drafts.inspection.tools import fence; fence.close()\ntry:\n    {MISDEEDS[misdeed]}\n"
    code += "except (PermissionError, MemoryError): print('held')\n"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout == "held\n", done.stderr


@pytest.mark.django_db
def test_the_kernel_keeps_a_tool_from_the_network():
    """It is true that without Python's hook, too, a child reaches nothing, where the kernel has networks to give."""
    code = "from drafts.inspection.tools import fence; import socket; print(fence.leave_the_network()); "
    code += "print(socket.socket().connect_ex(('127.0.0.1', {port})) == 0)"
    with socket.create_server(("127.0.0.1", 0)) as server:
        command = [sys.executable, "-c", code.format(port=server.getsockname()[1])]
        told = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    left = told[0] == "True"
    assert told[1] == ("False" if left else "True")
    note = next(check.note for check in doctor.everything() if check.name == "inspection")
    assert ("Python alone" in note) is not left


def test_a_task_that_kills_the_child_does_not_keep_the_others(monkeypatch):
    monkeypatch.setattr(run, "SECONDS", 3.0)
    monkeypatch.setattr(run, "_BEAT", 0.2)
    beats = []
    slow = {"kind": "description", "text": "`" * 100_000 + "<" * 200_000, "content_type": "text/x-rst"}
    good = {"kind": "description", "text": "**a**", "content_type": "text/markdown"}
    bad = {"kind": "platform", "tags": ["manylinux_2_17_x86_64"], "natives": {"a": "/nowhere"}, "inside": []}
    answers = run.do([bad, slow, good], lambda: beats.append(1))
    assert "FileNotFoundError" in answers[0].failed
    assert answers[2].done.strip() == "<p><strong>a</strong></p>"


def test_a_child_that_hangs_is_ended_and_its_worker_lives_on(monkeypatch):
    monkeypatch.setattr(run, "SECONDS", 0.0)
    monkeypatch.setattr(run, "_BEAT", 0.01)
    began = time.monotonic()
    answers = run.do([{"kind": "description", "text": "x", "content_type": "text/x-rst"}], lambda: None)
    assert "took longer" in answers[0].failed
    assert time.monotonic() - began < 10


def test_a_child_knows_no_secret_of_the_server(monkeypatch):
    told = {}
    popen = run.subprocess.Popen

    def noted(*args, **options):
        told.update(options["env"])
        return popen(*args, **options)

    monkeypatch.setattr(run.subprocess, "Popen", noted)
    run.do([{"kind": "description", "text": "x", "content_type": "text/plain"}], lambda: None)
    assert set(told) == {"HOME", "TMPDIR", "LANG"}


def test_a_description_is_rendered_once_for_a_release(ci, monkeypatch):
    text = {"description": "# Hello", "fields": (("Description-Content-Type", "text/markdown"),)}
    stage_one(ci, **text)
    monkeypatch.setattr(run, "do", lambda *_: pytest.fail("it was rendered again"))
    other = stage_one(ci, tag="py2-none-any", **text)
    assert "<h3>Hello" in members.seen(other).description.replace(' id="d-user-content-hello"', "")


def test_a_description_that_does_not_render_is_kept_as_text(ci):
    file = stage_one(ci, description="Title\n==\n`broken <script>")
    assert Finding.objects.filter(file=file, code="description-unrendered").exists()
    seen = members.seen(file)
    assert (seen.renders, "&lt;script&gt;" in seen.description, "<script" in seen.description) == (
        False,
        True,
        False,
    )


def test_native_code_is_held_against_its_tag(ci):
    """It is true that this Python's own extension does not keep what a manylinux1 tag promises."""
    import _ctypes
    from pathlib import Path

    library = Path(_ctypes.__file__).read_bytes()
    file = stage_one(ci, tag="cp312-cp312-manylinux1_x86_64", files={"sampleproject/_x.so": library})
    texts = list(Finding.objects.filter(file=file, code="platform-policy").values_list("text", flat=True))
    assert any("manylinux1_x86_64" in text for text in texts), list(
        Finding.objects.values_list("code", "text")
    )
    other = stage_one(ci, tag="cp38-abi3-linux_x86_64", files={"sampleproject/_x.abi3.so": library})
    codes = set(Finding.objects.filter(file=other).values_list("code", flat=True))
    assert {"abi3-violation", "plain-linux-tag"} <= codes


def test_native_code_that_is_none_is_a_finding_about_the_check(ci):
    file = stage_one(
        ci, tag="cp312-cp312-manylinux1_x86_64", files={"sampleproject/_x.so": b"\x7fELF" + bytes(60)}
    )
    found = Finding.objects.get(file=file, code="check-failed")
    assert "auditwheel" in found.text
    assert not file.refused


def test_too_much_native_code_is_not_copied(ci, monkeypatch):
    monkeypatch.setattr(fenced, "_MOST_BYTES", 10)
    files = {"sampleproject/_x.so": b"\x7fELF" + bytes(60)}
    file = stage_one(ci, tag="cp312-cp312-manylinux1_x86_64", files=files)
    assert Finding.objects.filter(file=file, code="not-searched").exists()
