"""A clinician's list of ten thousand patients, whom to look at first coming first, over HTTP.

Every patient shares five topics with the clinician's team and has a rank in each. The first page, one far
down and one with a filter are asked for again and again from one web process, by one client. Beside the first
stands the same page's question put to the same rows without the walk down their ranks: all that the person
may see is ranked, and cut.
"""

import http.client
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlencode
from uuid import UUID, uuid4

import numpy as np
import psycopg
from harness import Row, arguments, at_most, product, say, verdict
from sync import web

PATIENTS = 10_000
LOOKS = 60
TOPICS = ("vitals", "glucose", "medication", "records", "mental_health")

FILL = """
    SELECT set_config('pollux.scope', 'all', false);
    INSERT INTO backend_user (id, email, name, password, is_active)
        SELECT gen_random_uuid(), 'patient' || i || '@pollux.example', 'Patient ' || i, '', true
        FROM generate_series(1, {patients}) AS i;
    INSERT INTO backend_patient (id, user_id, name, birth_date, sex, time_zone, locale, units)
        SELECT gen_random_uuid(), id, name, date '1930-01-01' + (random() * 25000)::int, 'female', 'UTC',
            'en', '{{}}'
        FROM backend_user WHERE email LIKE 'patient%';
    INSERT INTO backend_caregrant (
        id, patient_id, team_id, read, act, starts_at, granted_by_id, emergency_reason
    )
        SELECT gen_random_uuid(), id, '{team}', ARRAY['{topics}'], ARRAY['{topics}'],
            now() - interval '1 day', user_id, ''
        FROM backend_patient;
    INSERT INTO twin_concern (
        patient_id, part, topic, topics, rank, severity, reasons, systems, conditions, early_signs, made_at
    )
        SELECT patient.id, topic, topic, ARRAY[topic], greatest(0, (random() * 100000)::int - 50000),
            CASE WHEN random() < 0.05 THEN 'caution' ELSE '' END,
            ARRAY['Resting heart rate well above what is usual'],
            CASE WHEN random() < 0.2 THEN ARRAY['heart', 'lungs'] ELSE ARRAY[]::text[] END,
            CASE WHEN topic = 'records' THEN ARRAY['hypertension', 'asthma'] ELSE ARRAY[]::text[] END,
            ARRAY[]::text[], now()
        FROM backend_patient AS patient, unnest(ARRAY['{topics}']) AS topic;
    INSERT INTO twin_concern (
        patient_id, part, topic, topics, rank, severity, reasons, systems, conditions, early_signs, made_at
    )
        SELECT id, 'records+vitals', 'records', ARRAY['records', 'vitals'], (random() * 30)::int, '',
            ARRAY['Cardiovascular disease within 10 years (PREVENT): Intermediate, 9 %'], ARRAY['heart'],
            ARRAY[]::text[], ARRAY[]::text[], now()
        FROM backend_patient;
    INSERT INTO twin_snapshot (patient_id, topic, tiles, facts, built_at, known_at, last_data_at)
        SELECT patient.id, topic, '[]', '{{}}', now(), now(), now()
        FROM backend_patient AS patient, unnest(ARRAY['{topics}']) AS topic;
    ANALYZE;
"""


def fill(owner: psycopg.Connection) -> str:
    """The patients, and a clinician with whom they share: her session's token."""
    from django.contrib.auth import BACKEND_SESSION_KEY, HASH_SESSION_KEY, SESSION_KEY  # noqa: PLC0415

    from backend.models import CareTeam, Clinic, Clinician, User  # noqa: PLC0415
    from backend.sessions import SessionStore  # noqa: PLC0415

    user = User.objects.create_user(f"{uuid4()}@pollux.example", name="Clinician")
    clinic = Clinic.objects.create(name="Bench")
    team = CareTeam.objects.create(clinic=clinic, name="Bench")
    team.members.add(Clinician.objects.create(user=user, clinic=clinic, profession="nurse"))
    statements = FILL.format(patients=PATIENTS, team=team.id, topics="', '".join(TOPICS))
    for statement in statements.split(";\n"):
        if statement.strip():
            owner.execute(statement)
    session = SessionStore()
    session[SESSION_KEY] = str(user.pk)
    session[BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
    session[HASH_SESSION_KEY] = user.get_session_auth_hash()
    session.save()
    return f"{user.id} {session.session_key}"


def looks(port: int, session: str, query: dict[str, str]) -> list[float]:
    """Milliseconds of one look after the other over one connection."""
    from django.conf import settings  # noqa: PLC0415

    client = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    headers = {"Cookie": f"{settings.SESSION_COOKIE_NAME}={session}", "Host": "localhost"}
    taken = []
    for _ in range(LOOKS):
        began = time.perf_counter()
        client.request("GET", f"/console/?{urlencode(query)}", headers=headers)
        answer = client.getresponse()
        body = answer.read()
        taken.append(1e3 * (time.perf_counter() - began))
        if answer.status != 200 or body.count(b'class="patient-row"') != 50:
            raise RuntimeError(f"{answer.status}: {body[:300]!r}")
    client.close()
    return taken[LOOKS // 6 :]


def question(person: UUID, few: int) -> Callable[[], float]:
    """Milliseconds of the first page's question alone; with a high `few` all are ranked and cut."""
    from backend.actor import acting_for  # noqa: PLC0415
    from twin.population import Wanted, triage_page  # noqa: PLC0415

    def once() -> float:
        with acting_for(person):
            began = time.perf_counter()
            triage_page(Wanted(), None, 51, few=few)
            return 1e3 * (time.perf_counter() - began)

    return once


def measure(port: int, owner: psycopg.Connection) -> list[Row]:
    """Every row of the table."""
    say(f"Making {PATIENTS:,} patients")
    person, session = fill(owner).split()
    from backend.actor import acting_for  # noqa: PLC0415
    from twin.population import FEW, Wanted, triage_page  # noqa: PLC0415

    with acting_for(UUID(person)):
        far = triage_page(Wanted(), None, 2_000)[-1]
    say("Looking")
    pages = {
        "the first page, p95": {},
        "2,000 patients further down, p95": {"after": f"{far.rank}.{far.patient}"},
        "of one system, p95": {"system": "heart"},
        "found by name, p95": {"q": "patient 7"},
    }
    walked, ranked = (question(UUID(person), few) for few in (FEW, 10**9))
    alone = [(walked(), ranked()) for _ in range(20)]
    ours, other = (float(np.median(each)) for each in zip(*alone, strict=True))
    rows = [at_most(None, "the first page's question alone", ours, other, "ms")]
    for bar, (what, query) in zip((100, None, None, None), pages.items(), strict=True):
        rows.append(at_most(bar, what, float(np.percentile(looks(port, session, query), 95)), None, "ms"))
    return rows


def main() -> int:
    """Runs the bench; the exit code says whether every bar holds."""
    options = arguments(__doc__).parse_args()
    with (
        product(redis=True) as url,
        psycopg.connect(url, autocommit=True) as owner,
        web(Path(os.environ["DATA_DIR"]) / "web.log") as port,
    ):
        rows = measure(port, owner)
    return verdict("triage", rows, as_json=options.json)


if __name__ == "__main__":
    sys.exit(main())
