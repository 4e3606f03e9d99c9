"""Trains: make one of open drafts, see how each stands, put on and take out, hand out one link, publish all at once."""

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import stepup
from accounts.audit import Actor, Origin
from drafts.access import gate
from drafts.access.gate import Passenger
from drafts.access.members import NotYours
from drafts.access.roles import Act
from drafts.models import Changed, Draft, NotEditable, Train
from drafts.publishing.train import acts
from drafts.publishing.train import publish as act
from drafts.review.answers import CONFLICT
from drafts.review.trainrows import train_page


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def make(request: HttpRequest) -> HttpResponse:
    """Choose open drafts, and make a train of them."""
    user, drafts = gate.open_drafts(request)
    asked = request.POST if request.method == "POST" else request.GET
    chosen = [draft for draft in drafts if str(draft.pk) in asked.getlist("draft")]
    page = {"drafts": drafts, "chosen": chosen, "label": asked.get("label", "")}
    if request.method != "POST":
        return render(request, "review/train_make.html", page)
    actor = Actor.person(user, Origin.of(request))
    try:
        train = acts.make(label=asked.get("label", ""), drafts=chosen, by=actor, user=user)
    except (acts.BadTrain, NotEditable, NotYours) as error:
        return render(request, "review/train_make.html", {**page, "error": str(error)}, status=400)
    return redirect("train", train_id=train.pk)


@gate.people
@require_safe
def train(request: HttpRequest, train_id: int) -> HttpResponse:
    """Show one train: each draft's state and what blocks it."""
    who = gate.train(request, train_id, Act.SEE)
    _, joinable = gate.open_drafts(request)
    return render(request, "review/train.html", {"page": train_page(who, joinable)})


@gate.people
@require_POST
def join(request: HttpRequest, train_id: int) -> HttpResponse:
    """Put one more of the person's open drafts on the train."""
    who = gate.train(request, train_id, Act.TRAIN)
    _, joinable = gate.open_drafts(request)
    draft = next((one for one in joinable if str(one.pk) == request.POST.get("draft")), None)
    if draft is None:
        raise Http404("There is no such draft, or it is in a train already.")
    try:
        acts.join(train=who.train, draft=draft, by=who.actor, user=who.user)
    except (acts.BadTrain, NotEditable, NotYours) as error:
        messages.error(request, f"Nothing was changed: {error}.")
    else:
        messages.success(request, f"{draft} is in the train. Whoever has its link can read this draft too.")
    return redirect("train", train_id=train_id)


@gate.people
@require_POST
def leave(request: HttpRequest, train_id: int, draft_id: int) -> HttpResponse:
    """Take one draft out of the train."""
    who = gate.train(request, train_id, Act.TRAIN)
    draft = _draft(who, draft_id)
    try:
        left = acts.leave(train=who.train, draft=draft, by=who.actor, user=who.user)
    except (NotEditable, NotYours) as error:
        messages.error(request, f"Nothing was changed: {error}.")
        return redirect("train", train_id=train_id)
    messages.success(request, f"{draft} is in no train now, and is published alone.")
    if left.is_live and any(one != draft for one in who.seen):
        return redirect("train", train_id=train_id)
    return redirect("draft", name=draft.project.name, version=draft.version)


def _draft(who: Passenger, draft_id: int) -> Draft:
    for draft in who.seen:
        if draft.pk == draft_id:
            return draft
    raise Http404("This train has no such draft.")


@gate.people
@require_POST
def make_link(request: HttpRequest, train_id: int) -> HttpResponse:
    """Make a link that opens all drafts of the train."""
    who = gate.train(request, train_id, Act.LINK, on_all=True)
    try:
        link = acts.make_link(
            train=who.train,
            label=request.POST.get("label", ""),
            by=who.actor,
            user=who.user,
            with_others="others" in request.POST,
        )
    except (NotEditable, NotYours, Changed) as error:
        messages.error(request, f"No link was made: {error}.")
    else:
        messages.success(
            request, f"The link for {link.label} stands below. Whoever has it can read all of these drafts."
        )
    return redirect("train", train_id=train_id)


@gate.people
@require_POST
def revoke_link(request: HttpRequest, train_id: int, link_id: int) -> HttpResponse:
    """Revoke one link to the train."""
    who = gate.train(request, train_id, Act.LINK)
    link = who.train.links.select_related("train").filter(pk=link_id).first()
    if link is None:
        raise Http404("This train has no such link.")
    try:
        acts.revoke_link(link=link, by=who.actor, user=who.user)
    except (Changed, NotYours) as error:
        messages.error(request, f"Nothing was revoked: {error}.")
    else:
        messages.success(request, f"The link for {link.label} opens nothing any more.")
    return redirect("train", train_id=train_id)


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def publish(request: HttpRequest, train_id: int) -> HttpResponse:
    """Show what becomes visible where; on POST check the fingerprint, then the code, then decide for all drafts."""
    who = gate.train(request, train_id, Act.PUBLISH, on_all=True)
    if request.method != "POST":
        return _confirm(request, who)
    seen, row = request.POST.get("fingerprint", ""), who.train
    try:
        act.check(train=row, drafts=who.drafts, fingerprint=seen, publisher=who.user.pk)
        proof = stepup.prove(request, act.purpose(row, seen))
        act.start(train=row, by=who.actor, proof=proof, fingerprint=seen, note=request.POST.get("note", ""))
    except stepup.NotProven as error:
        return _confirm(request, who, error=str(error), status=403)
    except Changed as error:
        words = f"Nothing was published: {error}. Look at the drafts again."
        return _confirm(request, _again(who), error=words, status=CONFLICT)
    except act.Blocked as error:
        return _confirm(request, who, error=f"Nothing was published. {error}", status=CONFLICT)
    except (NotEditable, NotYours) as error:
        messages.error(request, f"Nothing was published: {error}.")
    return redirect("train", train_id=train_id)


def _again(who: Passenger) -> Passenger:
    row = Train.objects.get(pk=who.train.pk)
    return Passenger(who.user, row, tuple(act.drafts_of(row)), who.roles, who.actor)


def _confirm(request: HttpRequest, who: Passenger, *, error: str = "", status: int = 200) -> HttpResponse:
    page = train_page(who)
    if not error and not page.button.enabled:
        messages.info(request, f"The train {page.label} cannot be published now: the page says why.")
        return redirect("train", train_id=who.train.pk)
    return render(request, "review/train_publish.html", {"page": page, "error": error}, status=status)
