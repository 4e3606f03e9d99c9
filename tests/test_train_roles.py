"""Who may do what with a train: its addresses walked by everybody, with every method and credential."""

import pytest
from django.test import Client

from accounts.audit import Actor
from accounts.models import AuditEvent
from drafts.access.roles import may
from drafts.models import Role, Train
from drafts.publishing.train import acts
from tests.test_roles import METHODS, TRAINS, address, allowed, ask, words

pytestmark = pytest.mark.django_db


@pytest.fixture
def where(train, mike) -> dict[str, str]:
    """What the addresses' variables stand for."""
    link = acts.make_link(train=train, label="x", by=Actor.person(mike), user=mike)
    return {
        "<int:train_id>": str(train.pk),
        "<int:link_id>": str(link.pk),
        "<int:draft_id>": str(train.drafts.earliest("pk").pk),
    }


def state() -> tuple:
    train = Train.objects.get()
    return train.state, train.drafts.count(), train.links.count(), AuditEvent.objects.count()


def browser(user) -> Client:
    client = Client()
    client.force_login(user)
    return client


def test_nobody_gets_to_a_train_without_signing_in(where):
    before = state()
    for route in TRAINS:
        for method in METHODS:
            response = ask(Client(), method, address(route, where))
            assert response.status_code == 302, (method, route)
            assert response["Location"].startswith("/accounts/login/?next=/")
    assert state() == before


def test_a_stranger_to_all_its_projects_finds_nothing(where, charlie):
    """It is true that a train is 404 for strangers, word for word as one that there is not."""
    before, client = state(), browser(charlie)
    nowhere = {**where, "<int:train_id>": "999999"}
    for route, page in TRAINS.items():
        for method in allowed(page):
            response = ask(client, method, address(route, where))
            assert response.status_code == 404, (method, route)
            other = ask(client, method, address(route, nowhere))
            assert (other.status_code, words(other)) == (404, words(response))
    assert state() == before


def test_trains_know_their_methods(where, alice):
    before, client = state(), browser(alice)
    for route, page in TRAINS.items():
        for method in set(METHODS) - set(page.methods):
            assert ask(client, method, address(route, where)).status_code == 405, (method, route)
    assert state() == before


@pytest.mark.promise
def test_an_upload_token_opens_no_train(where, ci):
    """It is true that the token that opened a train's drafts cannot see, change or publish the train."""
    before = state()
    for route in TRAINS:
        for method in METHODS:
            for authorization in (ci.basic, f"Bearer {ci.token}"):
                response = ask(Client(), method, address(route, where), Authorization=authorization)
                assert response.status_code == 403, (method, route)
    assert state() == before


@pytest.mark.parametrize("role", list(Role))
def test_each_role_gets_what_the_table_says(where, alice, mike, rita, role):
    client = browser({Role.OWNER: alice, Role.MAINTAINER: mike, Role.REVIEWER: rita}[role])
    before = state()
    for route, page in TRAINS.items():
        for method in allowed(page):
            if not may(role, page.act):
                assert ask(client, method, address(route, where)).status_code == 403, (method, route)
            elif method != "post":
                assert ask(client, method, address(route, where)).status_code == 200, (method, route)
    assert state() == before
