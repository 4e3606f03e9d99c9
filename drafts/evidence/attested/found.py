"""Attestations inside a text: a bundle, a PEP 740 object, a provenance object, or several of them one a line."""

from __future__ import annotations

import json
from typing import Any

MOST = 100
_MARKS = (b'"verification_material"', b'"verificationMaterial"')
_LISTS = ("attestation_bundles", "attestations")


def may_hold(data: bytes) -> bool:
    """Tell whether a text is worth the look."""
    return any(mark in data for mark in _MARKS)


def attestations_in(data: bytes) -> list[dict[str, Any]]:
    """Return the attestation objects and Sigstore bundles of a text, at most 100; none where it is not JSON."""
    try:
        documents = [json.loads(data)]
    except (ValueError, RecursionError):
        documents = [document for line in data.splitlines() if (document := _line(line)) is not None]
    found: list[dict[str, Any]] = []
    waiting = documents[::-1]
    while waiting and len(found) < MOST:
        node = waiting.pop()
        if isinstance(node, list):
            waiting += node[::-1]
        elif isinstance(node, dict) and ("verification_material" in node or "verificationMaterial" in node):
            found.append(node)
        elif isinstance(node, dict):
            waiting += [node[key] for key in _LISTS if isinstance(node.get(key), list)]
    return found


def _line(line: bytes) -> Any:
    if not may_hold(line):
        return None
    try:
        return json.loads(line)
    except (ValueError, RecursionError):
        return None
