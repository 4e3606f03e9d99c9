"""What every page's template knows."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, str]:
    """Return the site's name, which version it runs (pages tell that to members alone), and who else signs people in."""
    del request
    return {
        "site_name": settings.SITE_NAME,
        "site_version": settings.VERSION,
        "sign_on_name": settings.SIGN_ON_NAME if settings.SIGN_ON_ISSUER else "",
    }
