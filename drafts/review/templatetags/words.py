"""How digests, sizes, moments and untrusted text are spelled on pages."""

import unicodedata
from datetime import UTC, datetime

from django import template
from django.utils import timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from drafts.models.spaces import Space, split

register = template.Library()

_GROUP = 8
_UNITS = ("bytes", "kB", "MB", "GB", "TB")
_STEPS = ((60, "second"), (60, "minute"), (24, "hour"), (30, "day"), (12, "month"))
# Categories that a reader cannot see or that reorder what stands around them; ordinary spaces and line feeds stay.
_HIDDEN = {"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"}


@register.filter
def digest(value: str) -> SafeString:
    """Group a hex digest by eight, so that two can be held against each other."""
    text = conditional_escape(value)  # hex has nothing to escape, and a page may hold hundreds
    groups = (text[start : start + _GROUP] for start in range(0, len(text), _GROUP))
    return mark_safe("".join(f"<span>{group}</span>" for group in groups))  # noqa: S308


@register.filter
def short_digest(value: str) -> str:
    """Return the first eight and the last four digits."""
    text = str(value)
    return text if len(text) <= _GROUP + 4 else f"{text[:_GROUP]}…{text[-4:]}"


@register.filter
def sandbox_badge(name: str) -> SafeString:
    """Mark a project whose name says that it is of the sandbox."""
    if split(str(name))[0] is not Space.SANDBOX:
        return SafeString("")
    title = "published to /sandbox/simple/ only; ends 30 days after the last upload"
    return format_html('<a class="badge" data-state="sandbox" href="/sandbox/" title="{}">sandbox</a>', title)


@register.filter
def size(value: int) -> str:
    """Write bytes as people do: 4.1 MB (decimal)."""
    number = float(value or 0)
    for unit in _UNITS:
        if abs(number) < 999.5 or unit == _UNITS[-1]:  # noqa: PLR2004  rounds to 1000 from here
            break
        number /= 1000
    return f"{number:.0f} {unit}" if unit == "bytes" or number >= 100 else f"{number:.1f} {unit}"  # noqa: PLR2004


@register.filter
def moment(value: datetime) -> str:
    """Write the exact moment in UTC."""
    return value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S UTC")


@register.filter
def ago(value: datetime) -> SafeString:
    """Write a moment as a distance, with the exact one in the element."""
    exact = value.astimezone(UTC)
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        exact.strftime("%Y-%m-%dT%H:%M:%SZ"),
        moment(value),
        distance((value - timezone.now()).total_seconds()),
    )


def distance(seconds: float) -> str:
    """Write a distance in time, in seconds, negative for the past: ``in 6 days``, ``3 minutes ago``."""
    number, unit = abs(seconds), "year"
    if number < 10:  # noqa: PLR2004  nobody counts these
        return "just now"
    for step, name in _STEPS:
        if number < step:
            unit = name
            break
        number /= step
    count = int(number)
    words = f"{count} {unit}{'' if count == 1 else 's'}"
    return f"in {words}" if seconds > 0 else f"{words} ago"


@register.filter
def plain(value: object) -> str:
    """Spell out characters that hide or reorder text: ``⟨U+202E⟩``. Escaping stays the template's work."""
    text = str(value)
    if text.replace("\n", "").replace("\t", "").isprintable():  # most is, and this is quick
        return text
    return "".join(_spelled(char) for char in text)


def _spelled(char: str) -> str:
    if char in "\n\t" or unicodedata.category(char) not in _HIDDEN:
        return char
    return f"⟨U+{ord(char):04X}⟩"
