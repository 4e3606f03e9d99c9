"""A project's settings, for its owners: what CI is told, and what its releases may be."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts import stepup
from drafts.access import gate
from drafts.access import policy as policies
from drafts.access.gate import Member
from drafts.access.members import NotYours
from drafts.access.policy import Policy
from drafts.access.roles import Act
from drafts.intake import rules
from drafts.models import Changed, EvidenceDemand, ExpectedFiles, LinkForCi, PublishFromCi
from drafts.review.answers import CONFLICT

_MOST_PATTERNS = 200


class PolicyForm(forms.Form):
    """The settings as they were chosen."""

    link_for_ci = forms.ChoiceField(
        choices=[(choice, choice) for choice in LinkForCi],
        error_messages={
            "required": "Choose whether CI gets a link.",
            "invalid_choice": "Choose never, 24 hours or full.",
        },
    )
    publish_from_ci = forms.ChoiceField(
        choices=[(choice, choice) for choice in PublishFromCi],
        error_messages={
            "required": "Choose what CI is answered.",
            "invalid_choice": "Choose to refuse, or to let CI wait.",
        },
    )
    local_versions = forms.BooleanField(required=False)
    direct_urls = forms.BooleanField(required=False)
    evidence_demand = forms.ChoiceField(
        choices=[(choice, choice) for choice in EvidenceDemand],
        error_messages={
            "required": "Choose what evidence every file must match.",
            "invalid_choice": "Choose nothing, pasted, ci, fetched or attested.",
        },
    )
    expected_files = forms.ChoiceField(
        choices=[(choice, choice) for choice in ExpectedFiles],
        error_messages={
            "required": "Choose which files publishing waits for.",
            "invalid_choice": "Choose as last time, patterns or nothing.",
        },
    )
    expected_patterns = forms.CharField(
        required=False,
        max_length=10_000,
        error_messages={"max_length": "The patterns have more than 10 000 characters."},
    )

    def clean_expected_patterns(self) -> tuple[str, ...]:
        """Return the patterns, one from each line; blank lines are nothing."""
        lines = [line.strip() for line in self.cleaned_data["expected_patterns"].splitlines()]
        return tuple(dict.fromkeys(line for line in lines if line))

    def clean(self) -> None:
        """Refuse to wait for patterns that are not there."""
        chosen = self.cleaned_data
        if chosen.get("expected_files") == ExpectedFiles.PATTERNS and not chosen.get("expected_patterns"):
            self.add_error("expected_patterns", "Write a pattern on each line, such as *-win_amd64.whl.")
        if len(chosen.get("expected_patterns") or ()) > _MOST_PATTERNS:
            self.add_error("expected_patterns", f"There are more than {_MOST_PATTERNS} patterns.")

    def policy(self) -> Policy:
        """Return what was chosen; only of a valid form."""
        return Policy.read(self.cleaned_data)


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest, name: str) -> HttpResponse:
    """Show the settings; on POST check them, then the code, then change them."""
    who = gate.member(request, name, Act.POLICY)
    if request.method != "POST":
        return _show(request, who, Policy.of(who.project))
    form = PolicyForm(request.POST)
    if not form.is_valid():
        errors = " ".join(str(text) for texts in form.errors.values() for text in texts)
        return _show(request, who, Policy.of(who.project), error=f"Nothing was changed. {errors}", status=400)
    policy = form.policy()
    if policy == Policy.of(who.project):
        messages.info(request, "Nothing was changed: the settings are as they were.")
        return redirect("project-settings", name=name)
    return _change(request, who, policy)


def _change(request: HttpRequest, who: Member, policy: Policy) -> HttpResponse:
    try:
        proof = stepup.prove(request, policies.purpose(who.project, policy))
        policies.set_policy(
            project=who.project, policy=policy, seen=request.POST.get("seen", ""), by=who.actor, proof=proof
        )
    except stepup.NotProven as error:
        return _show(request, who, policy, error=str(error), status=403)
    except NotYours as error:
        messages.error(request, f"Nothing was changed: {error}.")
        return redirect("project", name=who.project.name)
    except Changed as error:
        who.project.refresh_from_db()
        return _show(
            request,
            who,
            Policy.of(who.project),
            error=f"Nothing was changed: {error}. These are the settings now.",
            status=CONFLICT,
        )
    messages.success(request, f"The settings of {who.project} are changed.")
    return redirect("project-settings", name=who.project.name)


def _show(
    request: HttpRequest, who: Member, chosen: Policy, *, error: str = "", status: int = 200
) -> HttpResponse:
    page = {
        "name": who.project.name,
        "chosen": chosen,
        "seen": Policy.of(who.project).spelled,
        "used": rules.kept_bytes(who.project),
        "quota": who.project.quota_bytes,
        "own_quota": who.project.quota is not None,
        "error": error,
    }
    return render(request, "review/settings.html", {"p": page}, status=status)
