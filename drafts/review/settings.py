"""A project's settings, for its owners: what CI is told, and what its releases may be."""

from django import forms
from django.conf import settings as days
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts import stepup
from drafts.access import gate
from drafts.access import policy as policies
from drafts.access.gate import Member
from drafts.access.members import NotYours
from drafts.access.policy import Outcome, Policy
from drafts.access.roles import Act
from drafts.dist import series
from drafts.dist.windows import Series, Window, WindowMode
from drafts.intake import quota
from drafts.models import Changed, EvidenceDemand, ExpectedFiles, LinkForCi, PublishFromCi
from drafts.review import loosening, presets, seriesrows
from drafts.review.answers import CONFLICT

_MOST_PATTERNS = 200
_MOST_DAYS = 3650


def _days(which: str) -> forms.IntegerField:
    return forms.IntegerField(
        required=False,
        min_value=0,
        max_value=_MOST_DAYS,
        error_messages=dict.fromkeys(
            ("invalid", "min_value", "max_value"),
            f"Days after the {which} file are a number from 0 to {_MOST_DAYS}.",
        ),
    )


def _number(what: str, least: int, most: int) -> dict[str, str]:
    said = f"{what}: write a number from {least} to {most}."
    return dict.fromkeys(["required", "invalid", "min_value", "max_value"], said)


class PolicyForm(forms.Form):
    """The settings as they were chosen."""

    @classmethod
    def over(cls, policy: Policy, said: QueryDict) -> "PolicyForm":
        """Return the form of what was said; what it does not name stays as it is.

        A browser leaves out a box that is not ticked: the page sends ``false`` before each, and the last value counts.
        """
        kept = {
            name: "\n".join(value) if isinstance(value, list) else value or ""
            for name, value in policy.as_details().items()
        }
        return cls({**kept, **said.dict()})

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

    window = forms.ChoiceField(
        choices=[(choice, choice) for choice in Window],
        error_messages={
            "required": "Choose how long releases take more files.",
            "invalid_choice": "Choose none, limits or ever.",
        },
    )
    window_first_days = _days("first")
    window_last_days = _days("last")
    window_newer = forms.BooleanField(required=False)
    window_series = forms.ChoiceField(
        choices=[(choice, choice) for choice in Series],
        error_messages={
            "required": "Choose what a series is.",
            "invalid_choice": "Choose all, major, minor, micro or lines.",
        },
    )
    window_series_lines = forms.CharField(
        required=False,
        max_length=2000,
        error_messages={"max_length": "The lines of series have more than 2000 characters."},
    )
    window_mode = forms.ChoiceField(
        choices=[(choice, choice) for choice in WindowMode],
        error_messages={
            "required": "Choose what happens to files that come later.",
            "invalid_choice": "Choose tell or refuse.",
        },
    )

    def clean_window_first_days(self) -> int:
        """Return the days; nothing is 0."""
        return self.cleaned_data["window_first_days"] or 0

    def clean_window_last_days(self) -> int:
        """Return the days; nothing is 0."""
        return self.cleaned_data["window_last_days"] or 0

    def clean_window_series_lines(self) -> tuple[str, ...]:
        """Return the lines as they are kept."""
        try:
            return series.read(self.cleaned_data["window_series_lines"])
        except series.BadLine as error:
            raise forms.ValidationError(str(error)) from error

    approvals_needed = forms.IntegerField(
        required=False,
        min_value=0,
        max_value=20,
        error_messages=_number("How many approvals are needed", 0, 20),
    )
    own_approval_counts = forms.BooleanField(required=False)
    soak_hours = forms.IntegerField(
        required=False, min_value=0, max_value=672, error_messages=_number("The hours to look", 0, 672)
    )
    answer_reports = forms.BooleanField(required=False)
    draft_days = forms.IntegerField(
        required=False, min_value=1, max_value=30, error_messages=_number("A draft’s days", 1, 30)
    )

    def clean_approvals_needed(self) -> int:
        """Return how many; nothing written is none."""
        return self.cleaned_data["approvals_needed"] or 0

    def clean_soak_hours(self) -> int:
        """Return the hours; nothing written is none."""
        return self.cleaned_data["soak_hours"] or 0

    def clean_draft_days(self) -> int:
        """Return the days; 0, the server’s, where none are written."""
        return self.cleaned_data["draft_days"] or 0

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
        limits = [chosen.get(name) for name in ("window_first_days", "window_last_days", "window_newer")]
        if chosen.get("window") == Window.LIMITS and not any(limits):
            self.add_error("window", "Choose at least one limit: days, or a newer stable release.")
        if chosen.get("window_series") == Series.LINES and chosen.get("window_series_lines") == ():
            self.add_error("window_series_lines", "Write a series on each line, such as N.N.")

    def policy(self) -> Policy:
        """Return what was chosen; only of a valid form."""
        return Policy.read(self.cleaned_data)


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def settings(request: HttpRequest, name: str) -> HttpResponse:
    """Show the settings; on POST check them, then the code, then change them; or only show what they would mean."""
    who = gate.member(request, name, Act.POLICY)
    if request.method != "POST":
        return _show(request, who, presets.filled(Policy.of(who.project), request.GET.get("preset", "")))
    form = PolicyForm.over(Policy.of(who.project), request.POST)
    if not form.is_valid():
        errors = " ".join(str(text) for texts in form.errors.values() for text in texts)
        return _show(request, who, Policy.of(who.project), error=f"Nothing was changed. {errors}", status=400)
    policy = form.policy()
    if "preview" in request.POST:
        return _show(request, who, policy)
    if policy == Policy.of(who.project):
        messages.info(request, "Nothing was changed: the settings are as they were.")
        return redirect("project-settings", name=name)
    return _change(request, who, policy)


def _change(request: HttpRequest, who: Member, policy: Policy) -> HttpResponse:
    try:
        proof = stepup.prove(request, policies.purpose(who.project, policy))
        outcome = policies.set_policy(
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
    _say(request, who, outcome)
    return redirect("project-settings", name=who.project.name)


def _say(request: HttpRequest, who: Member, outcome: Outcome) -> None:
    if outcome.is_changed:
        messages.success(request, f"The settings of {who.project} are changed.")
    if outcome.waits:
        until = f"{outcome.waits.due_at:%d %B, %H:%M} UTC"
        messages.warning(
            request, f"What asks less waits until {until}, or for a second owner. Every owner is mailed."
        )


def _show(
    request: HttpRequest, who: Member, chosen: Policy, *, error: str = "", status: int = 200
) -> HttpResponse:
    page = {
        "name": who.project.name,
        "chosen": chosen,
        "series": seriesrows.preview(who.project, chosen),
        "seen": Policy.of(who.project).spelled,
        "used": quota.kept_bytes(who.project),
        "quota": who.project.quota_bytes,
        "own_quota": who.project.quota is not None,
        "waiting": loosening.waiting(who),
        "presets": presets.compared(chosen),
        "days": days.DRAFT_LIFETIME_DAYS,
        "error": error,
    }
    return render(request, "review/settings.html", {"p": page}, status=status)
