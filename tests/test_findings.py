"""Each check with a table: what it finds, and what looks like it and is none."""

import hashlib

import pytest

from drafts.inspection.checks import CHECKS, MEMBER_CHECKS, Before
from drafts.inspection.checks.record import encoded
from drafts.inspection.codes import TITLES, Code, severity
from drafts.inspection.tools.description import render, safe
from tests import wheels
from tests.looking import codes, findings, found

GOOD = {"requires_python": ">=3.10", "fields": (("Project-URL", "Home, https://example.org"),)}
INFO = "sampleproject-1.0.dist-info"


def wheel(**changes):
    fields = (*GOOD["fields"], *changes.pop("fields", ()))
    return wheels.wheel(**{**GOOD, "fields": fields, **changes})


def sdist(**changes):
    fields = (*GOOD["fields"], *changes.pop("fields", ()))
    return wheels.sdist(**{**GOOD, "fields": fields, **changes})


def record(*rows: str) -> bytes:
    """RECORD of a wheel with nothing but what every wheel has, and these rows beside it."""
    good = wheels.wheel(**GOOD)
    listed = found_record(good)
    return "\n".join([*listed, *rows, ""]).encode()


def found_record(built) -> list[str]:
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(built.data)) as archive:
        return archive.read(f"{INFO}/RECORD").decode().splitlines()


def with_record(change) -> wheels.Built:
    """A wheel whose RECORD has its rows changed."""
    rows = [change(row) for row in found_record(wheel())]
    return wheel(record="\n".join([row for row in rows if row] + [""]).encode())


def broken() -> wheels.Built:
    """A wheel with a member whose CRC-32 fails."""
    built = wheel(files={"sampleproject/a.txt": b"a" * 50}, compression=0)
    return wheels.Built(built.filename, built.data.replace(b"a" * 50, b"a" * 49 + b"b"))


def stronger(algorithm: str, *, right: bool) -> wheels.Built:
    data = b"" if right else b"x"

    def change(row: str) -> str:
        path, _, size = row.split(",")
        if path != "sampleproject/py.typed":
            return row
        digest = encoded(hashlib.new(algorithm, data).hexdigest())
        return f"{path},{algorithm}={digest},{size}"

    rows = [change(row) for row in found_record(wheel(files={"sampleproject/py.typed": b""}))]
    return wheel(files={"sampleproject/py.typed": b""}, record="\n".join([*rows, ""]).encode())


def swapped(row: str) -> str:
    path, _, size = row.split(",")
    return f"{path},sha256={'A' * 43},{size}" if path.endswith("WHEEL") else row


def scripts(*lines: str) -> dict[str, str]:
    return {f"{INFO}/entry_points.txt": "\n".join(["[console_scripts]", *lines, ""])}


KEY = "-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIBAAKCAQEA" + "0" * 40 + "\n"
ELF = b"\x7fELF" + bytes(60)
BEFORE = Before("0.9", frozenset({"sampleproject"}), has_natives=False)

# What is found: the code, the distribution, and more that is known of it.
FOUND = {
    "a requirement with an address": ("direct-url", wheel(requires_dist=("rich @ https://example.org/rich.whl",))),
    "an extra's requirement with an address": (
        "direct-url",
        sdist(requires_dist=("rich @ git+https://example.org/rich ; extra == 'x'",), fields=(("Provides-Extra", "x"),)),
    ),
    "a member whose CRC fails": ("member-data", broken()),
    "another digest in RECORD": ("record-digest", with_record(swapped)),
    "no digest in RECORD": ("record-digest", with_record(lambda row: f"{row.split(',')[0]},,")),
    "another size in RECORD": (
        "record-digest",
        with_record(lambda row: row if row.endswith(",,") else f"{row.rpartition(',')[0]},1"),
    ),
    "MD5 in RECORD": ("record-digest", with_record(lambda row: row.replace("sha256=", "md5="))),
    "a wrong SHA-512 in RECORD": ("record-digest", stronger("sha512", right=False)),
    "RECORD lists what is not there": ("record-missing", wheel(record=record("sampleproject/gone.py,,"))),
    "RECORD lists a path outside": ("record-missing", wheel(record=record("../../bin/sh,,"))),
    "RECORD lists less than there is": ("record-unlisted", wheel(extra=(("sampleproject/more.py", b""),))),
    "RECORD lists nothing of .data": ("record-unlisted", wheel(extra=(("sampleproject-1.0.data/scripts/x", b""),))),
    "a command that climbs": ("entry-point-path", wheel(files=scripts("../../x = sampleproject:main"))),
    "a command with a backslash": ("entry-point-path", wheel(files=scripts(r"a\b = sampleproject:main"))),
    "a command that is a folder": ("entry-point-path", wheel(files=scripts(".. = sampleproject:main"))),
    "entry points that cannot be read": ("bad-entry-points", wheel(files={f"{INFO}/entry_points.txt": "no section"})),
    "a .pth file": ("pth-file", wheel(files={"x.pth": "import os"})),
    "a .pth file in purelib": ("pth-file", wheel(files={"sampleproject-1.0.data/purelib/x.pth": "import os"})),
    "a bidi control": ("hidden-characters", wheel(files={"sampleproject/a.py": "a = '\u202e'\n"})),
    "a zero-width space": ("hidden-characters", wheel(files={"sampleproject/a.py": "a\u200bb = 1\n"})),
    "a joiner in a word": ("hidden-characters", wheel(files={"sampleproject/a.py": "a\u200db = 1\n"})),
    "a hidden character in a name": ("hidden-characters", sdist(files={"sampleproject/a\u202eb.txt": ""})),
    "a Cyrillic letter in a word": ("look-alike-letters", wheel(files={"sampleproject/a.py": "p\u0430ss = 1\n"})),
    "a Greek letter in a word": ("look-alike-letters", wheel(files={"sampleproject/a.py": "\u03bfs = 1\n"})),
    "a Cyrillic letter in a name": ("look-alike-letters", wheel(files={"sampleproject/\u0430bc.py": ""})),
    "a private key": ("leaked-credential", sdist(files={"key.pem": KEY})),
    "a token of an index": ("leaked-credential", wheel(files={"sampleproject/a.py": f"x='pypi-AgE{'I' * 70}'"})),
    "a token of a forge": ("leaked-credential", wheel(files={"sampleproject/a": f"ghp_{'a1' * 18}"})),
    "another tag in WHEEL": ("tags-differ", wheel(wheel_file=b"Wheel-Version: 1.0\nTag: py2-none-any\n")),
    "no tag in WHEEL": ("tags-differ", wheel(wheel_file=b"Wheel-Version: 1.0\n")),
    "a plain linux tag": ("plain-linux-tag", wheel(tag="cp312-cp312-linux_x86_64")),
    "an interpreter that is none": ("unknown-tag", wheel(tag="zp312-none-any")),
    "an ABI that is none": ("unknown-tag", wheel(tag="cp312-abi9-any")),
    "a cache": ("litter", wheel(files={"sampleproject/__pycache__/a.cpython-312.pyc": b"\0"})),
    "settings with secrets": ("litter", sdist(files={".env": "A=1"})),
    "version control": ("litter", sdist(files={".git/config": ""})),
    "tests at the top": ("litter", wheel(files={"tests/__init__.py": "", "tests/test_a.py": ""})),
    "a loose file at the top": ("wheel-contents", wheel(files={"notes.txt": "x"})),
    "a module nobody can import": ("wheel-contents", wheel(files={"sampleproject/not-a-name.py": "x = 1\n"})),
    "equal members": ("duplicate-members", wheel(files={"sampleproject/a.py": "x = 1\n", "sampleproject/b.py": "x = 1\n"})),
    "a licence that is not there": ("licence-absent", wheel(fields=(("License-File", "LICENSE"),))),
    "a sdist's licence that is not there": ("licence-absent", sdist(fields=(("License-File", "LICENSE"),))),
    "an unknown classifier": ("unknown-classifier", wheel(fields=(("Classifier", "Topic :: Snakes"),))),
    "a deprecated classifier": ("deprecated-classifier", wheel(fields=(("Classifier", "Natural Language :: Ukranian"),))),
    "a pre-release from which on": ("pre-release-unpinned", wheel(requires_dist=("rich>=14.0rc1",))),
    "no Requires-Python": ("requires-python-absent", wheel(requires_python=None)),
    "no address": ("project-urls-absent", wheels.wheel(requires_python=">=3.10")),
    "a wheel that is not compressed": ("unusual-compression", wheel(files={"sampleproject/a.bin": bytes(range(256)) * 8192}, compression=0)),
    "a member that is nearly nothing": ("unusual-compression", wheel(files={"sampleproject/a.bin": bytes(2**21)})),
    "a source longer than is searched": ("not-searched", sdist(files={"sampleproject/a.py": "x = 1\n" * 800_000})),
}  # fmt: skip

# What looks like something, and is nothing.
NOT_FOUND = {
    "a good wheel": wheel(),
    "a good sdist": sdist(),
    "a right SHA-512 in RECORD": stronger("sha512", right=True),
    "a right SHA-384 in RECORD": stronger("sha384", right=True),
    "commands": wheel(files=scripts("sample-project = sampleproject:main", "s.p = sampleproject:main")),
    "RECORD's signature": wheel(extra=((f"{INFO}/RECORD.jws", b"{}"),)),
    "a family with joiners": wheel(files={"sampleproject/a.py": "x = '\U0001f468\u200d\U0001f469'\n"}),
    "Persian with a non-joiner": wheel(files={"sampleproject/a.py": "x = '\u0645\u06cc\u200c\u062e'\n"}),
    "a byte order mark": wheel(files={"sampleproject/a.py": "\ufeffx = 1\n"}),
    "Russian words": wheel(files={"sampleproject/a.py": "x = '\u043f\u0440\u0438\u0432\u0435\u0442'\n"}),
    "a micron": wheel(files={"sampleproject/a.py": "x = '5 \u03bcm'\n"}),
    "a text about keys": wheel(files={"sampleproject/a.py": "x = '-----BEGIN PRIVATE KEY-----'\n"}),
    "a .pth file as data": wheel(files={"sampleproject/data/x.pth": "import os"}),
    "compressed tags": wheel(tag="py2.py3-none-any"),
    "a free-threaded Python": wheel(tag="cp313-cp313t-manylinux_2_17_x86_64"),
    "PyPy": wheel(tag="pp311-pypy311_pp73-manylinux_2_17_x86_64"),
    "a licence in licenses": wheel(fields=(("License-File", "LICENSE"),), files={f"{INFO}/licenses/LICENSE": "MIT"}),
    "a licence of an old builder": wheel(fields=(("License-File", "LICENSE"),), files={f"{INFO}/LICENSE": "MIT"}),
    "a sdist's licence": sdist(fields=(("License-File", "LICENSE"),), files={"LICENSE": "MIT"}),
    "a pinned pre-release": wheel(requires_dist=("rich==14.0rc1",)),
    "a private classifier": wheel(fields=(("Classifier", "Private :: Do Not Upload"),)),
    "tests in a sdist": sdist(files={"tests/test_a.py": ""}),
}  # fmt: skip


@pytest.mark.parametrize("case", FOUND)
def test_what_is_wrong_is_found_and_nothing_else(case):
    code, built = FOUND[case]
    assert codes(built) == [code], findings(built)


@pytest.mark.parametrize("case", NOT_FOUND)
def test_what_only_looks_wrong_is_not_found(case):
    assert codes(NOT_FOUND[case]) == []


def test_a_direct_url_is_found_unless_the_project_allows_it():
    built = wheel(requires_dist=("rich @ https://example.org/rich.whl",))
    assert codes(built, direct_urls=True) == []


def test_native_code_is_new_only_after_a_release_without_any():
    built = wheel(files={"sampleproject/_x.so": ELF}, tag="cp312-cp312-win_amd64")
    assert codes(built) == []
    assert codes(built, before=BEFORE) == ["new-native-code"]
    assert codes(built, before=Before("0.9", BEFORE.tops, has_natives=True)) == []


def test_a_top_level_name_is_unusual_only_against_a_release():
    built = wheel(files={"other/__init__.py": ""})
    assert codes(built) == []
    assert codes(built, before=BEFORE) == ["unusual-top-level"]
    assert codes(built, before=Before("0.9", frozenset({"sampleproject", "other"}), has_natives=False)) == []


def test_every_refusal_names_the_member_it_is_about():
    assert findings(FOUND["RECORD lists less than there is"][1]) == [
        ("record-unlisted", "sampleproject/more.py", None)
    ]
    assert findings(FOUND["a private key"][1]) == [("leaked-credential", "sampleproject-1.0/key.pem", 1)]


def test_a_finding_never_holds_the_secret_itself():
    for case in ("a private key", "a token of an index", "a token of a forge"):
        texts = " ".join(one.text for one, _ in found(FOUND[case][1]).all())
        assert "IIII" not in texts
        assert "a1a1" not in texts
        assert "MIIE" not in texts


def test_many_places_are_counted_and_few_are_kept():
    built = wheel(files={"sampleproject/a.py": "x = '\u202e'\n" * 3000})
    kept = [(one, more) for one, more in found(built).all() if one.code == Code.HIDDEN_CHARACTERS]
    assert (len(kept), kept[-1][1]) == (20, 2980)


def test_a_check_that_crashes_is_a_finding_about_the_check():
    from drafts.inspection.checks import REFUSING
    from drafts.inspection.reading import Findings

    def crashes(subject):
        raise RuntimeError(subject)
        yield

    seen = Findings()
    seen.run(crashes, "x")
    assert [(one.code, one.text) for one, _ in seen.all()] == [
        (Code.CHECK_FAILED, "The check 'crashes' did not come to its end: RuntimeError.")
    ]
    seen = Findings()
    seen.run(REFUSING[0], None)
    assert [one.code for one, _ in seen.all()] == [Code.REFUSAL_CHECK_FAILED]


def test_every_check_has_a_rule_in_its_docstring():
    assert all(check.__doc__ for check in (*CHECKS, *MEMBER_CHECKS))
    assert set(TITLES) == set(Code)
    assert {severity(code) for code in Code} == {"refuse", "warn", "note"}


# What a description may try, and what must not be left of it.
HOSTILE = {
    "a script": ("<script>alert(1)</script>", "<script"),
    "a handler": ("<p onclick=alert(1)>x</p>", "onclick"),
    "an image": ('<img src="https://example.org/a.png">', "<img"),
    "a frame": ("<iframe src=https://example.org></iframe>", "<iframe"),
    "a style": ("<p style='position:fixed'>x</p>", "style"),
    "a class": ("<p class='verdict'>x</p>", "class"),
    "a form": ("<form action=/><input name=a></form>", "<input"),
    "a script's address": ("<a href='javascript:alert(1)'>x</a>", "javascript"),
    "an address of ours": ("<a href='/accounts/logout/'>x</a>", "/accounts"),
    "an address without a scheme": ("<a href='//example.org'>x</a>", "//example.org"),
    "an id of ours": ("<h2 id='panel'>x</h2>", '"panel"'),
    "htmx": ("<a hx-get='/'>x</a>", "hx-get"),
    "a drawing": ("<svg><script>alert(1)</script></svg>", "<svg"),
    "a base": ("<base href='https://example.org'>", "<base"),
    "a refresh": ("<meta http-equiv=refresh content='0;url=https://example.org'>", "<meta"),
    "a hidden character": ("a\u202eb", "\u202e"),
    "a picture": ("<picture><source srcset='https://example.org/a'></picture>", "srcset"),
}  # fmt: skip


@pytest.mark.parametrize("case", HOSTILE)
@pytest.mark.parametrize("kind", ["text/markdown", "text/plain", "raw"])
def test_nothing_of_a_description_acts(case, kind):
    text, forbidden = HOSTILE[case]
    html = safe(text) if kind == "raw" else render(text, kind)
    if kind == "text/plain":
        assert "<" not in (html or "").removeprefix("<pre>").removesuffix("</pre>")
        forbidden = "\u202e"
    assert forbidden not in (html or "")


def test_a_description_is_rendered_with_links_into_itself():
    html = render(
        "# Title\n\n[jump](#title) [away](https://example.org) ![drawing](https://example.org/a.svg)",
        "text/markdown",
    )
    assert '<h3 id="d-user-content-title">' in html
    assert 'id="d-user-content-title"' in html
    assert "></a>" not in html
    assert 'href="#d-user-content-title"' in html
    assert "[image: drawing]" in html
    assert "nofollow noopener noreferrer" in html


def test_restructured_text_is_rendered_or_said_not_to_be():
    assert "<strong>bold</strong>" in render("**bold**", "text/x-rst")
    assert "<script" not in (render(".. raw:: html\n\n   <script>alert(1)</script>", "text/x-rst") or "")
    assert render("Title\n==\n`broken", "text/x-rst") is None
    assert render("x", "text/wiki") is None
