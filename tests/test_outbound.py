"""What this server fetches: from public addresses alone, whatever they are called and wherever they redirect, and within limits."""

import gzip
import socket
import time
import zlib

import pytest

from drafts import outbound
from drafts.outbound import Forbidden, Limits, TooLarge, TooManyRedirects, TooSlow, Unreachable
from drafts.outbound.addresses import parse
from tests.providers.peers import peer

LIMITS = Limits(size=100_000, seconds=20, idle=10)


@pytest.fixture(autouse=True)
def _loopback_is_allowed(settings):
    """One address of this machine stands for the public internet; the others are inside."""
    settings.OUTBOUND_ALLOW = ["127.0.0.1/32"]


@pytest.fixture
def serve():
    """Run a server that answers by a function."""
    from contextlib import ExitStack

    with ExitStack() as stack:
        yield lambda answering, **options: stack.enter_context(peer(answering, **options))


def fetch(url: str, *, limits: Limits = LIMITS, **options) -> tuple[int, bytes]:
    with outbound.get(url, limits=limits, **options) as answer:
        return answer.status, answer.read()


def names(monkeypatch, table: dict[str, list[str]]) -> list[str]:
    """Answer look-ups from a table, each address once and the last for ever; returns which names were asked for."""
    real, asked = socket.getaddrinfo, []

    def resolve(host, port, *args, **options):
        if host not in table:
            return real(host, port, *args, **options)
        asked.append(host)
        left = table[host]
        return real(left.pop(0) if len(left) > 1 else left[0], port, *args, **options)

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    return asked


def test_an_address_is_shown_without_its_query():
    """It is true that a signed address does not get into messages."""
    address = parse("https://blobs.example:8443/a/b?sig=secret#part")
    assert (str(address), address.target) == ("https://blobs.example:8443/a/b", "/a/b?sig=secret")


def test_a_public_name_is_asked_over_https_alone(monkeypatch):
    names(monkeypatch, {"index.example": ["8.8.8.8"]})
    with pytest.raises(Forbidden, match="https only"):
        fetch("http://index.example/")


def test_an_answer_comes_through(serve):
    there = serve(lambda asked: asked.answer(203, b"hello", X_Said="yes"))
    with outbound.get(f"{there.url}/a?b=c", limits=LIMITS, headers={"Accept": "text/plain"}) as answer:
        assert (answer.status, answer.headers["x-said"], answer.read()) == (203, "yes", b"hello")
    asked = there.asked[0]
    assert (asked.path, asked.query, asked.headers["accept"]) == ("/a", {"b": "c"}, "text/plain")
    assert asked.headers["host"] == f"127.0.0.1:{there.port}"
    assert asked.headers["user-agent"].startswith("Presscheck/")


def test_a_host_that_the_operator_names_may_be_inside(serve, settings):
    settings.OUTBOUND_ALLOW = ["Localhost"]
    there = serve(lambda asked: asked.answer(body=b"inside"))
    assert fetch(f"http://localhost:{there.port}/") == (200, b"inside")
    with pytest.raises(Forbidden):
        fetch(there.url)


@pytest.mark.parametrize(
    "inner",
    [
        "http://127.0.0.2:{port}/",
        "http://169.254.169.254/",
        "https://[::ffff:10.0.0.1]/",
        "http://2130706434:{port}/",
        "//127.0.0.2:{port}/",
        "file:///etc/passwd",
        "https://user:pw@127.0.0.1/",
    ],
)
def test_a_redirect_to_the_inside_is_not_followed(serve, inner):
    secret = serve(lambda asked: asked.answer(body=b"secret"), host="127.0.0.2")
    there = serve(lambda asked: asked.redirect(inner.format(port=secret.port)))
    with pytest.raises(Forbidden):
        fetch(there.url)
    assert (len(there.asked), secret.asked) == (1, [])


def test_a_name_that_changes_its_address_is_looked_up_once(serve, monkeypatch):
    """It is true that the address which was checked is the one that is asked."""
    good = serve(lambda asked: asked.answer(body=b"good"))
    inside = serve(lambda asked: asked.answer(body=b"inside"), host="127.0.0.2", port=good.port)
    looked_up = names(monkeypatch, {"rebinding.example": ["127.0.0.1", "127.0.0.2"]})
    assert fetch(f"http://rebinding.example:{good.port}/") == (200, b"good")
    assert (looked_up, inside.asked) == (["rebinding.example"], [])
    assert good.asked[0].headers["host"] == f"rebinding.example:{good.port}"
    with pytest.raises(Forbidden):
        fetch(f"http://rebinding.example:{good.port}/")
    assert inside.asked == []


def test_a_name_with_one_address_inside_is_not_asked(monkeypatch, serve):
    there = serve(lambda asked: asked.answer())
    real = socket.getaddrinfo

    def both(host, port, *args, **options):
        return [*real("127.0.0.1", port, **options), *real("127.0.0.2", port, **options)]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with pytest.raises(Forbidden, match="not a public address"):
        fetch(f"http://two.example:{there.port}/")
    assert there.asked == []


def test_a_credential_stays_at_its_origin(serve):
    """It is true that a redirect within the origin keeps it, one to another drops it, and the way back does not bring it back."""
    other = serve(lambda asked: asked.redirect(f"{first.url}/back"))

    def answering(asked):
        if asked.path == "/start":
            asked.redirect("/moved", 301)
        elif asked.path == "/moved":
            asked.redirect(f"{other.url}/blob?sig=1", 307)
        else:
            asked.answer(body=b"done")

    first = serve(answering)
    status, _ = fetch(
        f"{first.url}/start", credentials={"Authorization": "Bearer s"}, headers={"Accept": "x/y"}
    )
    assert status == 200
    carried = [(asked.path, asked.headers.get("authorization")) for asked in first.asked]
    assert carried == [("/start", "Bearer s"), ("/moved", "Bearer s"), ("/back", None)]
    assert [(asked.query, asked.headers.get("authorization")) for asked in other.asked] == [
        ({"sig": "1"}, None)
    ]
    assert {asked.headers["accept"] for asked in [*first.asked, *other.asked]} == {"x/y"}


def test_redirects_come_to_an_end(serve):
    there = serve(lambda asked: asked.redirect(f"/{len(there.asked)}"))
    with pytest.raises(TooManyRedirects):
        fetch(there.url)
    assert len(there.asked) == LIMITS.redirects + 1


def endless(asked) -> None:
    asked.begin()
    while True:
        asked.handler.wfile.write(b"x" * 65536)


def chunked(asked) -> None:
    asked.begin(Transfer_Encoding="chunked")
    while True:
        asked.handler.wfile.write(b"10000\r\n" + b"x" * 65536 + b"\r\n")


def bomb(asked) -> None:
    asked.answer(body=gzip.compress(bytes(50_000_000)), Content_Encoding="gzip")


def deflated_bomb(asked) -> None:
    asked.answer(body=zlib.compress(bytes(50_000_000)), Content_Encoding="deflate")


def announced(asked) -> None:
    asked.begin(Content_Length="100001")


@pytest.mark.parametrize("answering", [endless, chunked, bomb, deflated_bomb, announced])
def test_an_answer_is_read_up_to_a_size(serve, answering):
    with pytest.raises(TooLarge, match="100000 bytes"):
        fetch(serve(answering).url)


def test_a_compressed_answer_is_read(serve):
    there = serve(lambda asked: asked.answer(body=gzip.compress(b"log\n" * 100), Content_Encoding="gzip"))
    assert fetch(there.url) == (200, b"log\n" * 100)
    assert there.asked[0].headers["accept-encoding"] == "identity"


def short(asked) -> None:
    asked.begin(Content_Length="10")
    asked.handler.wfile.write(b"12345")
    asked.handler.close_connection = True
    asked.handler.connection.shutdown(socket.SHUT_RDWR)


def no_http(asked) -> None:
    asked.handler.wfile.write(b"220 smtp.example ready\r\n")


def broken_gzip(asked) -> None:
    asked.answer(body=b"not gzip at all", Content_Encoding="gzip")


def strange_encoding(asked) -> None:
    asked.answer(body=b"x", Content_Encoding="br")


@pytest.mark.parametrize("answering", [short, no_http, broken_gzip, strange_encoding])
def test_an_answer_that_is_not_whole_is_none(serve, answering):
    with pytest.raises(Unreachable):
        fetch(serve(answering).url)


def drip_body(asked) -> None:
    asked.begin()
    while True:
        asked.handler.wfile.write(b"x")
        _pause()


def drip_headers(asked) -> None:
    asked.handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        asked.handler.wfile.write(b"x")
        _pause()


def drip_chunk(asked) -> None:
    asked.begin(Transfer_Encoding="chunked")
    asked.handler.wfile.write(b"10000\r\n")
    while True:
        asked.handler.wfile.write(b"x")
        _pause()


def _pause() -> None:
    time.sleep(0.05)


@pytest.mark.parametrize("answering", [drip_body, drip_headers, drip_chunk])
def test_a_peer_that_drips_is_cut_off(serve, answering):
    """It is true that no peer holds a worker by sending a byte now and then."""
    with pytest.raises(TooSlow):
        fetch(serve(answering).url, limits=Limits(size=100_000, seconds=0.6, idle=10))


def test_a_peer_that_says_nothing_is_left():
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/"
        with pytest.raises(Unreachable, match="in time"):
            fetch(url, limits=Limits(size=10, seconds=20, idle=0.2))


def test_a_peer_that_is_not_there(monkeypatch):
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        with pytest.raises(Unreachable, match="refused"):
            fetch(f"http://127.0.0.1:{free.getsockname()[1]}/")
    names(monkeypatch, {"nowhere.example": ["not an address"]})
    with pytest.raises(Unreachable, match=r"nowhere\.example has no address"):
        fetch("https://nowhere.example/")
