"""A builder who was invited to a draft, what they build, and what publishing waits for."""

import html
import re

import pytest
from django.test import Client

from accounts.audit import Actor
from drafts.access import builders
from drafts.models import Builder, Draft
from drafts.publishing import policy
from tests import wheels
from tests.conftest import Ci, totp_code
from tests.proofs import proof_of

SYSTEM = Actor.system("tests")
NAME = "Ann Other"


def mac(python: str = "cp312", **knobs) -> wheels.Built:
    """A wheel for macOS."""
    return wheels.wheel(tag=f"{python}-{python}-macosx_11_0_arm64", **knobs)


def invite(draft: Draft, user, **changes) -> tuple[Builder, Ci]:
    """Invite somebody for macOS wheels, as the page does."""
    told = {"name": NAME, "patterns": ["*-macosx_*"], "expected": 2, "days": 7, "by": Actor.person(user)}
    proof = proof_of(user, builders.purpose(draft))
    builder, token = builders.invite(draft=draft, proof=proof, **{**told, **changes})
    return builder, Ci(token, builder.token)


@pytest.fixture
def invited(draft, mike) -> tuple[Builder, Ci]:
    """A builder who was asked for two macOS wheels, and the token they hold."""
    return invite(draft, mike)


@pytest.fixture
def maintainer(mike) -> Client:
    """A browser in which the maintainer is signed in."""
    client = Client()
    client.force_login(mike)
    return client


def waits(draft: Draft) -> list[str]:
    """What publishing waits for from builders, in sentences."""
    return [one.sentence for one in policy.blockers(draft) if one.code == policy.Code.BUILDER_FILES]


def form(**changes) -> dict[str, str]:
    """The form of an invitation as mike fills it in."""
    filled = {"name": NAME, "patterns": "*-macosx_*", "expected": "2", "days": "7", "code": totp_code("mike")}
    return {**filled, **changes}


def shown(page: bytes) -> str:
    """The message in the page that shows it."""
    return html.unescape(re.search(r"<textarea[^>]*>(.*?)</textarea>", page.decode(), re.DOTALL)[1])
