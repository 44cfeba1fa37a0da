"""Row-level security as SQL for migrations: the wall that no Python can forget. Pure text.

A row is let through when the transaction's actor is a sweep (`acting_for_all`), a worker on this very
patient (`acting_on`), or a person whom `pollux_visible()` gives the patient and the row's topic.
"""

SWEEP = "current_setting('pollux.scope', true) = 'all'"
PERSON = "nullif(current_setting('pollux.person', true), '')::uuid"
PATIENT = "nullif(current_setting('pollux.patient', true), '')::uuid"

POLICIES = ("reading", "adding", "changing", "removing")


def wall(table: str, *, read: str, write: str, add: str | None = None) -> str:
    """SQL that walls a table off by conditions; `add` is that for new rows where it differs from `write`."""
    return f"""
        ALTER TABLE {table} ENABLE ROW LEVEL SECURITY;
        ALTER TABLE {table} FORCE ROW LEVEL SECURITY;
        CREATE POLICY reading ON {table} FOR SELECT USING ({read});
        CREATE POLICY adding ON {table} FOR INSERT WITH CHECK ({add or write});
        CREATE POLICY changing ON {table} FOR UPDATE USING ({write}) WITH CHECK ({write});
        CREATE POLICY removing ON {table} FOR DELETE USING ({write});
    """


def protect(table: str, *, topic: str | None = "topic") -> str:
    """SQL that walls a table off by its patient_id, and by topic where rows carry one.

    `topic` None: any topic that the person may read (or act in) opens the row.
    """
    always = f"{SWEEP} OR patient_id = {PATIENT}"
    if topic:
        shared = f"(patient_id, {topic}) IN (SELECT v.patient_id, v.topic FROM pollux_visible() AS v"
    else:
        shared = "patient_id IN (SELECT v.patient_id FROM pollux_visible() AS v"
    return wall(table, read=f"{always} OR {shared})", write=f"{always} OR {shared} WHERE v.may_act)")


def protect_derived(table: str) -> str:
    """SQL that walls off a table whose rows carry all the `topics` they were derived from.

    A person reads those of which she may read every topic. Only workers and sweeps write.
    """
    always = f"{SWEEP} OR patient_id = {PATIENT}"
    closed = "(patient_id, needed) NOT IN (SELECT v.patient_id, v.topic FROM pollux_visible() AS v)"
    shared = f"NOT EXISTS (SELECT FROM unnest(topics) AS needed WHERE {closed})"
    return wall(table, read=f"{always} OR {shared}", write=always)


def unprotect(table: str) -> str:
    """SQL that takes the wall down again, for a migration's way back."""
    drops = "\n".join(f"DROP POLICY {policy} ON {table};" for policy in POLICIES)
    return f"""
        {drops}
        ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY;
        ALTER TABLE {table} DISABLE ROW LEVEL SECURITY;
    """
