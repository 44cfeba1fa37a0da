"""One PostgreSQL and one Redis for a whole test run, in a temporary folder, gone afterwards.

`python -m tests.servers COMMAND...` runs a command beside them and ends as it ends.
"""

import os
import secrets
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from pathlib import Path

from backend import embedded

_running = ExitStack()


def start() -> None:
    """Start the servers and name them in the environment; call before Django's settings are imported.

    Under pytest-xdist the controller starts them and its workers inherit the names. Each worker takes a Redis
    database of its own; pytest-django gives it its own PostgreSQL database.
    """
    worker = os.environ.get("PYTEST_XDIST_WORKER")
    if worker:
        number = int(worker.removeprefix("gw")) % 15 + 1  # there are sixteen
        os.environ["REDIS_URL"] = os.environ["REDIS_URL"].replace("db=0", f"db={number}")
        return
    data_dir = _running.enter_context(tempfile.TemporaryDirectory(prefix="pollux-test-"))
    servers = _running.enter_context(embedded.servers(Path(data_dir), durable=False))
    os.environ |= servers.environment | {"DATA_DIR": data_dir, "SECRET_KEY": secrets.token_urlsafe(64)}


def stop() -> None:
    """Stop what start() started and remove its data; harmless when nothing runs."""
    _running.close()


if __name__ == "__main__":
    start()
    try:
        ended = subprocess.run(sys.argv[1:], check=False)
    finally:
        stop()
    sys.exit(ended.returncode)
