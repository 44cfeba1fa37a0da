"""Django's commands, and `up`."""

import os
import sys

from django.core.management import execute_from_command_line

from backend import embedded, env, supervisor
from backend.management.commands import up


def main() -> None:
    command = sys.argv[1] if len(sys.argv) > 1 else "help"
    if command == "up":
        # Before any setting is read: it makes the servers and the secret that the settings ask for.
        up.Command().run_from_argv(sys.argv)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")
    try:
        with supervisor.connected(as_owner=command == "migrate"):
            execute_from_command_line(sys.argv)
    except (env.BadEnvironment, embedded.CannotStart) as reason:
        sys.exit(str(reason))


if __name__ == "__main__":
    main()
