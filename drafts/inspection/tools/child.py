"""The child process: does the tasks that come as JSON lines, and answers each with one; knows nothing of the server."""

import json
import sys
from typing import Any

from drafts.inspection.tools import fence

_LONGEST = 8 * 1024 * 1024  # characters of one answer


def main() -> None:
    """Do what stands on standard input until it ends."""
    fence.close()
    for line in sys.stdin:
        task: dict[str, Any] = json.loads(line)
        try:
            answer = {"done": _do(task)}
        except Exception as error:  # noqa: BLE001  whatever a tool raises on a hostile file
            answer = {"failed": f"{type(error).__name__}: {error}"[:300]}
        said = json.dumps(answer)
        if len(said) > _LONGEST:
            said = json.dumps({"failed": "what came of it is too long to keep"})
        sys.stdout.write(said + "\n")
        sys.stdout.flush()


def _do(task: dict[str, Any]) -> Any:
    kind = task.pop("kind")
    if kind == "description":
        from drafts.inspection.tools import description

        return description.render(**task)
    if kind == "platform":
        from drafts.inspection.tools import platform

        return platform.violations(**task)
    from drafts.inspection.tools import abi3

    return abi3.violations(**task)


if __name__ == "__main__":
    main()
