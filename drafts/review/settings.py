"""A project's settings, for its owners: what CI is told, and what its releases may be."""

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts import stepup
from drafts.access import gate, projects
from drafts.access.gate import Member
from drafts.access.members import NotYours
from drafts.access.projects import Policy
from drafts.access.roles import Act
from drafts.intake import rules
from drafts.models import Changed, LinkForCi, PublishFromCi
from drafts.review.answers import CONFLICT


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

    def policy(self) -> Policy:
        """Return what was chosen; only of a valid form."""
        chosen = self.cleaned_data
        return Policy(
            LinkForCi(chosen["link_for_ci"]),
            PublishFromCi(chosen["publish_from_ci"]),
            chosen["local_versions"],
        )


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
        proof = stepup.prove(request, projects.policy_purpose(who.project, policy))
        projects.set_policy(
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
