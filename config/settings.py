"""Settings from the environment; without any of them: the embedded shape (SQLite, a folder, no services)."""

import os
import secrets
from contextlib import suppress
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import dj_database_url
from celery.schedules import crontab
from django.core.exceptions import ImproperlyConfigured

from config import broker

BASE_DIR = Path(__file__).resolve().parent.parent
DATA_DIR = Path(os.environ.get("PRESSCHECK_DATA") or BASE_DIR / "var").resolve()
DATA_DIR.mkdir(parents=True, exist_ok=True)


def _env(name: str, default: str = "") -> str:
    """One setting; ``NAME_FILE`` names a file that holds it (secrets mounted by an orchestrator)."""
    if path := os.environ.get(f"{name}_FILE"):
        return Path(path).read_text(encoding="utf-8").strip()
    return os.environ.get(name, default)


def _list(name: str) -> list[str]:
    return [part.strip() for part in _env(name).split(",") if part.strip()]


def _generated_secret() -> str:
    """Return the embedded shape's own secret, made once and readable by its owner alone."""
    path = DATA_DIR / "secret-key"
    if not path.exists():
        own = path.with_name(f"secret-key.{os.getpid()}")
        with os.fdopen(
            os.open(own, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w", encoding="ascii"
        ) as file:
            file.write(secrets.token_urlsafe(48))
        with suppress(FileExistsError):  # another process was faster: its key, whole by now, is the one
            os.link(own, path)
        own.unlink()
    return path.read_text(encoding="ascii").strip()


def _version() -> str:
    """Return the newest version that the changelog speaks of."""
    lines = (BASE_DIR / "CHANGELOG.md").read_text(encoding="utf-8").splitlines()
    return next(line.split()[1] for line in lines if line.startswith("## "))


def _served_address() -> str:
    """Return where ``manage.py up`` serves this data folder, or did last, so that commands beside it say the same."""
    path = DATA_DIR / "address"
    return path.read_text(encoding="ascii").strip() if path.exists() else "http://localhost:8000"


# --- who and where -----------------------------------------------------------------------------------
SECRET_KEY = _env("PRESSCHECK_SECRET_KEY") or _generated_secret()
SECRET_KEY_IS_GENERATED = not _env("PRESSCHECK_SECRET_KEY")
SECRET_KEY_FALLBACKS = _list("PRESSCHECK_SECRET_KEY_OLD")
DEBUG = False
PRESSCHECK_URL = _env("PRESSCHECK_URL", _served_address()).rstrip("/")
_HTTPS = PRESSCHECK_URL.startswith("https://")
ALLOWED_HOSTS = _list("PRESSCHECK_ALLOWED_HOSTS") or [
    urlsplit(PRESSCHECK_URL).hostname or "localhost",
    "localhost",
    "127.0.0.1",
    "[::1]",
]
CSRF_TRUSTED_ORIGINS = [PRESSCHECK_URL]
PRESSCHECK_FILES_URL = _env("PRESSCHECK_FILES_URL").rstrip("/")
PRESSCHECK_ACCEL = _env("PRESSCHECK_ACCEL")
METRICS_TOKEN = _env("PRESSCHECK_METRICS_TOKEN")
SITE_NAME = "Presscheck"
VERSION = _version()

# --- the parts -----------------------------------------------------------------------------------
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
    "django_htmx",
    "template_partials",
]
MIDDLEWARE = [
    "config.machines.without_cookies",
    "django.middleware.security.SecurityMiddleware",
    "config.csp.headers",
    "config.unavailable.in_words",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "accounts.enrolment.middleware",
]
# Paths that machines and testers without an account call: no cookie is ever looked at there.
MACHINE_PATHS = (
    "/simple/",
    "/files/",
    "/legacy",
    "/upload/",
    "/evidence/",
    "/draft/",
    "/static/",
    "/healthz",
    "/readyz",
    "/metrics",
)
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

# --- data ------------------------------------------------------------------------------------------
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
_DATABASE_URL = _env("DATABASE_URL")
_SQLITE = {
    "ENGINE": "django.db.backends.sqlite3",
    "NAME": DATA_DIR / "presscheck.sqlite3",
    "OPTIONS": {
        "timeout": 30,
        "transaction_mode": "IMMEDIATE",
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    },
    "CONN_MAX_AGE": 600,
    # A file, not memory: two writers on a shared in-memory cache fail at once.
    "TEST": {"NAME": str(DATA_DIR / "test.sqlite3")},
}
# A pool for each process: threads borrow, so that 64 threads do not hold 64 connections.
_POOL = {"min_size": 0, "max_size": 12, "timeout": 10, "max_lifetime": 1800, "max_idle": 60}
if _DATABASE_URL and not _env("PRESSCHECK_SECRET_KEY"):
    raise ImproperlyConfigured(
        "DATABASE_URL is set, and PRESSCHECK_SECRET_KEY is not: every host must have the same key, and it must outlive "
        "them. Make one with: python -c 'import secrets; print(secrets.token_urlsafe(48))'",
    )
if _env("REDIS_URL") and not _DATABASE_URL:
    raise ImproperlyConfigured(
        "REDIS_URL is set, and DATABASE_URL is not: several hosts cannot share a SQLite file. Name a PostgreSQL database, "
        "or leave REDIS_URL out.",
    )
DATABASES = {
    "default": {**dj_database_url.parse(_DATABASE_URL), "OPTIONS": {"pool": _POOL}}
    if _DATABASE_URL
    else _SQLITE,
}
REDIS_URL = _env("REDIS_URL")
CACHES: dict[str, dict[str, Any]] = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "presscheck",
    }
    if REDIS_URL
    else {
        "BACKEND": "django.core.cache.backends.db.DatabaseCache",
        "LOCATION": "cache",
        "OPTIONS": {"MAX_ENTRIES": 200_000},  # below 100 000 the throttles' counters would be culled away
    },
}
STORAGE_DIR = DATA_DIR / "objects"
PRESSCHECK_S3_BUCKET = _env("PRESSCHECK_S3_BUCKET")
PRESSCHECK_S3_ENDPOINT = _env("PRESSCHECK_S3_ENDPOINT").rstrip("/")
AWS_ACCESS_KEY_ID = _env("AWS_ACCESS_KEY_ID")
AWS_SECRET_ACCESS_KEY = _env("AWS_SECRET_ACCESS_KEY")
if PRESSCHECK_S3_ENDPOINT and not PRESSCHECK_S3_BUCKET:
    raise ImproperlyConfigured(
        "PRESSCHECK_S3_ENDPOINT is set, and PRESSCHECK_S3_BUCKET is not: name the bucket.",
    )
if PRESSCHECK_S3_BUCKET and bool(AWS_ACCESS_KEY_ID) != bool(AWS_SECRET_ACCESS_KEY):
    raise ImproperlyConfigured(
        "Of AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY only one is set: set both, or neither where the machine has a role.",
    )
if PRESSCHECK_S3_BUCKET and PRESSCHECK_ACCEL:
    raise ImproperlyConfigured(
        "PRESSCHECK_ACCEL sends files from a folder, and PRESSCHECK_S3_BUCKET keeps them in a bucket: set one of the two.",
    )
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"

# --- limits (bytes, seconds, counts) -----------------------------------------------------------------
FILE_SIZE_LIMIT = int(_env("PRESSCHECK_FILE_SIZE_LIMIT", str(1024**3)))
PROJECT_QUOTA = int(_env("PRESSCHECK_PROJECT_QUOTA", str(10 * 1024**3)))
EVIDENCE_SIZE_LIMIT = 20 * 1024**2
FORM_FIELDS_LIMIT = 10_000
FORM_MEMORY_LIMIT = 8 * 1024**2
WEB_THREADS = int(_env("PRESSCHECK_THREADS", "32"))  # of each web process
BODY_RATE = int(_env("PRESSCHECK_BODY_RATE", "64000"))
BODY_SECONDS = float(_env("PRESSCHECK_BODY_SECONDS", "30"))
DATA_UPLOAD_MAX_MEMORY_SIZE = EVIDENCE_SIZE_LIMIT + FORM_MEMORY_LIMIT  # a pasted log travels in a form
DRAFT_LIFETIME_DAYS = 7
DRAFT_LIFETIME_MAX_DAYS = 30
PURGE_GRACE_HOURS = 24
LIVE_DRAFTS_PER_PROJECT = 20
DRAFTS_OPENED_PER_HOUR = 5
JOB_LEASE_SECONDS = float(_env("PRESSCHECK_JOB_LEASE_SECONDS", "30"))
SWEEP_SECONDS = float(_env("PRESSCHECK_SWEEP_SECONDS", "10"))

# --- the queue: a hint, never the truth --------------------------------------------------------------
if REDIS_URL:
    CELERY_BROKER_URL = REDIS_URL
    # With kombu's defaults a killed worker's task comes back after 100 s; the sweep would ring before that anyway.
    CELERY_BROKER_TRANSPORT_OPTIONS: dict[str, Any] = {
        "visibility_timeout": 3600,
        "unacked_restore_interval": 1,
        "unacked_restore_throttle": 1,
        "global_keyprefix": "presscheck:",
        "socket_timeout": 10,
    }
else:
    CELERY_BROKER_URL = f"{broker.TRANSPORT}://localhost"
    CELERY_BROKER_TRANSPORT_OPTIONS = broker.folders(DATA_DIR / "queue")
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_ENABLE_REMOTE_CONTROL = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TIMEZONE = "UTC"
CELERY_BEAT_SCHEDULE_FILENAME = str(DATA_DIR / "scheduler")
CELERY_BEAT_SCHEDULE = {  # what a worker that was away finds too old, it throws away
    "ring what waits": {
        "task": "operations.sweep",
        "schedule": SWEEP_SECONDS,
        "options": {"expires": SWEEP_SECONDS},
    },
    "expire drafts": {"task": "operations.expire", "schedule": 60.0, "options": {"expires": 60.0}},
    "keep in order": {"task": "operations.prune", "schedule": 3600.0, "options": {"expires": 3600.0}},
    "hash again": {
        "task": "operations.scrub",
        "schedule": crontab(hour="2", minute="40"),
        "options": {"expires": 12 * 3600.0},
    },
}

# --- people ----------------------------------------------------------------------------------------
AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = ["django.contrib.auth.hashers.Argon2PasswordHasher"]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": "django.contrib.auth.password_validation.UserAttributeSimilarityValidator"},
    {"NAME": "django.contrib.auth.password_validation.MinimumLengthValidator", "OPTIONS": {"min_length": 12}},
    {"NAME": "django.contrib.auth.password_validation.CommonPasswordValidator"},
]
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "queue"
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_ADAPTER = "accounts.adapter.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"email"}
ACCOUNT_SIGNUP_FIELDS = ["email*", "password1*"]
ACCOUNT_USER_MODEL_USERNAME_FIELD = None
ACCOUNT_EMAIL_VERIFICATION = "none"  # people are made by an operator, who knows the address
ACCOUNT_REAUTHENTICATION_TIMEOUT = 300
ACCOUNT_SESSION_REMEMBER = False
ACCOUNT_PREVENT_ENUMERATION = True
MFA_ADAPTER = "accounts.adapter.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = SITE_NAME
MFA_TOTP_TOLERANCE = 1
MFA_ALLOW_UNVERIFIED_EMAIL = True
MFA_FORMS = {
    "authenticate": "accounts.forms.AuthenticateForm",
    "reauthenticate": "accounts.forms.ReauthenticateForm",
    "activate_totp": "accounts.forms.ActivateTOTPForm",
}
SESSION_COOKIE_AGE = 12 * 3600
SESSION_EXPIRE_AT_BROWSER_CLOSE = False
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_SAMESITE = "Lax"
CSRF_COOKIE_HTTPONLY = True
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = _HTTPS
if _HTTPS:
    SESSION_COOKIE_NAME = "__Host-sessionid"
    CSRF_COOKIE_NAME = "__Host-csrftoken"
    SECURE_HSTS_SECONDS = 365 * 24 * 3600
    SECURE_HSTS_INCLUDE_SUBDOMAINS = SECURE_HSTS_PRELOAD = True
SECURE_SSL_REDIRECT = False  # the proxy's work; start-up refuses http on a public address
SECURE_CONTENT_TYPE_NOSNIFF = True
SECURE_CROSS_ORIGIN_OPENER_POLICY = "same-origin"
SECURE_REFERRER_POLICY = "same-origin"  # stricter where a link carries a token
X_FRAME_OPTIONS = "DENY"
SILENCED_SYSTEM_CHECKS = [
    "security.W008",  # SECURE_SSL_REDIRECT: see above
    *(
        [] if _HTTPS else ["security.W004", "security.W012", "security.W016"]
    ),  # the embedded shape speaks http on loopback
]

# --- mail, words, logs ---------------------------------------------------------------------------------
_MAIL = urlsplit(_env("EMAIL_URL"))
if _MAIL.scheme in {"smtp", "smtps", "smtp+tls"}:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = _MAIL.hostname or "localhost"
    EMAIL_PORT = _MAIL.port or {"smtp": 25, "smtps": 465, "smtp+tls": 587}[_MAIL.scheme]
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_MAIL.username or ""), unquote(_MAIL.password or "")
    EMAIL_USE_SSL, EMAIL_USE_TLS = _MAIL.scheme == "smtps", _MAIL.scheme == "smtp+tls"
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = DATA_DIR / "mail"
DEFAULT_FROM_EMAIL = _env("PRESSCHECK_MAIL_FROM", f"presscheck@{urlsplit(PRESSCHECK_URL).hostname}")
LANGUAGE_CODE = "en"
USE_I18N = True
USE_TZ = True
TIME_ZONE = "UTC"
LOGGING: dict[str, Any] = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "{asctime} {levelname} {name} {message}", "style": "{"}},
    "filters": {"scrub": {"()": "drafts.secrets.ScrubFilter"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line", "filters": ["scrub"]}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "drafts": {"level": "INFO"},
        "accounts": {"level": "INFO"},
        "django.request": {"level": "ERROR"},  # a 404 is an answer, not news
        "presscheck.requests": {"level": "INFO"},
    },
}
LOG_AS_JSON = _env("PRESSCHECK_LOG") == "json"
if LOG_AS_JSON:
    LOGGING["formatters"] = {"line": {"()": "config.logs.Lines"}}
    MIDDLEWARE.insert(0, "config.logs.requests")
