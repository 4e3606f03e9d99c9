"""It is true of every template and static file, before any page is rendered."""

import gzip
import re
from collections.abc import Callable
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path

import allauth
import pytest
from django.template import Engine
from django.template.loader_tags import ExtendsNode, IncludeNode

ROOT = Path(__file__).resolve().parent.parent
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))
STATIC = sorted(path for path in (ROOT / "static").rglob("*") if path.is_file())
NAMES = [str(path.relative_to(ROOT / "templates")) for path in TEMPLATES]
UNLABELLED = {"hidden", "submit", "button"}


@dataclass
class Form:
    """What a form is and whether it proves where it comes from."""

    method: str
    token: bool = False
    action: str = ""


@dataclass
class Page:
    """What the rules ask of one template's HTML."""

    tags: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    forms: list[Form] = field(default_factory=list)
    captions: list[bool] = field(default_factory=list)
    inline: list[str] = field(default_factory=list)
    text: list[str] = field(default_factory=list)


class Reader(HTMLParser):
    """Reads HTML whose template tags are gone; untidy nesting does not matter to it."""

    def __init__(self) -> None:
        super().__init__()
        self.page = Page()
        self.open_form: Form | None = None
        self.inside = ""

    def handle_starttag(self, tag, attrs):
        values = {name: value or "" for name, value in attrs}
        self.page.tags.append((tag, values))
        if tag == "form":
            self.open_form = Form(values.get("method", "get").lower(), action=values.get("action") or "")
            self.page.forms.append(self.open_form)
        if values.get("name") == "csrfmiddlewaretoken" and self.open_form:
            self.open_form.token = True
        if tag == "table":
            self.page.captions.append(False)
        if tag == "caption" and self.page.captions:
            self.page.captions[-1] = True
        if tag in {"script", "style", "pre", "code"}:
            self.inside = tag
        if tag == "style" or (
            tag == "script" and not values.get("src") and values.get("type") != "application/json"
        ):
            self.page.inline.append(tag)

    def handle_endtag(self, tag):
        if tag == "form":
            self.open_form = None
        if tag == self.inside:
            self.inside = ""

    def handle_data(self, data):
        if not self.inside:
            self.page.text.append(data)


def read(source: str) -> Page:
    """Take the template language out of a template and read the HTML that is left."""
    source = re.sub(r"\{#.*?#\}|\{% comment %\}.*?\{% endcomment %\}", "", source, flags=re.DOTALL)
    source = source.replace("{% csrf_token %}", '<input type="hidden" name="csrfmiddlewaretoken">')
    source = re.sub(r"\{% (static|url) .*?%\}", r"v-\1", source)
    source = re.sub(r"\{%.*?%\}", "", source, flags=re.DOTALL)
    source = re.sub(r"\{\{(.*?)\}\}", lambda found: "v-" + re.sub(r"\W+", "-", found[1].strip()), source)
    reader = Reader()
    reader.feed(source)
    reader.close()
    return reader.page


def inline_code(page: Page) -> list[str]:
    """Return what a policy of ``default-src 'self'`` would not run."""
    handlers = [
        f"{tag} {name}"
        for tag, values in page.tags
        for name in values
        if name.startswith(("on", "hx-on")) or name == "style"
    ]
    urls = [
        value
        for _, values in page.tags
        for value in values.values()
        if value.lower().startswith("javascript:")
    ]
    return page.inline + handlers + urls


def forms_without_token(page: Page) -> list[str]:
    # A form that a draft link opens is sent with the link: it needs no session, and there is none.
    own = [form for form in page.forms if form.action != "v-t-report_url"]
    return [form.method for form in own if form.method == "post" and not form.token]


def tables_without_caption(page: Page) -> list[str]:
    return ["table" for has_caption in page.captions if not has_caption]


def headers_without_scope(page: Page) -> list[str]:
    return ["th" for tag, values in page.tags if tag == "th" and "scope" not in values]


def inputs_without_label(page: Page) -> list[str]:
    labelled = {values.get("for") for tag, values in page.tags if tag == "label"}
    asked = [
        values
        for tag, values in page.tags
        if tag in {"input", "textarea", "select"}
        and values.get("type") not in UNLABELLED
        and "hidden" not in values
    ]
    return [
        values.get("name", "?") for values in asked if not values.get("id") or values["id"] not in labelled
    ]


def buttons_without_type(page: Page) -> list[str]:
    return ["button" for tag, values in page.tags if tag == "button" and "type" not in values]


def images_without_alternative(page: Page) -> list[str]:
    return [values.get("src", "?") for tag, values in page.tags if tag == "img" and "alt" not in values]


def outside_addresses(page: Page) -> list[str]:
    values = [values.get(name, "") for _, values in page.tags for name in ("src", "href", "action", "srcset")]
    return [value for value in values if re.match(r"(?i)(https?:)?//", value)]


def exclamations(page: Page) -> list[str]:
    return [text.strip() for text in page.text if "!" in text]


Rule = Callable[[Page], list[str]]
RULES: list[tuple[Rule, str]] = [
    (inline_code, "<script>1</script>"),
    (inline_code, "<style>a{}</style>"),
    (inline_code, '<p style="color: red">'),
    (inline_code, '<a onclick="x()">'),
    (inline_code, '<a hx-on:click="x()">'),
    (inline_code, '<a href="javascript:x()">'),
    (forms_without_token, '<form method="post" action="{% url "x" %}"></form>'),
    (tables_without_caption, "<table><tr{% if x %} hidden{% endif %}></tr></table>"),
    (headers_without_scope, "<table><th>x</th></table>"),
    (inputs_without_label, '<label for="a">A</label><input id="b" name="b">'),
    (inputs_without_label, '<textarea name="log"></textarea>'),
    (buttons_without_type, "<button>x</button>"),
    (images_without_alternative, '<img src="{{ x }}">'),
    (outside_addresses, '<link href="https://cdn.example/x.css">'),
    (outside_addresses, '<script src="//cdn.example/x.js"></script>'),
    (exclamations, "<p>Well done!</p>"),
]
EACH_RULE = list(dict.fromkeys(rule for rule, _ in RULES))


@pytest.mark.parametrize(
    ("rule", "wrong"), RULES, ids=[f"{rule.__name__}-{at}" for at, (rule, _) in enumerate(RULES)]
)
def test_a_rule_sees_what_breaks_it(rule, wrong):
    assert rule(read(wrong))


@pytest.mark.parametrize("path", TEMPLATES, ids=NAMES)
def test_no_template_breaks_a_rule(path):
    page = read(path.read_text())
    if path.parent.name == "mail":  # no style file comes with it, and no policy
        page.tags = [
            (tag, {name: value for name, value in values.items() if name != "style"})
            for tag, values in page.tags
        ]
    assert {rule.__name__: found for rule in EACH_RULE if (found := rule(page))} == {}


@pytest.mark.parametrize("path", STATIC, ids=[path.name for path in STATIC])
def test_no_static_file_loads_anything_from_elsewhere(path):
    text = path.read_text().replace('xmlns="http://www.w3.org/2000/svg"', "")
    assert re.findall(r"https?://|url\(\s*['\"]?//|@import|\beval\(|new Function|<style|<script", text) == []


def test_no_two_ids_of_one_template_are_the_same():
    doubles = {}
    for name, path in zip(NAMES, TEMPLATES, strict=True):
        ids = [values["id"] for _, values in read(path.read_text()).tags if "id" in values]
        doubles[name] = sorted({one for one in ids if ids.count(one) > 1 and not one.startswith("v-")})
    assert {name: found for name, found in doubles.items() if found} == {}


THEIRS = Path(allauth.__file__).parent / "templates"


@pytest.fixture(scope="module")
def engine():
    """Return an engine that knows our templates and the libraries they load."""
    libraries = {
        "allauth": "allauth.templatetags.allauth",
        "django_htmx": "django_htmx.templatetags.django_htmx",
        "partials": "template_partials.templatetags.partials",
        "static": "django.templatetags.static",
        "words": "drafts.review.templatetags.words",
    }
    return Engine(dirs=[ROOT / "templates"], libraries=libraries)


@pytest.mark.parametrize("name", NAMES)
def test_a_template_compiles_and_what_it_names_exists(engine, name):
    nodes = engine.get_template(name).nodelist
    named = [node.parent_name for node in nodes.get_nodes_by_type(ExtendsNode)]
    named += [node.template for node in nodes.get_nodes_by_type(IncludeNode)]
    files = [expression.token.strip("\"'") for expression in named]
    assert [
        file for file in files if not any((root / file).is_file() for root in (ROOT / "templates", THEIRS))
    ] == []


@pytest.mark.parametrize(
    "mark", ['id="verdict"', "data-blocker=", "data-file=", "data-evidence=", 'name="log"']
)
def test_the_draft_page_keeps_the_names_that_scripts_rely_on(mark):
    parts = [ROOT / "templates/review/draft.html", *(ROOT / "templates/review/draft").glob("*.html")]
    assert any(mark in path.read_text() for path in parts)


def test_the_layers_of_the_style_are_ordered_once_and_each_sheet_is_in_one():
    sheets = sorted((ROOT / "static/css").glob("*.css"))
    orders = [order for sheet in sheets for order in re.findall(r"@layer [\w, ]+;", sheet.read_text())]
    assert orders == ["@layer tokens, elements, layout, components, states;"]
    for sheet in sheets:
        bare = re.sub(r"/\*.*?\*/|@layer [\w, ]+;", "", sheet.read_text(), flags=re.DOTALL).strip()
        assert re.match(r"@layer (tokens|elements|layout|components|states) \{", bare), sheet.name


def test_what_a_page_loads_of_ours_stays_small():
    assert sum(len(gzip.compress(path.read_bytes())) for path in STATIC) < 25_000


@pytest.mark.parametrize("path", [*TEMPLATES, *STATIC], ids=lambda path: path.name)
def test_no_file_outgrows_a_screenful_of_screens(path):
    assert len(path.read_text().splitlines()) < 300
