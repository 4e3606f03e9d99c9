"""The system's Chromium, watched: no errors in the console, no request to another origin, a policy on every page."""

import os
import shutil
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from django.conf import settings
from playwright.sync_api import BrowserContext, Page

from accounts.models import User
from tests.conftest import sign_in

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 375, "height": 800}
_REFUSED = "Failed to load resource: the server responded with a status of "


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args):
    """Start the system's Chromium; nothing is downloaded."""
    path = shutil.which("chromium")
    if path is None:
        words = "there is no Chromium: install Debian's package 'chromium'"
        if os.environ.get("PRESSCHECK_REQUIRE_ALL") == "1":
            pytest.fail(words, pytrace=False)
        pytest.skip(words)
    return {**browser_type_launch_args, "executable_path": path, "args": ARGUMENTS}


@dataclass
class Watch:
    """What a browser did that no page of ours may make it do."""

    origin: str
    expected: set[int] = field(default_factory=set)
    complaints: list[str] = field(default_factory=list)

    def over(self, context: BrowserContext) -> None:
        context.on("console", self._console)
        context.on("weberror", lambda error: self.complaints.append(f"script: {error.error}"))
        context.on("request", self._request)
        context.on("response", self._response)

    def _console(self, message) -> None:
        url = message.location["url"]
        if message.type not in {"error", "warning"} or url.endswith("/favicon.ico"):
            return  # the pages of the index are for machines and name no icon, so browsers ask for this one
        if not any(message.text.startswith(f"{_REFUSED}{status}") for status in self.expected):
            self.complaints.append(f"console: {message.text} {url}")

    def _request(self, request) -> None:
        if not request.url.startswith((f"{self.origin}/", "data:")):
            self.complaints.append(f"request: {request.url}")

    def _response(self, response) -> None:
        if response.request.resource_type == "document" and "default-src" not in response.headers.get(
            "content-security-policy", ""
        ):
            self.complaints.append(f"no policy: {response.url}")


@pytest.fixture
def open_page(live, new_context):
    """Open a page in a browser of its own: ``user`` is signed in, ``expected`` are refusals that the test is about."""
    watches = []

    def opened(*, user: User | None = None, expected: tuple[int, ...] = (), **options) -> Page:
        context = new_context(**options)
        context.set_default_timeout(20_000)
        watches.append(Watch(live.url, set(expected)))
        watches[-1].over(context)
        if user is not None:
            session = sign_in(user).cookies[settings.SESSION_COOKIE_NAME].value
            context.add_cookies([{"name": settings.SESSION_COOKIE_NAME, "value": session, "url": live.url}])
        return context.new_page()

    yield opened
    assert [complaint for watch in watches for complaint in watch.complaints] == []


@pytest.fixture
def look(open_page):
    """Look at an address with axe, light on a screen and dark on a phone; returns the page as the phone shows it."""

    def looked(path: str, *, user=None, prepare=None, expected: tuple[int, ...] = ()) -> Page:
        page = open_page(user=user, expected=expected)
        page.goto(path)
        if prepare:
            prepare(page)
        for scheme, viewport in (("light", WIDE), ("dark", PHONE)):
            page.set_viewport_size(viewport)
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            results = Axe().run(page)
            assert results.violations_count == 0, f"{scheme} {viewport['width']}: {results.generate_report()}"
            width = page.evaluate("document.documentElement.scrollWidth")
            assert width <= viewport["width"], f"{path} is {width} wide on {viewport['width']}"
        return page

    return looked


def open_all(page: Page) -> None:
    """Open every section and row, so that nothing is hidden from axe."""
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
