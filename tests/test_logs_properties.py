"""Properties of reading logs: whatever comes in, nothing is raised, nothing true is lost, nothing false is found."""

from __future__ import annotations

import hashlib
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from drafts.evidence.logs import parse
from drafts.evidence.logs.terminal import shown

quick = settings(max_examples=60, deadline=None, database=None, suppress_health_check=[HealthCheck.too_slow])

# Each renders one true pair, on lines of its own.
TRUE = [
    "{d}  dist/{n}",
    "{d} *{n}",
    "SHA256 ({n}) = {d}",
    "SHA2-256(dist/{n})= {d}",
    "dist/{n}:\n--hash=sha256:{d}",
    "/github/workspace/dist/{n}\n\nSHA256: {d}\nMD5: 09f7b3bc412d0597452e5cfc2af81406\n",
    "SHA256 hash of dist\\{n}:\n{d}\nCertUtil: -hashfile command completed successfully.",
    "SHA256          {d}       D:\\a\\dist\\{n}",
    "\nAlgorithm : SHA256\nHash      : {d}\nPath      : D:\\a\\dist\\{n}\n",
    "  cp311-manylinux_x86_64: {n} 2.8 kB in 9 seconds, SHA256={d}",
    "foo @ https://index.example/{n}#sha256={d}",
    "./dist/{n} --hash=sha256:{d}",
    "| {n} | `{d}` |",
    '{{"{n}": "{d}"}}',
    "dist/{n}.sha256:{d}",
    "Attestation created for {n}@sha256:{d}",
    "<tr>\n<td>{n}</td>\n<td>3 kB</td>\n<td>{d}</td>\n</tr>",
    '{{\n  "filename": "{n}",\n  "sha256": "{d}"\n}}\n',
    "==> {n}.sha256 <==\n{d}",
]
HIDDEN = [
    "\x1b[8m{d}  dist/{n}\x1b[0m",
    "{d}  {n}\rBuilding",
    "SHA256 ({n}) = {d}\u202e",
    "\x1b]0;SHA256 ({n}) = {d}\x07",
    "{d}  {n}\x1b[2K",
]
DECOYS = [
    "SHA256 digest of uploaded artifact zip is {d}",
    "Digest: sha256:{d}",
    "#5 sha256:{d} 3.2MB / 3.2MB",
    "Cache restored from key: pip-Linux-{d}",
    "requests==2.32.0 \\\n    --hash=sha256:{d}\n",
    "##[command]/usr/bin/docker create --name x\n{d}\n",
    "Downloading https://docker.example/v2/blobs/sha256:{d}",
    "        Expected sha256 {d}",
    "uuid 24296fb24b8ad77a{d}",
    "HEAD is now at {g} Prepare the release",
]
CHATTER = [
    "",
    "copying foo/__init__.py -> build/lib",
    "***",
    "=====",
    "$ python -m build",
    "Successfully built foo",
    "100%",
]
PREFIXES = [
    "",
    "2025-06-05T04:43:58.3724525Z ",
    "build\tRun build\t2025-06-05T04:43:58.3724525Z ",
    "2024-05-22T12:43:46.962646Z 00O ",
    "[2025-06-05T04:43:58.372Z] [linux] ",
    "\x1b_bk;t=1697630539879\x07",
    "#12 102.6 ",
    "04:43:58  ",
]


def digest_of(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


@st.composite
def logs(draw):
    """Draw a log, the pairs it shows, those it hides and the digests it must not be taken to state."""
    prefix, end = draw(st.sampled_from(PREFIXES)), draw(st.sampled_from(["\n", "\r\n"]))
    kinds = draw(st.lists(st.sampled_from(TRUE + HIDDEN + DECOYS + CHATTER), max_size=25))
    lines, true, hidden, false = [], set(), set(), set()
    for number, kind in enumerate(kinds):
        name, digest, git = f"foo-1.{number}-py3-none-any.whl", digest_of(number), digest_of(-number)[:40]
        lines += [*kind.format(n=name, d=digest, g=git).split("\n"), "done"]
        if kind in TRUE:
            true.add((name, digest))
        elif kind in HIDDEN:
            hidden.add((name, digest))
        elif kind in DECOYS:
            false |= {digest, git}
    return end.join(prefix + line for line in lines), true, hidden, false


@quick
@given(logs())
def test_every_true_pair_is_found_and_no_decoy(drawn):
    text, true, hidden, false = drawn
    logged = [one for one in parse(text) if one.algorithm == "sha256"]
    assert {(one.filename, one.digest) for one in logged if not one.hidden} == true
    assert {(one.filename, one.digest) for one in logged if one.hidden} == hidden
    assert false.isdisjoint(one.digest for one in logged)


@quick
@given(logs())
def test_each_digest_stands_on_the_line_that_is_named(drawn):
    lines = drawn[0].split("\n")
    assert all(one.digest in lines[one.line - 1] for one in parse(drawn[0]))


@quick
@given(logs())
def test_bytes_say_what_the_text_says(drawn):
    assert parse(drawn[0].encode()) == parse(drawn[0]) == parse(drawn[0].encode("utf-16"))


@quick
@given(logs(), st.integers(20, 90))
def test_what_gitlabs_runner_cuts_says_what_it_said_whole(drawn, width):
    stamp = "2024-05-22T12:43:46.962646Z 00O"
    cut = []
    for line in drawn[0].replace("\r\n", "\n").split("\n"):
        pieces = [line[at : at + width] for at in range(0, len(line), width)] or [""]
        cut += [f"{stamp}{'+' if number else ' '}{piece}" for number, piece in enumerate(pieces)]
    whole = {(one.filename, one.digest) for one in parse(drawn[0]) if not one.hidden}
    assert {(one.filename, one.digest) for one in parse("\n".join(cut)) if not one.hidden} == whole


@quick
@given(st.text(st.sampled_from("ab\n\r\b\x1b[]8mAKJ1;0\x9b\x9d\x07\u202e"), max_size=200))
def test_what_a_terminal_shows_keeps_its_lines_and_adds_nothing(text):
    before, after = text.split("\n"), shown(text).split("\n")
    assert len(after) == len(before)
    for was, left in zip(before, after, strict=True):
        rest = iter(was)
        assert all(character in rest for character in left)


@quick
@given(st.one_of(st.binary(max_size=2000), st.text(max_size=2000)))
def test_anything_at_all_is_read_without_an_error(data):
    assert isinstance(parse(data), list)


# Pieces of every form, so that what is nearly a form is met often.
PIECES = [
    *(piece for form in TRUE for piece in form.format(n="foo-1.0.tar.gz", d=digest_of(1)).split(" ")),
    *(
        "\x1b[",
        "\x1b]",
        "\x07",
        "\r",
        "\n",
        "\t",
        "\0",
        "\\",
        "(",
        ")= ",
        " = ",
        "{",
        "}",
        "[",
        "]",
        '"',
        "<",
        ">",
        "|",
    ),
    *(
        "Hash      : ",
        "Path      : ",
        "Computed:",
        "Expected:",
        "Got  ",
        "from ",
        ":",
        "#sha256=",
        "hashes=",
        "-",
        "- ",
    ),
    *(
        digest_of(2)[:32],
        digest_of(3),
        digest_of(4) * 2,
        "A" * 90,
        '{"payload": "',
        "00O+",
        "\ud800",
        "\ufeff",
        "…",
    ),
]


@settings(quick, max_examples=200)
@given(st.lists(st.sampled_from(PIECES), max_size=60).map("".join))
def test_what_is_nearly_a_form_is_read_without_an_error(text):
    for one in parse(text):
        assert one.digest == one.digest.lower()
        assert len(one.digest) >= 32
        assert one.filename is None or one.filename
        assert 1 <= one.line <= max(text.count(end) for end in "\n\r\0") + 1


HEX = digest_of(5)
HOSTILE = [
    f"{HEX}\n",
    f"SHA256: {HEX}\n",
    f"sha256:{HEX}\n",
    f'"sha256": "{HEX}",\n',
    f"--hash=sha256:{HEX} \\\n",
    f"        Expected sha256 {HEX}\n             Got        {HEX}\n",
    f"foo.whl {HEX} ",
    f"https://index.example/foo.whl#sha256={HEX} ",
    f"(x)= {HEX}",
    f"2024-05-22T12:43:46.962646Z 00O+{HEX}\n",
    f"{HEX}\r",
    f"\x1b]{HEX}",
    f"\x1b[{HEX}",
    f"[a] {HEX}",
    f"<a {HEX}",
    f"a-a.a_{HEX}",
    f"foo.whl.{HEX}",
    f"{HEX} \t ",
    '"payload": "' + HEX * 2,
    "a" * 64,
    "[",
    '{"a":',
    '"payload"\n',
    "\x1b[9999A\n",
    f"{HEX}\b",
    f"\x9d{HEX}",
    "\x1b[8;" + ";" * 60,
    f"\x1b[8m{HEX}\x1b[0m",
    f"<td>{HEX}</td>\n",
    f"[x]\nsha256 = {HEX}\n",
]


@pytest.mark.parametrize("unit", HOSTILE)
def test_hostile_text_takes_no_more_than_linear_time(unit):
    text = unit * (1_000_000 // len(unit)) + f"\n{HEX}  x\n"
    begun = time.process_time()
    parse(text)
    assert time.process_time() - begun < 8
