"""Row-level security as SQL for migrations: the wall that no Python can forget. Pure text.

A policy lets a row through when the transaction's actor is a sweep (`acting_for_all`), a worker on this
very patient (`acting_on`), or a person whom `pollux_visible()` gives the patient and the row's topic.
"""

_SWEEP = "current_setting('pollux.scope', true) = 'all'"
_WORKER = "{patient} = nullif(current_setting('pollux.patient', true), '')::uuid"
_IN_TOPIC = "({patient}, {topic}) IN (SELECT v.patient_id, v.topic FROM pollux_visible() AS v{act})"
_IN_ANY_TOPIC = "{patient} IN (SELECT v.patient_id FROM pollux_visible() AS v{act})"


def protect(table: str, *, patient: str = "patient_id", topic: str | None = "topic", also: str = "false") -> str:
    """SQL that walls a table off by patient, and by topic where rows carry one.

    `topic` is a column or a quoted literal, None where any topic opens the row; `also` is a further
    condition that lets a person through for reading and writing.
    """
    within = _IN_TOPIC if topic else _IN_ANY_TOPIC
    always = f"{_SWEEP} OR {_WORKER.format(patient=patient)} OR {also}"
    read = f"{always} OR {within.format(patient=patient, topic=topic, act='')}"
    write = f"{always} OR {within.format(patient=patient, topic=topic, act=' WHERE v.may_act')}"
    return f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY reading ON {table} FOR SELECT USING ({read});
        CREATE POLICY adding ON {table} FOR INSERT WITH CHECK ({write});
        CREATE POLICY changing ON {table} FOR UPDATE USING ({write}) WITH CHECK ({write});
        CREATE POLICY removing ON {table} FOR DELETE USING ({write});
    """


def unprotect(table: str) -> str:
    """SQL that takes the wall down again, for a migration's way back."""
    drops = "\n".join(
        f"DROP POLICY {policy} ON {table};" for policy in ("reading", "adding", "changing", "removing")
    )
    return f"""
        {drops}
        ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
    """
