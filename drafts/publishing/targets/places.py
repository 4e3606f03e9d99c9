"""Where an upstream index takes files and lists them. The two public ones are known to twine by name, and to nobody here."""

import os
from dataclasses import dataclass
from urllib.parse import urlsplit

from cryptography.fernet import InvalidToken
from twine import repository, utils

from drafts import secrets
from drafts.models import Target, TargetKind

_WEB = {TargetKind.PYPI: repository.WAREHOUSE_WEB, TargetKind.TESTPYPI: repository.TEST_WAREHOUSE}


class Locked(Exception):
    """What uploads to an upstream index cannot be read any more; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Place:
    """One upstream index with what opens it."""

    label: str
    upload_url: str
    index_url: str
    username: str
    secret: str
    is_known: bool  # PyPI or TestPyPI, whose rules are known


def upload_url(target: Target) -> str:
    """Return where a target takes files."""
    if target.kind == TargetKind.OTHER:
        return target.upload_url
    # An empty file instead of the one in a home folder, which could name another address.
    return str(utils.get_repository_from_config(os.devnull, target.kind)["repository"])


def index_url(target: Target) -> str:
    """Return where a target's Simple API begins; ends with a slash."""
    if target.kind == TargetKind.OTHER:
        return target.index_url.rstrip("/") + "/"
    return f"{_WEB[TargetKind(target.kind)]}simple/"


def secret_of(target: Target) -> str:
    """Return what uploads to a target, or signs for its CI. Raises Locked."""
    return opened(target, target.secret_sealed)


def opened(target: Target, sealed: str) -> str:
    """Return one of a target's secrets. Raises Locked when no key of the server opens it."""
    try:
        return secrets.open_target_secret(sealed)
    except InvalidToken as error:
        raise Locked(
            f"The credentials for {target} cannot be read any more, because the server's secret key was replaced: an owner "
            "has to give them again on the project's upstream page.",
        ) from error


def place_of(target: Target) -> Place:
    """Return where a target is, with what opens it. Raises Locked."""
    known = target.kind != TargetKind.OTHER
    return Place(
        label=str(target),
        upload_url=upload_url(target),
        index_url=index_url(target),
        username="__token__" if known else target.username,
        secret="" if target.by_ci else secret_of(target),
        is_known=known,
    )


def same_origin(one: str, other: str) -> bool:
    """Say whether two addresses are answered by one server."""
    first, second = urlsplit(one), urlsplit(other)
    return (first.scheme, first.netloc) == (second.scheme, second.netloc)
