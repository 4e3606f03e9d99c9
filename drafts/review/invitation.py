"""The message that goes to an invited builder: plain text to copy, with commands that work as they stand."""

from collections.abc import Iterator

from django.urls import reverse

from drafts.access import links
from drafts.dist import FileType
from drafts.intake.upload2.bodies import absolute
from drafts.models import Builder, File


def message(builder: Builder, token: str) -> str:
    """Write the message; the commands run in sh, zsh, PowerShell and cmd alike."""
    return "\n".join([*_greeting(builder), *_fetch(builder), *_send(builder, token), *_closing(builder)])


def _greeting(builder: Builder) -> Iterator[str]:
    release, patterns = str(builder.draft), ", ".join(builder.token.patterns)
    files = f"{builder.expected} files" if builder.expected else "files"
    yield f"Hello {builder.name},"
    yield ""
    yield f"{builder.invited_by.name or builder.invited_by.email} asks you to build {files} of {release}, named like {patterns}."
    yield "They go into a review: people look at them, and nothing is published by sending them."
    yield ""


def _fetch(builder: Builder) -> Iterator[str]:
    sdist = builder.draft.files.completed().filter(filetype=FileType.SDIST).first()
    if sdist is None:
        yield "1. The source distribution is not staged yet. It appears here, with its SHA-256, once it is:"
        yield ""
        yield links.url(builder.link)
        yield ""
        yield "2. Build wheels from it into the folder wheels."
    else:
        yield from _build(sdist, f"{links.url(builder.link)}files/{sdist.handle}/{sdist.filename}")
    yield ""


def _build(sdist: File, url: str) -> Iterator[str]:
    yield "1. Fetch the source, and check that it is what was staged:"
    yield ""
    yield f"curl -fsSLO {url}"
    yield (
        f"python -c \"import hashlib; assert hashlib.sha256(open('{sdist.filename}', 'rb').read()).hexdigest() == "
        f"'{sdist.sha256}', 'not the staged file'\""
    )
    yield ""
    yield "2. Build into the folder wheels, with the Python you have or with cibuildwheel:"
    yield ""
    yield f"python -m pip wheel --no-deps --wheel-dir wheels {sdist.filename}"


def _send(builder: Builder, token: str) -> Iterator[str]:
    upload = absolute(reverse("sandbox-legacy" if builder.draft.project.is_sandbox else "legacy"))
    yield "3. Send the wheels, with one of these:"
    yield ""
    yield f"python -m twine upload --repository-url {upload} --username __token__ --password {token} wheels/*"
    yield f"uv publish --publish-url {upload} --token {token} wheels/*"
    yield ""


def _closing(builder: Builder) -> Iterator[str]:
    until = min(builder.token.expires_at, builder.draft.expires_at)
    yield "4. What is in the review, and how to install it:"
    yield ""
    yield links.url(builder.link)
    yield ""
    yield f"The token adds such files to {builder.draft} and does nothing else. Keep it and the link to yourself;"
    yield f"they are good until {until:%d %B %Y %H:%M} UTC, or until the review ends."
    yield ""
