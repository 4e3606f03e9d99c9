"""A file of a draft by an address with a draft token in it, which Upload 2.0 answers where CI may have the link."""

from django.http import Http404, HttpRequest

from drafts.access.gate.credentials import file_of
from drafts.access.gate.draft_links import count_use, draft_link
from drafts.models import Draft, File, UploadSession
from drafts.models.spaces import split


def linked_file(request: HttpRequest, handle: str, file: str, token: str) -> UploadSession | File:
    """Return a file of the draft that a link opens, while the draft lives. Whatever is wrong is one and the same Http404."""
    access = draft_link(request, token)
    draft = next((one for one in access.drafts if _is(one, handle)), None)
    row = file_of(draft, file) if draft is not None and not access.ended else None
    if row is None:
        raise Http404("Not found")
    count_use(access.link)
    return row


def _is(draft: Draft, handle: str) -> bool:
    space, bare = split(handle)
    return (draft.handle, draft.project.space) == (bare, space) and not draft.project.is_quarantined
