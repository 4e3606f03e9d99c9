"""The parts that Django puts together: applications, middleware, templates, language and time."""

from config.settings.environment import BASE_DIR

INSTALLED_APPS = [
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "accounts",
    "drafts",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "allauth.socialaccount",
    "allauth.socialaccount.providers.openid_connect",
    "django_htmx",
    "template_partials",
]
MIDDLEWARE = [
    "config.proxies.real_client",
    "config.machines.without_cookies",
    "django.middleware.security.SecurityMiddleware",
    "config.csp.headers",
    "config.unavailable.in_words",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "config.nul.refused",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.still.for_accounts",
    "accounts.enrolment.middleware",
    "accounts.asking.middleware",
]
# Paths that machines and testers without an account call: no cookie is ever looked at there.
MACHINE_PATHS = (
    "/simple/",
    "/files/",
    "/legacy",
    "/upload/",
    "/evidence/",
    "/sandbox/simple/",
    "/sandbox/files/",
    "/sandbox/legacy",
    "/sandbox/upload/",
    "/sandbox/evidence/",
    "/draft/",
    "/static/",
    "/healthz",
    "/readyz",
    "/metrics",
    "/stage.py",
    "/_/oidc/",
    "/hooks/",
    "/.well-known/pytp",
    "/.well-known/presscheck-audit",
)
READ_PATHS = ("/simple/", "/files/", "/sandbox/simple/", "/sandbox/files/")
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "libraries": {"words": "drafts.review.templatetags.words"},
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "accounts.context.site",
            ],
        },
    },
]
APPEND_SLASH = True
LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
