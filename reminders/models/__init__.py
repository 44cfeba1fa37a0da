"""Rows of reminders: plans and their doses, what people are reminded of and how."""

from reminders.models.doses import ANSWERS, Dose, DoseAnswer, DoseStatus
from reminders.models.people import (
    CHANNELS,
    CaregiverAgreement,
    PushService,
    PushSubscription,
    ReminderPreference,
    RoutineTimes,
)
from reminders.models.plans import (
    MedicationPlan,
    Origin,
    PlanPause,
    PlanStatus,
    PlanVersion,
    StockEntry,
    StockMove,
)
from reminders.models.reminders import (
    Delivery,
    DeliveryStatus,
    Reminder,
    ReminderKind,
    ReminderStatus,
)

__all__ = [
    "ANSWERS",
    "CHANNELS",
    "CaregiverAgreement",
    "Delivery",
    "DeliveryStatus",
    "Dose",
    "DoseAnswer",
    "DoseStatus",
    "MedicationPlan",
    "Origin",
    "PlanPause",
    "PlanStatus",
    "PlanVersion",
    "PushService",
    "PushSubscription",
    "Reminder",
    "ReminderKind",
    "ReminderPreference",
    "ReminderStatus",
    "RoutineTimes",
    "StockEntry",
    "StockMove",
]
