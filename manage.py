#!/usr/bin/env python
"""Presscheck's command line."""

import os
import sys


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] == ["up"]:  # says where the data lies, so it comes before the settings are read
        from drafts.operations import up

        sys.exit(up.main(sys.argv[2:]))
    from django.core.exceptions import ImproperlyConfigured
    from django.core.management import execute_from_command_line

    try:
        execute_from_command_line(sys.argv)
    except ImproperlyConfigured as error:
        sys.exit(f"Refused: {error}")


if __name__ == "__main__":
    main()
