"""Builders on the draft page: invite one, change how many files they send, take an invitation back."""

from django import forms
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts import stepup
from drafts.access import builders, gate
from drafts.access.gate import Member
from drafts.access.limits import BadLimit, Limits
from drafts.access.members import NotYours
from drafts.access.roles import Act
from drafts.models import Builder, Draft, NotEditable
from drafts.review.invitation import message


class ExpectForm(forms.Form):
    """How many files are waited for; empty: for none."""

    expected = forms.IntegerField(
        required=False,
        min_value=1,
        max_value=builders.MOST_FILES,
        error_messages={
            "invalid": "How many files is a number, or empty.",
            "min_value": "How many files is a number from 1, or empty.",
            "max_value": f"Nobody waits for more than {builders.MOST_FILES} files.",
        },
    )


class InvitationForm(ExpectForm):
    """Who is invited to build what."""

    name = forms.CharField(max_length=100, error_messages={"required": "Say who builds."})
    patterns = forms.CharField(error_messages={"required": "Say which files they build, such as *-macosx_*."})
    days = forms.IntegerField(
        initial=7,
        min_value=1,
        max_value=builders.MOST_DAYS,
        error_messages=dict.fromkeys(
            ("required", "invalid", "min_value", "max_value"),
            f"The invitation is good for 1 to {builders.MOST_DAYS} days.",
        ),
    )

    def clean_patterns(self) -> tuple[str, ...]:
        """Return the patterns, which stand apart by spaces or commas."""
        try:
            return Limits.read(patterns=self.cleaned_data["patterns"].replace(",", " ").split()).patterns
        except BadLimit as error:
            raise forms.ValidationError(str(error)) from error


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def invite(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Ask whom to invite for what; on POST make the invitation and show its message this once."""
    who, draft = gate.draft(request, name, version, Act.BUILDERS)
    form = InvitationForm(request.POST) if request.method == "POST" else InvitationForm()
    if request.method != "POST":
        return _ask(request, draft, form)
    if not form.is_valid():
        return _ask(request, draft, form, error="Nobody was invited yet: see below.", status=400)
    try:
        draft.must_be_editable()  # before a code is spent
        return _invite(request, who, draft, form)
    except stepup.NotProven as error:
        return _ask(request, draft, form, error=str(error), status=403)
    except (NotEditable, NotYours) as error:
        messages.error(request, f"Nobody was invited: {error}.")
    return redirect("draft", name=name, version=version)


def _invite(request: HttpRequest, who: Member, draft: Draft, form: InvitationForm) -> HttpResponse:
    proof = stepup.prove(request, builders.purpose(draft))
    builder, token = builders.invite(
        draft=draft,
        name=form.cleaned_data["name"],
        patterns=form.cleaned_data["patterns"],
        expected=form.cleaned_data["expected"],
        days=form.cleaned_data["days"],
        by=who.actor,
        proof=proof,
    )
    page = {"draft": draft, "builder": builder, "message": message(builder, token)}
    return render(request, "review/invited.html", page)


def _ask(
    request: HttpRequest, draft: Draft, form: InvitationForm, *, error: str = "", status: int = 200
) -> HttpResponse:
    page = {"draft": draft, "form": form, "error": error, "most_days": builders.MOST_DAYS}
    return render(request, "review/invite.html", page, status=status)


@gate.people
@require_POST
def expect(request: HttpRequest, name: str, version: str, builder_id: int) -> HttpResponse:
    """Change how many files are waited for."""
    who, draft = gate.draft(request, name, version, Act.BUILDERS)
    builder = _of(draft, builder_id)
    form = ExpectForm(request.POST)
    if not form.is_valid():
        messages.error(request, f"Nothing was changed: {form.errors['expected'][0]}")
        return redirect("draft", name=name, version=version)
    expected = form.cleaned_data["expected"]
    try:
        builders.expect(builder=builder, expected=expected, by=who.actor)
    except NotEditable as error:
        messages.error(request, f"Nothing was changed: {error}.")
    else:
        waits = (
            f"waits for {expected} file{'' if expected == 1 else 's'}" if expected else "waits for no file"
        )
        messages.success(request, f"Publishing {waits} from {builder}.")
    return redirect("draft", name=name, version=version)


@gate.people
@require_POST
def revoke(request: HttpRequest, name: str, version: str, builder_id: int) -> HttpResponse:
    """Take an invitation back: its token and its link open nothing any more."""
    who, draft = gate.draft(request, name, version, Act.BUILDERS)
    builder = _of(draft, builder_id)
    builders.revoke(builder=builder, by=who.actor)
    messages.success(
        request, f"The token and the link of {builder} open nothing any more. What they staged is still here."
    )
    return redirect("draft", name=name, version=version)


def _of(draft: Draft, builder_id: int) -> Builder:
    row = (
        draft.builders.select_related("draft__project", "token__draft", "link").filter(pk=builder_id).first()
    )
    if row is None:
        raise Http404("This draft has no such builder.")
    return row
