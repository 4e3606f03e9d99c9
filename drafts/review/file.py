"""The page of one file: what it says of itself, what is inside, what was found."""

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_safe

from drafts.access import gate
from drafts.access.roles import Act
from drafts.review import filepage


@gate.people
@require_safe
def file(request: HttpRequest, name: str, version: str, filename: str) -> HttpResponse:
    """Show one file of a draft; after publishing the same address is the record."""
    who, draft = gate.draft(request, name, version, Act.SEE)
    page = filepage.file_page(who, draft, filename, filepage.Asked.read(request.GET))
    return render(request, "review/file.html", {"page": page})
