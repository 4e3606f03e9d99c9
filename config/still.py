"""Read-only mode on the pages of accounts, which know nothing of drafts nor of the switch."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

from drafts.access import gate

_ACCOUNT = "/account/"
# What keeps somebody out goes on: a sign-in that is ended, a change or recovery that is objected to.
_PROTECTING = frozenset(
    {"sign-ins-end-others", "sign-in-end", "email-stop", "recovery-stop", "recovery-object"}
)


def for_accounts(
    get_response: Callable[[HttpRequest], HttpResponse],
) -> Callable[[HttpRequest], HttpResponse]:
    """Answer 503 in words to whoever would change an account while the server is read-only."""

    def middleware(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_view(
        request: HttpRequest, _view: Callable[..., Any], _args: tuple[Any, ...], _kwargs: dict[str, Any]
    ) -> HttpResponse | None:
        match = request.resolver_match
        if not request.path.startswith(_ACCOUNT) or match is None or match.url_name in _PROTECTING:
            return None
        return gate.standstill(request)

    middleware.process_view = process_view  # type: ignore[attr-defined]  # Django's own way to be asked
    return middleware
