"""Check a receipt."""

import hashlib
import json
from pathlib import Path
from typing import Any

from django.core.management.base import CommandParser

from drafts.management.refusals import PlainCommand, Refused
from drafts.publishing.receipt import keys
from drafts.publishing.receipt.envelope import NotGenuine, PublicKey, opened


class Command(PlainCommand):
    help = "Check a receipt's signature and key, and the files it speaks of if they are at hand. Exit 0 when it is genuine."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("file", metavar="FILE")
        parser.add_argument(
            "--keys", help="a saved /.well-known/presscheck.json, instead of this server's keys"
        )
        parser.add_argument("--files", help="a folder with the files, which are hashed too")

    def handle(self, **told: Any) -> None:
        known = keys_in(told["keys"]) if told["keys"] else keys.listed()
        try:
            said = opened(_read(told["file"]), {key.id: key for key in known})
        except NotGenuine as error:
            raise Refused(f"not genuine: {error}") from error
        if told["files"]:
            _must_be_there(Path(told["files"]), said["subject"])
        about = said["predicate"]
        self.stdout.write(
            f"genuine: {about['project']} {about['version']}, {len(said['subject'])} files, published by "
            f"{about['publishedBy']['name']} at {about['publishedAt']}, signed by {about['key']}"
        )


def _read(path: str) -> bytes:
    try:
        return Path(path).read_bytes()
    except OSError as error:
        raise Refused(f"{path} cannot be read: {error.strerror}") from error


def keys_in(path: str) -> list[PublicKey]:
    """Return the keys in a saved ``/.well-known/presscheck.json``. Raises Refused."""
    try:
        return [PublicKey.of(values) for values in json.loads(_read(path))["receipt_keys"]]
    except (ValueError, KeyError, TypeError) as error:
        raise Refused(f"{path} is no list of keys as /.well-known/presscheck.json has it") from error


def _must_be_there(folder: Path, subjects: list[dict[str, Any]]) -> None:
    for subject in subjects:
        digest = hashlib.sha256(_read(str(folder / subject["name"]))).hexdigest()
        if digest != subject["digest"]["sha256"]:
            raise Refused(f"{subject['name']} does not have the bytes that the receipt names")
