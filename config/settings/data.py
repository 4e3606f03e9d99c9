"""Where rows, counters and bytes lie: database, cache, files; without any setting all of it in the data folder."""

from typing import Any

import dj_database_url

from config.settings.environment import BASE_DIR, DATA_DIR, env

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
_DATABASE_URL = env("DATABASE_URL")
_SQLITE = {
    "ENGINE": "config.sqlite",
    "NAME": DATA_DIR / "presscheck.sqlite3",
    "OPTIONS": {
        "timeout": 30,
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
    },
    "CONN_MAX_AGE": 600,
    # A file, not memory: two writers on a shared in-memory cache fail at once.
    "TEST": {"NAME": str(DATA_DIR / "test.sqlite3")},
}
# A pool for each process: threads borrow, so that 64 threads do not hold 64 connections.
_POOL = {"min_size": 0, "max_size": 12, "timeout": 10, "max_lifetime": 1800, "max_idle": 60}
DATABASES = {
    # Looked at when borrowed: after a restart of the database a pool is full of connections that lead nowhere.
    "default": {**dj_database_url.parse(_DATABASE_URL, conn_health_checks=True), "OPTIONS": {"pool": _POOL}}
    if _DATABASE_URL
    else _SQLITE,
}
REDIS_URL = env("REDIS_URL")
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
PRESSCHECK_S3_BUCKET = env("PRESSCHECK_S3_BUCKET")
PRESSCHECK_S3_ENDPOINT = env("PRESSCHECK_S3_ENDPOINT").rstrip("/")
AWS_ACCESS_KEY_ID = env("AWS_ACCESS_KEY_ID")
AWS_SECRET_ACCESS_KEY = env("AWS_SECRET_ACCESS_KEY")
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
}
STATIC_URL = "/static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STATIC_ROOT = DATA_DIR / "static"
