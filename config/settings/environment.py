"""How settings are read: from the environment, or from a file that the environment names; and where the data lies."""

import os
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

BASE_DIR = Path(__file__).resolve().parent.parent.parent
DATA_DIR = Path(os.environ.get("PRESSCHECK_DATA") or BASE_DIR / "var").resolve()
try:
    DATA_DIR.mkdir(parents=True, exist_ok=True)
except OSError as _error:
    raise ImproperlyConfigured(
        f"The data folder {DATA_DIR} cannot be made ({_error.strerror}): set PRESSCHECK_DATA to a folder that this process may "
        "write to.",
    ) from _error


def env(name: str, default: str = "") -> str:
    """Return one setting; ``NAME_FILE`` names a file that holds it (secrets mounted by an orchestrator).

    An empty one counts as not set: that is how compose and systemd pass on what nobody filled in.
    """
    path = os.environ.get(f"{name}_FILE")
    if not path:
        return os.environ.get(name) or default
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise ImproperlyConfigured(
            f"{name}_FILE names {path}, which cannot be read ({error}): mount it where this process may read it, or set "
            f"{name}.",
        ) from error


def listed(name: str) -> list[str]:
    """Return a setting that is a list separated by commas."""
    return [part.strip() for part in env(name).split(",") if part.strip()]


def number(name: str, default: float) -> float:
    """Return a setting that is a number above 0. Raises ImproperlyConfigured."""
    text = env(name)
    try:
        found = float(text or default)
    except ValueError:
        found = 0
    if not 0 < found < float("inf"):
        raise ImproperlyConfigured(
            f"{name} is '{text}', which is no number above 0: without it, it is {default:g}."
        )
    return found


def count(name: str, default: int) -> int:
    """Return a setting that is a whole number above 0. Raises ImproperlyConfigured."""
    text = env(name) or str(default)
    if not text.isdecimal() or int(text) == 0:
        raise ImproperlyConfigured(
            f"{name} is '{text}', which is no whole number above 0: without it, it is {default}."
        )
    return int(text)
