#!/usr/bin/env python3
# /// script
# requires-python = ">=3.9"
# dependencies = []
# ///
"""Stage the files of a release on a Presscheck index through its Upload 2.0 API (PEP 694).

One file on purpose, for all that it does: a job fetches it with one request and runs it with whatever Python is there,
3.9 or newer, so that nothing is installed beside the secret. Standard library only.

  stage.py --index URL dist/*                     send the files into a draft, print their digests and the review page
  stage.py wait --session URL --until published   wait for the people who decide
  stage.py fetch --session URL --into dist        fetch exactly the files that were published, or approved, verified

The upload token comes from PRESSCHECK_TOKEN (or UV_PUBLISH_TOKEN, or TWINE_PASSWORD), never from the command line.
Without one, and when it ended, the job's identity is exchanged for one where the project trusts this job: on GitHub with
``permissions: id-token: write``, elsewhere from the variable that the server's page "Set up CI" names.
An upload token reads nothing that is published: on a private index fetch needs a read token, in PRESSCHECK_READ_TOKEN.
Exit codes: 0 done, 1 refused or failed, 2 wrong usage, 3 the release is published already, 4 canceled, 5 timed out (also
when the token ended while people were waited for).
"""

import argparse
import base64
import contextlib
import glob
import hashlib
import http.client
import json
import os
import re
import sys
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from concurrent.futures import ThreadPoolExecutor, as_completed

TYPE = "application/vnd.pypi.upload.v2+json"
SIMPLE = "application/vnd.pypi.simple.v1+json"
META = {"api-version": "2.0"}
DONE, FAILED, PUBLISHED_ALREADY, CANCELED, TIMED_OUT = 0, 1, 3, 4, 5
CHUNK = 256 * 1024
SMALL = 1024 * 1024
BYTES = "application/octet-stream"
BUSY = (429, 502, 503, 504)
TOKENS = ("PRESSCHECK_TOKEN", "UV_PUBLISH_TOKEN", "TWINE_PASSWORD")
NO_TOKEN = (
    f"There is no upload token: set {TOKENS[0]}, or let the job have an identity that the project trusts"
)
ATTEMPTS = 8  # in a row without a byte of progress
READER = "PRESSCHECK_READ_TOKEN"
NOT_PUBLIC = (
    "This index is private, and an upload token reads nothing that is published. Nothing was fetched: set "
    f"{READER} to a read token (an owner makes one on the page of {{}}, of the kind 'read') and run this again"
)
NOT_READ = (
    f"The token in {READER} does not read {{}}: it is mistyped, has expired, was revoked or belongs to another project. "
    "Nothing was fetched: an owner of the project makes a new one, of the kind 'read'"
)
ENDED = (
    "The upload token ended while people were waited for; the draft stays. A token that is minted for a job is good for "
    "minutes:\nwhere the job may ask for its identity (GitHub: permissions, id-token: write), this script gets another "
    "one by itself."
)


class Refused(Exception):
    """The server said no, or nothing; the text is for the person who reads CI's log."""

    def __init__(self, message, status=0, code="", exit_code=FAILED):
        super().__init__(message)
        self.status, self.code, self.exit_code = status, code, exit_code


class Unreachable(Exception):
    """The connection broke: worth another try."""


# --- talking to the server ------------------------------------------------------------------------------------------


class _StayHere(urllib.request.HTTPRedirectHandler):
    """A redirect is an answer, not an order: the token goes to the index that was named and nowhere else."""

    def redirect_request(self, *_):
        return None


class Answer:
    """What came back: status, headers, body."""

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, headers, body

    def json(self):
        try:
            return json.loads(self.body)
        except ValueError:
            return {}

    def seconds(self, default=1.0):
        """Return how long Retry-After asks to wait, at most a minute."""
        try:
            return min(float(self.headers.get("Retry-After", default)), 60.0)
        except ValueError:
            return default


class Token:
    """An upload token: the one that was given, or one for which this job's identity is exchanged, again when it ended."""

    def __init__(self, given, index):
        self.text, self._given, self._lock = given, given, threading.Lock()
        self._oidc = re.sub(r"sandbox/$", "", index) + "_/oidc/"

    def renew(self, server, ended):
        """Put another token in the place of one that ended; returns whether there is one now. Raises Refused, Unreachable."""
        with self._lock:
            if self.text != ended:  # another thread was faster
                return True
            try:
                found = self._exchanged(server) if has_identity() else ""
            except Refused as error:
                words = f"This job's identity was not exchanged for an upload token: {error}"
                raise Refused(words, error.status) from error
            if not found:
                return False
            self.text = found
            mask(self.text)
            if ended and ended == self._given:
                print(
                    "The token that was given is not valid any more: this job's identity was exchanged for one."
                )
            return True

    def _exchanged(self, server):
        audience = checked(self._asked(server, "GET", self._oidc + "audience"), 200)["audience"]
        identity = self._identity(server, audience)
        if not identity:
            return ""
        headers, body = {"Content-Type": "application/json"}, json.dumps({"token": identity}).encode()
        return checked(
            self._asked(server, "POST", self._oidc + "mint-token", body=body, headers=headers), 200
        )["token"]

    @staticmethod
    def _asked(server, method, url, **more):
        """Ask without a token. Raises Unreachable also while the other side is busy: whoever asks then asks again."""
        answer = server.ask(method, url, signed=False, **more)
        if answer.status in BUSY:
            raise Unreachable(explain(answer))
        return answer

    def _identity(self, server, audience):
        """Return an identity token of this job for an audience; empty where there is none, or none that was not used."""
        url, secret = (os.environ.get(f"ACTIONS_ID_TOKEN_REQUEST_{name}") for name in ("URL", "TOKEN"))
        if url and secret:
            url += ("&" if "?" in url else "?") + urllib.parse.urlencode({"audience": audience})
            answer = self._asked(server, "GET", url, headers={"Authorization": f"Bearer {secret}"})
            return checked(answer, 200)["value"]
        return os.environ.pop(variable(audience), "")  # good once


def variable(audience):
    """Return where uv looks for an identity token that a provider puts into a variable, as GitLab does."""
    return re.sub(r"^[0-9]", "_", re.sub(r"[^A-Z0-9]", "_", audience.upper())) + "_ID_TOKEN"


def has_identity():
    """Tell whether this job may have an identity to show."""
    return any(name.endswith("_ID_TOKEN") or name == "ACTIONS_ID_TOKEN_REQUEST_TOKEN" for name in os.environ)


def basic(token):
    """Return what a token is shown in."""
    return {"Authorization": "Basic " + base64.b64encode(f"__token__:{token}".encode()).decode()}


class Server:
    """One index, spoken to with one token."""

    def __init__(self, token, timeout=60.0):
        self._opener = urllib.request.build_opener(_StayHere)
        self._timeout = timeout
        self._token = token

    def ask(self, method, url, *, body=None, headers=None, signed=True):
        """Send one request, and once more with another token where that ended; a body that is read while it is sent is
        given as what makes it. Raises Refused, and Unreachable when no answer came."""
        for may_renew in (signed, False):
            shown = self.shown() if signed else ""
            told = {"User-Agent": "presscheck-stage/1", **(basic(shown) if shown else {}), **(headers or {})}
            data = body() if callable(body) else body
            answer = self._sent(urllib.request.Request(url, data=data, headers=told, method=method))
            if answer.status != 401 or not may_renew or not self._token.renew(self, shown):
                break
        return answer

    def shown(self):
        """Return the token to show. Raises Refused where there is none, Unreachable."""
        if not self._token.text and not self._token.renew(self, ""):
            raise Refused(NO_TOKEN, exit_code=2)
        return self._token.text

    def _sent(self, request):
        try:
            with self._opener.open(request, timeout=self._timeout) as answer:
                return Answer(answer.status, answer.headers, answer.read())
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, error.headers, error.read())
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{request.host} does not answer: {in_words(error)}") from error

    def reading(self, url, token):
        """Return an answer to read from; follows redirects, without the token. Raises Refused, Unreachable."""
        for _ in range(4):
            request = urllib.request.Request(url, headers=basic(token) if token else {})
            try:
                return self._opener.open(request, timeout=self._timeout)
            except urllib.error.HTTPError as error:
                with error:
                    if error.code in BUSY:
                        raise Unreachable(f"the server answered {error.code} to {url}") from error
                    if error.code not in (301, 302, 303, 307, 308):
                        raise Refused(f"the server answered {error.code} to {url}") from error
                    url, token = urllib.parse.urljoin(url, error.headers["Location"]), ""
            except (OSError, http.client.HTTPException) as error:
                raise Unreachable(f"{request.host} does not answer: {in_words(error)}") from error
        raise Refused(f"{url} leads in circles")

    def say(self, method, url, content=None, until=None):
        """Send JSON and return the answer; waits and tries again while the server is busy or away. Raises Refused."""
        body = None if content is None else json.dumps({"meta": META, **content}).encode()
        headers = {"Accept": TYPE, **({"Content-Type": TYPE} if body is not None else {})}
        return patiently(lambda: self.ask(method, url, body=body, headers=headers), until)


def patiently(ask, until=None):
    """Return the answer to a request, asked again, later each time, while the server is busy or away: a few times, or
    until a moment. Raises Refused, then with the exit code of what timed out."""
    attempt = 0
    while True:
        try:
            answer = ask()
        except Unreachable as error:
            last, pause = str(error), backoff(attempt)
        else:
            if answer.status not in BUSY:
                return answer
            last, pause = explain(answer), answer.seconds(2.0)
        attempt += 1
        if until is None and attempt >= ATTEMPTS:
            raise Refused(last)
        if until is not None and time.monotonic() >= until:
            raise Refused(last, exit_code=TIMED_OUT)
        time.sleep(pause if until is None else min(pause, max(until - time.monotonic(), 0.0)))


def in_words(error):
    """Return why a connection failed, without what urllib wraps it in."""
    reason = getattr(error, "reason", error)
    return getattr(reason, "strerror", None) or reason


def backoff(attempt):
    """Return how long to wait after so many failures in a row, in seconds."""
    return min(2.0**attempt / 4, 15.0)


def explain(answer):
    """Return what a problem document says (RFC 9457), or the bare status."""
    problem = answer.json()
    if isinstance(problem, dict) and problem.get("errors"):
        return "\n".join(error.get("message") or error.get("description", "") for error in problem["errors"])
    if isinstance(problem, dict) and problem.get("detail"):
        return problem["detail"]
    return f"the server answered {answer.status} {http.client.responses.get(answer.status, '')}"


def checked(answer, *wanted):
    """Return the answer's JSON. Raises Refused, in the server's words, for another status than those wanted."""
    if answer.status not in wanted:
        problem = answer.json()
        code = problem.get("code", "") if isinstance(problem, dict) else ""
        raise Refused(explain(answer), answer.status, code)
    return answer.json()


# --- files ----------------------------------------------------------------------------------------------------------


class Dist:
    """A wheel or sdist on this disk: path, name, release, size, digest."""

    def __init__(self, path):
        self.path, self.filename = path, os.path.basename(path)
        stem = self.filename[: -len(".tar.gz")] if self.filename.endswith(".tar.gz") else self.filename
        parts = stem.rsplit("-", 1) if stem is not self.filename else stem.split("-")[:2]
        if len(parts) != 2 or not (self.filename.endswith((".whl", ".tar.gz"))):
            raise Refused(f"{self.filename} is neither a wheel nor a source distribution (.tar.gz)")
        self.name, self.version = re.sub(r"[-_.]+", "-", parts[0]).lower(), parts[1]
        self.size = os.path.getsize(path)
        digest = hashlib.sha256()
        with open(path, "rb") as file:
            while chunk := file.read(CHUNK):
                digest.update(chunk)
        self.sha256 = digest.hexdigest()
        self.state = "waiting"

    @property
    def attestations(self):
        """Return the attestations that lie beside the file, as ``FILE.*.attestation`` (PEP 740)."""
        found = []
        for path in sorted(glob.glob(glob.escape(self.path) + ".*.attestation")):
            with open(path, encoding="utf-8") as file:
                found.append(json.load(file))
        return found

    def part(self, start, length, progress):
        """Yield ``length`` bytes from ``start``, telling the progress bar."""
        with open(self.path, "rb") as file:
            file.seek(start)
            while length > 0 and (chunk := file.read(min(CHUNK, length))):
                length -= len(chunk)
                progress.add(len(chunk))
                yield chunk


def gathered(patterns):
    """Return the files that the arguments name, whoever expands the wildcards; attestations go with their files."""
    paths = []
    for pattern in patterns:
        found = sorted(glob.glob(pattern)) or [pattern]
        paths += [path for path in found if not path.endswith((".attestation", ".asc")) and path not in paths]
    for path in paths:
        if not os.path.isfile(path):
            raise Refused(f"{path} is not a file")
    if not paths:
        raise Refused("There are no files to stage")
    dists = [Dist(path) for path in paths]
    releases = {(dist.name, dist.version) for dist in dists}
    if len(releases) > 1:
        listed = ", ".join(f"{name} {version}" for name, version in sorted(releases))
        raise Refused(f"These are files of several releases, which are drafts of their own: {listed}")
    return dists


class Progress:
    """One line that moves on a terminal; elsewhere nothing until a file is in."""

    def __init__(self, total):
        self._total, self._sent, self._lock = max(total, 1), 0, threading.Lock()
        self._moves, self._drawn = sys.stderr.isatty(), 0.0

    def add(self, count):
        with self._lock:
            self._sent += count
            if self._moves and time.monotonic() - self._drawn > 0.1:
                self._drawn = time.monotonic()
                self._draw()

    def _draw(self):
        filled = min(30 * self._sent // self._total, 30)
        bar, mb = "#" * filled + "." * (30 - filled), self._sent / 1e6
        sys.stderr.write(f"\r[{bar}] {mb:.1f} of {self._total / 1e6:.1f} MB ")
        sys.stderr.flush()

    def line(self, text):
        """Print a line without leaving the bar in its middle."""
        with self._lock:
            if self._moves:
                sys.stderr.write("\r\033[K")
            print(text, flush=True)


# --- sending --------------------------------------------------------------------------------------------------------


def until_settled(server, url, deadline):
    """Ask for a status until it is no longer pending or processing. Raises Refused when the time is over."""
    while True:
        answer = server.say("GET", url)
        body = checked(answer, 200)
        if body["status"] not in ("pending", "processing"):
            return body
        if time.monotonic() > deadline:
            raise Refused(
                f"it is still {body['status']}. What was sent is kept: run this again to go on waiting",
                exit_code=TIMED_OUT,
            )
        time.sleep(answer.seconds(1.0))


def send_whole(server, mechanism, dist, progress):
    """``http-post-bytes``: everything in one request, all of it again when the connection breaks."""
    headers = {"Content-Type": BYTES, "Content-Length": str(dist.size)}

    def send():
        with Counted(progress) as sent:
            url, body = mechanism["file_url"], lambda: dist.part(0, dist.size, sent)
            return sent.kept(204, server.ask("POST", url, body=body, headers=headers))

    checked(patiently(send), 204)
    return {}


class Counted:
    """Counts what one attempt sends, and forgets it again where that was in vain."""

    def __init__(self, progress):
        self._progress, self._count = progress, 0

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self._progress.add(-self._count)

    def add(self, count):
        self._count += count
        self._progress.add(count)

    def kept(self, status, answer):
        """Return the answer; with the status that was hoped for, nothing has to be sent again."""
        self._count = 0 if answer.status == status else self._count
        return answer


def send_resumable(server, mechanism, dist, progress):
    """``vnd-presscheck-http-resumable``: part by part from the offset that the server tells, smaller ones on a bad line."""
    offset, broken, size = mechanism["offset"], 0, mechanism["part-size"]["max"]
    progress.add(offset)
    while offset < dist.size:
        length = min(size, dist.size - offset)
        with Counted(progress) as sent:
            answer, last, pause = send_part(server, mechanism["file_url"], dist, offset, length, sent, broken)
        if answer is not None and answer.status == 204:
            offset, broken, size = offset + length, 0, min(size * 2, mechanism["part-size"]["max"])
            continue
        if answer is not None and answer.status not in (409, *BUSY):
            checked(answer, 204)
        broken, size = broken + 1, max(size // 2, mechanism["part-size"]["min"])
        if broken >= ATTEMPTS:
            raise Refused(last)
        time.sleep(pause)
        found = offset_of(server, mechanism["file_url"], offset)
        progress.add(found - offset)
        offset = found
    return {}


def send_part(server, url, dist, offset, length, sent, broken):
    """Send one part; returns the answer (None when the connection broke), what it says, and how long to wait."""
    headers = {"Content-Type": BYTES, "Content-Length": str(length), "Upload-Offset": str(offset)}
    try:
        answer = server.ask("POST", url, body=lambda: dist.part(offset, length, sent), headers=headers)
    except Unreachable as error:
        return None, str(error), backoff(broken)
    return sent.kept(204, answer), explain(answer), 0.0 if answer.status == 409 else answer.seconds(2.0)


def offset_of(server, url, known):
    """Ask how many bytes the server has; what is known stands while it cannot be asked."""
    try:
        answer = server.ask("HEAD", url)
        return int(answer.headers.get("Upload-Offset", known)) if answer.status == 204 else known
    except (Unreachable, ValueError):
        return known


def send_to_bucket(server, mechanism, dist, progress):
    """``vnd-presscheck-s3multipart-presigned``: parts straight to the store, which gets no token; returns their ETags."""
    told, offset, last = [], 0, "the store does not answer"
    for part in mechanism["parts"]:
        for attempt in range(ATTEMPTS):
            with Counted(progress) as sent, contextlib.suppress(Unreachable):
                body, headers = dist.part(offset, part["size"], sent), {"Content-Length": str(part["size"])}
                answer = server.ask("PUT", part["url"], body=body, headers=headers, signed=False)
                last = f"the store answered {sent.kept(200, answer).status} to part {part['number']}"
                if answer.status == 200:
                    break
            time.sleep(backoff(attempt))
        else:
            raise Refused(last)
        told.append({"number": part["number"], "etag": answer.headers["ETag"]})
        offset += part["size"]
    return {"parts": told}


SENDING = {
    "vnd-presscheck-s3multipart-presigned": send_to_bucket,
    "vnd-presscheck-http-resumable": send_resumable,
    "http-post-bytes": send_whole,
}


class Staging:
    """One run: the draft, the files on their way, what was said."""

    def __init__(self, server, told):
        self.server, self.deadline = server, time.monotonic() + told.timeout
        self.root, self.told = told.index, told
        self.session = None

    def open(self, dists):
        """Open the release's draft, or join it. Raises Refused, also when the release is published and this is not late."""
        first = dists[0]
        own = {"late": self.told.late, **({"expects": self.told.expects} if self.told.expects else {})}
        meta = {**META, "_presscheck": own}
        answer = self.server.say(
            "POST", f"{self.root}upload/", {"meta": meta, "name": first.name, "version": first.version}
        )
        if answer.status == 409 and answer.headers.get("Location"):
            answer = self.server.say("GET", answer.headers["Location"])
        try:
            self.session = checked(answer, 200, 201)
        except Refused as error:
            if error.code != "release-published":
                raise
            words = f"{error}\nWith --late the files go into a new draft that adds to it."
            raise Refused(words, exit_code=PUBLISHED_ALREADY) from error
        if not self.told.print_link:
            mask(self.session.get("session-token"))
        for notice in self.session.get("notices", []):
            print(notice, flush=True)

    def send(self, dist, progress):
        """Stage one file. Raises Refused."""
        own = self.session["meta"].get("_presscheck", {})
        if own.get("sha256", {}).get(dist.filename) == dist.sha256:
            progress.add(dist.size)
            dist.state = "unchanged"
            return
        upload = self.announce(dist)
        mechanism = upload["mechanism"]
        if dist.attestations:
            self._attest(mechanism, dist)
        told = SENDING[mechanism["identifier"]](self.server, mechanism, dist, progress)
        self._complete(upload, dist, told)
        dist.state = "staged"

    def announce(self, dist):
        """Announce a file, best way of sending first; waits for one that is under way under this name."""
        offered = [one for one in self.session["mechanisms"] if one in SENDING]
        if not offered:
            raise Refused(
                f"This script knows none of the server's ways of sending: {self.session['mechanisms']}"
            )
        if dist.size <= SMALL and "http-post-bytes" in offered:
            offered = ["http-post-bytes"]  # nothing to resume, and one request instead of three
        body = {"filename": dist.filename, "size": dist.size, "hashes": {"sha256": dist.sha256}, "mechanism": offered[0]}  # fmt: skip
        while True:
            answer = self.server.say("POST", self.session["links"]["upload"], body)
            busy = answer.status == 409 and "Retry-After" in answer.headers
            if not busy or time.monotonic() > self.deadline:
                return checked(answer, 202)
            time.sleep(answer.seconds(5.0))

    def _attest(self, mechanism, dist):
        body = json.dumps(dist.attestations).encode()
        headers = {"Content-Type": "application/json", "Accept": TYPE}
        url = mechanism["attestations_url"]
        checked(patiently(lambda: self.server.ask("POST", url, body=body, headers=headers)), 204)

    def _complete(self, upload, dist, told):
        answer = self.server.say("POST", upload["links"]["complete"], told)
        body = checked(answer, 201, 202)
        if body["status"] != "completed":
            body = until_settled(self.server, upload["links"]["file-upload-session"], self.deadline)
        if body["status"] != "completed":
            raise Refused("\n".join(body.get("notices", [f"{dist.filename} is {body['status']}"])))

    def say_complete(self):
        """Tell the server that CI has sent all it has. A person publishes: 403 is the usual answer, and no failure."""
        answer = self.server.say("POST", self.session["links"]["publish"], {})
        if answer.status not in (202, 403, 409):
            checked(answer, 202)
        return explain(answer) if answer.status == 409 else ""

    def refresh(self):
        self.session = checked(self.server.say("GET", self.session["links"]["session"]), 200)


def mask(secret):
    """Ask the CI provider to leave a secret out of its logs, in the way it is asked."""
    if secret and os.environ.get("GITHUB_ACTIONS"):
        print(f"::add-mask::{secret}", flush=True)
    elif secret and os.environ.get("TF_BUILD"):
        print(f"##vso[task.setsecret]{secret}", flush=True)


# --- the commands ---------------------------------------------------------------------------------------------------


def stage(server, told):
    """Send the files; what fails does not stop the others. Returns the exit code."""
    dists = gathered(told.files)
    if told.dry_run:
        return ask_the_door(server, told, dists)
    staging = Staging(server, told)
    staging.open(dists)
    progress = Progress(sum(dist.size for dist in dists))
    failures = {}
    with ThreadPoolExecutor(told.jobs) as pool:
        under_way = {pool.submit(staging.send, dist, progress): dist for dist in dists}
        for future in as_completed(under_way):
            dist = under_way[future]
            try:
                future.result()
            except (Refused, Unreachable) as error:
                failures[dist.filename] = error
                dist.state = "failed"
            progress.line(f"{dist.state:9} {dist.filename}")
    remark = "" if failures or told.partial else staging.say_complete()
    staging.refresh()
    report(staging, dists, failures, remark)
    return max((getattr(error, "exit_code", FAILED) for error in failures.values()), default=DONE)


def report(staging, dists, failures, remark):
    """Print digests as sha256sum does, so that the log is evidence, and the address where people look at the draft."""
    session, own = staging.session, staging.session["meta"].get("_presscheck", {})
    print()
    for dist in sorted(dists, key=lambda dist: dist.filename):
        print(f"{dist.sha256}  {dist.filename}")
    print(f"\nsession: {session['links']['session']}")
    print(f"review:  {own.get('review-url', '')}")
    if staging.told.print_link and session["links"].get("stage"):
        print(
            f"test it: pip install --extra-index-url {session['links']['stage']} {dists[0].name}=={dists[0].version}"
        )
    if remark:
        print(f"\n{remark}")
    for filename, error in failures.items():
        print(f"\n{filename} was not staged: {error}", file=sys.stderr)
    _for_the_provider(session, own, dists)


def _for_the_provider(session, own, dists):
    """Leave a table on the run's page, and the addresses for later jobs (GitHub Actions)."""
    if path := os.environ.get("GITHUB_STEP_SUMMARY"):
        rows = "".join(f"| `{dist.filename}` | `{dist.sha256}` | {dist.state} |\n" for dist in dists)
        head = f"### Staged: [{dists[0].name} {dists[0].version}]({own.get('review-url', '')})\n\n"
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"{head}| file | SHA-256 | |\n|---|---|---|\n{rows}\n")
    if path := os.environ.get("GITHUB_OUTPUT"):
        with open(path, "a", encoding="utf-8") as file:
            file.write(f"session={session['links']['session']}\nreview-url={own.get('review-url', '')}\n")


def ask_the_door(server, told, dists):
    """Let the server look at each file and say what it would do; nothing is staged."""
    refused = 0
    progress = Progress(sum(dist.size for dist in dists))
    for dist in dists:
        try:
            said = checked(patiently(lambda dist=dist: asked_about(server, told, dist, progress)), 200)[
                "would"
            ]
        except Refused as error:
            said, refused = str(error), refused + 1
        progress.line(f"{dist.filename}: {said}")
    return FAILED if refused else DONE


def asked_about(server, told, dist, progress):
    """Send a file to be looked at; returns the answer. Raises Refused, Unreachable."""
    url = f"{told.index}upload/check/{urllib.parse.quote(dist.filename)}"
    headers = {"Content-Type": BYTES, "Content-Length": str(dist.size), "Accept": TYPE}
    with Counted(progress) as sent:
        return sent.kept(
            200, server.ask("POST", url, body=lambda: dist.part(0, dist.size, sent), headers=headers)
        )


def wait(server, told):
    """Wait until the draft is published, or approved for CI to publish; a server that is away is waited for, too.
    Returns the exit code. Raises Refused."""
    deadline = time.monotonic() + told.timeout
    before = None
    while True:
        try:
            answer = server.say("GET", told.session, until=deadline)
        except Refused as error:
            print(f"{error}\n{again(told)}", file=sys.stderr)
            return error.exit_code
        if answer.status == 401 and before:
            print(f"{explain(answer)}\n{ENDED} {again(told)}", file=sys.stderr)
            return TIMED_OUT
        body = checked(answer, 200)
        own = body["meta"].get("_presscheck", {})
        if body["status"] != before:
            before = body["status"]
            print(f"{before}: {own.get('review-url', told.session)}", flush=True)
        if before == "published" or (told.until == "approved" and own.get("approved")):
            return DONE
        if before == "canceled":
            return CANCELED
        if time.monotonic() > deadline:
            print(f"Nobody has decided yet. The draft stays. {again(told)}", file=sys.stderr)
            return TIMED_OUT
        time.sleep(min(max(answer.seconds(10.0), 1.0), max(deadline - time.monotonic(), 0.5)))


def again(told):
    """Return the words to resume with."""
    return f"Run this again to go on waiting:\n  stage.py wait --session {told.session} --until {told.until}"


def fetch(server, told):
    """Fetch the files of a draft that is published, or approved for CI to publish, each checked against the digest that
    people saw. Returns the exit code."""
    body = checked(server.say("GET", told.session), 200)
    own = body["meta"]["_presscheck"]
    listed = own.get("approved") or published_files(server, told, body)
    os.makedirs(told.into, exist_ok=True)
    fetched = []
    for filename, digest in sorted(own["sha256"].items()):
        if filename != os.path.basename(filename) or filename not in listed:
            raise Refused(f"{filename} was published and is not on the index's page")
        path = os.path.join(told.into, filename)
        size = downloaded(server, listed[filename], path, digest, told)
        fetched.append({"filename": filename, "size": size, "sha256": digest})
        print(f"{digest}  {filename}")
    if told.receipt:
        receipt = {"name": own["name"], "version": own["version"], "fingerprint": own["fingerprint"],
                   "session": told.session, "files": fetched}  # fmt: skip
        with open(told.receipt, "w", encoding="utf-8") as file:
            json.dump(receipt, file, indent=1)
    return DONE


def published_files(server, told, body):
    """Return the addresses of a published draft's files, by name. Raises Refused for any other draft."""
    if body["status"] != "published":
        raise Refused(
            f"The draft is {body['status']}, not published: wait for it first",
            exit_code=CANCELED if body["status"] == "canceled" else FAILED,
        )
    name, token = body["meta"]["_presscheck"]["name"], os.environ.get(READER, "")
    base = f"{told.index}simple/{name}/"
    headers = {"Accept": SIMPLE, **(basic(token) if token else {})}
    answer = patiently(lambda: server.ask("GET", base, headers=headers, signed=False))
    if answer.status == 401 or (token and answer.status == 404):
        raise Refused((NOT_READ if token else NOT_PUBLIC).format(name))
    page = checked(answer, 200)
    return {file["filename"]: urllib.parse.urljoin(base, file["url"]) for file in page["files"]}


def downloaded(server, url, path, digest, told):
    """Write a file once its digest is right, with a few tries. Raises Refused, Unreachable; returns its size."""
    attempt = 0
    while True:
        try:
            return _download(server, url, path, digest, told.index)
        except Unreachable:
            attempt += 1
            if attempt == ATTEMPTS:
                raise
            time.sleep(backoff(attempt))


def _download(server, url, path, digest, index):
    """Write a file once its digest is right. Raises Refused, and Unreachable when it was cut; returns its size."""
    found, size = hashlib.sha256(), 0
    token = os.environ.get(READER, "") if url.startswith(index) else ""
    if url.startswith(f"{index}upload/"):  # what is approved, and not yet published
        token = server.shown()
    with server.reading(url, token) as answer, open(path + ".part", "wb") as file:
        try:
            while chunk := answer.read(CHUNK):
                found.update(chunk)
                size += len(chunk)
                file.write(chunk)
        except (OSError, http.client.HTTPException) as error:
            raise Unreachable(f"{os.path.basename(path)} was cut after {size} bytes: {error}") from error
        length = answer.headers.get("Content-Length")
    if length and size < int(length):
        raise Unreachable(f"{os.path.basename(path)} was cut after {size} of {length} bytes")
    if found.hexdigest() != digest:
        os.unlink(path + ".part")
        raise Refused(
            f"{os.path.basename(path)} is not what was reviewed: the bytes that came have another SHA-256"
        )
    os.replace(path + ".part", path)
    return size


# --- the command line -----------------------------------------------------------------------------------------------


def seconds(text):
    """Return a span of time in seconds: 90, 90s, 15m, 5h, 2d."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)([smhd]?)", text)
    if not found:
        raise argparse.ArgumentTypeError(f"'{text}' is no span of time: say 90s, 15m, 5h")
    return float(found[1]) * {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}[found[2]]


def root(text):
    """Return an index's root address, whichever of its addresses was given."""
    parts = urllib.parse.urlsplit(text)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise argparse.ArgumentTypeError(f"'{text}' is no address")
    path = re.sub(r"(legacy|upload|simple)/?$", "", parts.path)
    return f"{parts.scheme}://{parts.netloc}{path.rstrip('/')}/"


def parsed(arguments):
    """Read the command line; ``stage`` is the command when none is named."""
    if not arguments or arguments[0] not in ("stage", "wait", "fetch", "-h", "--help"):
        arguments = ["stage", *arguments]
    parser = argparse.ArgumentParser(
        prog="stage.py", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    commands = parser.add_subparsers(dest="command", required=True)
    one = commands.add_parser("stage", help="send files into a draft")
    one.add_argument("files", nargs="+", metavar="FILE")
    one.add_argument(
        "--index", type=root, default=os.environ.get("PRESSCHECK_INDEX"), help="the server's address"
    )
    one.add_argument("--jobs", type=int, default=4, help="files at once (4)")
    one.add_argument("--timeout", type=seconds, default=1800.0, help="for everything together (30m)")
    one.add_argument("--late", action="store_true", help="also when the release is published already")
    one.add_argument(
        "--partial", action="store_true", help="other jobs send more: do not call the draft complete"
    )
    one.add_argument(
        "--expects", action="append", default=[], metavar="FILENAME", help="a file that publishing waits for"
    )
    one.add_argument(
        "--dry-run", action="store_true", help="ask what the server would say, and stage nothing"
    )
    one.add_argument(
        "--print-link", action="store_true", help="print the testers' line, where the project lets CI know it"
    )
    one = commands.add_parser("wait", help="wait until people have decided")
    one.add_argument("--session", required=True, help="the session's address, as staging printed it")
    one.add_argument("--until", choices=["published", "approved"], default="published")
    one.add_argument("--timeout", type=seconds, default=5 * 3600.0, help="(5h)")
    one = commands.add_parser("fetch", help="fetch the published files, verified")
    one.add_argument("--session", required=True, help="the session's address, as staging printed it")
    one.add_argument("--into", default="dist", help="the folder (dist)")
    one.add_argument("--receipt", metavar="FILE", help="write down what was fetched, as JSON")
    told = parser.parse_args(arguments)
    if told.command == "stage" and not told.index:
        parser.error("--index is needed, or PRESSCHECK_INDEX")
    if told.command != "stage":
        told.index = root(told.session.partition("upload/")[0])
    return told


def main(arguments):
    """Do what the command line says; returns the exit code."""
    told = parsed(arguments)
    token = next((os.environ[name] for name in TOKENS if os.environ.get(name)), "")
    if not token and not has_identity():
        print(NO_TOKEN, file=sys.stderr)
        return 2
    mask(token)
    mask(os.environ.get(READER))
    try:
        return {"stage": stage, "wait": wait, "fetch": fetch}[told.command](
            Server(Token(token, told.index)), told
        )
    except Refused as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except Unreachable as error:
        print(f"{error}. Run this again: what arrived is kept.", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    with contextlib.suppress(BrokenPipeError):
        sys.exit(main(sys.argv[1:]))
