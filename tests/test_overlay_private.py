"""On a private index an overlay opens the draft's project alone, unless who made the link ticked more and may read it still."""

import json
from urllib.parse import urljoin

import pytest
from django.test import Client

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.access import links, membership
from drafts.models import Draft, DraftLink, File, Membership, TrainLink
from drafts.publishing.train import acts
from tests import bodies, wheels
from tests.conftest import draft_url
from tests.coupled import couple, open_draft
from tests.opened import arrived
from tests.overlaid import JSON, SYSTEM, filenames, get, other, published

pytestmark = [pytest.mark.django_db, pytest.mark.promise]


@pytest.fixture
def private(alice, draft, upstream, settings):
    """A private index with ``other`` published, which alice reads and mike does not."""
    found = published(alice)
    upstream.add("other", wheels.wheel("other", version="9.0"))
    settings.INDEX_IS_PRIVATE = True
    return found


def token_of(draft: Draft, user, *, with_others: bool = True) -> str:
    row = links.make(draft=draft, by=Actor.person(user), user=user, with_others=with_others)
    return links.token(row)


def answered(token: str, name: str = "other") -> int:
    return get(token, name, **JSON).status_code


def addresses(token: str) -> list[str]:
    """Every address of the files of ``other`` under the token."""
    response = get(token, "other", **JSON)
    base = f"http://t/draft/{token}/all/simple/other/"
    found = [
        urljoin(base, file["url"]).removeprefix("http://t") for file in json.loads(response.content)["files"]
    ]
    return [*found, *(f"{one}.metadata" for one in found)]


def test_a_ticked_link_opens_what_its_maker_reads(private, draft, alice):
    """It is true that page and files are under the token, because the index's own addresses want a reader."""
    token = token_of(draft, alice)
    assert filenames(get(token, "other", **JSON)) == [wheels.wheel("other").filename]
    assert {arrived(Client().get(one)) for one in addresses(token)} == {200}
    listed = b"".join(get(token, "", **JSON).streaming_content)
    assert [one["name"] for one in json.loads(listed)["projects"]] == ["sampleproject", "other"]
    file = File.objects.get(release__project=private)
    assert Client().get(f"/files/{file.public_id}/{file.filename}").status_code == 401


CLOSED = {
    "without the tick": lambda draft, alice, mike: token_of(draft, alice, with_others=False),
    "ticked by who may not": lambda draft, alice, mike: token_of(draft, mike),
    "made by nobody": lambda draft, alice, mike: links.token(links.make(draft=draft, by=SYSTEM, with_others=True)),
    "without its project's membership": lambda draft, alice, mike: (
        token_of(draft, alice),
        Membership.objects.filter(project__name="other").delete(),
    )[0],
    "of a closed account": lambda draft, alice, mike: (
        token_of(draft, alice),
        type(alice).objects.filter(pk=alice.pk).update(is_active=False),
    )[0],
}  # fmt: skip


@pytest.mark.parametrize("make", CLOSED.values(), ids=CLOSED.keys())
def test_any_other_link_tells_nothing_of_other_projects(private, upstream, draft, alice, mike, make):
    """It is true that they are answered as names that nobody has, on the page, in the list and at their files' addresses."""
    files = addresses(token_of(draft, alice))
    good = files[0].split("/")[2]
    token = make(draft, alice, mike)
    assert answered(token, "sampleproject") == 200
    here, nowhere = get(token, "other"), get(token, "nowhere")
    assert (here.status_code, here.content) == (404, nowhere.content)
    assert bodies.headers(here) == bodies.headers(nowhere)
    assert "other" not in upstream.names
    assert b"other" not in b"".join(get(token, "").streaming_content)
    assert {Client().get(one.replace(good, token)).status_code for one in files} == {404}


def test_whoever_takes_a_link_over_did_not_tick_it(private, draft, alice, mike, upstream):
    row = links.make(draft=draft, by=SYSTEM, user=mike, with_others=True)
    made = membership.made_by(draft.project, mike)
    membership.end(made, membership.Kept(links=frozenset({row.pk})), to=alice)
    row.refresh_from_db()
    assert (row.created_by, row.revoked_at, row.with_others) == (alice, None, False)
    assert answered(links.token(row)) == 404


def test_a_trains_link_can_be_ticked(private, draft, alice, upstream):
    """It is true that it opens the train's drafts merged, and the others as its maker reads them."""
    companion = open_draft(other(alice, "companion"), "companion")
    train = couple(alice, draft, companion)
    made = {
        ticked: links.token(
            acts.make_link(train=train, label="x", by=Actor.person(alice), user=alice, with_others=ticked)
        )
        for ticked in (True, False)
    }
    for name, expected in {"sampleproject": 200, "companion": 200, "other": 200}.items():
        assert answered(made[True], name) == expected
    assert [answered(made[False], name) for name in ("sampleproject", "companion", "other")] == [
        200,
        200,
        404,
    ]
    assert TrainLink.objects.filter(with_others=True).count() == 1


def test_the_box_is_there_on_a_private_index_alone(private, draft, mikes, settings):
    """It is true that the tick is kept with the link and in the record, and that an open index keeps none."""
    for is_private in (True, False):
        settings.INDEX_IS_PRIVATE = is_private
        assert ('name="others"' in mikes.get(draft_url(draft)).content.decode()) is is_private
        form = {"label": f"private {is_private}", "others": "on"}
        assert mikes.post(draft_url(draft, "link-make"), form).status_code == 302
        link = DraftLink.objects.get(label=form["label"])
        event = AuditEvent.objects.filter(event="link:made").latest("pk")
        assert (link.with_others, event.details.get("with_others", False)) == (is_private, is_private)
    assert "other projects that" in mikes.get(draft_url(draft)).content.decode()
