"""One PostgreSQL and one Redis for a whole test run, in a temporary folder, gone afterwards."""

import os
import tempfile
from contextlib import ExitStack
from pathlib import Path

from backend import embedded

_running = ExitStack()


def start() -> None:
    """Start the servers and name them in the environment; call before Django's settings are imported.

    Under pytest-xdist only the controller starts any: its workers inherit the names.
    """
    if "PYTEST_XDIST_WORKER" in os.environ:
        return
    data_dir = Path(_running.enter_context(tempfile.TemporaryDirectory(prefix="pollux-test-")))
    servers = _running.enter_context(embedded.servers(data_dir, durable=False))
    os.environ |= {**servers.environment, "DATA_DIR": str(data_dir)}


def stop() -> None:
    """Stop what start() started and remove its data; harmless when nothing runs."""
    _running.close()
