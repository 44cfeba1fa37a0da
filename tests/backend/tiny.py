"""A whole `up` of tiny steps and services, run as a program by test_up."""

import sys

from backend import supervisor
from backend.supervisor import Place, Service, Step

SHOW_ROLE = "import os; print('migrated as', os.environ['DATABASE_URL'].split('@')[0])"
SHOW_LOGIN = "import os; print('pia@pollux.example sees', os.environ.get('DATABASE_OWNER_URL'))"
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
# As Celery's worker does: a child of its own, which must go as well.
PARENT = """
import os, time
from backend import children
worker = os.getpid()
if os.fork() == 0:
    children.die_with(worker)
time.sleep(600)
"""
BRITTLE = "import os, sys; print('it broke', os.getpid()); sys.exit(3)"


def steps(_place: Place) -> list[Step]:
    failing = "; raise SystemExit(1)" if "failing-step" in sys.argv else ""
    return [
        Step("migrate", "Migrating", (sys.executable, "-c", SHOW_ROLE + failing), as_owner=True),
        Step("demo", "Loading", (sys.executable, "-c", SHOW_LOGIN), shown=True),
    ]


def services(place: Place) -> list[Service]:
    web = (sys.executable, "-m", "http.server", str(place.port), "--bind", place.host)
    brittle = [
        Service(
            "brittle",
            ("/bin/sh", "-c", f"test -e {place.data_dir}/calm && exec sleep 600; echo it broke; exit 3"),
        )
    ]
    return [
        Service("web", (*web, "--directory", str(place.data_dir / "logs"))),
        Service("stubborn", (sys.executable, "-c", STUBBORN), grace=0.5),
        Service("parent", (sys.executable, "-c", PARENT)),
        *(brittle if "brittle" in sys.argv else ()),
    ]


sys.exit(supervisor.up(steps, services, lambda line: print(line, flush=True)))
