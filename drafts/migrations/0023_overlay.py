# Draft links that open, on a private index, what else their maker may read there.

from django.db import migrations, models


def _others() -> models.BooleanField:
    return models.BooleanField(
        default=False, help_text="on a private index: opens what else its maker may read there"
    )


class Migration(migrations.Migration):
    dependencies = [
        ("drafts", "0022_series"),
    ]

    operations = [
        migrations.AddField(model_name="draftlink", name="with_others", field=_others()),
        migrations.AddField(model_name="trainlink", name="with_others", field=_others()),
    ]
