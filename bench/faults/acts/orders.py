"""What CI and owners do with a standing order: releases that it publishes, releases that it must not, giving it anew."""

import json
import random
from collections.abc import Callable
from dataclasses import dataclass

from django.utils import timezone

from bench.faults.acts.act import NOT_NOW, Act, Said
from bench.faults.acts.claims import Followed, Happened, NotFollowed, Staged
from bench.faults.acts.people import followed
from bench.faults.acts.uploads import send
from bench.faults.browser import Answer, Browser
from bench.faults.cast import Cast, basic
from tests import wheels
from tests.wheels import Built

_JSON = {"Content-Type": "application/json"}


@dataclass(frozen=True, slots=True)
class Release:
    """What a run built, ``again`` and ``strange`` being other bytes under the wheel's name: logged, and not logged."""

    wheel: Built
    sdist: Built
    again: Built
    strange: Built

    @classmethod
    def of(cls, project: str, version: str, salt: str) -> "Release":
        """Build what the project's releases always have."""
        wheel, again, strange = (
            wheels.wheel(project, version, salt=f"{salt} {number}") for number in range(3)
        )
        return cls(wheel, wheels.sdist(project, version, salt=salt), again, strange)


def mint(server: str, identity: str) -> tuple[Answer, str]:
    """Exchange an identity token for an upload token; returns the answer, and the Authorization header or nothing."""
    told = json.dumps({"token": identity}).encode()
    answer = Browser().ask(f"{server}/_/oidc/mint-token", method="POST", data=told, headers=_JSON)
    return answer, basic("__token__", json.loads(answer.body)["token"]) if answer.status == 200 else ""


def staged(
    cast: Cast, server: str, files: list[Built], authorization: str, version: str
) -> tuple[Answer, str]:
    """Send the files; returns the last answer, and the address of their session if all are in. Raises Lost."""
    assert cast.forge is not None
    project, session = cast.forge.project, ""
    for one in files:
        answer = send(server, one, authorization, project, version)
        if answer.status != 200 or "/upload/" not in answer.headers.get("location", ""):
            return answer, ""
        cast.ledger.claim(Staged(project, one.filename, one.sha256))
        session = server + "/upload/" + answer.headers["location"].partition("/upload/")[2]
    return answer, session


def say_complete(session: str, authorization: str) -> Answer:
    """Call a draft complete: publishing is refused to CI, and its word is noted. Raises Lost."""
    headers = {"Authorization": authorization}
    return Browser().ask(f"{session}publish/", method="POST", data=b"", headers=headers)


Way = Callable[[Release], list[Built]]


def _right(built: Release) -> list[Built]:
    return [built.wheel, built.sdist]


def _replaced(built: Release) -> list[Built]:
    """Send the wheel's name twice: whatever CI logged, a file was replaced after it was staged."""
    return [built.again, built.wheel, built.sdist]


def _not_logged(built: Release) -> list[Built]:
    """Send other bytes than those that the run logged under this name."""
    return [built.strange, built.sdist]


# How it is staged, and whether the job itself says that it is complete.
_HONEST = (_right, True)
_WAYS: tuple[tuple[Way, bool], ...] = (
    *(_HONEST,) * 5,
    (_right, False),
    (_replaced, True),
    (_not_logged, True),
)


def _release(cast: Cast, dice: random.Random) -> Said | None:
    """Stage a release by CI's own identity and call it complete, now and then in a way that an order does not take."""
    forge, version = cast.forge, cast.versions[0]
    if forge is None or not forge.takes(version):
        return None
    said = ordered(cast, dice, version, dice.choice(_WAYS))
    if said.claim is not None:
        cast.drafts.append((forge.project, version))
    return said


def ordered(cast: Cast, dice: random.Random, version: str, how: tuple[Way, bool] = _HONEST) -> Said:
    """Stage a release by CI's own identity, in a way, and have its job or another token call it complete. Raises Lost."""
    forge, server = cast.forge, cast.server(dice)
    assert forge is not None
    way, by_the_job = how
    built, since = Release.of(forge.project, version, str(dice.random())), timezone.now()
    answer, own = mint(server, forge.ran([built.wheel, built.sdist]))
    cast.ledger.logged |= {built.wheel.sha256, built.sdist.sha256}
    if not own:
        return Said(answer.status)
    answer, session = staged(cast, server, way(built), own, version)
    if not session:
        return Said(answer.status)
    answer = say_complete(session, own if by_the_job else basic("__token__", forge.plain))
    label = f"{forge.project} {version}"
    if how != _HONEST:
        return Said(answer.status, NotFollowed(label, since))
    return Said(answer.status, Followed(label, since) if "is noted" in answer.text else None)


def _give_anew(cast: Cast, dice: random.Random) -> Said | None:
    """Revoke the standing order and give another one: what the first decided and is not visible yet comes back."""
    forge, server = cast.forge, cast.server(dice)
    if forge is None or not forge.owners.acquire(blocking=False):
        return None
    try:
        code = forge.owner.code()
        if code is None:
            return None
        browser, url = forge.owner.browser, f"{server}/projects/{forge.project}/order/"
        page, since = browser.ask(url), timezone.now()
        if page.status != 200:
            return Said(page.status)
        said = browser.post(f"{url}revoke/", page)
        told = followed(forge.owner, server, said) if said.status == 302 else []
        if any("standing order is revoked" in text for text in told):
            cast.ledger.claim(Happened("order:revoked", "", since))
        said = browser.post(url, browser.ask(url), days="30", code=code)
        told = followed(forge.owner, server, said) if said.status == 302 else []
        given = any("The order stands for 30 days" in text for text in told)
        return Said(said.status, Happened("order:given", "", since) if given else None)
    finally:
        forge.owners.release()


# 403 is how CI's word that a draft is complete is answered: publishing takes a person, and the word is noted.
ORDERED = frozenset({400, 403, 409}) | NOT_NOW
ACTS = [
    Act("release by a standing order", _release, ORDERED, 4),
    Act("give a standing order anew", _give_anew, frozenset({200, 302, 403, 409}) | NOT_NOW),
]
