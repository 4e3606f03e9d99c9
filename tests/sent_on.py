"""sampleproject, which goes to an upstream index on loopback: what its tests share."""

import pytest
from django.test import Client

from drafts.models import PushedFile
from tests.conftest import do_jobs, draft_url
from tests.test_jobs import due_now
from tests.upstreams import aimed, upstream

WHEEL, SDIST = "sampleproject-1.0-py3-none-any.whl", "sampleproject-1.0.tar.gz"


@pytest.fixture(autouse=True)
def loopback_is_allowed(settings):
    """This server may ask loopback."""
    settings.OUTBOUND_ALLOW = ["127.0.0.1"]


@pytest.fixture
def there():
    """The upstream index."""
    with upstream() as double:
        yield double


@pytest.fixture
def target(there, project, alice):
    """sampleproject goes there."""
    return aimed(there, project, alice)


def states() -> dict[str, str]:
    return dict(PushedFile.objects.values_list("file__filename", "state"))


def page(draft, client: Client) -> str:
    return client.get(draft_url(draft)).content.decode()


def is_hidden() -> bool:
    return Client().get("/simple/sampleproject/").status_code == 404


def goes_on() -> None:
    due_now()
    do_jobs()
