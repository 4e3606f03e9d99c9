"""The page on which owners say where a project's CI runs. The token is written here and never shown again."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST

from accounts import stepup
from drafts.access import gate
from drafts.access.gate import Member
from drafts.access.roles import Act
from drafts.evidence import sources as act
from drafts.evidence.providers import KINDS
from drafts.models import CiSource, RunHook


@dataclass(frozen=True, slots=True)
class Choice:
    """One provider to choose from."""

    value: str
    label: str
    example: str
    api: str


@dataclass(frozen=True, slots=True)
class SourcePage:
    """What the form shows: what is set, or what was typed and refused; and what the last test found."""

    project: str
    wanted: act.Wanted
    error: str = ""
    is_set: bool = False
    has_token: bool = False
    waits: bool = False
    checked_at: datetime | None = None
    check_error: str = ""
    repository_id: int | None = None
    choices: tuple[Choice, ...] = ()
    hook_said: str = ""

    @property
    def jobs(self) -> str:
        """Return the names of the jobs whose lines count, one a line."""
        return "\n".join(self.wanted.jobs)


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def source(request: HttpRequest, name: str) -> HttpResponse:
    """Show where CI runs; on POST check the form, then the code, then set it."""
    who = gate.member(request, name, Act.CI)
    if request.method != "POST":
        return _show(request, who)
    wanted = _typed(request)
    try:
        act.check_shape(wanted)  # before a code is spent
        proof = stepup.prove(request, act.purpose(who.project))
        act.set_source(project=who.project, wanted=wanted, by=who.actor, proof=proof)
    except act.BadSource as error:
        return _show(request, who, wanted, f"Nothing was changed. {error}", 400)
    except stepup.NotProven as error:
        return _show(request, who, wanted, str(error), 403)
    messages.success(request, f"The CI of {name} is set. The connection is being tested.")
    return redirect("ci-source", name=name)


@gate.people
@require_POST
def remove(request: HttpRequest, name: str) -> HttpResponse:
    """Forget where CI runs, and the token."""
    who = gate.member(request, name, Act.CI)
    try:
        proof = stepup.prove(request, act.purpose(who.project))
        removed = act.remove(project=who.project, by=who.actor, proof=proof)
    except (act.BadSource, stepup.NotProven) as error:
        return _show(request, who, None, str(error), 403)
    if removed:
        messages.success(request, f"Presscheck does not know any more where the CI of {name} runs.")
    return redirect("ci-source", name=name)


@gate.people
@require_POST
def test(request: HttpRequest, name: str) -> HttpResponse:
    """Have the connection tested again."""
    who = gate.member(request, name, Act.CI)
    found = CiSource.objects.filter(project=who.project).first()
    if found is None:
        raise Http404("The project does not say where its CI runs.")
    act.test_again(source=found)
    return redirect("ci-source", name=name)


def _typed(request: HttpRequest) -> act.Wanted:
    typed = {name: request.POST.get(name, "").strip() for name in ("kind", "repository", "workflow", "token")}
    jobs = tuple(filter(None, map(str.strip, request.POST.get("jobs", "").splitlines())))
    return act.Wanted(**typed, api=request.POST.get("api", "").strip().rstrip("/"), jobs=jobs)


def _show(
    request: HttpRequest, who: Member, typed: act.Wanted | None = None, error: str = "", status: int = 200
) -> HttpResponse:
    row = CiSource.objects.filter(project=who.project).first()
    kept = act.Wanted("github", "")
    if row is not None:
        kept = act.Wanted(row.kind, row.repository, row.api, row.workflow, jobs=tuple(row.evidence_jobs))
    page = SourcePage(
        project=who.project.name,
        wanted=typed or kept,
        error=error,
        is_set=row is not None,
        has_token=bool(row and row.token_sealed),
        waits=row is not None and row.checked_at is None,
        checked_at=row.checked_at if row else None,
        check_error=row.check_error if row else "",
        repository_id=row.repository_id if row else None,
        choices=tuple(Choice(value, kind.label, kind.example, kind.api) for value, kind in KINDS.items()),
        hook_said=_hook_said(row) if row else "",
    )
    return render(request, "review/ci_source.html", {"page": page}, status=status)


def _hook_said(row: CiSource) -> str:
    """Say what came last by the webhook; empty without one."""
    hook = RunHook.objects.filter(source=row).first()
    if hook is None:
        return ""
    last = hook.messages.order_by("-at", "-pk").first()
    return f"The last message was {last.heard}. {last.said}" if last else "Nothing came by it yet."
