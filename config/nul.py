"""NUL characters, which PostgreSQL keeps in no text: an address with one is no address, a form with one is refused in words."""

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import DataError
from django.http import Http404, HttpRequest, HttpResponse
from django.template import loader

_NUL = "\0"
_WORDS = "What was sent holds a NUL character, which no text here may hold. Nothing was changed."
_AGAIN = "Take it out, and send the rest again."


def refused(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Refuse NUL characters before a view asks the database for them, alike on every database."""

    def middleware(request: HttpRequest) -> HttpResponse:
        if _NUL in request.path:
            raise Http404("There is no such page, or it is not for you.")
        return get_response(request)

    def process_view(
        request: HttpRequest, view: Callable[..., Any], _args: tuple[Any, ...], _kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        is_read_as_it_comes = request.path.startswith(settings.MACHINE_PATHS) or hasattr(view, "csrf_exempt")
        return None if is_read_as_it_comes or not _is_in_fields(request) else _answer()

    def process_exception(_request: HttpRequest, error: Exception) -> HttpResponse | None:
        return _answer() if isinstance(error, DataError) and "NUL" in str(error) else None

    middleware.process_view = process_view  # type: ignore[attr-defined]  # Django's own way to be asked
    middleware.process_exception = process_exception  # type: ignore[attr-defined]  # Django's own way to be told
    return middleware


def _is_in_fields(request: HttpRequest) -> bool:
    asked = [request.GET]
    if request.method == "POST":  # which the look for a CSRF token has read
        asked.append(request.POST)
    return any(_NUL in text for one in asked for name, texts in one.lists() for text in (name, *texts))


def _answer() -> HttpResponse:
    return HttpResponse(loader.render_to_string("400.html", {"said": _WORDS, "again": _AGAIN}), status=400)
