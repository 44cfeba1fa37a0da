"""Plans and their doses, reminders and their deliveries, and how people want to be reminded."""

import backend.identifiers
import backend.models
import backend.rules
import django.contrib.postgres.fields
import django.db.models.deletion
import reminders.models.people
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):

    initial = True

    dependencies = [
        ('backend', '0005_narrowed_wall'),
        ('twin', '0013_scores_in_the_list'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='MedicationPlan',
            fields=[
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('topic', models.CharField(default=backend.rules.Topic['MEDICATION'], editable=False, max_length=20)),
                ('origin', models.CharField(choices=[('clinician', 'Clinician'), ('own', 'Own'), ('record', 'Record')], max_length=10)),
                ('status', models.CharField(choices=[('waiting', 'Waiting'), ('active', 'Active'), ('ended', 'Ended')], max_length=10)),
                ('is_critical', models.BooleanField(default=False)),
                ('refill_below', models.DecimalField(decimal_places=3, max_digits=9, null=True)),
                ('planned_until', models.DateTimeField(null=True)),
                ('made_at', models.DateTimeField()),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('ending', models.CharField(blank=True, max_length=200)),
                ('confirmed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='plans_confirmed', to=settings.AUTH_USER_MODEL)),
                ('ended_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='plans_ended', to=settings.AUTH_USER_MODEL)),
                ('made_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='plans_made', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='medication_plans', to='backend.patient')),
                ('record', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='medication_plans', to='twin.record')),
            ],
        ),
        migrations.CreateModel(
            name='PlanPause',
            fields=[
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('topic', models.CharField(default=backend.rules.Topic['MEDICATION'], editable=False, max_length=20)),
                ('since', models.DateField()),
                ('until', models.DateField(null=True)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('set_at', models.DateTimeField()),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='plan_pauses', to='backend.patient')),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='pauses', to='reminders.medicationplan')),
                ('set_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='plan_pauses', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='PlanVersion',
            fields=[
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('topic', models.CharField(default=backend.rules.Topic['MEDICATION'], editable=False, max_length=20)),
                ('number', models.SmallIntegerField()),
                ('medicine', models.CharField(max_length=200)),
                ('codes', models.JSONField(default=list)),
                ('strength', models.CharField(blank=True, max_length=80)),
                ('form', models.CharField(blank=True, max_length=80)),
                ('route', models.CharField(blank=True, max_length=80)),
                ('amount', models.DecimalField(decimal_places=3, max_digits=9, null=True)),
                ('unit', models.CharField(blank=True, max_length=40)),
                ('instructions', models.TextField(blank=True)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('prescriber', models.CharField(blank=True, max_length=200)),
                ('timing', models.JSONField(null=True)),
                ('dosage_text', models.TextField(blank=True)),
                ('starts_on', models.DateField()),
                ('ends_on', models.DateField(null=True)),
                ('fixed_zone', models.CharField(blank=True, max_length=64)),
                ('window_minutes', models.SmallIntegerField()),
                ('repeat_minutes', models.SmallIntegerField()),
                ('override', models.TextField(blank=True)),
                ('findings', models.JSONField(default=list)),
                ('written_at', models.DateTimeField()),
                ('superseded_at', models.DateTimeField(null=True)),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='plan_versions', to='backend.patient')),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='versions', to='reminders.medicationplan')),
                ('written_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='plans_written', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='PushSubscription',
            fields=[
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('service', models.CharField(choices=[('web', 'Web'), ('gateway', 'Gateway')], max_length=7)),
                ('address', models.TextField()),
                ('keys', models.JSONField(default=dict)),
                ('name', models.CharField(blank=True, max_length=80)),
                ('made_at', models.DateTimeField()),
                ('retired_at', models.DateTimeField(null=True)),
                ('because', models.CharField(blank=True, max_length=40)),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='push_subscriptions', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Reminder',
            fields=[
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('topic', models.CharField(max_length=20)),
                ('kind', models.CharField(choices=[('doses', 'Doses'), ('missed_critical', 'Missed Critical'), ('low_stock', 'Low Stock'), ('screening', 'Screening'), ('measurement', 'Measurement'), ('visit', 'Visit'), ('review', 'Review')], max_length=16)),
                ('key', models.CharField(max_length=80)),
                ('at', models.DateTimeField()),
                ('status', models.CharField(choices=[('waiting', 'Waiting'), ('answered', 'Answered'), ('unanswered', 'Unanswered'), ('too_late', 'Too Late'), ('withdrawn', 'Withdrawn')], default='waiting', max_length=10)),
                ('due_at', models.DateTimeField(null=True)),
                ('too_late_at', models.DateTimeField()),
                ('repeat_minutes', models.SmallIntegerField(null=True)),
                ('is_critical', models.BooleanField(default=False)),
                ('round', models.SmallIntegerField(default=0)),
                ('round_at', models.DateTimeField(null=True)),
                ('lease_token', models.UUIDField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('taken_care_at', models.DateTimeField(null=True)),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reminders', to='backend.patient')),
                ('taken_care_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='reminders_taken_care_of', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='Dose',
            fields=[
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('topic', models.CharField(default=backend.rules.Topic['MEDICATION'], editable=False, max_length=20)),
                ('slot', models.CharField(max_length=40)),
                ('due_at', models.DateTimeField()),
                ('missed_after', models.DateTimeField()),
                ('amount', models.DecimalField(decimal_places=3, max_digits=9, null=True)),
                ('as_needed', models.BooleanField(default=False)),
                ('status', models.CharField(choices=[('due', 'Due'), ('taken', 'Taken'), ('skipped', 'Skipped'), ('missed', 'Missed')], default='due', max_length=8)),
                ('taken_at', models.DateTimeField(null=True)),
                ('taken_amount', models.DecimalField(decimal_places=3, max_digits=9, null=True)),
                ('skipped_at', models.DateTimeField(null=True)),
                ('missed_at', models.DateTimeField(null=True)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('answered_at', models.DateTimeField(null=True)),
                ('answered_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='doses_answered', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='doses', to='backend.patient')),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='doses', to='reminders.medicationplan')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='doses', to='reminders.planversion')),
                ('reminder', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='doses', to='reminders.reminder')),
            ],
        ),
        migrations.CreateModel(
            name='Delivery',
            fields=[
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('topic', models.CharField(max_length=20)),
                ('channel', models.CharField(max_length=20)),
                ('due', models.DateTimeField()),
                ('status', models.CharField(choices=[('waiting', 'Waiting'), ('sent', 'Sent'), ('failed', 'Failed'), ('withheld', 'Withheld')], default='waiting', max_length=8)),
                ('try_at', models.DateTimeField(null=True)),
                ('attempts', models.SmallIntegerField(default=0)),
                ('sent_at', models.DateTimeField(null=True)),
                ('given_up_at', models.DateTimeField(null=True)),
                ('because', models.CharField(blank=True, max_length=40)),
                ('delivered_at', models.DateTimeField(null=True)),
                ('displayed_at', models.DateTimeField(null=True)),
                ('answered_at', models.DateTimeField(null=True)),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reminder_deliveries', to='backend.patient')),
                ('recipient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='reminder_deliveries', to=settings.AUTH_USER_MODEL)),
                ('reminder', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='reminders.reminder')),
            ],
        ),
        migrations.CreateModel(
            name='ReminderPreference',
            fields=[
                ('person', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='reminder_preference', serialize=False, to=settings.AUTH_USER_MODEL)),
                ('channels', django.contrib.postgres.fields.ArrayField(base_field=models.CharField(max_length=20), default=reminders.models.people.usual_channels, size=None)),
                ('fallback_minutes', models.SmallIntegerField(default=10)),
                ('notice_minutes', models.SmallIntegerField(default=0)),
                ('quiet_from', models.TimeField(null=True)),
                ('quiet_until', models.TimeField(null=True)),
                ('time_zone', models.CharField(blank=True, max_length=64, validators=[backend.models.validate_time_zone])),
                ('shows_names', models.BooleanField(default=False)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('channels__contained_by', ['live', 'web_push', 'push_gateway', 'email']), ('channels__len__gte', 1)), name='reminder_channels_are_known'), models.CheckConstraint(condition=models.Q(('fallback_minutes__gte', 1), ('fallback_minutes__lte', 1440)), name='reminder_fallback_is_within_a_day'), models.CheckConstraint(condition=models.Q(('notice_minutes__gte', 0), ('notice_minutes__lte', 1440)), name='reminder_notice_is_within_a_day'), models.CheckConstraint(condition=models.Q(models.Q(('quiet_from__isnull', True), ('quiet_until__isnull', True)), models.Q(('quiet_from__isnull', False), ('quiet_until__isnull', False)), _connector='OR'), name='quiet_hours_have_both_ends')],
            },
        ),
        migrations.CreateModel(
            name='RoutineTimes',
            fields=[
                ('patient', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, primary_key=True, related_name='routine_times', serialize=False, to='backend.patient')),
                ('topic', models.CharField(default=backend.rules.Topic['MEDICATION'], editable=False, max_length=20)),
                ('times', models.JSONField(default=dict)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('topic', backend.rules.Topic['MEDICATION'])), name='routine_is_of_medication')],
            },
        ),
        migrations.CreateModel(
            name='StockEntry',
            fields=[
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('topic', models.CharField(default=backend.rules.Topic['MEDICATION'], editable=False, max_length=20)),
                ('move', models.CharField(choices=[('fill', 'Fill'), ('loss', 'Loss'), ('count', 'Count')], max_length=5)),
                ('amount', models.DecimalField(decimal_places=3, max_digits=9)),
                ('days', models.SmallIntegerField(null=True)),
                ('expires_on', models.DateField(null=True)),
                ('at', models.DateTimeField()),
                ('recorded_at', models.DateTimeField()),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='stock_entries', to='backend.patient')),
                ('plan', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='stock', to='reminders.medicationplan')),
                ('recorded_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='stock_entries', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='CaregiverAgreement',
            fields=[
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('topic', models.CharField(default=backend.rules.Topic['MEDICATION'], editable=False, max_length=20)),
                ('agreed_at', models.DateTimeField()),
                ('ended_at', models.DateTimeField(null=True)),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='caregiver_agreements', to='backend.patient')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='caregiver_agreements', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('topic', backend.rules.Topic['MEDICATION'])), name='caregiver_agreement_is_of_medication'), models.UniqueConstraint(condition=models.Q(('ended_at__isnull', True)), fields=('patient', 'person'), name='caregiver_agreement_stands_once')],
            },
        ),
        migrations.CreateModel(
            name='DoseAnswer',
            fields=[
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('topic', models.CharField(default=backend.rules.Topic['MEDICATION'], editable=False, max_length=20)),
                ('key', models.UUIDField()),
                ('status', models.CharField(choices=[('due', 'Due'), ('taken', 'Taken'), ('skipped', 'Skipped'), ('missed', 'Missed')], max_length=8)),
                ('taken_at', models.DateTimeField(null=True)),
                ('amount', models.DecimalField(decimal_places=3, max_digits=9, null=True)),
                ('reason', models.CharField(blank=True, max_length=200)),
                ('said_at', models.DateTimeField()),
                ('received_at', models.DateTimeField()),
                ('dose', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='answers', to='reminders.dose')),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='dose_answers', to='backend.patient')),
                ('said_by', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='dose_answers', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'indexes': [models.Index(fields=['dose', 'said_at'], name='answers_of_dose')],
                'constraints': [models.CheckConstraint(condition=models.Q(('topic', backend.rules.Topic['MEDICATION'])), name='dose_answer_is_of_medication'), models.UniqueConstraint(fields=('dose', 'key'), name='dose_answer_is_kept_once'), models.CheckConstraint(condition=models.Q(('status__in', ['taken', 'skipped', 'due'])), name='dose_answer_is_of_a_person'), models.CheckConstraint(condition=models.Q(models.Q(('status', 'taken'), ('taken_at__isnull', False)), models.Q(models.Q(('status', 'taken'), _negated=True), ('amount__isnull', True), ('taken_at__isnull', True)), _connector='OR'), name='dose_answer_taken_has_when'), models.CheckConstraint(condition=models.Q(('reason', ''), ('status', 'skipped'), _connector='OR'), name='dose_answer_reason_is_of_a_skipped_one')],
            },
        ),
        migrations.AddIndex(
            model_name='medicationplan',
            index=models.Index(fields=['patient', 'status'], name='plan_of_patient'),
        ),
        migrations.AddIndex(
            model_name='medicationplan',
            index=models.Index(condition=models.Q(('planned_until__isnull', False)), fields=['planned_until'], name='plan_to_be_planned_on'),
        ),
        migrations.AddConstraint(
            model_name='medicationplan',
            constraint=models.CheckConstraint(condition=models.Q(('topic', backend.rules.Topic['MEDICATION'])), name='plan_is_of_medication'),
        ),
        migrations.AddConstraint(
            model_name='medicationplan',
            constraint=models.CheckConstraint(condition=models.Q(('origin__in', ['clinician', 'own', 'record'])), name='plan_origin_is_known'),
        ),
        migrations.AddConstraint(
            model_name='medicationplan',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['waiting', 'active', 'ended'])), name='plan_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='medicationplan',
            constraint=models.CheckConstraint(condition=models.Q(('made_by__isnull', False), ('origin', 'record'), _connector='OR'), name='plan_is_made_by_somebody_or_read_from_a_record'),
        ),
        migrations.AddConstraint(
            model_name='medicationplan',
            constraint=models.UniqueConstraint(condition=models.Q(('status', 'ended'), _negated=True), fields=('record',), name='plan_is_open_once_for_each_record'),
        ),
        migrations.AddConstraint(
            model_name='medicationplan',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('confirmed_at__isnull', True), ('confirmed_by__isnull', True)), models.Q(('confirmed_at__isnull', False), ('confirmed_by__isnull', False)), _connector='OR'), name='plan_confirmed_has_who_and_when'),
        ),
        migrations.AddConstraint(
            model_name='medicationplan',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('confirmed_at__isnull', True), ('status', 'waiting')), models.Q(('confirmed_at__isnull', False), ('status', 'active')), models.Q(('origin', 'record'), ('status', 'active')), ('status', 'ended'), _connector='OR'), name='plan_of_a_person_is_active_once_it_is_confirmed'),
        ),
        migrations.AddConstraint(
            model_name='medicationplan',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', False), ('status', 'ended')), models.Q(models.Q(('status', 'ended'), _negated=True), ('ended_at__isnull', True), ('ended_by__isnull', True), ('ending', '')), _connector='OR'), name='plan_ended_has_when'),
        ),
        migrations.AddConstraint(
            model_name='medicationplan',
            constraint=models.CheckConstraint(condition=models.Q(('planned_until__isnull', True), ('status', 'active'), _connector='OR'), name='plan_has_doses_only_while_it_is_active'),
        ),
        migrations.AddConstraint(
            model_name='medicationplan',
            constraint=models.CheckConstraint(condition=models.Q(('refill_below__isnull', True), ('refill_below__gte', 0), _connector='OR'), name='plan_refill_threshold_is_an_amount'),
        ),
        migrations.AddConstraint(
            model_name='planpause',
            constraint=models.CheckConstraint(condition=models.Q(('topic', backend.rules.Topic['MEDICATION'])), name='plan_pause_is_of_medication'),
        ),
        migrations.AddConstraint(
            model_name='planpause',
            constraint=models.CheckConstraint(condition=models.Q(('until__isnull', True), ('until__gte', models.F('since')), _connector='OR'), name='plan_pause_ends_after_it_starts'),
        ),
        migrations.AddConstraint(
            model_name='planpause',
            constraint=models.UniqueConstraint(condition=models.Q(('until__isnull', True)), fields=('plan',), name='plan_has_one_open_pause'),
        ),
        migrations.AddConstraint(
            model_name='planversion',
            constraint=models.CheckConstraint(condition=models.Q(('topic', backend.rules.Topic['MEDICATION'])), name='plan_version_is_of_medication'),
        ),
        migrations.AddConstraint(
            model_name='planversion',
            constraint=models.UniqueConstraint(fields=('plan', 'number'), name='plan_version_number_is_unique'),
        ),
        migrations.AddConstraint(
            model_name='planversion',
            constraint=models.UniqueConstraint(condition=models.Q(('superseded_at__isnull', True)), fields=('plan',), name='plan_has_one_current_version'),
        ),
        migrations.AddConstraint(
            model_name='planversion',
            constraint=models.CheckConstraint(condition=models.Q(('number__gte', 1)), name='plan_version_number_counts_from_one'),
        ),
        migrations.AddConstraint(
            model_name='planversion',
            constraint=models.CheckConstraint(condition=models.Q(('superseded_at__isnull', True), ('superseded_at__gte', models.F('written_at')), _connector='OR'), name='plan_version_is_superseded_after_it_was_written'),
        ),
        migrations.AddConstraint(
            model_name='planversion',
            constraint=models.CheckConstraint(condition=models.Q(('medicine', ''), _negated=True), name='plan_version_names_a_medicine'),
        ),
        migrations.AddConstraint(
            model_name='planversion',
            constraint=models.CheckConstraint(condition=models.Q(('timing__isnull', False), models.Q(('dosage_text', ''), _negated=True), _connector='OR'), name='plan_version_has_timing_or_the_words_for_it'),
        ),
        migrations.AddConstraint(
            model_name='planversion',
            constraint=models.CheckConstraint(condition=models.Q(('ends_on__isnull', True), ('ends_on__gte', models.F('starts_on')), _connector='OR'), name='plan_version_ends_after_it_starts'),
        ),
        migrations.AddConstraint(
            model_name='planversion',
            constraint=models.CheckConstraint(condition=models.Q(('amount__isnull', True), ('amount__gt', 0), _connector='OR'), name='plan_version_amount_is_positive'),
        ),
        migrations.AddConstraint(
            model_name='planversion',
            constraint=models.CheckConstraint(condition=models.Q(('repeat_minutes__gte', 1), ('window_minutes__gte', 1)), name='plan_version_window_and_rhythm_are_positive'),
        ),
        migrations.AddIndex(
            model_name='pushsubscription',
            index=models.Index(condition=models.Q(('retired_at__isnull', True)), fields=['person'], name='push_of_person'),
        ),
        migrations.AddConstraint(
            model_name='pushsubscription',
            constraint=models.UniqueConstraint(condition=models.Q(('retired_at__isnull', True)), fields=('address',), name='push_address_is_of_one_person'),
        ),
        migrations.AddConstraint(
            model_name='pushsubscription',
            constraint=models.CheckConstraint(condition=models.Q(('service__in', ['web', 'gateway'])), name='push_service_is_known'),
        ),
        migrations.AddConstraint(
            model_name='pushsubscription',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('because', ''), ('retired_at__isnull', True)), models.Q(('retired_at__isnull', False), models.Q(('because', ''), _negated=True)), _connector='OR'), name='push_retired_says_when_and_why'),
        ),
        migrations.AddIndex(
            model_name='reminder',
            index=models.Index(condition=models.Q(('status', 'waiting')), fields=['due_at'], name='reminder_due'),
        ),
        migrations.AddIndex(
            model_name='reminder',
            index=models.Index(fields=['patient', '-at'], name='reminder_of_patient'),
        ),
        migrations.AddConstraint(
            model_name='reminder',
            constraint=models.UniqueConstraint(fields=('patient', 'kind', 'key'), name='reminder_is_one_for_each_thing'),
        ),
        migrations.AddConstraint(
            model_name='reminder',
            constraint=models.CheckConstraint(condition=models.Q(('topic__in', ['vitals', 'glucose', 'medication', 'records', 'genes', 'mental_health', 'messages'])), name='reminder_topic_is_known'),
        ),
        migrations.AddConstraint(
            model_name='reminder',
            constraint=models.CheckConstraint(condition=models.Q(('kind__in', ['doses', 'missed_critical', 'low_stock', 'screening', 'measurement', 'visit', 'review'])), name='reminder_kind_is_known'),
        ),
        migrations.AddConstraint(
            model_name='reminder',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['waiting', 'answered', 'unanswered', 'too_late', 'withdrawn'])), name='reminder_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='reminder',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('due_at__isnull', False), ('ended_at__isnull', True), ('status', 'waiting')), models.Q(models.Q(('status', 'waiting'), _negated=True), ('due_at__isnull', True), ('ended_at__isnull', False), ('lease_token__isnull', True)), _connector='OR'), name='reminder_is_due_until_it_has_ended'),
        ),
        migrations.AddConstraint(
            model_name='reminder',
            constraint=models.CheckConstraint(condition=models.Q(('too_late_at__gte', models.F('at'))), name='reminder_is_too_late_after_its_moment'),
        ),
        migrations.AddConstraint(
            model_name='reminder',
            constraint=models.CheckConstraint(condition=models.Q(('repeat_minutes__isnull', True), ('repeat_minutes__gte', 1), _connector='OR'), name='reminder_rhythm_is_positive'),
        ),
        migrations.AddConstraint(
            model_name='reminder',
            constraint=models.CheckConstraint(condition=models.Q(('round__gte', 0)), name='reminder_rounds_count_from_zero'),
        ),
        migrations.AddConstraint(
            model_name='reminder',
            constraint=models.CheckConstraint(condition=models.Q(('round_at__isnull', True), ('round__gte', 1), _connector='OR'), name='reminder_round_has_begun'),
        ),
        migrations.AddConstraint(
            model_name='reminder',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('taken_care_at__isnull', True), ('taken_care_by__isnull', True)), models.Q(('taken_care_at__isnull', False), ('taken_care_by__isnull', False)), _connector='OR'), name='reminder_taken_care_of_has_who_and_when'),
        ),
        migrations.AddIndex(
            model_name='dose',
            index=models.Index(fields=['patient', 'due_at'], name='dose_of_patient'),
        ),
        migrations.AddIndex(
            model_name='dose',
            index=models.Index(condition=models.Q(('status', 'due')), fields=['missed_after'], name='dose_to_be_missed'),
        ),
        migrations.AddIndex(
            model_name='dose',
            index=models.Index(fields=['reminder'], name='dose_of_reminder'),
        ),
        migrations.AddConstraint(
            model_name='dose',
            constraint=models.CheckConstraint(condition=models.Q(('topic', backend.rules.Topic['MEDICATION'])), name='dose_is_of_medication'),
        ),
        migrations.AddConstraint(
            model_name='dose',
            constraint=models.UniqueConstraint(fields=('plan', 'slot'), name='dose_is_one_for_each_slot_of_its_plan'),
        ),
        migrations.AddConstraint(
            model_name='dose',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['due', 'taken', 'skipped', 'missed'])), name='dose_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='dose',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'taken'), ('taken_at__isnull', False)), models.Q(models.Q(('status', 'taken'), _negated=True), ('taken_amount__isnull', True), ('taken_at__isnull', True)), _connector='OR'), name='dose_taken_has_when'),
        ),
        migrations.AddConstraint(
            model_name='dose',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('skipped_at__isnull', False), ('status', 'skipped')), models.Q(models.Q(('status', 'skipped'), _negated=True), ('reason', ''), ('skipped_at__isnull', True)), _connector='OR'), name='dose_skipped_has_when'),
        ),
        migrations.AddConstraint(
            model_name='dose',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('missed_at__isnull', False), ('status', 'missed')), models.Q(models.Q(('status', 'missed'), _negated=True), ('missed_at__isnull', True)), _connector='OR'), name='dose_missed_has_when'),
        ),
        migrations.AddConstraint(
            model_name='dose',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('answered_at__isnull', False), ('answered_by__isnull', False), ('status__in', ['taken', 'skipped'])), models.Q(models.Q(('status__in', ['taken', 'skipped']), _negated=True), ('answered_at__isnull', True), ('answered_by__isnull', True)), _connector='OR'), name='dose_answered_has_who_and_when'),
        ),
        migrations.AddConstraint(
            model_name='dose',
            constraint=models.CheckConstraint(condition=models.Q(('as_needed', False), models.Q(('status__in', ['due', 'missed']), _negated=True), _connector='OR'), name='dose_as_needed_is_never_due'),
        ),
        migrations.AddConstraint(
            model_name='dose',
            constraint=models.CheckConstraint(condition=models.Q(('missed_after__gte', models.F('due_at'))), name='dose_is_missed_after_it_was_due'),
        ),
        migrations.AddConstraint(
            model_name='dose',
            constraint=models.CheckConstraint(condition=models.Q(('taken_amount__isnull', True), ('taken_amount__gt', 0), _connector='OR'), name='dose_taken_amount_is_positive'),
        ),
        migrations.AddIndex(
            model_name='delivery',
            index=models.Index(fields=['recipient', '-id'], name='delivery_of_recipient'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.UniqueConstraint(fields=('reminder', 'due', 'channel', 'recipient'), name='delivery_is_one_for_each_round_channel_and_person'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('topic__in', ['vitals', 'glucose', 'medication', 'records', 'genes', 'mental_health', 'messages'])), name='delivery_topic_is_known'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['waiting', 'sent', 'failed', 'withheld'])), name='delivery_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('status', 'waiting'), ('try_at__isnull', False)), models.Q(models.Q(('status', 'waiting'), _negated=True), ('try_at__isnull', True)), _connector='OR'), name='delivery_is_tried_while_it_waits'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('sent_at__isnull', False), ('status', 'sent')), models.Q(models.Q(('status', 'sent'), _negated=True), ('sent_at__isnull', True)), _connector='OR'), name='delivery_sent_has_sent_at'),
        ),
        migrations.AddConstraint(
            model_name='delivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('given_up_at__isnull', False), ('status__in', ['failed', 'withheld']), models.Q(('because', ''), _negated=True)), models.Q(('because', ''), ('given_up_at__isnull', True), ('status__in', ['waiting', 'sent'])), _connector='OR'), name='delivery_given_up_says_when_and_why'),
        ),
        migrations.AddIndex(
            model_name='stockentry',
            index=models.Index(fields=['plan', 'at'], name='stock_of_plan'),
        ),
        migrations.AddConstraint(
            model_name='stockentry',
            constraint=models.CheckConstraint(condition=models.Q(('topic', backend.rules.Topic['MEDICATION'])), name='stock_entry_is_of_medication'),
        ),
        migrations.AddConstraint(
            model_name='stockentry',
            constraint=models.CheckConstraint(condition=models.Q(('move__in', ['fill', 'loss', 'count'])), name='stock_move_is_known'),
        ),
        migrations.AddConstraint(
            model_name='stockentry',
            constraint=models.CheckConstraint(condition=models.Q(('amount__gt', 0), models.Q(('amount', 0), ('move', 'count')), _connector='OR'), name='stock_entry_has_an_amount'),
        ),
        migrations.AddConstraint(
            model_name='stockentry',
            constraint=models.CheckConstraint(condition=models.Q(('days__isnull', True), models.Q(('days__gte', 1), ('move', 'fill')), _connector='OR'), name='stock_entry_days_are_those_of_a_fill'),
        ),
    ]
