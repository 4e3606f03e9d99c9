"""Who this server is: its secret, its public address, the names and proxies it listens to, its version."""

import os
import secrets
from contextlib import suppress
from urllib.parse import urlsplit

from config.settings.environment import BASE_DIR, DATA_DIR, env, listed


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


_SECRET_KEY = env("PRESSCHECK_SECRET_KEY")
SECRET_KEY_IS_GENERATED = not _SECRET_KEY and not env("DATABASE_URL")
SECRET_KEY = _generated_secret() if SECRET_KEY_IS_GENERATED else _SECRET_KEY
SECRET_KEY_FALLBACKS = listed("PRESSCHECK_SECRET_KEY_OLD")
DEBUG = False  # no setting switches it on
PRESSCHECK_URL = env("PRESSCHECK_URL", _served_address()).rstrip("/")
IS_HTTPS = PRESSCHECK_URL.startswith("https://")
_PARTS = urlsplit(PRESSCHECK_URL.lower())
_USUAL_PORT = {"https": ":443", "http": ":80"}.get(_PARTS.scheme, "")
# As browsers spell it: passkeys are bound to it.
PRESSCHECK_ORIGIN = f"{_PARTS.scheme}://{_PARTS.netloc.removesuffix(_USUAL_PORT)}"
ALLOWED_HOSTS = listed("PRESSCHECK_ALLOWED_HOSTS") or [
    urlsplit(PRESSCHECK_URL).hostname or "localhost",
    "localhost",
    "127.0.0.1",
    "[::1]",
]
CSRF_TRUSTED_ORIGINS = [PRESSCHECK_URL]
PRESSCHECK_FILES_URL = env("PRESSCHECK_FILES_URL").rstrip("/")
INDEX_IS_PRIVATE = env("PRESSCHECK_PRIVATE").lower() not in {"", "0", "no", "false"}
PRESSCHECK_ACCEL = env("PRESSCHECK_ACCEL").rstrip("/")
PRESSCHECK_TRUSTED_PROXIES = listed("PRESSCHECK_TRUSTED_PROXIES")
UNIX = "unix"  # among the proxies: whoever comes through a socket of this machine
METRICS_TOKEN = env("PRESSCHECK_METRICS_TOKEN")
SITE_NAME = "Presscheck"
VERSION = _version()
