"""Quotas on operators' pages: how much each project keeps, how much it may, and the act that changes it."""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation

from django.conf import settings
from django.contrib import messages
from django.db.models import Q, Sum
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_safe

from accounts import stepup
from drafts.access import gate, projects
from drafts.access.operators import NotOperator
from drafts.models import File, Project, UploadSession
from drafts.models.uploads import UNDER_WAY
from drafts.review.operating import project_named

_GIGABYTE = 10**9
_MOST_GIGABYTES = 1_000_000
_MOST = 50


class BadQuota(ValueError):
    """What was typed is no quota; the text says what would be."""


@dataclass(frozen=True, slots=True)
class QuotaRow:
    """One project: bytes that it keeps and may keep, in bytes; ``percent`` of it is taken."""

    name: str
    taken: int
    quota: int
    is_own: bool
    url: str

    @property
    def percent(self) -> int:
        return min(100, self.taken * 100 // self.quota) if self.quota else 100


@gate.operators
@require_safe
def quotas(request: HttpRequest) -> HttpResponse:
    """List the projects that keep most, and those with a quota of their own."""
    most = [pk for pk, _ in sorted(_kept().items(), key=lambda one: one[1], reverse=True)[:_MOST]]
    own = Project.objects.exclude(quota=None).values_list("pk", flat=True)
    rows = sorted(_rows({*most, *own[:_MOST]}), key=lambda row: (-row.percent, -row.taken, row.name))
    page = {"rows": rows, "default": settings.PROJECT_QUOTA, "most": _MOST, "count": Project.objects.count()}
    return render(request, "operators/quotas.html", page)


def _kept(**of: object) -> dict[int, int]:
    """Return the bytes of files that are kept, by project."""
    rows = File.objects.filter(purged_at=None, **of).values_list("draft__project")
    return {pk: taken or 0 for pk, taken in rows.annotate(taken=Sum("size")).order_by()}


def _rows(pks: Iterable[int]) -> list[QuotaRow]:
    here = list(pks)
    kept = _kept(draft__project__in=here)
    arriving = UploadSession.objects.filter(Q(draft__project__in=here), state__in=UNDER_WAY)
    coming = dict(arriving.values_list("draft__project").annotate(Sum("size")).order_by())
    return [
        QuotaRow(
            row.name,
            kept.get(row.pk, 0) + coming.get(row.pk, 0),
            row.quota_bytes,
            row.quota is not None,
            reverse("operators-quota", args=[row.name]),
        )
        for row in Project.objects.filter(pk__in=here)
    ]


@gate.operators
@require_http_methods(["GET", "HEAD", "POST"])
def quota(request: HttpRequest, name: str) -> HttpResponse:
    """Ask how much a project may keep; on POST set it."""
    who, project = gate.operator(request), project_named(name)
    if request.method != "POST":
        return _ask(request, project)
    try:
        wanted = _typed(request.POST.get("gigabytes", ""))
        proof = stepup.prove(request, projects.quota_purpose(project, wanted))
        done = projects.set_quota(project=project, quota=wanted, by=who.actor, proof=proof)
    except BadQuota as error:
        return _ask(request, project, str(error), 400)
    except (stepup.NotProven, NotOperator) as error:
        return _ask(request, project, str(error), 403)
    messages.success(
        request, f"{name} has {'this' if done else 'that'} quota {'now' if done else 'already'}."
    )
    return redirect("operators-quotas")


def _typed(text: str) -> int | None:
    """Read gigabytes; nothing is the server's quota. Raises BadQuota."""
    if not text.strip():
        return None
    try:
        number = Decimal(text.strip()[:20])
    except InvalidOperation:
        number = Decimal(-1)
    if not number.is_finite() or not 0 <= number <= _MOST_GIGABYTES:
        raise BadQuota(
            f"Nothing was changed: write gigabytes as a number from 0 to {_MOST_GIGABYTES}, such as 2.5."
        )
    return int(number * _GIGABYTE)


def _ask(request: HttpRequest, project: Project, error: str = "", status: int = 200) -> HttpResponse:
    own = "" if project.quota is None else f"{Decimal(project.quota) / _GIGABYTE:f}"
    page = {
        "project": project,
        "row": _rows([project.pk])[0],
        "typed": request.POST.get("gigabytes", own),
        "default": settings.PROJECT_QUOTA,
        "error": error,
    }
    return render(request, "operators/quota.html", page, status=status)
