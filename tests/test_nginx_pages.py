"""It is true that nginx, as it is shipped, keeps pages of the index for a second, and nothing else at all."""

import contextlib
import re
import socket
import subprocess
import threading
import time

import pytest

from accounts import people
from accounts.audit import Actor
from tests import wheels
from tests.conftest import publish
from tests.fronted import WHEEL, WHEEL_VERSION, raw
from tests.live import SIMPLE_JSON, eventually
from tests.nginx import Ports, program, written

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.embedded]


def test_nginx_takes_the_file(tmp_path):
    """It is true that ``nginx -t`` accepts the shipped file, and has nothing to warn of."""
    done = subprocess.run(
        [*written(tmp_path, Ports(1, 2, 3)), "-t"], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert "[warn]" not in done.stderr
    assert program()


@pytest.mark.clients
def test_a_draft_is_installed_through_its_link(fronted, tls, draft_path, tmp_path):
    """It is true that testers' installers come through as well."""
    for tool in ("pip", "uv"):
        url = f"{fronted.url}{draft_path}/simple/"
        done = tls.install(
            tool, "--index-url", url, f"sampleproject=={WHEEL_VERSION}", target=tmp_path / tool
        )
        assert done.code == 0, done.text


def test_a_draft_page_is_never_older_than_the_draft(fronted, staged, draft_path, ci):
    page = f"{draft_path}/simple/sampleproject/"
    assert WHEEL.sha256.encode() in fronted.get(page).body
    other = wheels.wheel(version=WHEEL_VERSION, salt="built again")
    assert ci.upload(other).status_code == 200
    body = fronted.get(page).body
    assert other.sha256.encode() in body
    assert WHEEL.sha256.encode() not in body


def test_signed_in_pages_are_never_kept(fronted, staged, mikes_browser):
    """It is true that what a member sees, the next who asks does not."""
    path = "/projects/sampleproject/drafts/1!1.0/"
    cookie = "; ".join(f"__Host-sessionid={morsel.value}" for morsel in mikes_browser.cookies.values())
    for _ in range(3):
        assert fronted.get(path, Cookie=cookie).status == 200
        assert fronted.get(path).status == 302


def test_the_index_is_kept_for_less_than_a_second_after_a_publish(fronted, staged, mike, mikes_browser):
    """It is true that hot pages come from nginx, and that none is older than a second once a release is published."""
    seen: list[tuple[float, int]] = []
    ending = threading.Event()

    def read() -> None:
        connection = fronted.connect()
        with contextlib.closing(connection):
            while not ending.is_set():
                began = time.time()
                connection.request(
                    "GET", "/simple/sampleproject/", headers={"Accept": SIMPLE_JSON, "Host": fronted.host}
                )
                answer = connection.getresponse()
                answer.read()
                seen.append((began, answer.status))

    # What nginx kept of another test's release is over.
    eventually(lambda: fronted.get("/simple/sampleproject/", Accept=SIMPLE_JSON).status == 404)
    reader = threading.Thread(target=read)
    reader.start()
    try:
        eventually(lambda: seen)
        publish(staged.draft, mike, mikes_browser)
        published = time.time()
        eventually(lambda: seen[-1][0] > published + 1.5)
    finally:
        ending.set()
        reader.join()
    assert {status for began, status in seen if began > published + 1} == {200}
    first = next(at for at, (_, status) in enumerate(seen) if status == 200)
    assert {status for _, status in seen[:first]} == {404}
    kept = re.findall(r"GET /simple/sampleproject/ (\d+) \d+ [\d.]+s (\w+) ", fronted.logs())
    assert ("404", "HIT") in kept
    assert ("200", "HIT") in kept
    assert "200" not in {status for _, status in seen[:first]}


def test_formats_and_encodings_are_kept_apart(fronted, staged, mike, mikes_browser):
    publish(staged.draft, mike, mikes_browser)
    eventually(fronted.page)
    for _ in range(3):
        assert (
            fronted.get("/simple/sampleproject/", Accept=SIMPLE_JSON).headers["content-type"] == SIMPLE_JSON
        )
        assert fronted.get("/simple/sampleproject/").headers["content-type"].startswith("text/html")
        packed = fronted.get("/simple/sampleproject/", Accept_Encoding="gzip")
        assert (packed.headers["content-encoding"], packed.body[:2]) == ("gzip", b"\x1f\x8b")
        etag = fronted.get("/simple/sampleproject/").headers["etag"]
        assert fronted.get("/simple/sampleproject/", If_None_Match=etag).status == 304


def test_what_is_for_this_machine_does_not_open_through_nginx(fronted):
    newcomer = people.add(email="dana@example.org", by=Actor.system("tests"))
    assert fronted.get(f"/welcome/{people.invite(newcomer)}/").status == 404
    assert fronted.get("/metrics").status == 404


def test_logs_name_requests_and_no_links(fronted, staged, draft_path):
    """It is true that every request has an id, in the answer and in nginx's log, and that no log holds a draft token."""
    ids = [
        fronted.get(path, X_Request_ID="forged").headers["x-request-id"]
        for path in ("/", "/simple/", "/static/nothing")
    ]
    assert len({*ids, "forged"}) == 4
    fronted.get(f"{draft_path}/")
    fronted.get(f"{draft_path}/files/{staged.handle}/nothing.whl")
    raw(fronted, f"{draft_path}/%zz")
    eventually(lambda: fronted.logs().count("/draft/...") >= 2)
    logs = fronted.logs()
    assert all(one in logs for one in ids)
    assert draft_path.removeprefix("/draft/") not in logs


def test_http_leads_to_https(fronted):
    with socket.create_connection(("127.0.0.1", fronted.ports.http), timeout=30) as client:
        client.sendall(b"GET /simple/?x=1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
        received = client.makefile("rb").read()
    assert received.split()[1] == b"301"
    assert b"Location: https://localhost/simple/?x=1" in received


def test_a_form_is_taken_over_https(fronted):
    """It is true that cookies are for https alone, and a form's origin is what Presscheck expects."""
    page = fronted.get("/accounts/login/")
    cookie = page.headers["set-cookie"].partition(";")[0]
    assert cookie.startswith("__Host-csrftoken=")
    assert "Secure" in page.headers["set-cookie"]
    token = re.search(rb'name="csrfmiddlewaretoken" value="(\w+)"', page.body)[1].decode()
    told = {"Cookie": cookie, "Content_Type": "application/x-www-form-urlencoded"}
    form = f"csrfmiddlewaretoken={token}&login=nobody%40example.org&password=wrong"
    assert fronted.ask("POST", "/accounts/login/", form, Origin=fronted.url, **told).status == 200
    assert (
        fronted.ask("POST", "/accounts/login/", form, Origin="https://elsewhere.example", **told).status
        == 403
    )
    assert (
        fronted.ask("POST", "/accounts/login/", form, Referer="https://elsewhere.example/", **told).status
        == 403
    )
