"""Which train a draft joins by itself when a job opens it: its group's, or that of all that one secret may stage."""

import hashlib
import json
from typing import Any

from drafts.models import Draft, Group, Token, TokenKind, Train
from drafts.models.trains import LIVE


def board(draft: Draft, *, label: str, token: Token | None) -> dict[str, Any]:
    """Put a draft which was just opened on the train that it joins; returns what its event says of that."""
    train = joins(draft, label=label, token=token)
    if train is None:
        return {}
    draft.train = train
    draft.save(update_fields=["train"])
    return {"train": {"id": train.pk, "label": train.label}}


def joins(draft: Draft, *, label: str, token: Token | None) -> Train | None:
    """Return the train, locked, that a draft which was just opened joins; made if there is none, None for no train.

    Part of the act that opened the draft and holds its lock. A train that is being published takes nobody.
    """
    if token is None:
        return None
    group = Group.objects.of(draft.project)
    key, name = _of_group(group, label, token) if group else (_key(draft, label, token), label)
    if not key:
        return None
    train, _ = Train.objects.get_or_create(
        key=key, state__in=LIVE, defaults={"label": name, "made_by": token.as_actor().label}
    )
    train = Train.objects.lock(train)
    return train if train.is_editable else None


def _of_group(group: Group, label: str, token: Token) -> tuple[str, str]:
    """Name the train of a group: by its label, else by the commit that a trusted publisher's job runs at. Empty: none."""
    if label:
        return _hashed(["group", group.pk, label]), label
    claims = token.run_claims
    if claims is None or not (claims.repository_id and claims.commit):
        return "", ""
    whose = [claims.issuer, claims.repository_id, claims.commit]
    return _hashed(["commit", group.pk, *whose]), f"{group} at {claims.commit[:12]}"


def _hashed(parts: list[Any]) -> str:
    return hashlib.sha256(json.dumps(parts).encode()).hexdigest()


def _key(draft: Draft, label: str, token: Token) -> str:
    """Name whose label it is: of a repository's jobs, or of one secret, and the projects that it may stage. Empty: nobody's.

    Equal labels of other secrets are other trains, so that nobody learns of a train, or gets into one, by its label.
    """
    if not label:
        return ""
    rows = Token.objects.valid().filter(
        token_sha256=token.token_sha256, kind=TokenKind.UPLOAD, project__space=draft.project.space
    )
    projects = sorted(rows.values_list("project_id", flat=True))
    if draft.project_id not in projects:
        return ""
    claims = token.run_claims
    whose = [claims.issuer, claims.repository_id] if claims and claims.repository_id else [token.token_sha256]
    return _hashed(["label", label, whose, projects])
