"""Stage from a run: name one, watch it being fetched, see what came of it."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from drafts.access import gate
from drafts.access.gate import Member
from drafts.access.roles import Act
from drafts.evidence.providers import KINDS, NoRun
from drafts.intake.runs import ask as act
from drafts.intake.runs import following
from drafts.intake.runs.outcome import ArtifactOutcome, LogOutcome, Outcome
from drafts.models import CiRun, CiSource, Draft, FetchState, Job, Kind, Project
from drafts.review.rows import Level, Progress, Verdict
from drafts.review.templatetags.words import size
from drafts.review.verdict import count

_LATEST = 5


@dataclass(frozen=True, slots=True)
class RunLine:
    """One run in a list."""

    text: str
    url: str
    state: str
    at: datetime


@dataclass(frozen=True, slots=True)
class CiPanel:
    """What the project's page says of its CI."""

    repository: str
    label: str
    example: str
    error: str
    runs: tuple[RunLine, ...]
    set_url: str
    ask_url: str


@dataclass(frozen=True, slots=True)
class RunPage:
    """One run: what the provider says of it, and what came of it."""

    project: str
    row: CiRun
    label: str
    page_url: str
    verdict: Verdict
    progress: Progress | None
    artifacts: tuple[ArtifactOutcome, ...]
    logs: tuple[LogOutcome, ...]
    distrust: str
    others: tuple[str, ...]
    versions: tuple[str, ...]
    draft_url: str
    draft: str
    can_stage: bool
    again_url: str
    waits: bool


@gate.people
@require_POST
def ask(request: HttpRequest, name: str) -> HttpResponse:
    """Have the run fetched whose address was pasted."""
    who = gate.member(request, name, Act.STAGE)
    version = str(act.read_version(request.POST.get("version", "")[:200]) or "")
    try:
        run = act.ask(
            project=who.project,
            text=request.POST.get("run", "")[:2000],
            version=version,
            user=who.user,
            by=who.actor,
        )
    except (act.NoSource, NoRun) as error:
        messages.error(request, str(error))
        if version and Draft.objects.latest_of(who.project, version):
            return redirect("draft", name=name, version=version)
        return redirect("project", name=name)
    return redirect("run", name=name, run_id=run.pk)


@gate.people
@require_safe
def run(request: HttpRequest, name: str, run_id: int) -> HttpResponse:
    """Show one run; while it is fetched the page asks for itself again."""
    who, row = gate.run(request, name, run_id, Act.SEE)
    return render(request, "review/run.html", {"page": run_page(who, row)})


@gate.people
@require_POST
def choose(request: HttpRequest, name: str, run_id: int) -> HttpResponse:
    """Say which version of several to take."""
    who, row = gate.run(request, name, run_id, Act.STAGE)
    try:
        act.choose(run=row, version=request.POST.get("version", ""), user=who.user, by=who.actor)
    except act.NotOffered as error:
        messages.error(request, str(error))
    return redirect("run", name=name, run_id=run_id)


@gate.people
@require_POST
def again(request: HttpRequest, name: str, run_id: int) -> HttpResponse:
    """Have the logs of a run fetched again that staged files itself."""
    who, row = gate.run(request, name, run_id, Act.EVIDENCE)
    following.again(run=row, by=who.actor)
    return redirect("run", name=name, run_id=run_id)


def run_page(who: Member, row: CiRun) -> RunPage:
    """Build the page of one run for one member."""
    outcome, kind = Outcome.of(row.outcome), KINDS[row.kind]
    source = CiSource.objects.filter(project=who.project, kind=row.kind).first()
    draft = Draft.objects.latest_of(who.project, row.version) if row.version else None
    progress = _progress(row)
    return RunPage(
        project=who.project.name,
        row=row,
        label=kind.label,
        page_url=kind.page((source.api if source else "") or kind.api, row.repository, row.number),
        verdict=_verdict(row, outcome, progress),
        progress=progress,
        artifacts=tuple(outcome.artifacts) if row.takes_files else (),
        logs=tuple(outcome.logs),
        distrust=outcome.distrust,
        others=_other_commits(row, draft),
        versions=tuple(outcome.versions) if row.state == FetchState.CHOOSE else (),
        draft_url=reverse("draft", args=[who.project.name, draft.version]) if draft else "",
        draft=str(draft or ""),
        can_stage=who.may(Act.STAGE),
        again_url=_again_url(who, row),
        waits=row.state == FetchState.FETCHING,
    )


def _progress(row: CiRun) -> Progress | None:
    if row.state != FetchState.FETCHING:
        return None
    job = Job.objects.of(Kind.FETCH_RUN, row.subject).live().first()
    if job is not None and job.error:
        return Progress(job.done, job.total, job.error)
    if job is None or not job.total:
        return Progress(0, 0, "waiting for a worker")
    return Progress(job.done, job.total, f"{size(job.done)} of {size(job.total)} downloaded")


def _verdict(row: CiRun, outcome: Outcome, progress: Progress | None) -> Verdict:
    if progress is not None:
        return Verdict(Level.BUSY, f"Fetching run {row.number} of {row.repository}.", progress.text)
    if row.state == FetchState.FAILED:
        return Verdict(
            Level.STOP, row.error, "Files that are staged stay as they are. The run can be fetched again."
        )
    if row.state == FetchState.CHOOSE:
        return Verdict(
            Level.YOU,
            f"The run holds files of {count(len(outcome.versions), 'version')}: choose which to take.",
            "Nothing was staged so far.",
        )
    note = "The run was still going: name it again when it has ended." if row.run_state == "running" else ""
    if not row.takes_files:
        read = sum(log.digests for log in outcome.logs)
        said = f"Logs: {count(read, 'digest')} read from {count(len(outcome.logs), 'job')}."
        return Verdict(Level.DONE, said, note or "Its files were left.")
    refused = outcome.count("refused")
    return Verdict(Level.WAIT if refused else Level.DONE, f"Files: {outcome.summary}.", note)


def _again_url(who: Member, row: CiRun) -> str:
    """Return where the run is named to be fetched again as it was; empty where this person may not."""
    if row.named_by_id:
        return reverse("run-again", args=[who.project.name, row.pk]) if who.may(Act.EVIDENCE) else ""
    if row.takes_files:
        return reverse("run-ask", args=[who.project.name]) if who.may(Act.STAGE) else ""
    return reverse("evidence-run", args=[who.project.name, row.version]) if who.may(Act.EVIDENCE) else ""


def _other_commits(row: CiRun, draft: Draft | None) -> tuple[str, ...]:
    """Return the other commits that files of the draft were built from, as far as that is known."""
    if draft is None or not row.commit:
        return ()
    known = {file.built_from for file in draft.files.live()}
    return tuple(sorted(commit[:7] for commit in known - {"", row.commit}))


def panel(who: Member) -> CiPanel:
    """Build what the project's page says of its CI."""
    project: Project = who.project
    source = CiSource.objects.filter(project=project).first()
    latest = project.ci_runs.order_by("-asked_at")[:_LATEST] if source else ()
    return CiPanel(
        repository=source.repository if source else "",
        label=KINDS[source.kind].label if source else "",
        example=KINDS[source.kind].example if source else "",
        error=source.check_error if source else "",
        runs=tuple(
            RunLine(str(row), reverse("run", args=[project.name, row.pk]), row.state, row.asked_at)
            for row in latest
        ),
        set_url=reverse("ci-source", args=[project.name]) if who.may(Act.CI) else "",
        ask_url=reverse("run-ask", args=[project.name]) if source and who.may(Act.STAGE) else "",
    )
