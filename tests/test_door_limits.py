"""docs/door.md names every limit that the door has, with its value."""

import dataclasses
import re
from pathlib import Path

from drafts.dist import Limits, limits

PAGE = (Path(__file__).resolve().parent.parent / "docs" / "door.md").read_text(encoding="utf-8")
UNITS = {"MiB": 2**20, "KiB": 2**10, "Ki": 2**10, "bytes": 1, "": 1}


def test_every_limit_is_on_the_page_with_its_value():
    rows = re.findall(r"^\| `(\w+)` \| ([0-9 ]*[0-9]) ?([A-Za-z]*) \|", PAGE, re.MULTILINE)
    written = {name: int(number.replace(" ", "")) * UNITS[unit] for name, number, unit in rows}
    constants = {
        name: value for name, value in vars(limits).items() if name.isupper() and name not in {"KIB", "MIB"}
    }
    assert written == constants | dataclasses.asdict(Limits())
