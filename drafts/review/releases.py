"""A published release as its members see it: its files, yanking them, deleting them."""

from dataclasses import dataclass
from datetime import datetime

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts import stepup
from drafts.access import gate
from drafts.access.gate import Member
from drafts.access.members import NotYours
from drafts.access.roles import Act
from drafts.dist.windows import Standing
from drafts.index import windows
from drafts.index.pages import file_url
from drafts.models import File, Release
from drafts.publishing import delete as deletion
from drafts.publishing import yank

_NEEDS_REASON = (
    "Nothing was yanked yet: say why in one line. Installers print it to whoever pins this version."
)
_NEEDS_FILES = "Nothing was changed yet: choose files, or the whole release."


@dataclass(frozen=True, slots=True)
class FileLine:
    """A published file; ``yanked`` is the reason, ``late`` how much later it came than the first; or empty."""

    filename: str
    size: int
    sha256: str
    url: str
    published_at: datetime
    yanked: str
    late: str = ""


@dataclass(frozen=True, slots=True)
class ReleaseView:
    """A published release with its files."""

    project: str
    version: str
    url: str
    draft_url: str
    published_at: datetime
    files: tuple[FileLine, ...]
    yank_url: str = ""
    delete_url: str = ""
    window: str = ""
    is_closed: bool = False
    close_url: str = ""
    public_url: str = ""

    @property
    def late(self) -> int:
        return sum(bool(file.late) for file in self.files)

    held: str = ""  # why it is in quarantine

    @property
    def yanked(self) -> int:
        return sum(bool(file.yanked) for file in self.files)


def view(release: Release, who: Member | None = None, standing: Standing | None = None) -> ReleaseView:
    """Return what pages show of a release whose project and files are at hand, and how it stands."""
    may_close = bool(standing and who and who.may(Act.WINDOW))
    is_closed = bool(standing and standing.is_closed)
    where = [release.project.name, release.version]
    return ReleaseView(
        project=release.project.name,
        version=release.version,
        url=reverse("release", args=where),
        draft_url=reverse("draft", args=where),
        published_at=release.published_at,
        files=tuple(
            FileLine(
                filename=file.filename,
                size=file.size,
                sha256=file.sha256,
                url=file_url(file),
                published_at=file.published_at or release.published_at,
                yanked=file.yanked or "",
                late=late_text(file),
            )
            for file in sorted(release.files.all(), key=lambda file: file.filename)
        ),
        yank_url=reverse("release-yank", args=where) if who and who.may(Act.YANK) else "",
        delete_url=reverse("release-delete", args=where) if who and who.may(Act.DELETE) else "",
        window=windows.shown(release.project, standing) if standing else "",
        is_closed=is_closed,
        close_url=reverse("release-reopen" if is_closed else "release-close", args=where)
        if may_close
        else "",
        public_url=reverse("public-release", args=where),
        held=release.quarantine_reason or release.project.quarantine_reason,
    )


def late_text(file: File) -> str:
    """Say how much later than the first file of its release a file came, and what it is; empty for one that is not late."""
    if file.late_seconds is None:
        return ""
    days = file.late_seconds // 86400
    return f"late: {days} day{'' if days == 1 else 's'} after the first file · {file.late_kind}"


@gate.people
@require_safe
def release(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Show a release to the members of its project."""
    return _page(request, *gate.release(request, name, version, Act.SEE))


def _page(
    request: HttpRequest, who: Member, row: Release, *, error: str = "", status: int = 200
) -> HttpResponse:
    page = {
        "release": view(row, who, windows.of_release(row)),
        "error": error,
        "chosen": request.POST.getlist("file"),
        "reason": request.POST.get("reason", ""),
    }
    return render(request, "review/release.html", page, status=status)


@gate.people
@require_POST
def change(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Yank files or take that back; the button says which files it is about: those that are chosen, or all."""
    who, row = gate.release(request, name, version, Act.YANK)
    act, _, which = request.POST.get("act", "").partition(" ")
    names = request.POST.getlist("file")
    if which == "all":
        names = list(row.files.values_list("filename", flat=True))
    reason = " ".join(request.POST.get("reason", "").split())[: yank.LONGEST_REASON]
    if act not in {"yank", "unyank"} or not names:
        return _page(request, who, row, error=_NEEDS_FILES, status=400)
    if act == "yank" and not reason:
        return _page(request, who, row, error=_NEEDS_REASON, status=400)
    try:
        if act == "yank":
            done = yank.yank(release=row, filenames=names, reason=reason, by=who.actor)
        else:
            done = yank.unyank(release=row, filenames=names, by=who.actor)
    except yank.NotOfRelease as error:
        return _page(request, who, row, error=str(error), status=400)
    said = "Installers pass over" if act == "yank" else "Installers choose again from"
    count = f"{len(done)} file{'' if len(done) == 1 else 's'}"
    messages.success(request, f"{said} {count} of {row}." if done else "It was so already: nothing changed.")
    return redirect("release", name=name, version=row.version)


@gate.people
@require_http_methods(["GET", "HEAD", "POST"])
def delete(request: HttpRequest, name: str, version: str) -> HttpResponse:
    """Ask which files go for good; on POST check what was typed, then the code, then delete."""
    who, row = gate.release(request, name, version, Act.DELETE)
    if request.method != "POST":
        return _confirm(request, who, row)
    chosen, typed = request.POST.getlist("file"), request.POST.get("typed", "")
    try:
        deletion.check(release=row, filenames=chosen, typed=typed)  # before a code is spent
        proof = stepup.prove(request, deletion.purpose(row))
        gone = deletion.delete(release=row, filenames=chosen, typed=typed, by=who.actor, proof=proof)
    except stepup.NotProven as error:
        return _confirm(request, who, row, error=str(error), status=403)
    except (deletion.NotTyped, deletion.NotOfRelease) as error:
        return _confirm(request, who, row, error=str(error), status=400)
    except NotYours as error:
        messages.error(request, f"Nothing was deleted: {error}.")
    else:
        count = f"{len(gone)} file{'' if len(gone) == 1 else 's'}"
        messages.success(request, f"{count} of {row} deleted. The names are never used again.")
    return redirect("release", name=name, version=row.version)


def _confirm(
    request: HttpRequest, who: Member, row: Release, *, error: str = "", status: int = 200
) -> HttpResponse:
    page = {
        "release": view(row, who),
        "error": error,
        "chosen": request.POST.getlist("file"),
        "typed": request.POST.get("typed", ""),
    }
    return render(request, "review/release_delete.html", page, status=status)
