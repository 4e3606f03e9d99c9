"""Stage from a run: a maintainer names a CI run, a worker takes its files through the door and its logs as evidence."""
