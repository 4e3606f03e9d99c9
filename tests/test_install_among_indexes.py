"""A tester's environment names indexes of its own: the lines of the tester's page give the draft all the same."""

import functools
import html
import http.server
import re
import threading

import pytest

from accounts.audit import Actor
from drafts.access import links
from drafts.models import Draft
from tests import wheels
from tests.clients import module_of

pytestmark = [pytest.mark.clients, pytest.mark.django_db(transaction=True)]

LONG_AGO = "2020-01-01T00:00:00Z"


class _Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_arguments) -> None:
        """Keep quiet."""


@pytest.fixture
def elsewhere(tmp_path):
    """Another index of the tester's, that has an older version and a file of the same version, with other bytes."""
    folder = tmp_path / "elsewhere" / "sampleproject"
    folder.mkdir(parents=True)
    for built in (wheels.wheel(version="0.9"), wheels.wheel(salt="from elsewhere")):
        built.write(folder)
    folder.joinpath("index.html").write_text(
        "".join(f'<a href="{path.name}">{path.name}</a>' for path in sorted(folder.glob("*.whl")))
    )
    handler = functools.partial(_Quiet, directory=str(folder.parent))
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def tabs(live, ci):
    """The commands of the tester's page for a draft with one wheel, by tab."""
    assert ci.upload(wheels.wheel()).status_code == 200
    link = links.make(draft=Draft.objects.get(), by=Actor.system("tests"), label="a tester")
    text = live.get(links.url(link)).body.decode()
    shown = re.findall(r'<pre[^>]*aria-label="(\w+)[^"]*"><code>(.*?)</code>', text, re.DOTALL)
    found: dict[str, list[str]] = {}
    for tab, line in shown:
        found.setdefault(tab, []).append(html.unescape(line))
    return found


def installed(clients, lines, target, **variables: str):
    """Run the first two lines of a tab, with the tester's variables set before."""
    export, command = lines[:2]
    assert export.startswith("export DRAFT=")
    into = command.replace(" install ", f" install --target {target} ", 1)
    said = clients.run("/bin/sh", "-ec", f"{export}\n{into}", **variables)
    module = target / "sampleproject" / "__init__.py"
    return said, module.read_bytes() if module.exists() else None


VARIABLES = {
    "pip": ["PIP_EXTRA_INDEX_URL"],
    "uv": ["UV_DEFAULT_INDEX", "UV_INDEX_URL", "UV_INDEX", "UV_EXTRA_INDEX_URL"],
}


@pytest.mark.parametrize(
    ("tool", "variable"), [(tool, name) for tool, names in VARIABLES.items() for name in names]
)
def test_an_index_in_the_environment_does_not_win(clients, elsewhere, tabs, tmp_path, tool, variable):
    """It is true that the line gives the staged bytes although another index has a file of this very version."""
    said, module = installed(clients, tabs[tool], tmp_path / "target", **{variable: elsewhere})
    assert said.code == 0, said.text
    assert module == module_of(wheels.wheel())


def test_an_index_in_uvs_configuration_does_not_win(clients, elsewhere, tabs, tmp_path):
    config = tmp_path / "uv.toml"
    config.write_text(f'[[index]]\nurl = "{elsewhere}"\n')
    said, module = installed(
        clients, tabs["uv"], tmp_path / "target", UV_CONFIG_FILE=str(config), UV_NO_CONFIG="0"
    )
    assert said.code == 0, said.text
    assert module == module_of(wheels.wheel())


HIDES = {
    "pip does not ask any index": ("pip", "PIP_NO_INDEX", "1", "PIP_NO_INDEX"),
    "pip takes old files only": ("pip", "PIP_UPLOADED_PRIOR_TO", LONG_AGO, "--uploaded-prior-to"),
    "uv takes old files only": ("uv", "UV_EXCLUDE_NEWER", LONG_AGO, "--exclude-newer"),
}


@pytest.mark.parametrize(("tool", "variable", "value", "named"), HIDES.values(), ids=HIDES.keys())
def test_what_hides_the_draft_is_said_beside_the_lines(
    live, clients, tabs, tmp_path, tool, variable, value, named
):
    """It is true that such a setting ends the line with an error, and that the page names it with the way out."""
    said, module = installed(clients, tabs[tool], tmp_path / "target", **{variable: value})
    assert said.code != 0
    assert module is None
    address = re.search(r"http://\S+?/draft/\w+/", tabs[tool][-1])
    text = html.unescape(live.get(address[0]).body.decode())
    assert named in text
    if named.startswith("--"):
        (override,) = re.findall(rf"<code>({named} [\w-]+)</code>", text)
        lines = [tabs[tool][0], f"{tabs[tool][1]} {override}"]
        said, module = installed(clients, lines, tmp_path / "target", **{variable: value})
        assert said.code == 0, said.text
        assert module == module_of(wheels.wheel())
