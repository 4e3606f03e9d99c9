"""It is true that lines of git object ids are put away unread, and that no pair is lost with them."""

import hashlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from drafts.evidence.logs import parse, reading
from drafts.evidence.logs.chatter import is_chatter

SHA1, MD5 = hashlib.sha1(b"wheel").hexdigest(), hashlib.md5(b"wheel").hexdigest()
NAME = "foo-1.0-py3-none-any.whl"
STAMP = "2025-06-05T04:43:58.3724525Z "

CHATTER = {
    "a commit and its subject": f"{STAMP}{SHA1} Change module 7",
    "a revision in brackets": f"{STAMP}Checked out revision ({SHA1}) of main",
    "an object in a path": f"writing .git/objects/{SHA1}.tmp now",
    "two commits": f"{STAMP}{SHA1}..{SHA1} main -> origin/main",
}

# Each gives a file's MD5 or SHA-1, which proves nothing and is shown.
SPEAKING = {
    "md5sum": f"{STAMP}{MD5}  dist/data.bin",
    "sha1sum, binary": f"{SHA1} *data.bin",
    "one blank before a distribution": f"{SHA1} {NAME}",
    "a tab before a distribution": f"{MD5}\t{NAME}",
    "tagged": f"SHA1 (data.bin) = {SHA1}",
    "openssl without a label": f"(data.bin)= {SHA1}",
    "certutil": f"SHA1 hash of data.bin:\n{SHA1}\nCertUtil: done",
    "certutil under a stamp": f"{STAMP}MD5 hash of data.bin:\n{STAMP}{MD5}\n",
    "Get-FileHash": f"MD5             {MD5}       D:\\a\\data.bin",
    "Get-FileHash as a list": f"Algorithm : SHA1\nHash      : {SHA1}\nPath      : D:\\data.bin\n",
    "a sidecar": f"data.bin.sha1:{SHA1}",
    "pip's mismatch": f"foo from https://index.example/{NAME}:\n    Expected md5 {MD5}\n         Got        {MD5}",
    "a name in colour": f"{SHA1} foo-1.0-py3-none-any.w\x1b[1mhl\x1b[0m",
    "a name with an invisible mark": f"{SHA1} foo-1.0-py3-none-any.w\u200bhl",
    "two blanks, one in colour": f"{SHA1} \x1b[0m data.bin",
    "the publish action's print-hash": f"/github/workspace/dist/data.bin\n\nMD5: {MD5}\n",
    "JSON": f'{{"filename": "{NAME}", "md5": "{MD5}"}}',
    "JSON with an escaped name": f'{{"foo-1.0.tar\\u002egz": "md5:{MD5}"}}',
}


@pytest.mark.parametrize("line", CHATTER.values(), ids=CHATTER.keys())
def test_chatter_is_put_away(line):
    assert is_chatter(line)
    assert parse(line) == []


def unfiltered(text: str, monkeypatch) -> list:
    with monkeypatch.context() as patch:
        patch.setattr(reading, "is_chatter", lambda _: False)
        patch.setattr(reading, "is_clean_chatter", lambda _: False)
        return parse(text)


@pytest.mark.parametrize("text", SPEAKING.values(), ids=SPEAKING.keys())
def test_what_gives_a_short_digest_is_read(text, monkeypatch):
    found = parse(text)
    assert found
    assert found == unfiltered(text, monkeypatch)


PIECES = [
    *(piece for line in (*SPEAKING.values(), *CHATTER.values()) for piece in line.split(" ")),
    *(SHA1, MD5, SHA1.upper(), " ", "  ", "\n", "\t", " *", "[", "[0m", "\x1b[0m", "\r", "(", ")= ", "|", "`", "**"),
    *("commit ", "Got  ", "Path", ":", "#sha1=", "--hash=md5:", '"sha1": "', "\u200b", "\xa0", "<td>", "</td>"),
]  # fmt: skip


@settings(max_examples=300, deadline=None, database=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map("".join))
def test_nothing_is_lost_with_the_chatter(text):
    """It is true that a log says the same when every line is offered to every form."""
    assert parse(text) == unfiltered(text, pytest.MonkeyPatch())


@settings(max_examples=300, deadline=None, database=None)
@given(st.lists(st.sampled_from(PIECES), max_size=40).map(" ".join))
def test_nothing_is_lost_where_words_stand_apart(text):
    assert parse(text) == unfiltered(text, pytest.MonkeyPatch())
