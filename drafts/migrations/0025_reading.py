# Which program read each log, so that an older one's reading is not taken for this one's.

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("drafts", "0024_release"),
    ]

    operations = [
        migrations.AddField(
            model_name="evidencelog",
            name="reader",
            field=models.PositiveSmallIntegerField(
                default=0, help_text="the number of the program that read it; older ones are read again"
            ),
        ),
    ]
