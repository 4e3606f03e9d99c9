# Tokens that leaked, what they staged, and decisions about it; releases by the day of their first file.

from django.db import migrations, models

KINDS = ["without", "environments", "sources", "new-files", "confirmed", "no-attestations"]


class Migration(migrations.Migration):
    dependencies = [
        ("drafts", "0023_overlay"),
    ]

    operations = [
        migrations.RemoveConstraint(
            model_name="decision",
            name="a_decision_is_of_a_known_kind",
        ),
        migrations.AddConstraint(
            model_name="decision",
            constraint=models.CheckConstraint(
                condition=models.Q(("kind__in", KINDS)), name="a_decision_is_of_a_known_kind"
            ),
        ),
        migrations.AddField(
            model_name="file",
            name="leaked_at",
            field=models.DateTimeField(
                help_text="when the token that staged it was said to have leaked, while its draft was not published",
                null=True,
            ),
        ),
        migrations.AddField(
            model_name="token",
            name="leaked_at",
            field=models.DateTimeField(help_text="when an owner said that strangers have it", null=True),
        ),
        migrations.AddConstraint(
            model_name="token",
            constraint=models.CheckConstraint(
                condition=models.Q(("leaked_at", None), ("revoked_at__isnull", False), _connector="OR"),
                name="a_token_that_leaked_is_revoked",
            ),
        ),
        migrations.AddIndex(
            model_name="release",
            index=models.Index(fields=["published_at", "quarantined_at"], name="releases_by_first_file"),
        ),
        migrations.AddIndex(
            model_name="release",
            index=models.Index(
                condition=models.Q(("quarantined_at__isnull", False)),
                fields=["quarantined_at"],
                name="releases_in_quarantine",
            ),
        ),
    ]
