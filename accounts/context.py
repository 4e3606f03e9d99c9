"""What every page's template knows."""

from django.conf import settings
from django.http import HttpRequest


def site(request: HttpRequest) -> dict[str, str]:
    """Return the site's name, and which version it runs (pages tell that to members alone)."""
    del request
    return {"site_name": settings.SITE_NAME, "site_version": settings.VERSION}
