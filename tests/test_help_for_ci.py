"""The lines that ``/help/ci/`` shows, pasted into a shell as they are, with this server's address filled in."""

import html
import re
from pathlib import Path

import pytest

from drafts.models import File
from tests.uploaders import UPLOADERS

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.clients
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("client", UPLOADERS)
def test_the_lines_for_a_client_stage_what_was_built(live, clients, checkout, ci, client):
    """It is true that a job with these lines and the token in a variable stages both files."""
    page = live.get("/help/ci/").body.decode()
    (shown,) = re.findall(rf'<pre[^>]*aria-label="Upload with {client}"><code>(.*?)</code>', page, re.DOTALL)
    lines = html.unescape(shown)
    assert live.upload_url in lines
    assert ci.token not in page
    said = clients.run(
        *("/bin/sh", "-ec", lines),
        folder=checkout.folder,
        PRESSCHECK_TOKEN=ci.token,
        PDM_USE_VENV="false",
        PDM_CHECK_UPDATE="false",
    )
    assert said.code == 0, said.text
    assert dict(File.objects.live().values_list("filename", "sha256")) == checkout.digests


@pytest.mark.parametrize("client", UPLOADERS)
def test_the_docs_show_the_same_lines(client):
    """It is true that docs/clients.md and the page say the same, each with its address."""
    section = (
        (ROOT / "docs" / "clients.md").read_text().partition(f"\n## {client}\n")[2].partition("\n## ")[0]
    )
    (documented,) = re.findall(r"```\n(.*?)\n```", section, re.DOTALL)
    shown = (ROOT / "templates" / "review" / "snippets" / f"{client}.html").read_text()
    (lines,) = re.findall(r"<code>(.*?)</code>", shown, re.DOTALL)
    assert documented == lines.replace("{{ upload_url }}", "https://presscheck.example/legacy/")
