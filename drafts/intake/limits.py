"""What the limits of an upload token let in: asked when a file's name is known, and again under the lock."""

from packaging.utils import canonicalize_version
from packaging.version import Version

from drafts.dist import FileName
from drafts.intake.rules import Refused
from drafts.models import Token


def must_cover_release(token: Token, version: Version) -> None:
    """Refuse a release that the token is not meant for. Raises Refused."""
    if token.versions and canonicalize_version(version) not in token.versions:
        raise Refused(
            403,
            "token-version",
            f"This token stages files of version {_either(token.versions)}, not of {version}. Nothing was kept: use "
            "another token, or let a maintainer stage it.",
        )


def must_cover(token: Token, name: FileName) -> None:
    """Refuse a file that the token is not meant for. Raises Refused."""
    must_cover_release(token, name.version)
    if token.patterns and (spelling := name.unlike(token.patterns)):
        raise Refused(
            403,
            "token-filename",
            f"This token stages files like {_either(token.patterns)}, and '{spelling}' is not. Nothing was kept: use "
            "another token, or let a maintainer stage it.",
        )


def _either(values: list[str]) -> str:
    shown = values[:5]
    more = f" or {len(values) - len(shown)} others" if len(values) > len(shown) else ""
    return f"{', '.join(shown)}{more}"
