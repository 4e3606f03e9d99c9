"""Makes projects on the server that the environment names, each with an upload token: ``python -m bench.projects NAME...``."""

import json
import os
import sys


def main(names: list[str]) -> None:
    """Make the projects and print their tokens as JSON."""
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    import django

    django.setup()
    from accounts.audit import Actor
    from drafts.access import projects, tokens
    from drafts.models import TokenKind

    by, made = Actor.system("bench"), {}
    for name in names:
        project = projects.create(name=name, by=by, owner="owner@example.org", maintainers=[], reviewers=[])
        made[name] = tokens.make(project=project, kind=TokenKind.UPLOAD, by=by, label="bench")[1]
    print(json.dumps(made))


if __name__ == "__main__":
    main(sys.argv[1:])
