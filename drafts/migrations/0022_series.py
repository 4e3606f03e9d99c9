# What a series is, by lines of the project's own; what readers get of attestations; ends of sandboxes that were told of.

import django.db.models.deletion
from django.db import migrations, models

SERIES = ["all", "major", "minor", "micro", "lines"]


class Migration(migrations.Migration):
    dependencies = [
        ("drafts", "0021_run_webhooks"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="project",
            name="a_series_is_by_leading_numbers",
        ),
        migrations.AddField(
            model_name="project",
            name="window_series_lines",
            field=models.JSONField(default=list, help_text="what a series is, where lines say it"),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(("window_series__in", SERIES)),
                name="a_series_is_by_leading_numbers_or_lines",
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("window_series", "lines"), _negated=True),
                    models.Q(("window_series_lines", []), _negated=True),
                    _connector="OR",
                ),
                name="a_series_by_lines_has_one",
            ),
        ),
        migrations.AddField(
            model_name="project",
            name="reminded_of",
            field=models.DateTimeField(
                help_text="of a sandbox: the end that people were told of", null=True
            ),
        ),
        migrations.CreateModel(
            name="ProvenanceObject",
            fields=[
                (
                    "file",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.PROTECT,
                        primary_key=True,
                        related_name="provenance_object",
                        serialize=False,
                        to="drafts.file",
                    ),
                ),
                ("body", models.TextField(help_text="the object as JSON")),
            ],
        ),
    ]
