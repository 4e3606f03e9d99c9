"""It is true that uploads come through nginx, as it is shipped, and so do refusals: real twine, uv and pip over TLS."""

import json
import os
import socket
import ssl
import zipfile
from contextlib import ExitStack

import pytest

from accounts.audit import Actor
from accounts.models import AuditOrigin
from drafts.access import tokens
from drafts.models import File, TokenKind
from tests import bodies, wheels
from tests.clients import module_of
from tests.conftest import publish
from tests.fronted import WHEEL, WHEEL_VERSION
from tests.live import eventually
from tests.stored import everything

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.embedded]
STALLED = 40


@pytest.mark.clients
def test_from_twine_to_pip(fronted, tls, ci, dist, tmp_path, mike, mikes_browser):
    """It is true that a release is uploaded, published and installed through nginx, its METADATA alone where that is enough."""
    said = tls.twine(
        fronted.upload_url, ci.token, WHEEL.write(dist), wheels.sdist(version=WHEEL_VERSION).write(dist)
    )
    assert said.code == 0, said.text
    file = File.objects.get(filetype="bdist_wheel")
    eventually(
        lambda: fronted.get("/simple/sampleproject/").status == 404
    )  # not what nginx kept of another test's
    publish(file.draft, mike, mikes_browser)
    eventually(fronted.page)
    for tool in ("pip", "uv"):
        target = tmp_path / tool
        done = tls.install(tool, "--index-url", fronted.simple_url, "sampleproject", target=target)
        assert done.code == 0, done.text
        assert (target / "sampleproject" / "__init__.py").read_bytes() == module_of(WHEEL)
    (listed,) = (one for one in fronted.page()["files"] if one["filename"] == WHEEL.filename)
    metadata = fronted.get(f"{listed['url']}.metadata")
    assert metadata.body == wheels.core_metadata("sampleproject", WHEEL_VERSION)
    assert metadata.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.fixture(scope="module")
def huge(tmp_path_factory):
    """A wheel of 100 MB, written once."""
    built = wheels.wheel(
        files={"sampleproject/large.bin": os.urandom(100_000_000)}, compression=zipfile.ZIP_STORED
    )
    return built.write(tmp_path_factory.mktemp("huge"))


@pytest.mark.clients
@pytest.mark.parametrize("tool", ["twine", "uv"])
@pytest.mark.parametrize("refusal", ["401", "403"])
def test_a_refusal_of_a_huge_body_reaches_the_client(fronted, tls, ci, huge, tool, refusal):
    """It is true that words of refusal arrive, although the body is not read behind nginx."""
    before = everything()
    if refusal == "401":
        token, words = f"{ci.token}x", "This token is not valid"
    else:
        words = "it cannot stage files"
        _, token = tokens.make(
            project=ci.row.project, kind=TokenKind.READ, by=Actor.system("tests"), label="reads"
        )
    upload = {"twine": tls.twine, "uv": tls.uv_publish}[tool]
    said = upload(fronted.upload_url, token, huge)
    assert said.code != 0
    assert refusal in said
    assert words in said, said.text
    assert everything() == before


def test_a_huge_body_is_taken(fronted, ci, huge):
    """It is true that files far above nginx's own limits pass."""
    data = huge.read_bytes()
    built = wheels.Built(huge.name, data)
    body = bodies.spelled(bodies.parts(built))
    answer = fronted.ask("POST", "/legacy/", body, Authorization=ci.basic, Content_Type=bodies.CONTENT_TYPE)
    assert answer.status == 200, answer.body
    assert File.objects.get().size == len(data)


def test_a_form_that_is_too_large_is_refused(fronted):
    """It is true that 1.1 GB is for files alone."""
    for path in ("/accounts/login/", "/simple/", "/projects/sampleproject/drafts/1.0/evidence/"):
        assert fronted.ask("POST", path, b"x" * (33 * 1024**2)).status == 413


def test_presscheck_sees_the_client_and_not_what_it_says(fronted, ci):
    """It is true that the audit trail has the address that nginx met, and a forged header changes nothing."""
    body = bodies.spelled(bodies.parts(wheels.wheel()))
    told = {"Authorization": ci.basic, "Content_Type": bodies.CONTENT_TYPE, "X_Forwarded_For": "203.0.113.66"}
    answer = fronted.ask("POST", "/legacy/", body, source="127.0.0.77", **told)
    assert answer.status == 200
    assert AuditOrigin.objects.filter(address="127.0.0.77").exists()
    assert not AuditOrigin.objects.filter(address__contains="203.0.113.66").exists()


def test_stalled_uploads_hold_nobody_up(fronted, ci):
    """It is true that with 40 half-sent uploads readers are answered, and a whole upload is taken beside them at once."""
    context = ssl.create_default_context(cafile=fronted.certificate)
    lines = [
        "POST /legacy/ HTTP/1.1",
        f"Host: {fronted.host}",
        f"Authorization: {ci.basic}",
        f"Content-Type: {bodies.CONTENT_TYPE}",
        "Content-Length: 50000000",
    ]
    half = "\r\n".join([*lines, "", ""]).encode() + bodies.spelled(bodies.parts(wheels.wheel()))[:600]
    with ExitStack() as stack:
        for _ in range(STALLED):
            plain = stack.enter_context(socket.create_connection(("127.0.0.1", fronted.port), timeout=30))
            stack.enter_context(context.wrap_socket(plain, server_hostname="localhost")).sendall(half)
        for path in ("/healthz", "/simple/", "/accounts/login/"):
            assert fronted.get(path).status == 200
        body = bodies.spelled(bodies.parts(wheels.wheel()))
        whole = fronted.ask(
            "POST", "/legacy/", body, Authorization=ci.basic, Content_Type=bodies.CONTENT_TYPE
        )
        assert whole.status == 200, json.loads(whole.body)
    assert File.objects.count() == 1
