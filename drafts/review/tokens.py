"""Tokens on pages: an owner makes and revokes them; maintainers see what one staged and delete it."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts import stepup
from drafts.access import gate, tokens
from drafts.access.gate import Member
from drafts.access.limits import BadLimit, Limits
from drafts.access.members import NotYours
from drafts.access.roles import Act
from drafts.intake import withdraw
from drafts.models import Changed, NotEditable, Project, Token, TokenKind
from drafts.review import tokenrows
from drafts.review.answers import CONFLICT

MOST_DAYS = 3650
_LIMITS = ("versions", "patterns", "addresses")


class TokenForm(forms.Form):
    """What a token is to be for."""

    kind = forms.ChoiceField(
        choices=[(kind, kind) for kind in TokenKind],
        initial=TokenKind.UPLOAD,
        error_messages=dict.fromkeys(("required", "invalid_choice"), "Choose what the token is for."),
    )
    label = forms.CharField(max_length=200, error_messages={"required": "Say where the token is used."})
    days = forms.IntegerField(
        initial=90,
        min_value=1,
        max_value=MOST_DAYS,
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"), f"A token is good for 1 to {MOST_DAYS} days."
        ),
    )
    add_only = forms.BooleanField(required=False)
    versions = forms.CharField(required=False)
    patterns = forms.CharField(required=False)
    addresses = forms.CharField(required=False)

    def clean(self) -> None:
        """Read the limits, which stand apart by spaces or commas, each with its own error."""
        for name in _LIMITS:
            words = self.cleaned_data.get(name, "").replace(",", " ").split()
            try:
                Limits.read(**{name: words})
            except BadLimit as error:
                self.add_error(name, str(error))
            self.cleaned_data[name] = words
        narrowed = self.cleaned_data["add_only"] or any(self.cleaned_data[name] for name in _LIMITS)
        if narrowed and self.cleaned_data.get("kind") in {TokenKind.EVIDENCE, TokenKind.READ}:
            self.add_error("kind", "Limits are for upload tokens: a token of another kind stages nothing.")

    def limits(self) -> Limits:
        """Return the limits; only of a valid form."""
        return Limits.read(**{name: self.cleaned_data[name] for name in _LIMITS})


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def make(request: HttpRequest, name: str) -> HttpResponse:
    """Ask what the token is for; on POST make it and show it this once."""
    who = gate.member(request, name, Act.TOKENS)
    if request.method != "POST":
        return _ask(request, who.project, TokenForm())
    form = TokenForm(request.POST)
    if not form.is_valid():
        return _ask(request, who.project, form, error="No token was made yet: see below.", status=400)
    try:
        return _make(request, who, form)
    except stepup.NotProven as error:
        return _ask(request, who.project, form, error=str(error), status=403)
    except NotYours as error:
        messages.error(request, f"No token was made: {error}.")
    return redirect("project", name=name)


def _make(request: HttpRequest, who: Member, form: TokenForm) -> HttpResponse:
    proof = stepup.prove(request, tokens.make_purpose(who.project))
    token, text = tokens.make_as_owner(
        project=who.project,
        kind=TokenKind(form.cleaned_data["kind"]),
        by=who.actor,
        proof=proof,
        label=form.cleaned_data["label"],
        days=form.cleaned_data["days"],
        add_only=form.cleaned_data["add_only"],
        limits=form.limits(),
    )
    page = {**place(who.project), "token": tokenrows.row(token, 0), "text": text}
    return render(request, "review/token_made.html", page)


def _ask(
    request: HttpRequest, project: Project, form: TokenForm, *, error: str = "", status: int = 200
) -> HttpResponse:
    page = {**place(project), "form": form, "error": error, "most_days": MOST_DAYS}
    return render(request, "review/token_make.html", page, status=status)


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def revoke(request: HttpRequest, name: str, token_id: int) -> HttpResponse:
    """Ask, then revoke the token and show everything that it staged."""
    who = gate.member(request, name, Act.TOKENS)
    token = _of(who.project, token_id)
    if request.method != "POST":
        return _confirm(request, token)
    leaked = "leaked" in request.POST
    try:
        proof = stepup.prove(request, tokens.revoke_purpose(token, leaked=leaked), even_held=True)
        done = tokens.revoke_as_owner(token=token, by=who.actor, proof=proof, leaked=leaked)
    except stepup.NotProven as error:
        return _confirm(request, token, error=str(error), status=403)
    except NotYours as error:
        messages.error(request, f"Nothing was revoked: {error}.")
        return redirect("project", name=name)
    said = "is revoked, at once" if done else "was revoked before"
    messages.success(request, f'The token "{token.label}" {said}.')
    return (
        redirect("token-files", name=name, token_id=token_id)
        if token.kind == TokenKind.UPLOAD
        else redirect("project", name=name)
    )


def _confirm(request: HttpRequest, token: Token, *, error: str = "", status: int = 200) -> HttpResponse:
    row = tokenrows.row(token, len(withdraw.staged_by(token)))
    page = {**place(token.project), "token": row, "error": error}
    return render(request, "review/token_revoke.html", page, status=status)


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def files(request: HttpRequest, name: str, token_id: int) -> HttpResponse:
    """Show what a token staged; on POST delete from the drafts what is there, as it was seen."""
    who = gate.member(request, name, Act.STAGE)
    token = _of(who.project, token_id)
    if request.method != "POST":
        return _staged(request, who, token)
    try:
        gone = withdraw.withdraw(source=token, by=who.actor, seen=request.POST.get("seen", ""))
    except (Changed, NotEditable) as error:
        messages.error(request, f"Nothing was deleted: {error}. This is what is there now.")
        return _staged(request, who, token, status=CONFLICT)
    count = f"{len(gone)} file{'' if len(gone) == 1 else 's'}"
    messages.success(
        request,
        f'{count} of the token "{token.label}" out of the drafts. Nothing was published, so the names stay free.',
    )
    return redirect("token-files", name=name, token_id=token_id)


def _staged(request: HttpRequest, who: Member, token: Token, *, status: int = 200) -> HttpResponse:
    found = withdraw.staged_by(token)
    deletable = withdraw.deletable(found)
    page = {
        **place(who.project),
        "token": tokenrows.row(token, len(found)),
        "files": found,
        "deletable": deletable,
        "seen": withdraw.spelled(deletable),
        "may_revoke": who.may(Act.TOKENS),
    }
    return render(request, "review/token_files.html", page, status=status)


def place(project: Project) -> dict[str, str]:
    """Return what the pages of tokens say of whose they are, and the way back."""
    query = "?sandbox" if project.is_sandbox else ""
    return {"owner": project.name, "back": reverse("project", args=[project.name]), "query": query}


def _of(project: Project, token_id: int) -> Token:
    row = (
        project.tokens.select_related("project", "created_by", "draft__project", "group")
        .filter(pk=token_id)
        .first()
    )
    if row is None:
        raise Http404("This project has no such token.")
    return row
