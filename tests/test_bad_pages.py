"""What is made to hurt on pages: NUL characters, forged sessions, fields that lead elsewhere. docs/security.md lists the rest."""

import re
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from django.conf import settings as django_settings
from django.test import Client
from django.urls import reverse

from accounts.models import Session
from tests import test_roles
from tests.test_bad_input import flipped
from tests.test_roles import OPERATED, OPERATING, PAGES, TRAINS, where

__all__ = ["where"]
pytestmark = [pytest.mark.django_db, pytest.mark.promise]
TEMPLATES = Path(__file__).resolve().parent.parent / "templates"

# --- NUL characters, which PostgreSQL keeps in no text -------------------------------------------------


def spoiled_addresses() -> list[str]:
    """Every address of pages that has text in it, with a NUL there, one variable at a time."""
    known = {
        "<projects:name>": "projects/sampleproject",
        "<releases:name>": "releases/sampleproject",
        "<simple:name>": "simple/sampleproject",
        "<upload:handle>": "upload/none",
        "<str:version>": "1.0",
        "<str:filename>": "x-1.0-py3-none-any.whl",
    }
    found = []
    for route in test_roles.routes():
        for variable in ("<str:", "<path:"):
            for one in {part for part in route.split("/") if variable in part}:
                name = one[one.index("<") : one.index(">") + 1]
                path = route.replace(name, "a%00b")
                for other, value in known.items():
                    path = path.replace(other, value)
                found.append("/" + path.replace("<int:number>", "1"))
    return sorted({path for path in found if "<" not in path})


def test_a_nul_in_an_address_leads_nowhere(draft, alice, ci):
    """It is true of everybody: members, CI and nobody get an answer in words, and none is a fault of the server."""
    member = Client()
    member.force_login(alice)
    paths = spoiled_addresses()
    assert len(paths) > 20
    for path in paths:
        for client, told in ((member, {}), (Client(), {"Authorization": ci.basic}), (Client(), {})):
            for method in ("get", "post"):
                answer = test_roles.ask(client, method, path, **told)
                assert answer.status_code < 500, (method, path)


QUERY = ["against", "before", "days", "discover", "format", "kind", "line", "page", "path", "preset", "q", "seen", "team", "version"]  # fmt: skip


def fields() -> set[str]:
    """Every field of every form of the templates."""
    texts = (path.read_text(encoding="utf-8") for path in TEMPLATES.rglob("*.html"))
    names = {name for text in texts for name in re.findall(r' name="([\w-]+)"', text)}
    return names - {"csrfmiddlewaretoken", "viewport"}


def test_a_nul_in_a_query_breaks_no_page(where, alice, olgas):
    """It is true of every page for members and for operators, and of the pages that anybody reads."""
    member = Client()
    member.force_login(alice)
    asked = "&".join(f"{name}=a%00b" for name in {*QUERY, *fields()})
    for client, routes in ((member, {**PAGES}), (olgas, {**OPERATED})):
        for route in routes:
            answer = test_roles.ask(client, "get", f"{test_roles.address(route, where)}?{asked}")
            assert answer.status_code < 500, route
    for path in (
        "/insight/",
        "/releases/sampleproject/",
        "/simple/",
        "/.well-known/pytp",
        "/accounts/login/",
    ):
        assert test_roles.ask(Client(), "get", f"{path}?{asked}").status_code < 500, path


def test_a_nul_in_a_form_breaks_no_page(where, alice, olgas):
    """It is true of every form of members and of operators, and of what comes in pieces (multipart), too."""
    member = Client()
    member.force_login(alice)
    form = dict.fromkeys(fields(), "a\0b")
    assert len(form) > 50
    for client, routes in ((member, PAGES), (olgas, OPERATED), (olgas, OPERATING)):
        for route, page in routes.items():
            if "post" in getattr(page, "methods", page):
                answer = client.post(test_roles.address(route, where), form)
                streamed = {f"{test_roles.PROJECT}upload/", f"{test_roles.DRAFT}upload/"}
                assert (answer.status_code == 400) is (route not in streamed), route
                assert "NUL" in answer.content.decode() or route in streamed, route


COOKIES = ['"a\\000b\\000c\\000d"', "", "x", "é" * 40, "../../x", "' OR 1=1 --", '"', "a" * 3000, "%00" * 9]


def test_a_forged_session_is_nobodys(draft):
    """It is true that a page sends its holder to sign in, and that no session is made of it."""
    name = django_settings.SESSION_COOKIE_NAME
    for cookie in COOKIES:
        for path in ("/", "/projects/sampleproject/", "/account/", "/operators/"):
            answer = Client().get(path, headers={"Cookie": f"{name}={cookie}; csrftoken={cookie}"})
            assert answer.status_code == 302, (path, cookie)
            assert urlsplit(answer["Location"]).path == "/accounts/login/"
    assert not Session.objects.exists()


def test_a_session_of_another_key_is_nobodys(draft, alice):
    """It is true that a session which this server did not sign opens nothing, though its row is there."""
    member = Client()
    member.force_login(alice)
    assert member.get("/projects/sampleproject/").status_code == 200
    row = Session.objects.get()
    Session.objects.filter(pk=row.pk).update(session_data=flipped(row.session_data))
    assert member.get("/projects/sampleproject/").status_code == 302


# --- fields that lead elsewhere -----------------------------------------------------------------------

ELSEWHERE = dict.fromkeys(
    ["next", "return", "return_to", "returnTo", "redirect", "redirect_to", "redirect_uri", "url", "to", "back", "continue", "goto", "from", "referer"],
    "//evil.example/",
)  # fmt: skip


def test_no_field_of_any_form_leads_to_another_site(where, alice, olgas):
    """It is true of every form, whatever its fields, Referer and X-Forwarded-Host say."""
    member = Client(headers={"Referer": "https://evil.example/", "X-Forwarded-Host": "evil.example"})
    member.force_login(alice)
    known = {**where, "<int:train_id>": "1"}
    for client, routes in ((member, PAGES), (member, TRAINS), (olgas, OPERATED), (olgas, OPERATING)):
        for route, page in routes.items():
            if "post" not in getattr(page, "methods", page):
                continue
            answer = client.post(test_roles.address(route, known), ELSEWHERE)
            target = answer.get("Location", "/")
            assert "evil.example" not in urlsplit(target).netloc, (route, target)
            assert not target.startswith(("//", "/\\", "\\")), (route, target)


def test_a_stranger_who_is_sent_to_sign_in_comes_back_here(draft):
    """It is true that what an address holds beyond its host is kept, and nothing of it is taken for a host."""
    for path in (
        "//evil.example/",
        "/\\evil.example",
        "/projects/sampleproject/?next=//evil.example",
        "/https://evil.example/",
    ):
        answer = Client().get(path)
        assert urlsplit(answer.get("Location", "/")).netloc == ""
    login = reverse("account_login")
    assert Client().get("/projects/sampleproject/")["Location"] == f"{login}?next=/projects/sampleproject/"
