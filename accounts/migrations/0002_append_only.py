"""Triggers that keep the audit trail append-only, and the table of the database cache."""

from django.core.management import call_command
from django.db import migrations

TABLE = "accounts_auditevent"

SQLITE = {
    "audit_no_update": f"CREATE TRIGGER audit_no_update BEFORE UPDATE ON {TABLE} "
    "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END",
    "audit_no_delete": f"CREATE TRIGGER audit_no_delete BEFORE DELETE ON {TABLE} "
    "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END",
    # INSERT OR REPLACE deletes without asking the trigger above.
    "audit_no_replace": f"CREATE TRIGGER audit_no_replace BEFORE INSERT ON {TABLE} "
    f"WHEN EXISTS (SELECT 1 FROM {TABLE} WHERE id = NEW.id OR (scope = NEW.scope AND seq = NEW.seq)) "
    "BEGIN SELECT RAISE(ABORT, 'the audit trail is append-only'); END",
}
POSTGRESQL_FUNCTION = (
    "CREATE OR REPLACE FUNCTION audit_append_only() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'the audit trail is append-only'; END $$"
)
POSTGRESQL = {
    "audit_no_update": f"CREATE TRIGGER audit_no_update BEFORE UPDATE OR DELETE ON {TABLE} "
    "FOR EACH ROW EXECUTE FUNCTION audit_append_only()",
    "audit_no_truncate": f"CREATE TRIGGER audit_no_truncate BEFORE TRUNCATE ON {TABLE} "
    "FOR EACH STATEMENT EXECUTE FUNCTION audit_append_only()",
}


def make(apps, schema_editor):
    postgresql = schema_editor.connection.vendor == "postgresql"
    if postgresql:
        schema_editor.execute(POSTGRESQL_FUNCTION)
    for statement in (POSTGRESQL if postgresql else SQLITE).values():
        schema_editor.execute(statement)


def drop(apps, schema_editor):
    postgresql = schema_editor.connection.vendor == "postgresql"
    for name in POSTGRESQL if postgresql else SQLITE:
        schema_editor.execute(f"DROP TRIGGER IF EXISTS {name}" + (f" ON {TABLE}" if postgresql else ""))


def cache_table(apps, schema_editor):
    call_command("createcachetable", database=schema_editor.connection.alias, verbosity=0)


class Migration(migrations.Migration):
    dependencies = [("accounts", "0001_initial")]
    operations = [
        migrations.RunPython(make, drop),
        migrations.RunPython(cache_table, migrations.RunPython.noop),
    ]
