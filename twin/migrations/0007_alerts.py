"""Alerts, their steps, their tellings, snoozes, and the self-test of all that; and the wall around them."""

import backend.identifiers
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

from backend.wall import protect, unprotect


class Migration(migrations.Migration):

    dependencies = [
        ('backend', '0004_rota_and_clock'),
        ('twin', '0006_batches_by_body'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name='AlarmTest',
            fields=[
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('started_at', models.DateTimeField()),
                ('finished_at', models.DateTimeField(null=True)),
                ('raised_after', models.FloatField(null=True)),
                ('noticed_after', models.FloatField(null=True)),
                ('mailed_after', models.FloatField(null=True)),
                ('displayed_after', models.FloatField(null=True)),
                ('fault', models.TextField(blank=True)),
            ],
            options={
                'constraints': [models.CheckConstraint(condition=models.Q(('finished_at__isnull', True), models.Q(('displayed_after__isnull', False), ('mailed_after__isnull', False), ('noticed_after__isnull', False), ('raised_after__isnull', False)), models.Q(('fault', ''), _negated=True), _connector='OR'), name='alarm_test_without_fault_has_every_leg')],
            },
        ),
        migrations.CreateModel(
            name='Alert',
            fields=[
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('topic', models.CharField(max_length=20)),
                ('rule', models.CharField(max_length=60)),
                ('key', models.CharField(blank=True, max_length=100)),
                ('severity', models.CharField(choices=[('information', 'information'), ('caution', 'caution'), ('urgent', 'urgent'), ('critical', 'critical')], max_length=12)),
                ('direction', models.CharField(choices=[('high', 'high'), ('low', 'low'), ('other', 'other')], max_length=5)),
                ('title', models.CharField(max_length=200)),
                ('text', models.TextField()),
                ('evidence', models.JSONField(default=list)),
                ('action', models.CharField(blank=True, max_length=60)),
                ('source', models.TextField(blank=True)),
                ('verification', models.TextField(blank=True)),
                ('is_late', models.BooleanField(default=False)),
                ('data_at', models.DateTimeField()),
                ('raised_at', models.DateTimeField()),
                ('status', models.CharField(choices=[('raised', 'raised'), ('delivered', 'delivered'), ('escalated', 'escalated'), ('acknowledged', 'acknowledged'), ('resolved', 'resolved'), ('expired', 'expired')], default='raised', max_length=12)),
                ('round', models.SmallIntegerField(default=0)),
                ('escalations', models.SmallIntegerField(default=0)),
                ('escalate_at', models.DateTimeField(null=True)),
                ('expires_at', models.DateTimeField()),
                ('acknowledged_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('ending', models.CharField(blank=True, choices=[('handled', 'handled'), ('unattended', 'unattended'), ('recovered', 'recovered'), ('corrected', 'corrected'), ('outdated', 'outdated'), ('retired', 'retired')], max_length=12)),
                ('done', models.TextField(blank=True)),
                ('acknowledged_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='alerts_acknowledged', to=settings.AUTH_USER_MODEL)),
                ('ended_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='alerts_ended', to=settings.AUTH_USER_MODEL)),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='alerts', to='backend.patient')),
            ],
        ),
        migrations.CreateModel(
            name='AlertDelivery',
            fields=[
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('topic', models.CharField(max_length=20)),
                ('channel', models.CharField(max_length=20)),
                ('round', models.SmallIntegerField()),
                ('status', models.CharField(choices=[('waiting', 'Waiting'), ('sent', 'Sent'), ('failed', 'Failed'), ('withheld', 'Withheld')], default='waiting', max_length=10)),
                ('due_at', models.DateTimeField()),
                ('attempts', models.SmallIntegerField(default=0)),
                ('lease_token', models.UUIDField(null=True)),
                ('sent_at', models.DateTimeField(null=True)),
                ('given_up_at', models.DateTimeField(null=True)),
                ('reason', models.CharField(blank=True, max_length=40)),
                ('displayed_at', models.DateTimeField(null=True)),
                ('alert', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='twin.alert')),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='alert_deliveries', to='backend.patient')),
                ('recipient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='alert_deliveries', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.CreateModel(
            name='AlertStep',
            fields=[
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('topic', models.CharField(max_length=20)),
                ('step', models.CharField(choices=[('raised', 'raised'), ('delivered', 'delivered'), ('displayed', 'displayed'), ('undelivered', 'undelivered'), ('noted', 'noted'), ('acknowledged', 'acknowledged'), ('snoozed', 'snoozed'), ('escalated', 'escalated'), ('unanswered', 'unanswered'), ('worsened', 'worsened'), ('eased', 'eased'), ('resolved', 'resolved'), ('expired', 'expired')], max_length=12)),
                ('severity', models.CharField(choices=[('information', 'information'), ('caution', 'caution'), ('urgent', 'urgent'), ('critical', 'critical')], max_length=12)),
                ('at', models.DateTimeField()),
                ('note', models.TextField(blank=True)),
                ('actor', models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='alert_steps', to=settings.AUTH_USER_MODEL)),
                ('alert', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='steps', to='twin.alert')),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='alert_steps', to='backend.patient')),
            ],
        ),
        migrations.CreateModel(
            name='Snooze',
            fields=[
                ('id', models.UUIDField(default=backend.identifiers.new_id, editable=False, primary_key=True, serialize=False)),
                ('topic', models.CharField(max_length=20)),
                ('rule', models.CharField(max_length=60)),
                ('direction', models.CharField(choices=[('high', 'high'), ('low', 'low'), ('other', 'other')], max_length=5)),
                ('severity', models.CharField(choices=[('information', 'information'), ('caution', 'caution'), ('urgent', 'urgent'), ('critical', 'critical')], max_length=12)),
                ('starts_at', models.DateTimeField()),
                ('ends_at', models.DateTimeField()),
                ('patient', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='snoozes', to='backend.patient')),
                ('person', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='snoozes', to=settings.AUTH_USER_MODEL)),
            ],
        ),
        migrations.AddIndex(
            model_name='alert',
            index=models.Index(condition=models.Q(('escalate_at__isnull', False)), fields=['escalate_at'], name='alert_to_escalate'),
        ),
        migrations.AddIndex(
            model_name='alert',
            index=models.Index(condition=models.Q(('status__in', ['raised', 'delivered', 'escalated', 'acknowledged'])), fields=['expires_at'], name='alert_to_expire'),
        ),
        migrations.AddIndex(
            model_name='alert',
            index=models.Index(fields=['patient', 'rule', 'key', '-ended_at'], name='alert_of_rule'),
        ),
        migrations.AddIndex(
            model_name='alert',
            index=models.Index(fields=['patient', '-id'], name='alert_of_patient'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.UniqueConstraint(condition=models.Q(('status__in', ['raised', 'delivered', 'escalated', 'acknowledged'])), fields=('patient', 'rule', 'key'), name='alert_is_open_once_for_each_rule_and_key'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.CheckConstraint(condition=models.Q(('topic__in', ['vitals', 'glucose', 'medication', 'records', 'genes', 'mental_health', 'messages'])), name='alert_topic_is_known'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.CheckConstraint(condition=models.Q(('severity__in', ['information', 'caution', 'urgent', 'critical'])), name='alert_severity_is_known'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.CheckConstraint(condition=models.Q(('direction__in', ['high', 'low', 'other'])), name='alert_direction_is_known'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['raised', 'delivered', 'escalated', 'acknowledged', 'resolved', 'expired'])), name='alert_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('acknowledged_at__isnull', True), ('acknowledged_by__isnull', True)), models.Q(('acknowledged_at__isnull', False), ('acknowledged_by__isnull', False)), _connector='OR'), name='alert_acknowledged_has_who_and_when'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('acknowledged_at__isnull', True), ('status__in', ['raised', 'delivered', 'escalated'])), models.Q(('acknowledged_at__isnull', False), ('status', 'acknowledged')), ('status__in', ['resolved', 'expired']), _connector='OR'), name='alert_waits_until_it_is_acknowledged'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_at__isnull', True), ('ending', ''), ('status__in', ['raised', 'delivered', 'escalated', 'acknowledged'])), models.Q(('ended_at__isnull', False), ('ending__in', ['handled', 'unattended', 'recovered', 'corrected', 'outdated', 'retired']), ('status__in', ['resolved', 'expired'])), _connector='OR'), name='alert_that_is_over_says_when_and_why'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('ended_by__isnull', False), ('ending', 'handled'), models.Q(('done', ''), _negated=True)), models.Q(models.Q(('ending', 'handled'), _negated=True), ('done', ''), ('ended_by__isnull', True)), _connector='OR'), name='alert_handled_has_who_and_what_was_done'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.CheckConstraint(condition=models.Q(('escalate_at__isnull', True), ('status__in', ['raised', 'delivered', 'escalated']), _connector='OR'), name='alert_escalates_only_while_it_waits'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.CheckConstraint(condition=models.Q(('escalations__gte', 0), ('escalations__lte', models.F('round')), ('round__gte', 0)), name='alert_escalations_are_rounds'),
        ),
        migrations.AddIndex(
            model_name='alertdelivery',
            index=models.Index(condition=models.Q(('status', 'waiting')), fields=['due_at'], name='alert_delivery_due'),
        ),
        migrations.AddIndex(
            model_name='alertdelivery',
            index=models.Index(fields=['recipient', 'alert'], name='alert_delivery_of_recipient'),
        ),
        migrations.AddConstraint(
            model_name='alertdelivery',
            constraint=models.UniqueConstraint(fields=('alert', 'recipient', 'channel', 'round'), name='alert_delivery_is_one_for_each_person_channel_and_round'),
        ),
        migrations.AddConstraint(
            model_name='alertdelivery',
            constraint=models.CheckConstraint(condition=models.Q(('status__in', ['waiting', 'sent', 'failed', 'withheld'])), name='alert_delivery_status_is_known'),
        ),
        migrations.AddConstraint(
            model_name='alertdelivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('sent_at__isnull', False), ('status', 'sent')), models.Q(models.Q(('status', 'sent'), _negated=True), ('sent_at__isnull', True)), _connector='OR'), name='alert_delivery_sent_has_sent_at'),
        ),
        migrations.AddConstraint(
            model_name='alertdelivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('given_up_at__isnull', False), ('status__in', ['failed', 'withheld']), models.Q(('reason', ''), _negated=True)), models.Q(('given_up_at__isnull', True), ('reason', ''), ('status__in', ['waiting', 'sent'])), _connector='OR'), name='alert_delivery_given_up_says_when_and_why'),
        ),
        migrations.AddConstraint(
            model_name='alertdelivery',
            constraint=models.CheckConstraint(condition=models.Q(('lease_token__isnull', True), ('status', 'waiting'), _connector='OR'), name='alert_delivery_in_hand_is_waiting'),
        ),
        migrations.AddConstraint(
            model_name='alertdelivery',
            constraint=models.CheckConstraint(condition=models.Q(('topic__in', ['vitals', 'glucose', 'medication', 'records', 'genes', 'mental_health', 'messages'])), name='alert_delivery_topic_is_known'),
        ),
        migrations.AddIndex(
            model_name='alertstep',
            index=models.Index(fields=['alert', 'id'], name='alert_step_of_alert'),
        ),
        migrations.AddConstraint(
            model_name='alertstep',
            constraint=models.CheckConstraint(condition=models.Q(('step__in', ['raised', 'delivered', 'displayed', 'undelivered', 'noted', 'acknowledged', 'snoozed', 'escalated', 'unanswered', 'worsened', 'eased', 'resolved', 'expired'])), name='alert_step_is_known'),
        ),
        migrations.AddConstraint(
            model_name='alertstep',
            constraint=models.CheckConstraint(condition=models.Q(('severity__in', ['information', 'caution', 'urgent', 'critical'])), name='alert_step_severity_is_known'),
        ),
        migrations.AddConstraint(
            model_name='alertstep',
            constraint=models.CheckConstraint(condition=models.Q(('actor__isnull', False), models.Q(('step__in', ['displayed', 'noted', 'acknowledged', 'snoozed']), _negated=True), _connector='OR'), name='alert_step_of_a_person_has_actor'),
        ),
        migrations.AddConstraint(
            model_name='alertstep',
            constraint=models.CheckConstraint(condition=models.Q(('topic__in', ['vitals', 'glucose', 'medication', 'records', 'genes', 'mental_health', 'messages'])), name='alert_step_topic_is_known'),
        ),
        migrations.AddIndex(
            model_name='snooze',
            index=models.Index(fields=['patient', 'rule', 'ends_at'], name='snooze_of_rule'),
        ),
        migrations.AddConstraint(
            model_name='snooze',
            constraint=models.CheckConstraint(condition=models.Q(('ends_at__gt', models.F('starts_at'))), name='snooze_ends_after_its_start'),
        ),
        migrations.AddConstraint(
            model_name='snooze',
            constraint=models.CheckConstraint(condition=models.Q(('direction__in', ['high', 'low', 'other'])), name='snooze_direction_is_known'),
        ),
        migrations.AddConstraint(
            model_name='snooze',
            constraint=models.CheckConstraint(condition=models.Q(('severity__in', ['information', 'caution', 'urgent', 'critical'])), name='snooze_severity_is_known'),
        ),
        migrations.AddConstraint(
            model_name='snooze',
            constraint=models.CheckConstraint(condition=models.Q(('topic__in', ['vitals', 'glucose', 'medication', 'records', 'genes', 'mental_health', 'messages'])), name='snooze_topic_is_known'),
        ),
        *(
            migrations.RunSQL(protect(f"twin_{table}"), unprotect(f"twin_{table}"))
            for table in ("alert", "alertstep", "alertdelivery", "snooze")
        ),
    ]
