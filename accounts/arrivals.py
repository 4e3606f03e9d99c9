"""What happens to request and response when somebody signed in: the session knows how, the browser becomes known."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts import devices
from accounts.audit import Origin
from accounts.models import User

DEVICE_COOKIE = "__Host-device" if settings.IS_HTTPS else "device"
DEVICE_REMEMBERED = 365 * 24 * 3600


def welcome(request: HttpRequest, response: HttpResponse, user: User, *, how: str) -> HttpResponse:
    """Put a sign-in on record, in the session and in the response's cookie."""
    origin = Origin.of(request)
    token = devices.arrive(
        user=user, presented=request.COOKIES.get(DEVICE_COOKIE, "")[:100], origin=origin, how=how
    )
    request.session[devices.SIGN_IN] = {
        "at": timezone.now().timestamp(),
        "address": origin.address,
        "agent": origin.user_agent,
        "how": how,
    }
    response.set_cookie(
        DEVICE_COOKIE,
        token,
        max_age=DEVICE_REMEMBERED,
        secure=settings.IS_HTTPS,
        httponly=True,
        samesite="Lax",
    )
    return response
