"""The acts on builders: invite a volunteer to build certain wheels of a draft, change how many, take it back."""

from collections.abc import Sequence
from datetime import timedelta
from enum import StrEnum

from django.db import transaction
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor
from accounts.stepup import Proof, Purpose
from drafts.access import links, members, tokens
from drafts.access.limits import BadLimit, Limits
from drafts.access.roles import Act
from drafts.models import Builder, Draft, TokenKind

MOST_DAYS = 30
MOST_FILES = 500


class Event(StrEnum):
    """What can happen to an invitation."""

    INVITED = "builder:invited"
    EXPECTED = "builder:expected"
    REVOKED = "builder:revoked"


def purpose(draft: Draft) -> Purpose:
    """Return what a proof must be for to invite somebody to a draft."""
    return Purpose(act="invite a builder", on=draft.subject)


@transaction.atomic
def invite(
    *,
    draft: Draft,
    name: str,
    patterns: Sequence[str],
    expected: int | None,
    days: int,
    by: Actor,
    proof: Proof,
) -> tuple[Builder, str]:
    """Make a token and a link for one person, and return the invitation with the token's text, which is shown this once.

    The token adds files of this version that are named like the patterns, replaces none, and dies with the draft.
    Raises ProofRefused, NotYours, NotEditable, BadLimit.
    """
    draft = Draft.objects.lock(draft)
    proof.demand(purpose(draft))
    members.demand(project=draft.project, user=proof.user, act=Act.BUILDERS)
    draft.must_be_editable()
    limits = Limits.read(versions=[draft.version], patterns=patterns)
    if not limits.patterns:
        raise BadLimit("Say which files they build, such as *-macosx_*.")
    token, text = tokens.new(
        project=draft.project,
        kind=TokenKind.UPLOAD,
        user=proof.user,
        label=f"builder {name}",
        days=days,
        add_only=True,
        limits=limits,
        draft=draft,
    )
    builder = Builder.objects.create(
        draft=draft,
        name=name,
        expected=expected,
        token=token,
        link=links.new(
            draft=draft, label=name, user=proof.user, expires_at=timezone.now() + timedelta(days=days)
        ),
        invited_by=proof.user,
    )
    draft.bump()
    audit.record(
        Event.INVITED,
        on=draft,
        by=by,
        method=proof.method,
        label=name,
        patterns=list(limits.patterns),
        expected=expected,
        days=days,
        token=token.pk,
        link=builder.link_id,
    )
    return builder, text


@transaction.atomic
def expect(*, builder: Builder, expected: int | None, by: Actor) -> bool:
    """Change how many files publishing waits for; None: for none. False when it is that already. Raises NotEditable."""
    draft = Draft.objects.lock(builder.draft)
    draft.must_be_editable()
    before = Builder.objects.get(pk=builder.pk).expected
    if before == expected:
        return False
    Builder.objects.filter(pk=builder.pk).update(expected=expected)
    draft.bump()
    audit.record(Event.EXPECTED, on=draft, by=by, label=builder.name, before=before, after=expected)
    return True


@transaction.atomic
def revoke(*, builder: Builder, by: Actor) -> bool:
    """Take an invitation back, at once: token and link open nothing, and nobody waits. False when it was before."""
    draft = Draft.objects.lock(builder.draft)
    if not tokens.end(builder.token):
        return False
    audit.record(Event.REVOKED, on=draft, by=by, label=builder.name)
    return True
