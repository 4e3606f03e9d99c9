"""The log of a two-file release as five CI systems show it: pasted whole, it matches; one tampered file stands out."""

import pytest

from drafts.evidence.verdicts import comparison
from tests import wheels
from tests.conftest import draft_url
from tests.pressing import browser_of

pytestmark = pytest.mark.django_db
WHEEL, SDIST = wheels.wheel(), wheels.sdist()
TAMPERED = wheels.wheel(salt="tampered")

T = "2025-06-05T04:43:58.3724525Z "
GITHUB = "\n".join(
    T + line
    for line in (
        "##[group]Run pypa/gh-action-pypi-publish@release/v1",
        "##[endgroup]",
        "Showing hash values of files to be uploaded:",
        f"/github/workspace/dist/{WHEEL.filename}",
        "",
        f"SHA256: {WHEEL.sha256}",
        "MD5: 09f7b3bc412d0597452e5cfc2af81406",
        f"BLAKE2-256: {WHEEL.blake2b_256}",
        "",
        f"/github/workspace/dist/{WHEEL.filename}.publish.attestation",
        "",
        "SHA256: 6eeb33a6970b61e044c840eba6574dffea1ac024eb36410a03d09803ab72adfc",
        f"/github/workspace/dist/{SDIST.filename}",
        "",
        f"SHA256: {SDIST.sha256}",
        f"BLAKE2-256: {SDIST.blake2b_256}",
        "Artifact dist.zip successfully finalized. Artifact ID 3471654212",
        "SHA256 digest of uploaded artifact zip is 0916c5504b5051e695548832c3037a06d0f130d8cf310178207480cd8b9e934b",
    )
)
G = "2025-06-05T04:43:58.372452Z 01O "
GITLAB = "\n".join(
    G + line
    for line in (
        'section_start:1749098638:step_script\r\x1b[0K\x1b[0K\x1b[36;1mExecuting "step_script" stage\x1b[0;m',
        "\x1b[32;1m$ sha256sum dist/*\x1b[0;m",
        f"{WHEEL.sha256}  dist/{WHEEL.filename}",
        f"{SDIST.sha256}  dist/{SDIST.filename}",
        "section_end:1749098640:step_script\r\x1b[0K",
    )
)
AZURE = "\n".join(
    T + line
    for line in (
        "##[section]Starting: Print the hashes of what was built",
        "========================== Starting Command Output ===========================",
        f"dist/{WHEEL.filename}:",
        f"--hash=sha256:{WHEEL.sha256}",
        f"dist/{SDIST.filename}:",
        f"--hash=sha256:{SDIST.sha256}",
        "##[section]Finishing: Print the hashes of what was built",
    )
)
CIRCLECI = "\n".join(
    (
        "#!/bin/bash -eo pipefail",
        "python3 -m pip hash dist/*",
        f"dist/{WHEEL.filename}:\x1b[0m",
        f"--hash=sha256:{WHEEL.sha256}",
        f"dist/{SDIST.filename}:",
        f"--hash=sha256:{SDIST.sha256}",
        "CircleCI received exit code 0",
    )
)
CIBUILDWHEEL = "\n".join(
    T + line
    for line in (
        "Copying wheels back to host...",
        "\x1b[32m\u2713 \x1b[0mcp312-manylinux_x86_64 finished in 12.34s",
        f"{WHEEL.filename}  1 kB  SHA256={WHEEL.sha256}",
        f"{SDIST.sha256}  {SDIST.filename}",
    )
)
LOGS = {
    "GitHub Actions": GITHUB,
    "GitLab": GITLAB,
    "Azure": AZURE,
    "CircleCI": CIRCLECI,
    "cibuildwheel": CIBUILDWHEEL,
}


def verdicts(draft) -> dict[str, str]:
    return {name: str(one.verdict) for name, one in comparison(draft).files.items()}


@pytest.mark.parametrize("log", LOGS.values(), ids=LOGS.keys())
def test_a_pasted_log_matches_and_one_tampered_file_stands_out(draft, ci, rita, log):
    """It is true that the whole log will do, and that the first thing a page with a tampered file says is not to publish."""
    browser = browser_of(rita)
    browser.post(draft_url(draft, "evidence-add"), {"log": log})
    assert verdicts(draft) == {WHEEL.filename: "match", SDIST.filename: "match"}
    page = browser.get(draft_url(draft)).content.decode()
    assert "2 of 2 files match what CI logged (pasted)" in page
    assert "Do not publish" not in page
    ci.upload(TAMPERED)
    assert verdicts(draft) == {WHEEL.filename: "mismatch", SDIST.filename: "match"}
    page = browser.get(draft_url(draft)).content.decode()
    assert 'class="verdict" data-level="stop"' in page
    assert "Do not publish: 1 of 2 files is not what CI logged (pasted)." in page
    assert page.count("not CI’s bytes") == 1
    assert 'data-blocker="evidence-mismatch"' in page
