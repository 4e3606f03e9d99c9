"""Trusted publishers on pages: owners add and remove them, every member sees them and why a run was refused."""

from dataclasses import dataclass
from datetime import datetime

from django.conf import settings
from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods

from accounts import stepup
from drafts.access import gate
from drafts.access import publishers as act
from drafts.access.gate import Member
from drafts.access.members import NotYours
from drafts.access.publishers import BadPublisher, Wanted
from drafts.access.roles import Act
from drafts.intake import withdraw
from drafts.models import Changed, NotEditable, Project, Publisher, PublisherKind
from drafts.review.answers import CONFLICT

LABELS = {
    PublisherKind.GITHUB: "GitHub Actions",
    PublisherKind.GITLAB: "GitLab CI",
    PublisherKind.OIDC: "Another issuer",
}
_TYPED = ("repository", "workflow", "environment", "issuer", "owner_id", "repository_id")


@dataclass(frozen=True, slots=True)
class PublisherLine:
    """One trusted publisher in a list. ``ids``: in words, how far it is known by more than names."""

    name: str
    where: str
    environment: str
    ids: str
    rules: tuple[str, ...]
    by: str
    added_at: datetime
    last_used_at: datetime | None
    refused_at: datetime | None
    refused_why: str
    remove_url: str
    files_url: str


@dataclass(frozen=True, slots=True)
class PublishersPanel:
    """What the project's page says of its trusted publishers."""

    lines: tuple[PublisherLine, ...]
    add_url: str


@dataclass(frozen=True, slots=True)
class Tab:
    """One kind of issuer to choose."""

    label: str
    url: str
    is_chosen: bool


def panel(who: Member) -> PublishersPanel:
    """Return the section of the project's page."""
    rows = who.project.publishers.trusted().select_related("added_by", "project").order_by("pk")
    may = who.may(Act.PUBLISHERS)
    name = who.project.name
    return PublishersPanel(
        lines=tuple(line(row, name if may else "", stages=who.may(Act.STAGE)) for row in rows),
        add_url=reverse("publisher-add", args=[name]) if may else "",
    )


def line(row: Publisher, project: str, *, stages: bool = False) -> PublisherLine:
    """Return one publisher; ``project`` names it for who may remove it, and is empty for others.

    ``stages``: for who may delete staged files.
    """
    is_other = row.kind == PublisherKind.OIDC
    own = "" if row.issuer == act.ISSUERS.get(PublisherKind(row.kind)) else f" at {row.issuer}"
    return PublisherLine(
        name=row.issuer if is_other else f"{row.repository}, {row.workflow}",
        where=LABELS[PublisherKind(row.kind)] + ("" if is_other else own),
        environment=row.environment,
        ids="" if is_other else _ids(row),
        rules=tuple(f"{name} = {value}" for name, value in sorted(row.rules.items())),
        by=str(row.added_by or "the command line"),
        added_at=row.added_at,
        last_used_at=row.last_used_at,
        refused_at=row.refused_at,
        refused_why=row.refused_why,
        remove_url=reverse("publisher-remove", args=[project, row.pk]) if project else "",
        files_url=reverse("publisher-files", args=[row.project.name, row.pk]) if stages else "",
    )


def _ids(row: Publisher) -> str:
    known = [f"owner {row.owner_id}"] if row.owner_id else []
    known += [f"repository {row.repository_id}"] if row.repository_id else []
    if len(known) == len(("owner", "repository")):
        return f"ids: {', '.join(known)}"
    if row.ids_said:
        return f"ids: {', '.join([*known, row.ids_said])}"
    return f"ids: {', '.join([*known, 'the first run that matches says the rest' if known else 'the first run that matches says them'])}"


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def add(request: HttpRequest, name: str) -> HttpResponse:
    """Ask which job to trust; on POST check the form, then the code, then trust it."""
    who = gate.member(request, name, Act.PUBLISHERS)
    if request.method != "POST":
        return _ask(request, who.project, Wanted(_kind(request)))
    try:
        wanted = _typed(request)
        act.check_shape(wanted)  # before a code is spent
        proof = stepup.prove(request, act.add_purpose(who.project))
        added = act.add(project=who.project, wanted=wanted, by=who.actor, proof=proof)
    except BadPublisher as error:
        return _ask(
            request, who.project, _again(request, _kind(request)), f"Nothing was changed. {error}", 400
        )
    except stepup.NotProven as error:
        return _ask(request, who.project, _again(request, _kind(request)), str(error), 403)
    except NotYours as error:
        messages.error(request, f"Nothing was changed: {error}.")
    else:
        messages.success(request, f"{name} trusts {added}. Its runs stage files without a stored secret.")
    return redirect("project", name=name)


def _kind(request: HttpRequest) -> PublisherKind:
    asked = request.POST.get("kind") or request.GET.get("kind") or PublisherKind.GITHUB
    return PublisherKind(asked) if asked in set(PublisherKind) else PublisherKind.GITHUB


def _typed(request: HttpRequest) -> Wanted:
    """Return what was typed. Raises BadPublisher for a rule that cannot be read."""
    rules = {}
    for text in request.POST.get("rules", "").splitlines():
        if text.strip():
            claim, sign, value = text.partition("=")
            if not sign:
                raise BadPublisher("Write one claim on each line, such as sub = job:7.")
            rules[claim.strip()] = value.strip()
    return _again(request, request.POST.get("kind", ""), rules)


def _again(request: HttpRequest, kind: str, rules: dict[str, str] | None = None) -> Wanted:
    """Return what was typed, as it is shown again when it was refused."""
    typed = {name: request.POST.get(name, "").strip() for name in _TYPED}
    return Wanted(
        kind=kind,
        repository=typed["repository"],
        workflow=typed["workflow"],
        environment=typed["environment"],
        issuer=typed["issuer"].rstrip("/"),
        owner_id=typed["owner_id"],
        repository_id=typed["repository_id"],
        rules=rules or {},
    )


def _ask(
    request: HttpRequest, project: Project, wanted: Wanted, error: str = "", status: int = 200
) -> HttpResponse:
    where = reverse("publisher-add", args=[project.name])
    tabs = [Tab(label, f"{where}?kind={kind}", kind == wanted.kind) for kind, label in LABELS.items()]
    page = {
        "project": project,
        "wanted": wanted,
        "rules": request.POST.get("rules", ""),
        "tabs": tabs,
        "error": error,
        "audience": settings.OIDC_AUDIENCE,
        "default_issuer": act.ISSUERS.get(PublisherKind(wanted.kind), ""),
    }
    return render(request, "review/publisher_add.html", page, status=status)


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def remove(request: HttpRequest, name: str, publisher_id: int) -> HttpResponse:
    """Ask, then trust the publisher no more and revoke what it minted."""
    who = gate.member(request, name, Act.PUBLISHERS)
    row = (
        who.project.publishers.trusted().select_related("project", "added_by").filter(pk=publisher_id).first()
    )
    if row is None:
        raise Http404("This project has no such trusted publisher.")
    if request.method != "POST":
        return _confirm(request, row)
    try:
        proof = stepup.prove(request, act.remove_purpose(row), even_held=True)
        good = act.remove(publisher=row, by=who.actor, proof=proof)
    except stepup.NotProven as error:
        return _confirm(request, row, str(error), 403)
    except NotYours as error:
        messages.error(request, f"Nothing was changed: {error}.")
        return redirect("project", name=name)
    revoked = f" {good} upload token{'' if good == 1 else 's'} of its runs ended with it." if good else ""
    messages.success(request, f"{name} does not trust {row} any more.{revoked}")
    return redirect("publisher-files", name=name, publisher_id=row.pk)


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def files(request: HttpRequest, name: str, publisher_id: int) -> HttpResponse:
    """Show what a publisher's runs staged; on POST delete from the drafts what is there, as it was seen."""
    who = gate.member(request, name, Act.STAGE)
    row = who.project.publishers.select_related("project", "added_by").filter(pk=publisher_id).first()
    if row is None:
        raise Http404("This project never had such a trusted publisher.")
    if request.method != "POST":
        return _staged(request, who, row)
    try:
        gone = withdraw.withdraw(source=row, by=who.actor, seen=request.POST.get("seen", ""))
    except (Changed, NotEditable) as error:
        messages.error(request, f"Nothing was deleted: {error}. This is what is there now.")
        return _staged(request, who, row, status=CONFLICT)
    count = f"{len(gone)} file{'' if len(gone) == 1 else 's'}"
    messages.success(
        request, f"{count} of {row} out of the drafts. Nothing was published, so the names stay free."
    )
    return redirect("publisher-files", name=name, publisher_id=publisher_id)


def _staged(request: HttpRequest, who: Member, row: Publisher, *, status: int = 200) -> HttpResponse:
    found = withdraw.staged_by(row)
    deletable = withdraw.deletable(found)
    page = {
        "owner": who.project.name,
        "back": reverse("project", args=[who.project.name]),
        "line": line(row, who.project.name if who.may(Act.PUBLISHERS) else ""),
        "is_trusted": row.removed_at is None,
        "files": found,
        "deletable": deletable,
        "seen": withdraw.spelled(deletable),
    }
    return render(request, "review/publisher_files.html", page, status=status)


def _confirm(request: HttpRequest, row: Publisher, error: str = "", status: int = 200) -> HttpResponse:
    page = {"project": row.project, "line": line(row, row.project.name), "error": error}
    return render(request, "review/publisher_remove.html", page, status=status)
