"""What CI does, and what is tried with its token."""

import random
from concurrent.futures import ThreadPoolExecutor

from bench.faults.acts.act import NOT_NOW, Act, Said
from bench.faults.acts.claims import Revoked, Staged
from bench.faults.browser import Answer, Browser, Lost
from bench.faults.cast import Cast, basic
from tests import bodies, wheels

TAGS = tuple(f"py3-none-{system}_{number}" for system in ("linux", "any") for number in range(6))
_LARGEST, _FILES = 200_000, (3, 6)
_BOMB = 4_000_000  # characters of METADATA, which travel as a few thousand bytes


def wheel(project: str, version: str, dice: random.Random, tag: str | None = None) -> wheels.Built:
    """Build a wheel of a few bytes or a few hundred kilobytes; other dice, other bytes."""
    ballast = dice.randbytes(dice.choice((100, 5_000, _LARGEST)))
    tag = tag or dice.choice(TAGS)
    return wheels.wheel(project, version, tag=tag, salt=str(dice.random()), files={f"{project}.bin": ballast})


def send(server: str, built: wheels.Built, authorization: str, project: str, version: str) -> Answer:
    """Post one file to /legacy/ as upload tools do. Raises Lost."""
    filetype = "sdist" if built.filename.endswith(".tar.gz") else "bdist_wheel"
    form = bodies.parts(built, name=project, version=version, filetype=filetype)
    return Browser().upload(f"{server}/legacy/", form, authorization)


def _staged(answer: Answer, project: str, built: wheels.Built) -> Said:
    claim = Staged(project, built.filename, built.sha256) if answer.status == 200 else None
    return Said(answer.status, claim)


def _upload(cast: Cast, dice: random.Random) -> Said:
    project, version = cast.release(dice)
    built = wheel(project, version, dice)
    return _staged(send(cast.server(dice), built, cast.basic(project), project, version), project, built)


def _release(cast: Cast, dice: random.Random) -> Said:
    """Send several files of one release; maintainers and testers come when all are in. Stops at the first refusal."""
    project, version = cast.release(dice)
    said = Said(200)
    for tag in dice.sample(TAGS, dice.randint(*_FILES)):
        built = wheel(project, version, dice, tag)
        answer = send(cast.server(dice), built, cast.basic(project), project, version)
        said = _staged(answer, project, built)
        if said.claim is None:
            return said
        cast.ledger.claim(said.claim)
    cast.drafts.append((project, version))
    return said


def _replace(cast: Cast, dice: random.Random) -> Said:
    """Send one name twice with other bytes, without a pause: whoever comes last is in."""
    project, version = cast.release(dice)
    tag = dice.choice(TAGS)
    first, second = (wheel(project, version, dice, tag) for _ in range(2))
    answer = send(cast.server(dice), first, cast.basic(project), project, version)
    if answer.status == 200:
        cast.ledger.claim(Staged(project, first.filename, first.sha256))
        answer = send(cast.server(dice), second, cast.basic(project), project, version)
        return _staged(answer, project, second)
    return Said(answer.status)


def _at_both(cast: Cast, dice: random.Random) -> Said:
    """Send one file to every web server at once, as a CI job does that was started twice. Raises Lost."""
    project, version = cast.release(dice)
    built = wheel(project, version, dice)

    def one(server: str) -> Answer | None:
        try:
            return send(server, built, cast.basic(project), project, version)
        except Lost:
            return None

    with ThreadPoolExecutor(len(cast.servers)) as pool:
        answers = [answer for answer in pool.map(one, cast.servers) if answer is not None]
    if not answers:
        raise Lost("no server answered")
    best = min(answers, key=lambda answer: answer.status)
    return _staged(best, project, built)


def _over_published(cast: Cast, dice: random.Random) -> Said | None:
    """Try other bytes under a name that a reader has seen on the index."""
    sightings = [one for one in cast.ledger.sightings if one.project in cast.tokens][-50:]
    seen = sorted((one.project, name) for one in sightings for name, _ in one.files)
    if not seen:
        return None
    project, filename = dice.choice(seen)
    _, version, tag = filename.removesuffix(".whl").split("-", 2)
    built = wheel(project, version, dice, tag)
    answer = send(cast.server(dice), built, cast.basic(project), project, version)
    if answer.status == 200:
        cast.ledger.complain(f"{filename} is published, and other bytes were taken under its name")
    return Said(answer.status)


def _hostile(cast: Cast, dice: random.Random) -> Said:
    """Send an archive that would do harm where it is read or unpacked: a bomb, a path out of it, a name twice."""
    project, version = cast.release(dice)
    package = project.replace("-", "_")
    knobs: dict = dice.choice(
        (
            {"description": "0" * _BOMB},
            {"extra": (("../../../tmp/presscheck-was-here", b"out"),)},
            {"extra": ((f"{package}/__init__.py", b"twice"),)},
        )
    )
    built = wheels.wheel(project, version, tag=dice.choice(TAGS), salt=str(dice.random()), **knobs)
    cast.ledger.hostile.add(built.sha256)
    answer = send(cast.server(dice), built, cast.basic(project), project, version)
    return Said(answer.status)


def _presume(cast: Cast, dice: random.Random) -> Said | None:
    """Let CI's token try to publish the draft whose session it was told of."""
    project, version = cast.release(dice)
    server = cast.server(dice)
    built = wheel(project, version, dice)
    answer = send(server, built, cast.basic(project), project, version)
    if answer.status != 200 or "/upload/" not in answer.headers.get("location", ""):
        return None
    session = server + "/upload/" + answer.headers["location"].partition("/upload/")[2]
    cast.ledger.claim(Staged(project, built.filename, built.sha256))
    headers = {"Authorization": cast.basic(project)}
    return Said(Browser().ask(f"{session}publish/", method="POST", data=b"", headers=headers).status)


def _revoke(cast: Cast, dice: random.Random) -> Said | None:
    """Make a token and revoke it, as an operator does, and try it at once at every web server."""
    from django.db import Error

    from accounts.audit import Actor
    from drafts.access import tokens
    from drafts.models import Project, TokenKind

    project, version = cast.release(dice)
    by = Actor.system("operator")
    try:
        row, text = tokens.make(project=Project.objects.get(name=project), kind=TokenKind.UPLOAD, by=by)
        tokens.revoke(token=row, by=by)
    except Error:
        return None
    cast.ledger.revoked.add(text)
    cast.ledger.claim(Revoked(text))
    built, statuses = wheel(project, version, dice), []
    for server in cast.servers:
        try:
            statuses.append(send(server, built, basic("__token__", text), project, version).status)
        except Lost:
            continue
    if not statuses:
        raise Lost("no server answered")
    return Said(next((status for status in statuses if status != 401), 401))


_STAGING = frozenset({200, 400, 409}) | NOT_NOW
ACTS = [
    Act("upload a release", _release, _STAGING, 3),
    Act("upload a file", _upload, _STAGING, 5),
    Act("upload a file and replace it", _replace, _STAGING, 3),
    Act("upload one file to both web servers", _at_both, _STAGING, 2),
    Act("upload other bytes under a published name", _over_published, frozenset({400, 409}) | NOT_NOW),
    Act("upload a hostile archive", _hostile, frozenset({400}) | NOT_NOW),
    Act("publish with an upload token", _presume, frozenset({403}) | NOT_NOW),
    Act("upload with a revoked token", _revoke, frozenset({401}) | NOT_NOW),
]
