"""Reads the part of YAML that deploy/compose.yaml is written in, so that no YAML parser is needed.

Indented mappings and lists, values that are JSON or plain words, comments, anchors with merge keys. Anything else is an error.
"""

import json
import re
from pathlib import Path

_KEY = re.compile(r"(?P<key>[\w<-]+):(?: &(?P<anchor>\w+))?(?: (?P<value>.+))?\Z")


def read(path: Path) -> dict:
    """What a file holds."""
    lines = []
    for line in path.read_text(encoding="utf-8").splitlines():
        text = line.strip()
        if text and not text.startswith("#"):
            lines.append((len(line) - len(line.lstrip()), text))
    found = _block(lines, {})
    assert not lines, f"not read: {lines[0]}"
    return found


def _block(lines: list[tuple[int, str]], anchors: dict) -> dict | list:
    depth = lines[0][0]
    if lines[0][1].startswith("- "):
        found = []
        while lines and lines[0][0] == depth:
            found.append(_scalar(lines.pop(0)[1].removeprefix("- "), anchors))
        return found
    own, merged = {}, {}
    while lines and lines[0][0] == depth:
        _, text = lines.pop(0)
        match = _KEY.match(text)
        assert match, text
        if match["value"]:
            value = _scalar(match["value"], anchors)
        else:
            value = _block(lines, anchors) if lines and lines[0][0] > depth else None
        if match["anchor"]:
            anchors[match["anchor"]] = value
        assert match["key"] not in own, text
        if match["key"] == "<<":
            merged = value
        else:
            own[match["key"]] = value
    return {**merged, **own}


def _scalar(text: str, anchors: dict):
    if text.startswith("*"):
        return anchors[text[1:]]
    if text[0] in '["{':
        return json.loads(text)
    assert not re.search(r"[:#&*!|>%@`] |[\[\]{}]", text), text
    return text
