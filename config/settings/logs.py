"""What the program says of itself: lines of text, or JSON."""

from typing import Any

from config.settings.environment import env
from config.settings.parts import MIDDLEWARE

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
LOG_AS_JSON = env("PRESSCHECK_LOG") == "json"
if LOG_AS_JSON:
    LOGGING["formatters"] = {"line": {"()": "config.logs.Lines"}}
    MIDDLEWARE.insert(0, "config.logs.requests")
