"""The walk of tests/test_roles.py across spaces: a role in one space is no role in the other."""

import re

import pytest
from django.test import Client

from drafts.models import Project, Space
from tests import test_roles
from tests.conftest import make_ci
from tests.test_roles import METHODS, PAGES, address, ask, routes, state, where

pytestmark = [pytest.mark.django_db, pytest.mark.promise]
__all__ = ["where"]  # a fixture


def test_every_address_of_a_project_is_there_in_both_spaces():
    """It is true that no route names a project without its space; those of draft links open what the link opens."""
    bare = re.compile(r"(operators/)?(projects|releases|simple|upload)/<")
    assert [route for route in routes() if bare.match(route)] == []


def test_no_door_of_the_sandbox_looks_at_a_cookie(settings):
    """It is true that what machines call in the sandbox is among the paths where no cookie is looked at, but for its one page."""
    own = [f"/{route}" for route in routes() if route.startswith("sandbox/")]
    assert [path for path in own if not path.startswith(settings.MACHINE_PATHS)] == ["/sandbox/"]
    read = [path for path in own if path.startswith(settings.READ_PATHS)]
    assert sorted(path.split("/")[2] for path in read) == ["files", "simple"]


def test_an_owner_of_the_one_space_is_a_stranger_in_the_other(where, alice, charlie):
    """It is true that the owner of sampleproject finds nothing of sandbox/sampleproject, on any page, by any method."""
    there = {**where, "<projects:name>": "sandbox/projects/sampleproject"}
    Project.objects.create(name="sandbox/sampleproject", space=Space.SANDBOX).members.create(
        user=charlie, role="owner"
    )
    for user, there_now in ((alice, there), (charlie, where)):
        browser = Client()
        browser.force_login(user)
        before = state()
        for route, page in PAGES.items():
            for method in page.methods if page.act else ():
                assert ask(browser, method, address(route, there_now)).status_code == 404, (method, route)
        assert state() == before


def test_a_token_of_the_sandbox_is_nothing_at_any_door_of_a_session(where, sandbox):
    """It is true that no address of a session of the index answers a token of the sandbox, whatever the method."""
    headers = {"Authorization": make_ci(sandbox).basic}
    before = state()
    for route in sorted(test_roles.UPLOADS):
        if route.startswith("<upload:handle>"):
            path = address(route, {**where, "<str:file>": "0" * 32})
            for method in METHODS:
                status = ask(Client(), method, path, **headers).status_code
                assert status in {403, 404, 405, 406}, (method, route, status)
    assert state() == before
