# Webhooks by which CI names its runs, and what came by them.

import django.db.models.deletion
import django.utils.timezone
import drafts.models.runhooks
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('drafts', '0020_group_tokens'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name='cirun',
            name='by_hook',
            field=models.BooleanField(default=False),
        ),
        migrations.CreateModel(
            name='RunHook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('handle', models.CharField(default=drafts.models.runhooks.new_hook_handle, max_length=32, unique=True)),
                ('secret_sealed', models.TextField()),
                ('made_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('made_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('source', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='hook', to='drafts.cisource')),
            ],
        ),
        migrations.CreateModel(
            name='RunMessage',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('key', models.CharField(max_length=80)),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('count', models.PositiveIntegerField(default=1)),
                ('heard', models.CharField(max_length=16)),
                ('said', models.CharField(max_length=500)),
                ('hook', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='messages', to='drafts.runhook')),
                ('run', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='drafts.cirun')),
            ],
        ),
        migrations.AddConstraint(
            model_name='runhook',
            constraint=models.CheckConstraint(condition=models.Q(('secret_sealed', ''), _negated=True), name='a_run_hook_has_a_secret'),
        ),
        migrations.AddConstraint(
            model_name='runmessage',
            constraint=models.UniqueConstraint(fields=('hook', 'key'), name='one_row_per_message_to_a_run_hook'),
        ),
        migrations.AddConstraint(
            model_name='runmessage',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('heard', 'taken'), ('run__isnull', False)), models.Q(('heard__in', ['ignored', 'refused']), ('run', None)), _connector='OR'), name='a_message_that_was_taken_names_its_run'),
        ),
    ]
