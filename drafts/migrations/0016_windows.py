"""Windows of releases, late files, schedules; and of what is published, how long files were added and which came late."""

from datetime import timedelta
from typing import Any

import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models import F, Max

import drafts.dist.late
import drafts.dist.windows
import drafts.models.drafts


def fill(apps: Any, schema_editor: Any) -> None:
    """Say of what is published for how long it grew, and which of its files came late; their kinds are not known."""
    del schema_editor
    release, file = apps.get_model("drafts", "Release"), apps.get_model("drafts", "File")
    grew = release.objects.annotate(last=Max("files__published_at")).filter(last__gt=F("published_at"))
    for row in grew.iterator():
        seconds = int((row.last - row.published_at).total_seconds())
        release.objects.filter(pk=row.pk).update(open_seconds=seconds)
    late = file.objects.filter(published_at__gt=F("release__published_at") + timedelta(days=1))
    for row in late.select_related("release").iterator():
        seconds = int((row.published_at - row.release.published_at).total_seconds())
        file.objects.filter(pk=row.pk).update(late_seconds=seconds, late_kind="other")


class Migration(migrations.Migration):
    dependencies = [
        ("drafts", "0015_approvals"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.AddField(
            model_name="draft",
            name="publish_at",
            field=models.DateTimeField(
                help_text="the time that was chosen at the click; none: not scheduled", null=True
            ),
        ),
        migrations.AddField(
            model_name="draft",
            name="publishing_closes",
            field=models.BooleanField(default=False, help_text="the release takes no more files at once"),
        ),
        migrations.AddField(
            model_name="draft",
            name="publishing_decided_at",
            field=models.DateTimeField(help_text="when the second factor was given", null=True),
        ),
        migrations.AddField(
            model_name="draft",
            name="publishing_factor",
            field=models.PositiveBigIntegerField(default=0, help_text="the factor that was given"),
        ),
        migrations.AddField(
            model_name="draft",
            name="publishing_method",
            field=models.CharField(blank=True, max_length=16),
        ),
        migrations.AddField(
            model_name="draft",
            name="publishing_yanked",
            field=models.CharField(blank=True, help_text="the reason, to publish yanked", max_length=500),
        ),
        migrations.AddField(
            model_name="file",
            name="late_kind",
            field=models.CharField(blank=True, max_length=32),
        ),
        migrations.AddField(
            model_name="file",
            name="late_seconds",
            field=models.PositiveBigIntegerField(
                help_text="after the release's first file; none: not late", null=True
            ),
        ),
        migrations.AddField(
            model_name="indexpage",
            name="good_until",
            field=models.DateTimeField(help_text="when a window ends; then it is rendered anew", null=True),
        ),
        migrations.AddField(
            model_name="project",
            name="window",
            field=models.CharField(default=drafts.dist.windows.Window["LIMITS"], max_length=8),
        ),
        migrations.AddField(
            model_name="project",
            name="window_before",
            field=models.JSONField(help_text="the rule that refuses while the new one only tells", null=True),
        ),
        migrations.AddField(
            model_name="project",
            name="window_first_days",
            field=models.PositiveSmallIntegerField(default=14, help_text="0: no such limit"),
        ),
        migrations.AddField(
            model_name="project",
            name="window_last_days",
            field=models.PositiveSmallIntegerField(default=0, help_text="0: no such limit"),
        ),
        migrations.AddField(
            model_name="project",
            name="window_mode",
            field=models.CharField(default=drafts.dist.windows.WindowMode["REFUSE"], max_length=8),
        ),
        migrations.AddField(
            model_name="project",
            name="window_newer",
            field=models.BooleanField(default=False),
        ),
        migrations.AddField(
            model_name="project",
            name="window_series",
            field=models.CharField(default=drafts.dist.windows.Series["MINOR"], max_length=8),
        ),
        migrations.AddField(
            model_name="project",
            name="window_since",
            field=models.DateTimeField(
                default=django.utils.timezone.now, help_text="since when the rule holds"
            ),
        ),
        migrations.AddField(
            model_name="release",
            name="closed_at",
            field=models.DateTimeField(
                help_text="when somebody closed it; none: the rule alone does", null=True
            ),
        ),
        migrations.AddField(
            model_name="release",
            name="open_seconds",
            field=models.PositiveBigIntegerField(
                default=0, help_text="how long after the first the last file came"
            ),
        ),
        migrations.AddField(
            model_name="release",
            name="reopened_until",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddIndex(
            model_name="file",
            index=models.Index(
                condition=models.Q(("late_seconds__isnull", False)),
                fields=["-late_seconds"],
                name="late_files_by_lag",
            ),
        ),
        migrations.AddIndex(
            model_name="release",
            index=models.Index(
                condition=models.Q(("open_seconds__gt", 0)),
                fields=["-open_seconds"],
                name="releases_by_how_long_open",
            ),
        ),
        migrations.AddConstraint(
            model_name="draft",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("publish_at", None),
                    models.Q(
                        ("publishing_by__isnull", False),
                        ("publishing_decided_at__isnull", False),
                        (
                            "state__in",
                            (
                                drafts.models.drafts.DraftState["OPEN"],
                                drafts.models.drafts.DraftState["ERROR"],
                            ),
                        ),
                        models.Q(("publishing_fingerprint", ""), _negated=True),
                        models.Q(("publishing_method", ""), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="a_scheduled_draft_waits_and_says_by_whom_and_what",
            ),
        ),
        migrations.AddConstraint(
            model_name="draft",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("publish_at", None), ("publish_at__lt", models.F("expires_at")), _connector="OR"
                ),
                name="a_schedule_lies_before_the_expiry",
            ),
        ),
        migrations.AddConstraint(
            model_name="file",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("late_kind", ""), ("late_seconds", None)),
                    models.Q(
                        (
                            "late_kind__in",
                            [
                                drafts.dist.late.LateKind["FIRST_WHEELS"],
                                drafts.dist.late.LateKind["NEW_TARGET"],
                                drafts.dist.late.LateKind["REBUILD"],
                                drafts.dist.late.LateKind["OTHER"],
                            ],
                        ),
                        ("late_seconds__isnull", False),
                        models.Q(("published_at", None), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="a_late_file_is_published_and_says_its_kind",
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "window__in",
                        [
                            drafts.dist.windows.Window["NONE"],
                            drafts.dist.windows.Window["LIMITS"],
                            drafts.dist.windows.Window["EVER"],
                        ],
                    )
                ),
                name="a_window_is_none_limits_or_ever",
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "window_series__in",
                        [
                            drafts.dist.windows.Series["ALL"],
                            drafts.dist.windows.Series["MAJOR"],
                            drafts.dist.windows.Series["MINOR"],
                            drafts.dist.windows.Series["MICRO"],
                        ],
                    )
                ),
                name="a_series_is_by_leading_numbers",
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    (
                        "window_mode__in",
                        [drafts.dist.windows.WindowMode["TELL"], drafts.dist.windows.WindowMode["REFUSE"]],
                    )
                ),
                name="a_window_tells_or_refuses",
            ),
        ),
        migrations.AddConstraint(
            model_name="project",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("window", drafts.dist.windows.Window["LIMITS"]), _negated=True),
                    ("window_first_days__gt", 0),
                    ("window_last_days__gt", 0),
                    ("window_newer", True),
                    _connector="OR",
                ),
                name="a_window_of_limits_has_one",
            ),
        ),
        migrations.RunPython(fill, migrations.RunPython.noop, elidable=True),
    ]
