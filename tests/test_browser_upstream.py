"""The pages of upstream indexes in a real browser: setting one, waiting for CI, a train of which one delivery stopped."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from drafts.models import Push
from drafts.notify import standard_webhooks
from drafts.storage import storage
from tests.conftest import do_jobs, draft_url, publish
from tests.coupled import publish_train
from tests.inspected import inspect_now
from tests.pressing import browser_of
from tests.providers.peers import peer
from tests.test_jobs import due_now
from tests.upstreams import aimed, refuses, upstream

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def there(settings):
    """An upstream index that this server may ask."""
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]
    with upstream() as double:
        yield double


@pytest.fixture
def hook():
    """CI's end of the webhook."""

    def take(asked) -> None:
        asked.handler.rfile.read(int(asked.headers["content-length"]))
        asked.answer(202)

    with peer(take) as double:
        yield double


def test_axe_finds_nothing_where_a_target_is_set(look, there, project, alice):
    look(reverse("target", args=[project.name]), user=alice)
    aimed(there, project, alice)
    look(reverse("target", args=[project.name]), user=alice)


def test_a_draft_that_waits_for_ci_says_until_when_and_shows_when_it_is_there(
    look, open_page, there, hook, project, alice, draft, mike
):
    """It is true that the page refreshes itself from waiting to published, and that axe finds nothing meanwhile."""
    aimed(
        there,
        project,
        alice,
        uploader="ci",
        hook_url=f"{hook.url}/hook",
        secret=standard_webhooks.new_secret(),
    )
    inspect_now()
    publish(draft, mike)
    look(draft_url(draft), user=mike)
    page = open_page(user=mike)
    page.goto(draft_url(draft))
    expect(page.locator("#verdict")).to_contain_text("approved, waiting for CI: 0 of 2 files")
    expect(page.locator("#upstream")).to_contain_text("CI is to publish in 23 hours at the latest")
    expect(page.locator("#upstream")).to_contain_text("not there yet")
    there.files = {file.filename: _bytes(file) for file in draft.files.all()}
    due_now()
    do_jobs()
    expect(page.locator("#verdict")).to_contain_text("Published")


def _bytes(file) -> bytes:
    with storage().open(file.object_id, file.filename) as stored:
        return stored.read()


def test_a_train_of_which_one_delivery_stopped_says_which(look, there, train, project, alice, mike):
    aimed(there, project, alice)
    there.instead = [None, refuses(403, b"no"), refuses(403, b"no")]
    look(reverse("train-publish", args=[train.pk]), user=mike)
    publish_train(browser_of(mike), train, "mike")
    assert Push.objects.get().state == "stopped"
    look(reverse("train", args=[train.pk]), user=mike)
    look(draft_url(train.drafts.get(project=project)), user=mike)
