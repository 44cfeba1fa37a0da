"""Scores, what they ask of people, and questionnaires: behind the wall by topic, scores by all of theirs."""

import backend.identifiers
import backend.rules
import django.contrib.postgres.fields
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from backend.wall import protect, protect_derived, unprotect


class Migration(migrations.Migration):

    dependencies = [
        ('backend', '0005_narrowed_wall'),
        ('twin', '0011_suggestion_dismissals'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='StaleScores',
            fields=[
                ('patient', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='stale_scores', serialize=False, to='backend.patient')),
                ('due_at', models.DateTimeField(db_index=True)),
            ],
            options={
                'abstract': False,
            },
        ),
        migrations.CreateModel(
            name='Answer',
            fields=[
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('topic', models.CharField(max_length=20)),
                ('code', models.CharField(max_length=40)),
                ('value', models.JSONField()),
                ('word', models.CharField(max_length=10)),
                ('answered_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('answered_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='answers', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='answers', to='backend.patient')),
            ],
            options={
                'indexes': [models.Index(fields=['patient', 'code', '-answered_at'], name='answer_of_patient')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('patient', 'code'), name='answer_stands_once_for_each_question'), models.CheckConstraint(condition=models.Q(('topic__in', ['vitals', 'glucose', 'medication', 'records', 'genes', 'mental_health', 'messages'])), name='answer_topic_is_known'), models.CheckConstraint(condition=models.Q(('word__in', ['self', 'caregiver', 'clinician'])), name='answer_is_the_word_of_somebody'), models.CheckConstraint(condition=models.Q(('ended_at__isnull', True), ('ended_at__gte', models.F('answered_at')), _connector='OR'), name='answer_ends_after_it_was_given')],
            },
        ),
        migrations.CreateModel(
            name='QuestionnaireResponse',
            fields=[
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('topic', models.CharField(default=backend.rules.Topic['MENTAL_HEALTH'], editable=False, max_length=20)),
                ('code', models.CharField(max_length=40)),
                ('answers', django.contrib.postgres.fields.ArrayField(base_field=models.SmallIntegerField(null=True), size=None)),
                ('word', models.CharField(max_length=10)),
                ('answered_at', models.DateTimeField()),
                ('received_at', models.DateTimeField()),
                ('answered_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='questionnaires', to=settings.AUTH_USER_MODEL)),
                ('corrects', models.OneToOneField(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='corrected_by', to='twin.questionnaireresponse')),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='questionnaires', to='backend.patient')),
            ],
            options={
                'indexes': [models.Index(fields=['patient', 'code', '-answered_at'], name='questionnaire_of_patient')],
                'constraints': [models.CheckConstraint(condition=models.Q(('topic', backend.rules.Topic['MENTAL_HEALTH'])), name='questionnaire_is_of_mental_health'), models.CheckConstraint(condition=models.Q(models.Q(('answers__len', 9), ('code', 'phq9')), models.Q(('answers__len', 7), ('code', 'gad7')), _connector='OR'), name='questionnaire_has_an_answer_for_each_question'), models.CheckConstraint(condition=models.Q(('word__in', ['self', 'caregiver', 'clinician'])), name='questionnaire_is_the_word_of_somebody'), models.CheckConstraint(condition=models.Q(('corrects__isnull', True), models.Q(('corrects', models.F('id')), _negated=True), _connector='OR'), name='questionnaire_corrects_another_one')],
            },
        ),
        migrations.CreateModel(
            name='ScoreResult',
            fields=[
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=40)),
                ('topic', models.CharField(max_length=20)),
                ('topics', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), size=None)),
                ('value', models.FloatField(null=True)),
                ('low', models.FloatField(null=True)),
                ('high', models.FloatField(null=True)),
                ('band', models.CharField(blank=True, max_length=40)),
                ('result', models.JSONField()),
                ('details', models.JSONField(null=True)),
                ('data_on', models.DateField(null=True)),
                ('data_at', models.DateTimeField(null=True)),
                ('made_at', models.DateTimeField()),
                ('superseded_at', models.DateTimeField(null=True)),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='scores', to='backend.patient')),
            ],
            options={
                'indexes': [models.Index(fields=['patient', 'code', '-made_at'], name='score_of_patient')],
                'constraints': [models.UniqueConstraint(condition=models.Q(('superseded_at__isnull', True)), fields=('patient', 'code'), name='score_is_current_once_for_each_code'), models.CheckConstraint(condition=models.Q(('topic__in', ['vitals', 'glucose', 'medication', 'records', 'genes', 'mental_health', 'messages'])), name='score_topic_is_known'), models.CheckConstraint(condition=models.Q(('topics__contained_by', ['vitals', 'glucose', 'medication', 'records', 'genes', 'mental_health', 'messages'])), name='score_topics_are_known'), models.CheckConstraint(condition=models.Q(('topics__contains', [models.F('topic')])), name='score_topic_is_one_of_its_topics'), models.CheckConstraint(condition=models.Q(('band', ''), ('value__isnull', False), _connector='OR'), name='score_with_a_band_has_a_value'), models.CheckConstraint(condition=models.Q(models.Q(('high__isnull', True), ('low__isnull', True)), models.Q(('high__isnull', False), ('low__isnull', False), ('low__lte', models.F('high'))), _connector='OR'), name='score_range_has_both_ends_in_order'), models.CheckConstraint(condition=models.Q(('superseded_at__isnull', True), ('superseded_at__gte', models.F('made_at')), _connector='OR'), name='score_is_superseded_after_it_was_made')],
            },
        ),
        *(
            migrations.RunSQL(protect(f"twin_{table}"), unprotect(f"twin_{table}"))
            for table in ("answer", "questionnaireresponse")
        ),
        migrations.RunSQL(protect("twin_stalescores", topic=None), unprotect("twin_stalescores")),
        migrations.RunSQL(protect_derived("twin_scoreresult"), unprotect("twin_scoreresult")),
    ]
