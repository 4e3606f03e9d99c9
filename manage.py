#!/usr/bin/env python
"""Presscheck's command line."""

import argparse
import os
import sys
from pathlib import Path


def main() -> None:
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    if sys.argv[1:2] == ["up"]:
        _say_where(sys.argv[2:])
    from django.core.management import execute_from_command_line

    execute_from_command_line(sys.argv)


def _say_where(arguments: list[str]) -> None:
    """Put what ``up`` was told about places into the environment: settings are read before a command runs."""
    parser = argparse.ArgumentParser(add_help=False, exit_on_error=False)
    parser.add_argument("--data")
    parser.add_argument("--port", default="8000")
    try:
        told, _ = parser.parse_known_args(arguments)
    except argparse.ArgumentError:
        return  # the command says it in its own words
    if told.data:
        os.environ["PRESSCHECK_DATA"] = str(Path(told.data).resolve())
    if not {"PRESSCHECK_URL", "PRESSCHECK_URL_FILE"} & os.environ.keys():
        os.environ["PRESSCHECK_URL"] = f"http://localhost:{told.port}"


if __name__ == "__main__":
    main()
