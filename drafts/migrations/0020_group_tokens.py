# The tokens of a group: one secret, one row for each of its projects.

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('drafts', '0019_sandbox'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="publisher",
            name="ids_said",
            field=models.CharField(blank=True, help_text="why the ids are not known yet", max_length=300),
        ),
        migrations.AddField(
            model_name='token',
            name='group',
            field=models.ForeignKey(help_text='made for all its projects', null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='tokens', to='drafts.group'),
        ),
        migrations.AddConstraint(
            model_name='token',
            constraint=models.CheckConstraint(condition=models.Q(('group', None), models.Q(('draft', None), ('publisher', None)), _connector='OR'), name='a_groups_token_is_nobodys_else'),
        ),
    ]
