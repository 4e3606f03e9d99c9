"""Tokens of groups on pages: who owns all projects makes one, who owns any of them revokes it; what it staged is deleted in one act."""

from dataclasses import replace

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts import stepup
from drafts.access import gate, grouptokens
from drafts.access.gate import GroupOwner
from drafts.access.members import NotYours
from drafts.intake import withdraw
from drafts.models import Changed, NotEditable, Token, TokenKind
from drafts.review import tokenrows
from drafts.review.answers import CONFLICT
from drafts.review.tokens import MOST_DAYS, TokenForm


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def make(request: HttpRequest, group: str) -> HttpResponse:
    """Ask what the token is for; on POST make it and show it this once."""
    who = gate.group_owner(request, group, all_of_them=True)
    if request.method != "POST":
        return _ask(request, who, TokenForm())
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _ask(request, who, form, error="No token was made yet: see below.", status=400)
    try:
        return _make(request, who, form)
    except stepup.NotProven as error:
        return _ask(request, who, form, error=str(error), status=403)
    except (NotYours, Changed) as error:
        return _ask(request, who, form, error=f"No token was made: {error}.", status=CONFLICT)


def _make(request: HttpRequest, who: GroupOwner, form: TokenForm) -> HttpResponse:
    proof = stepup.prove(request, grouptokens.make_purpose(who.group, who.projects))
    asked = form.cleaned_data
    terms = grouptokens.Terms(
        TokenKind(asked["kind"]), asked["label"], asked["days"], asked["add_only"], form.limits()
    )
    token, text = grouptokens.make(
        group=who.group, projects=who.projects, terms=terms, by=who.actor, proof=proof
    )
    page = {**_place(who), "token": tokenrows.row(token, 0), "text": text}
    return render(request, "review/token_made.html", page)


def _place(who: GroupOwner) -> dict[str, object]:
    """Return what the pages of tokens say of whose they are."""
    names = [one.name for one in who.projects]
    return {
        "owner": f"the group {who.group}",
        "back": reverse("group", args=[who.group.name]),
        "names": names,
    }


def _ask(
    request: HttpRequest, who: GroupOwner, form: TokenForm, *, error: str = "", status: int = 200
) -> HttpResponse:
    page = {**_place(who), "form": form, "error": error, "most_days": MOST_DAYS}
    return render(request, "review/token_make.html", page, status=status)


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: HttpRequest, group: str, token_id: int) -> HttpResponse:
    """Ask, then revoke the secret for all projects and show everything that it staged."""
    who = gate.group_owner(request, group)
    token = _of(who, token_id)
    if request.method != "POST":
        return _confirm(request, who, token)
    leaked = "leaked" in request.POST
    try:
        proof = stepup.prove(request, grouptokens.revoke_purpose(token, leaked=leaked), even_held=True)
        ended = grouptokens.revoke(token=token, by=who.actor, proof=proof, leaked=leaked)
    except stepup.NotProven as error:
        return _confirm(request, who, token, error=str(error), status=403)
    except (NotYours, Changed) as error:
        return _confirm(request, who, token, error=f"Nothing was revoked: {error}.", status=CONFLICT)
    said = f"is revoked, at once, for {', '.join(ended)}" if ended else "was revoked before"
    messages.success(request, f'The token "{token.label}" {said}.')
    return redirect("group-token-files", group, token_id)


def _confirm(
    request: HttpRequest, who: GroupOwner, token: Token, *, error: str = "", status: int = 200
) -> HttpResponse:
    row = tokenrows.row(token, len(withdraw.staged_by(_mine(who, token))))
    url = reverse("group-token-files", args=[who.group.name, token.pk]) if row.files_url else ""
    page = {**_place(who), "token": replace(row, files_url=url), "error": error}
    return render(request, "review/token_revoke.html", page, status=status)


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def files(request: HttpRequest, group: str, token_id: int) -> HttpResponse:
    """Show what a secret staged in the person's projects; on POST delete from the drafts what is there, as it was seen."""
    who = gate.group_owner(request, group)
    token = _of(who, token_id)
    if request.method != "POST":
        return _staged(request, who, token)
    try:
        gone = withdraw.withdraw(source=_mine(who, token), by=who.actor, seen=request.POST.get("seen", ""))
    except (Changed, NotEditable) as error:
        messages.error(request, f"Nothing was deleted: {error}. This is what is there now.")
        return _staged(request, who, token, status=CONFLICT)
    count = f"{len(gone)} file{'' if len(gone) == 1 else 's'}"
    said = f'{count} of the token "{token.label}" out of the drafts. Nothing was published, so the names stay free.'
    messages.success(request, said)
    return redirect("group-token-files", group, token_id)


def _staged(request: HttpRequest, who: GroupOwner, token: Token, *, status: int = 200) -> HttpResponse:
    found = withdraw.staged_by(_mine(who, token))
    deletable = withdraw.deletable(found)
    page = {
        **_place(who),
        "token": tokenrows.row(token, len(found)),
        "files": found,
        "deletable": deletable,
        "seen": withdraw.spelled(deletable),
        "may_revoke": True,
        "others": len(who.projects) - len(who.owned),
    }
    return render(request, "review/token_files.html", page, status=status)


def _mine(who: GroupOwner, token: Token) -> list[Token]:
    """Return what the secret is for the projects that the person owns; files of others are not theirs to see."""
    return [row for row in Token.objects.with_secret_of(token) if row.project_id in who.owned]


def _of(who: GroupOwner, token_id: int) -> Token:
    rows = Token.objects.select_related("project", "group", "created_by").filter(group=who.group)
    row = rows.filter(pk=token_id).first()
    if row is None:
        raise Http404("This group has no such token.")
    return row
