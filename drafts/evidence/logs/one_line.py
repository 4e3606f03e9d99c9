"""Forms that give a file's name and its digest on one line."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from drafts.evidence.logs.digests import (
    HEX,
    LABEL,
    bare_algorithm,
    in_text,
    is_hex,
    is_strong_hex,
    named_algorithm,
    spelled_out,
)
from drafts.evidence.logs.filenames import (
    base_name,
    distributions_in,
    is_distribution,
    unescaped,
    whole_name,
)
from drafts.evidence.logs.logged import Found
from drafts.evidence.logs.noise import MOMENT

if TYPE_CHECKING:
    from drafts.evidence.logs.noise import Page

_LONGEST = 20_000
_TAG_LABEL = re.compile(rf"{LABEL}", re.IGNORECASE)
_FRAGMENT = re.compile(rf"[#&?](?P<label>[a-z0-9_]{{2,12}})=(?P<digest>{HEX})(?![A-Za-z0-9_])", re.IGNORECASE)
_TAG = re.compile(r"<[a-z/!][^<>]{0,1000}>", re.IGNORECASE)
_BOLD = re.compile(r"(?<!\*)\*\*(?!\*)")  # three of them mask a secret

# What a line speaks of when its digest is not that of the distribution it also names.
_OTHER_SUBJECT = re.compile(
    r"\b(?:expect(?:ed|s|ing)?|artifacts?|cached?|caches|commit|docker|podman|image|layer|manifest|container|blob"
    r"|rekor|log ?index|fingerprint|signature|certificate|restore[ds]?|key|git|tree|revision|token|uuid"
    r"|metadata|want(?:ed)?|should|previous(?:ly)?)\b|[?]hash=",
    re.IGNORECASE,
)
_PUNCTUATION = re.compile(r"[^a-z0-9]{1,8}")
_POETRY_GOT = re.compile(r"\(was: |Invalid hashes \(", re.IGNORECASE)


# A line of a checksum file as a job prints it: nothing has to be taken off it but the moment.
_CHECKSUM = re.compile(
    rf"(?:{MOMENT} )?(?P<digest>[0-9A-Fa-f]{{64}}) [ *](?P<name>[A-Za-z0-9._+!-]{{1,255}})"
)


def checksum(line: str) -> Found | None:
    """Read a raw line as `coreutils` reads what is left of it, at once; None for one that it has to look at."""
    found = _CHECKSUM.fullmatch(line)
    if found is None:
        return None
    digest, name = found.groups()
    return Found(whole_name(name), "sha256", digest.lower())


def coreutils(page: Page, index: int) -> list[Found] | None:
    r"""Read `DIGEST  NAME` and `DIGEST *NAME` of sha256sum, shasum, b2sum, md5sum, `cksum --untagged`, `openssl -r`.

    A leading backslash says that the name is escaped. With one blank or a tab between them, as `sha256 -r`
    prints, the name must be a distribution's.
    """
    line = page.text(index).strip()
    escaped = line.startswith("\\")
    digest, blank, rest = line[escaped:].partition(" ")
    if not is_hex(digest):
        return _one_blank(line)
    if blank and rest[:1] in {" ", "*"} and len(rest) > 1 and not rest[1].isspace():
        name = unescaped(rest[1:]) if escaped else rest[1:]
        if not escaped and " " in (base_name(name) or "") and distributions_in(name):
            return None  # more than a name follows: "x.whl (2.8 kB)"
        return _found(name, bare_algorithm(digest), digest)
    return _one_blank(line)


def _one_blank(line: str) -> list[Found] | None:
    words = line.split(maxsplit=2)
    if len(words) == 2 and is_hex(words[0]):  # noqa: PLR2004 - digest and name
        name = base_name(words[1].removeprefix("*"))
        if name and is_distribution(name):
            return _found(name, bare_algorithm(words[0]), words[0])
    return None


def tagged(page: Page, index: int) -> list[Found] | None:
    """Read `SHA256 (NAME) = DIGEST` of the BSDs, `--tag` and `cksum -a`; `SHA2-256(NAME)= DIGEST` of openssl dgst.

    Old openssl writes `(stdin)= DIGEST`; the digest may be Base64 (`cksum --base64`) or in pairs (`openssl -c`).
    """
    line = page.text(index).strip()
    head, equals, value = line.rpartition("= ")
    head = head.rstrip()
    if not equals or not head.endswith(")"):
        return None
    label, bracket, name = head[:-1].partition("(")
    digest = spelled_out(value.strip())
    if not bracket or digest is None:
        return None
    escaped, label = label.startswith("\\"), label.removeprefix("\\").strip()
    if label and not _TAG_LABEL.fullmatch(label):
        return [] if label.isupper() else None  # an algorithm that nobody here knows
    algorithm = named_algorithm(label, digest) if label else bare_algorithm(digest)
    return _found(unescaped(name) if escaped else name, algorithm, digest)


def url_fragments(page: Page, index: int) -> list[Found] | None:
    """Read `https://…/NAME#sha256=DIGEST`, any number on a line (pip's logs, direct URLs, Simple API pages)."""
    line = page.text(index)
    spots = list(_FRAGMENT.finditer(line))
    if not spots:
        return None
    if _heads_a_mismatch(line):
        return []
    found = []
    for spot in spots:
        url = re.split(r"[\s\"'<>()=]", line[max(spot.start() - 1000, 0) : spot.start()])[-1]
        names = distributions_in(url)
        if names and url.endswith((".whl", ".tar.gz")):
            found += _labelled(names[-1].filename, spot["label"], spot["digest"])
    return found or None


def _heads_a_mismatch(line: str) -> bool:
    """Tell whether pip says here which file's hash was wrong: the fragment is what was expected, not found."""
    return line.endswith(":") and " from " in line


def beside_a_name(page: Page, index: int) -> list[Found] | None:
    """Read any line that names distributions and gives digests beside them.

    So write cibuildwheel's summary (`NAME 2.8 kB in 9 seconds, SHA256=DIGEST`), pip (`filename=NAME size=1
    sha256=DIGEST`), attestation messages (`NAME@sha256:DIGEST`), lock files, `--hash=sha256:DIGEST` after a file, JSON (`"NAME": "DIGEST"`), tables
    in Markdown, HTML and of 7-Zip, and lines whose prefix nobody strips. A digest without a label counts from
    64 digits, so that git's object ids do not.
    """
    line = page.text(index)
    if len(line) > _LONGEST:
        return None
    if "<" in line:
        line = _TAG.sub(" ", line)
    if "**" in line:
        line = _BOLD.sub("  ", line)
    names = distributions_in(line)
    if not names:
        return None
    if _OTHER_SUBJECT.search(_without_words(line, {n.filename for n in names})):
        got = _POETRY_GOT.search(line)
        if got is None:
            return None
        first = in_text(line[got.end() - 1 : got.end() + 200])
        return [Found(base_name(names[0].filename), first[0].algorithm, first[0].digest)] if first else None
    return _paired(line)


def _without_words(line: str, names: set[str]) -> str:
    """Drop the words that hold a file's name or are its project's.

    `/home/me/.cache/x.whl` does not make the line speak of a cache, nor does a project of that name.
    """
    projects = {_PUNCTUATION.sub("_", name.partition("-")[0].lower()) for name in names}
    return " ".join(
        word
        for word in line.split()
        if _PUNCTUATION.sub("_", word.lower()).strip("_") not in projects
        and not any(name in word for name in names)
    )


def _paired(line: str) -> list[Found] | None:
    """Give each digest to its name; None where it is not clear which belongs to which."""
    names, spots = distributions_in(line), in_text(line)
    if not spots:
        return None
    if len({n.filename for n in names}) == 1:
        return [Found(base_name(names[0].filename), s.algorithm, s.digest) for s in spots]
    if spots[0].start < names[0].start:
        pairs = list(zip(spots, names, strict=False))
        ends = [*[s.start for s in spots[1:]], len(line)]
        if len(spots) != len(names) or any(
            not s.start < n.start < e for (s, n), e in zip(pairs, ends, strict=True)
        ):
            return None
        return [Found(base_name(n.filename), s.algorithm, s.digest) for s, n in pairs]
    found = []
    for name, following in zip(names, [*names[1:], None], strict=True):
        end = following.start if following else len(line)
        own = [s for s in spots if name.start < s.start < end]
        if not own:
            return None
        found += [Found(base_name(name.filename), s.algorithm, s.digest) for s in own]
    return found


def lone_digest(page: Page, index: int) -> list[Found] | None:
    """Read a line that is nothing but a digest of 64 digits or more: a file's, but of which is not said.

    After a line that runs a container it is the container's id.
    """
    line = page.text(index).strip(" \t`\"'*|")
    if not is_strong_hex(line):
        return None
    before = page.above(index, lambda text: not text, 4)
    if re.search(r"\b(?:docker|podman|nerdctl)\b", before):
        return []
    return [Found(None, bare_algorithm(line) or "", line.lower())]


def _labelled(filename: str, label: str, digest: str) -> list[Found]:
    return _found(filename, named_algorithm(label, digest), digest)


def _found(name: str, algorithm: str | None, digest: str) -> list[Found]:
    return [Found(base_name(name), algorithm, digest.lower())] if algorithm else []
