"""How a form asks what a passkey shall sign: it is posted with ``passkey=ask``, and the act's own purpose is answered as JSON."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, JsonResponse

from accounts.stepup import PasskeyAsked


def middleware(get_response: Callable[[HttpRequest], HttpResponse]) -> Callable[[HttpRequest], HttpResponse]:
    """Answer the question wherever it was asked: no view has to know of it."""

    def pass_on(request: HttpRequest) -> HttpResponse:
        return get_response(request)

    def process_exception(_request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, PasskeyAsked):
            return None
        return JsonResponse(error.options, headers={"Cache-Control": "no-store"})

    pass_on.process_exception = process_exception  # type: ignore[attr-defined]  # Django's own way to be told
    return pass_on
