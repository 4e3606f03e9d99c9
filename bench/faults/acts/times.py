"""What maintainers do about time: publish in a moment instead of now, and take that back."""

import random
from datetime import timedelta

from django.utils import timezone

from bench.faults.acts.act import NOT_NOW, Act, Said
from bench.faults.acts.claims import Happened, Scheduled
from bench.faults.acts.people import confirmation, draft_url, followed
from bench.faults.browser import Answer
from bench.faults.cast import Cast, Person

_AHEAD_SECONDS = (2.0, 5.0)


def _schedule(cast: Cast, dice: random.Random) -> Said | None:
    """Decide now to publish in a few seconds what the page shows; faults may come before, at and after that moment."""
    (project, version), server = cast.draft(dice, loud=True), cast.server(dice)
    with cast.somebody() as person:
        code = person.code()
        if code is None:
            return None
        page = confirmation(person, server, draft_url(server, project, version))
        ahead = dice.uniform(*_AHEAD_SECONDS)
        return set_time(person, server, (project, version), page, code=code, ahead=ahead)


def set_time(
    person: Person, server: str, draft: tuple[str, str], page: Answer, *, code: str, ahead: float
) -> Said:
    """Decide to publish what the confirmation shows ``ahead`` seconds from now. Raises Lost."""
    if page.status != 200:
        return Said(page.status)
    label, fingerprint, since = " ".join(draft), page.hidden("fingerprint"), timezone.now()
    at = (since + timedelta(seconds=ahead)).replace(tzinfo=None).isoformat()
    told = {"fingerprint": fingerprint, "code": code, "when": "at", "at": at}
    said = person.browser.post(f"{draft_url(server, *draft)}publish/", page, **told)
    news = followed(person, server, said) if said.status == 302 else []
    if any(f"{label} is scheduled for" in text for text in news):
        return Said(said.status, Scheduled(label, fingerprint, since))
    return Said(said.status)


def _withdraw(cast: Cast, dice: random.Random) -> Said:
    """Take back a schedule that a draft may have."""
    (project, version), server = cast.draft(dice, loud=True), cast.server(dice)
    since = timezone.now()
    with cast.somebody() as person:
        url = draft_url(server, project, version)
        page = person.browser.ask(url)
        if page.status != 200:
            return Said(page.status)
        said = person.browser.post(f"{url}schedule/withdraw/", page)
        told = followed(person, server, said) if said.status == 302 else []
    if any(f"{project} {version} is not scheduled any more" in text for text in told):
        return Said(said.status, Happened("draft:schedule-withdrawn", f"{project} {version}", since))
    return Said(said.status)


# 400: the moment that was chosen was over when the server could answer.
_PAGES = SET = frozenset({200, 302, 400, 403, 404, 409}) | NOT_NOW
ACTS = [
    Act("publish at a time", _schedule, _PAGES, 3),
    Act("take a schedule back", _withdraw, _PAGES),
]
