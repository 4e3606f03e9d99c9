"""The webhook by which a project's CI names its runs: the acts on it, and what becomes of a message."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from cryptography.fernet import InvalidToken
from django.db import transaction
from django.db.models import F
from django.http import Http404
from django.utils import timezone

from accounts import audit
from accounts.audit import Actor, ActorKind, Origin
from accounts.stepup import Proof, Purpose
from drafts import secrets
from drafts.access import members
from drafts.access.roles import Act
from drafts.evidence.providers import ProviderError
from drafts.evidence.providers.api import Record
from drafts.evidence.providers.messages import MESSAGES, Named, Nothing
from drafts.intake.runs import ask, hooked
from drafts.intake.runs.hooked import Ignored
from drafts.models import CiRun, CiSource, Heard, Project, RunHook, RunMessage

_DELIVERY = re.compile(r"[0-9A-Za-z-]{1,64}")


class Event(StrEnum):
    """What can happen to the webhook by which CI names runs."""

    MADE = "run-hook:made"
    REVOKED = "run-hook:revoked"


@dataclass(frozen=True, slots=True)
class Message:
    """What came to a webhook's address, and from where."""

    headers: Mapping[str, str]
    body: bytes
    origin: Origin


def purpose(project: Project) -> Purpose:
    """Return what a proof must be for to make or revoke the webhook."""
    return Purpose(act="run-hook", on=f"project:{project.pk}")


@transaction.atomic
def make(*, project: Project, by: Actor, proof: Proof) -> tuple[RunHook, str]:
    """Make the webhook and its secret, which is shown this once; a former one ends. Raises NoSource, NotYours, ProofRefused."""
    project = Project.objects.lock(project.pk)
    proof.demand(purpose(project))
    members.demand(project=project, user=proof.user, act=Act.CI)
    source = CiSource.objects.filter(project=project).first()
    if source is None:
        raise ask.NoSource("Say first where CI runs: the webhook is of that repository.")
    replaced = RunHook.objects.filter(source=source).delete()[0] > 0
    secret, _ = secrets.new_token(secrets.Prefix.RUN_HOOK)
    sealed = secrets.seal_run_hook_secret(secret)
    hook = RunHook.objects.create(source=source, secret_sealed=sealed, made_by=proof.user)
    audit.record(Event.MADE, on=hook, by=by, replaced=replaced, method=proof.method)
    return hook, secret


@transaction.atomic
def revoke(*, project: Project, by: Actor, proof: Proof) -> bool:
    """End the webhook and forget what came to it. False when there was none. Raises NotYours, ProofRefused."""
    project = Project.objects.lock(project.pk)
    proof.demand(purpose(project))
    members.demand(project=project, user=proof.user, act=Act.CI)
    hook = RunHook.objects.select_related("source").filter(source__project=project).first()
    if hook is None:
        return False
    audit.record(Event.REVOKED, on=hook, by=by, method=proof.method)
    hook.delete()
    return True


def at(handle: str) -> RunHook:
    """Return the webhook of an address. Raises Http404."""
    hook = RunHook.objects.select_related("source__project", "made_by").filter(handle=handle).first()
    if hook is None:
        raise Http404("There is no webhook at this address: it was revoked, or made anew.")
    return hook


def hear(*, hook: RunHook, message: Message) -> RunMessage:
    """Have the run of a message fetched, or say why not. Raises Http404 for a webhook that ended meanwhile.

    Nothing of a message is read before its signature is.
    """
    way = MESSAGES[hook.source.kind]
    given = message.headers.get(way.signature, "")
    if not given:
        said = f"It carries no {way.signature}: give the provider the webhook's secret."
        return _refuse(hook, "unsigned", said)
    try:
        secret = secrets.open_run_hook_secret(hook.secret_sealed)
    except InvalidToken:
        said = "The secret cannot be read any more, because the server's secret key was replaced: an owner makes a new one."
        return _refuse(hook, "unreadable", said)
    if not way.is_signed(given, message.body, secret):
        return _refuse(hook, "forged", f"Its {way.signature} is not of the webhook's secret.")
    return _hear(hook, message)


@transaction.atomic
def _refuse(hook: RunHook, sort: str, said: str) -> RunMessage:
    """Count a message that anybody may have sent."""
    return _note(hook, sort, Heard.REFUSED, said)


@transaction.atomic
def _hear(hook: RunHook, message: Message) -> RunMessage:
    """Take what CI says. A delivery that was taken is answered as it was then; one that was left is looked at anew."""
    Project.objects.lock(hook.source.project_id)
    hook = at(hook.handle)
    delivery = message.headers.get(MESSAGES[hook.source.kind].delivery, "")
    if not _DELIVERY.fullmatch(delivery):
        delivery = hashlib.sha256(message.body).hexdigest()
    before = hook.messages.filter(key=delivery, heard=Heard.TAKEN).first()
    if before is not None:
        return _note(hook, delivery, Heard.TAKEN, before.said, before.run)
    try:
        named = _read(hook, message)
        hooked.demand(hook, named)
        run = _ask(hook, named, message.origin)
    except (Nothing, Ignored, ProviderError) as error:
        return _note(hook, delivery, Heard.IGNORED, str(error))
    return _note(hook, delivery, Heard.TAKEN, f"Run {run.number} is fetched.", run)


def _read(hook: RunHook, message: Message) -> Named:
    """Return the run that is named. Raises Nothing, ProviderError."""
    try:
        told = json.loads(message.body)
    except (ValueError, RecursionError) as error:
        raise Nothing("It is not JSON: choose the content type application/json at the provider.") from error
    try:
        return MESSAGES[hook.source.kind].read(message.headers, Record.of(told))
    except ProviderError as error:
        raise Nothing("It does not have the form that the provider documents.") from error


def _ask(hook: RunHook, named: Named, origin: Origin) -> CiRun:
    return ask.ask(
        project=hook.source.project,
        text=str(named.run),
        user=hook.made_by,
        by=Actor(ActorKind.SYSTEM, "", str(hook), origin),
        by_hook=True,
    )


def _note(hook: RunHook, key: str, heard: Heard, said: str, run: CiRun | None = None) -> RunMessage:
    """Write down what became of a message, and forget the oldest."""
    told = {"heard": heard, "said": said[:500], "run": run}
    again = {**told, "count": F("count") + 1, "at": timezone.now()}
    row, is_new = RunMessage.objects.update_or_create(
        hook=hook, key=key, defaults=again, create_defaults=told
    )
    if not is_new:
        return row
    kept = hook.messages.order_by("-at", "-pk").values_list("pk", flat=True)[: RunMessage.KEPT]
    hook.messages.exclude(pk__in=list(kept)).delete()
    return row
