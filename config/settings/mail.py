"""How mail is sent: by a server that EMAIL_URL names, else into files of the data folder."""

from urllib.parse import unquote, urlsplit

from config.settings.address import PRESSCHECK_URL
from config.settings.environment import DATA_DIR, env

_MAIL = urlsplit(env("EMAIL_URL"))
if _MAIL.scheme in {"smtp", "smtps", "smtp+tls"}:
    EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    EMAIL_HOST = _MAIL.hostname or "localhost"
    EMAIL_PORT = _MAIL.port or {"smtp": 25, "smtps": 465, "smtp+tls": 587}[_MAIL.scheme]
    EMAIL_HOST_USER, EMAIL_HOST_PASSWORD = unquote(_MAIL.username or ""), unquote(_MAIL.password or "")
    EMAIL_USE_SSL, EMAIL_USE_TLS = _MAIL.scheme == "smtps", _MAIL.scheme == "smtp+tls"
else:
    EMAIL_BACKEND = "django.core.mail.backends.filebased.EmailBackend"
    EMAIL_FILE_PATH = DATA_DIR / "mail"
EMAIL_TIMEOUT = 10  # seconds: some mails are sent while somebody waits for a page
DEFAULT_FROM_EMAIL = env("PRESSCHECK_MAIL_FROM", f"presscheck@{urlsplit(PRESSCHECK_URL).hostname}")
