"""The root of all URLs."""

from django.urls import include, path, re_path

from accounts import single_sign_on
from accounts import views as accounts

handler400 = "config.unavailable.bad_request"
handler500 = "config.unavailable.failed"
urlpatterns = [
    path("welcome/<str:token>/", accounts.welcome, name="welcome"),
    path("account/", include("accounts.urls")),
    path("accounts/sso/login/", single_sign_on.login, name="sso-login"),
    path("accounts/sso/callback/", single_sign_on.callback, name="sso-callback"),
    # What the library would do without a second factor at the very act, this server's own pages do.
    re_path(r"^accounts/(email|confirm-email|sessions|oidc)/", accounts.no_such_page),
    re_path(r"^accounts/2fa/(?!authenticate/$|reauthenticate/$)", accounts.no_such_page),
    re_path(r"^accounts/(3rdparty|social)/(?!login/(cancelled|error)/$)", accounts.no_such_page),
    path("accounts/", include("allauth.urls")),
    path("", include("drafts.urls")),
]
