"""Say what the draft page would say of real releases: ``python -m bench.examples [--fetch] [NAME...]``.

Each example is one project's release and the one before it, recorded as file names, sizes and metadata, without a byte of
any archive. ``--fetch`` records them anew with pip's own library, from the index pip is configured for.
"""

from __future__ import annotations

import argparse
import os
import sys

import django


def main() -> int:
    """Print what there is to say of the examples that are named, or of all."""
    parser = argparse.ArgumentParser(prog="python -m bench.examples", description=__doc__.partition("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME")
    parser.add_argument("--fetch", action="store_true", help="record the examples anew first")
    options = parser.parse_args()
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    django.setup()
    from bench.examples import told  # models are there now

    if options.fetch:
        from bench.examples import fetching

        fetching.record(options.names)
    for example in told.examples(options.names):
        print(f"## {example.name} {example.last.version} → {example.now.version}")
        print("\n".join(told.lines(example)), end="\n\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
