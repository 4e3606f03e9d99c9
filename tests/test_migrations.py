"""The migrations: a new database is made in one step, an older one goes through each, and both come to the same."""

from django.db.migrations.autodetector import MigrationAutodetector
from django.db.migrations.loader import MigrationLoader


def test_the_one_step_makes_what_all_the_steps_make():
    """It is true that a database that was upgraded again and again has the tables and rules of a new one."""
    one_step, each = (MigrationLoader(None, replace_migrations=whole) for whole in (True, False))
    assert ("drafts", "0001_squashed_0022_series") in one_step.graph.nodes
    assert ("drafts", "0001_initial") in each.graph.nodes
    assert ("drafts", "0001_initial") not in one_step.graph.nodes
    before, after = each.project_state(), one_step.project_state()
    assert MigrationAutodetector(before, after).changes(graph=one_step.graph) == {}
