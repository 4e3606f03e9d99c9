import django.db.models.deletion
import django.utils.timezone
import drafts.models.files
import drafts.models.uploads
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('drafts', '0002_count'),
    ]

    operations = [
        migrations.CreateModel(
            name='Attestations',
            fields=[
                ('file', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, primary_key=True, related_name='attestations', serialize=False, to='drafts.file')),
                ('statements', models.JSONField()),
            ],
        ),
        migrations.AddField(
            model_name='draft',
            name='complete_said_at',
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name='draft',
            name='complete_said_by',
            field=models.CharField(blank=True, max_length=300),
        ),
        migrations.AddField(
            model_name='draft',
            name='complete_said_of',
            field=models.CharField(blank=True, help_text='the fingerprint at that time', max_length=64),
        ),
        migrations.AddField(
            model_name='draft',
            name='expects',
            field=models.JSONField(default=list, help_text='file names that publishing waits for'),
        ),
        migrations.AddField(
            model_name='file',
            name='attestations_sha256',
            field=models.CharField(blank=True, max_length=64),
        ),
        migrations.CreateModel(
            name='UploadSession',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('handle', models.CharField(default=drafts.models.uploads.new_upload_handle, max_length=32, unique=True)),
                ('filename', models.CharField(max_length=250)),
                ('filetype', models.CharField(max_length=16)),
                ('identity', models.CharField(max_length=200)),
                ('size', models.PositiveBigIntegerField()),
                ('hashes', models.JSONField()),
                ('mechanism', models.CharField(max_length=64)),
                ('state', models.CharField(default=drafts.models.files.FileState['PENDING'], max_length=16)),
                ('received', models.PositiveBigIntegerField(default=0)),
                ('digests', models.JSONField(default=dict)),
                ('sending', models.JSONField(default=dict)),
                ('attestations', models.JSONField(null=True)),
                ('failure', models.JSONField(default=dict)),
                ('announced_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('last_activity', models.DateTimeField(default=django.utils.timezone.now)),
                ('ended_at', models.DateTimeField(null=True)),
                ('draft', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='arriving', to='drafts.draft')),
                ('file', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='sessions', to='drafts.file')),
                ('staged_by_token', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='+', to='drafts.token')),
            ],
        ),
        migrations.CreateModel(
            name='UploadPart',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('object_id', models.CharField(max_length=32, unique=True)),
                ('stored_as', models.CharField(max_length=250)),
                ('offset', models.PositiveBigIntegerField()),
                ('size', models.PositiveBigIntegerField()),
                ('sha256', models.CharField(blank=True, help_text='empty: the bytes did not pass this server', max_length=64)),
                ('upload', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='parts', to='drafts.uploadsession')),
            ],
        ),
        migrations.AddIndex(
            model_name='uploadsession',
            index=models.Index(fields=['draft', 'filename'], name='uploads_of_draft'),
        ),
        migrations.AddConstraint(
            model_name='uploadsession',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', (drafts.models.files.FileState['PENDING'], drafts.models.files.FileState['PROCESSING'], drafts.models.files.FileState['ERROR']))), fields=('draft', 'filename'), name='one_upload_of_a_name_is_in_the_way'),
        ),
        migrations.AddConstraint(
            model_name='uploadsession',
            constraint=models.UniqueConstraint(condition=models.Q(('state__in', (drafts.models.files.FileState['PENDING'], drafts.models.files.FileState['PROCESSING'], drafts.models.files.FileState['ERROR']))), fields=('draft', 'identity'), name='one_upload_of_an_identity_is_in_the_way'),
        ),
        migrations.AddConstraint(
            model_name='uploadsession',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', [drafts.models.files.FileState['PENDING'], drafts.models.files.FileState['PROCESSING'], drafts.models.files.FileState['COMPLETED'], drafts.models.files.FileState['ERROR'], drafts.models.files.FileState['CANCELED']])), name='an_upload_state_is_pep_694s'),
        ),
        migrations.AddConstraint(
            model_name='uploadsession',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at', None), ('state__in', (drafts.models.files.FileState['PENDING'], drafts.models.files.FileState['PROCESSING']))), models.Q(models.Q(('state__in', (drafts.models.files.FileState['PENDING'], drafts.models.files.FileState['PROCESSING'])), _negated=True), ('ended_at__isnull', False)), _connector='OR'), name='an_upload_that_ended_says_when'),
        ),
        migrations.AddConstraint(
            model_name='uploadsession',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('file__isnull', False), ('state', drafts.models.files.FileState['COMPLETED'])), models.Q(models.Q(('state', drafts.models.files.FileState['COMPLETED']), _negated=True), ('file', None)), _connector='OR'), name='a_completed_upload_has_a_file'),
        ),
        migrations.AddConstraint(
            model_name='uploadsession',
            constraint=models.CheckConstraint(condition=models.Q(('received__lte', models.F('size')), ('size__gt', 0)), name='an_upload_receives_what_was_announced'),
        ),
        migrations.AddConstraint(
            model_name='uploadpart',
            constraint=models.UniqueConstraint(fields=('upload', 'offset'), name='one_part_of_an_upload_per_offset'),
        ),
        migrations.AddConstraint(
            model_name='uploadpart',
            constraint=models.CheckConstraint(condition=models.Q(('size__gt', 0)), name='a_part_is_not_empty'),
        ),
    ]
