"""Which news a person gets by mail, and of which projects."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.audit import Actor, Origin
from drafts.access import gate
from drafts.models import NewsChoice, Project
from drafts.notify import mail
from drafts.notify.mail import ALWAYS, News

WORDS = {
    News.READY: "A draft waits for you: nothing is missing but people",
    News.CHANGES_WANTED: "Somebody wants changes in a draft",
    News.APPROVALS_VOID: "Files changed, and approvals are void",
    News.OPENED: "A draft was opened",
    News.PUBLISHED: "A release was published",
    News.LATE_FILES: "Files were added to a published release",
    News.EXPIRY_NEAR: "A draft or a sandbox ends within two days",
    News.UPSTREAM_REFUSED: "The upstream index refused files",
    News.SCHEDULE: "A scheduled release was canceled",
    News.WINDOW: "A release was closed or reopened",
    News.STATUS: "A project was archived, deprecated or made active again",
    News.QUARANTINE: "The operators took a release or project off the index, or gave it back",
    News.CHECKPOINT: "The record's checkpoint of a publish, to keep elsewhere (owners)",
    News.WEBHOOK_OFF: "A webhook was switched off (owners)",
    News.ORDER: "A standing order did not publish, or ended",
    News.ALARM: "Stored or public bytes are not those that were reviewed",
    News.POLICY: "A policy became looser (owners)",
}


@dataclass(frozen=True, slots=True)
class NewsRow:
    """One kind of news."""

    code: str
    text: str
    wanted: bool
    always: bool


@dataclass(frozen=True, slots=True)
class ProjectRow:
    """One of the person's projects."""

    id: int
    name: str
    wanted: bool


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def news(request: HttpRequest) -> HttpResponse:
    """Show what a person chose; on POST keep it."""
    user = gate.user_of(request)
    projects = list(Project.objects.visible_to(user).order_by("name"))
    if request.method == "POST":
        wanted, ticked = set(request.POST.getlist("news")), set(request.POST.getlist("project"))
        mail.choose(
            user=user,
            off=[one for one in WORDS if one not in wanted],
            muted=[project for project in projects if str(project.pk) not in ticked],
            by=Actor.person(user, Origin.of(request)),
        )
        messages.success(request, "Kept. It counts for the next letter.")
        return redirect("news")
    choice = NewsChoice.objects.filter(user=user).first() or NewsChoice(user=user)
    rows = [NewsRow(one, text, one not in choice.off, one in ALWAYS) for one, text in WORDS.items()]
    of = [ProjectRow(project.pk, project.name, project.pk not in choice.muted) for project in projects]
    return render(request, "review/news.html", {"rows": rows, "projects": of})
