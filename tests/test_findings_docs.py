"""docs/findings.md lists every code with its severity, and none that there is not."""

import re
from pathlib import Path

from drafts.inspection.codes import Code, severity

DOCS = Path(__file__).resolve().parent.parent / "docs" / "findings.md"


def test_the_table_has_every_code_with_its_severity_in_order():
    rows = re.findall(r"^\| `([a-z0-9-]+)` \| (\w+) \|", DOCS.read_text(encoding="utf-8"), re.MULTILINE)
    assert rows == [(str(code), str(severity(code))) for code in Code]
