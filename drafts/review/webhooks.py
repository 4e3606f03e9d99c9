"""A project's webhooks: where messages go, how they went, and the acts on them."""

from collections.abc import Callable
from http import HTTPStatus

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts import stepup
from drafts.access import gate
from drafts.access.gate import Member
from drafts.access.members import NotYours
from drafts.access.roles import Act
from drafts.models import Delivery, Webhook
from drafts.notify import hooks

_SHOWN = 100
_TITLES = {
    "rotate": "Give this webhook a new secret",
    "remove": "Remove this webhook",
    "enable": "Switch this webhook on again",
}
_WORDS = {
    "rotate": "The new secret is shown once. For 24 hours messages carry the signatures of both.",
    "remove": "It is told nothing more; what waits for it is not sent. The record of its messages stays for 30 days.",
    "enable": "It is told of what happens from now on. What was not delivered can be sent again below.",
}


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def webhooks(request: HttpRequest, name: str) -> HttpResponse:
    """List a project's webhooks; on POST add one."""
    who = gate.member(request, name, Act.WEBHOOKS)
    if request.method != "POST":
        return _list(request, who)
    events = [hooks.Event(one) for one in request.POST.getlist("events") if one in set(hooks.TOLD)]
    try:
        url = hooks.check_url(request.POST.get("url", "")[:1000])
        proof = stepup.prove(request, hooks.purpose(who.project, "add", url))
        hook, secret = hooks.add(project=who.project, url=url, events=events, by=who.actor, proof=proof)
    except stepup.NotProven as error:
        return _list(request, who, error=str(error), status=403)
    except (hooks.NoWebhook, NotYours) as error:
        return _list(request, who, error=f"Nothing was added: {error}", status=400)
    return _show(request, who, hook, secret=secret)


def _list(request: HttpRequest, who: Member, *, error: str = "", status: int = 200) -> HttpResponse:
    context = {
        "name": who.project.name,
        "rows": Webhook.objects.there().filter(project=who.project).order_by("pk"),
        "events": [(str(event), text) for event, text in hooks.TOLD.items()],
        "url": request.POST.get("url", ""),
        "error": error,
    }
    return render(request, "review/webhooks.html", context, status=status)


@gate.people
@require_http_methods(["GET", "HEAD"])
def webhook(request: HttpRequest, name: str, hook_id: int) -> HttpResponse:
    """Show one webhook, and the messages of the last 30 days."""
    who, hook = _hook(request, name, hook_id)
    return _show(request, who, hook)


def _hook(request: HttpRequest, name: str, hook_id: int) -> tuple[Member, Webhook]:
    who = gate.member(request, name, Act.WEBHOOKS)
    hook = Webhook.objects.there().filter(pk=hook_id, project=who.project).first()
    if hook is None:
        raise Http404("This project has no such webhook.")
    hook.project = who.project
    return who, hook


def _show(request: HttpRequest, who: Member, hook: Webhook, *, secret: str = "") -> HttpResponse:
    context = {
        "name": who.project.name,
        "hook": hook,
        "secret": secret,
        "messages_sent": hook.deliveries.order_by("-pk")[:_SHOWN],
    }
    return render(request, "review/webhook.html", context)


@gate.people
@require_POST
def test(request: HttpRequest, name: str, hook_id: int) -> HttpResponse:
    """Send a test message."""
    who, hook = _hook(request, name, hook_id)
    try:
        hooks.test(hook=hook, by=who.actor)
    except hooks.NoWebhook as error:
        messages.error(request, f"Nothing was sent: {error}.")
    else:
        messages.success(request, "A test message is on its way: reload to see how it went.")
    return redirect("webhook", name=name, hook_id=hook_id)


@gate.people
@require_POST
def again(request: HttpRequest, name: str, hook_id: int, message_id: int) -> HttpResponse:
    """Send a message again."""
    who, hook = _hook(request, name, hook_id)
    message = Delivery.objects.select_related("webhook").filter(pk=message_id, webhook=hook).first()
    if message is None:
        raise Http404("This webhook has no such message.")
    try:
        sent = hooks.redeliver(message=message, by=who.actor)
    except hooks.NoWebhook as error:
        messages.error(request, f"Nothing was sent: {error}.")
    else:
        messages.success(request, "It is sent again." if sent else "It is waiting to be sent already.")
    return redirect("webhook", name=name, hook_id=hook_id)


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def rotate(request: HttpRequest, name: str, hook_id: int) -> HttpResponse:
    """Ask for a code, then make a new secret and show it once."""

    def act(who: Member, hook: Webhook, proof: stepup.Proof) -> HttpResponse:
        secret = hooks.rotate(hook=hook, by=who.actor, proof=proof)
        return _show(request, who, hook, secret=secret)

    return _confirmed(request, name, hook_id, "rotate", act)


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, name: str, hook_id: int) -> HttpResponse:
    """Ask for a code, then remove a webhook."""

    def act(who: Member, hook: Webhook, proof: stepup.Proof) -> HttpResponse:
        hooks.remove(hook=hook, by=who.actor, proof=proof)
        messages.success(request, f"{hook.url} is told nothing more.")
        return redirect("webhooks", name=name)

    return _confirmed(request, name, hook_id, "remove", act)


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def enable(request: HttpRequest, name: str, hook_id: int) -> HttpResponse:
    """Ask for a code, then switch a webhook on again."""

    def act(who: Member, hook: Webhook, proof: stepup.Proof) -> HttpResponse:
        hooks.enable(hook=hook, by=who.actor, proof=proof)
        messages.success(request, f"{hook.url} is told again of what happens.")
        return redirect("webhook", name=name, hook_id=hook_id)

    return _confirmed(request, name, hook_id, "enable", act)


def _confirmed(
    request: HttpRequest,
    name: str,
    hook_id: int,
    what: str,
    act: Callable[[Member, Webhook, stepup.Proof], HttpResponse],
) -> HttpResponse:
    who, hook = _hook(request, name, hook_id)
    if request.method != "POST":
        return _confirm(request, hook, what)
    try:
        proof = stepup.prove(request, hooks.purpose(who.project, what, f"webhook:{hook.pk}"))
        return act(who, hook, proof)
    except stepup.NotProven as error:
        return _confirm(request, hook, what, error=str(error), status=HTTPStatus.FORBIDDEN)
    except (hooks.NoWebhook, NotYours) as error:
        return _confirm(
            request, hook, what, error=f"Nothing was changed: {error}.", status=HTTPStatus.CONFLICT
        )


def _confirm(
    request: HttpRequest, hook: Webhook, what: str, *, error: str = "", status: int = 200
) -> HttpResponse:
    context = {
        "name": hook.project.name,
        "hook": hook,
        "title": _TITLES[what],
        "words": _WORDS[what],
        "what": what,
        "error": error,
    }
    return render(request, "review/webhook_act.html", context, status=status)
