"""The release before the first round: CI's job stages it, a person publishes it, and an owner's order is given by it."""

from bench.faults.acts.orders import Release, mint, staged
from bench.faults.acts.people import confirmation, draft_url, followed
from bench.faults.browser import Answer
from bench.faults.cast import Cast
from bench.faults.elsewhere import code_of
from bench.faults.fleet import eventually
from drafts.models import Draft, DraftState

VERSION = "0.1"


class NotBegun(Exception):
    """The campaign cannot begin: the text holds what the server said."""


def order(cast: Cast) -> None:
    """Publish a first release that CI's job staged, and give a standing order. Raises NotBegun, TimeoutError, Lost."""
    forge, server = cast.forge, cast.servers[0]
    assert forge is not None
    built = Release.of(forge.project, VERSION, "first")
    answer, own = mint(server, forge.ran([built.wheel, built.sdist]))
    cast.ledger.logged |= {built.wheel.sha256, built.sdist.sha256}
    if not own:
        raise NotBegun(f"minting: {answer.status} {answer.text[:500]}")
    answer, session = staged(cast, server, [built.wheel, built.sdist], own, VERSION)
    if not session:
        raise NotBegun(f"staging: {answer.status} {answer.text[:500]}")
    with cast.somebody() as person:
        draft = draft_url(server, forge.project, VERSION)
        page = confirmation(person, server, draft)
        fields = {"fingerprint": page.hidden("fingerprint"), "code": code_of(person)}
        _done(person.browser.post(f"{draft}publish/", page, **fields))
    eventually(_is_published, what=f"{forge.project} {VERSION} is published")
    url = f"{server}/projects/{forge.project}/order/"
    said = forge.owner.browser.post(url, forge.owner.browser.ask(url), days="30", code=code_of(forge.owner))
    _done(said)
    followed(forge.owner, server, said)


def _is_published() -> bool:
    return Draft.objects.filter(version=VERSION, state=DraftState.PUBLISHED).exists()


def _done(answer: Answer) -> None:
    if answer.status != 302:
        raise NotBegun(f"{answer.status} {answer.text[-2000:]}")
