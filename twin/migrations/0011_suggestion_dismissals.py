"""What a patient does not want to have suggested, behind the wall."""

import backend.identifiers
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from backend.wall import protect, unprotect


class Migration(migrations.Migration):

    dependencies = [
        ('backend', '0005_narrowed_wall'),
        ('twin', '0010_population'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='SuggestionDismissal',
            fields=[
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('topic', models.CharField(max_length=20)),
                ('rule', models.CharField(max_length=40)),
                ('until', models.DateTimeField(null=True)),
                ('dismissed_at', models.DateTimeField()),
                ('dismissed_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='suggestions_dismissed', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='suggestion_dismissals', to='backend.patient')),
            ],
            options={
                'constraints': [models.UniqueConstraint(fields=('patient', 'rule'), name='suggestion_dismissal_is_one_for_each_rule'), models.CheckConstraint(condition=models.Q(('until__isnull', True), ('until__gt', models.F('dismissed_at')), _connector='OR'), name='suggestion_dismissal_ends_after_it_begins'), models.CheckConstraint(condition=models.Q(('topic__in', ['vitals', 'glucose', 'medication', 'records', 'genes', 'mental_health', 'messages'])), name='suggestion_dismissal_topic_is_known')],
            },
        ),
        migrations.RunSQL(protect("twin_suggestiondismissal"), unprotect("twin_suggestiondismissal")),
    ]
