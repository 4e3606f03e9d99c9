"""The root of all URLs."""

from django.urls import include, path

from accounts import views as accounts

handler400 = "config.unavailable.bad_request"
handler500 = "config.unavailable.failed"
urlpatterns = [
    path("welcome/<str:token>/", accounts.welcome, name="welcome"),
    path(
        "accounts/email/", accounts.no_such_page
    ),  # an address changes with a second factor at the act, or not at all
    path("accounts/", include("allauth.urls")),
    path("", include("drafts.urls")),
]
