"""Django's commands, and `up`."""

import os
import sys

from django.core.management import execute_from_command_line

from backend.management.commands import up


def main() -> None:
    if sys.argv[1:2] == ["up"]:
        # Started before any setting is read: it provides the servers and secrets that the settings ask for.
        up.Command().run_from_argv(sys.argv)
    else:
        os.environ.setdefault("DJANGO_SETTINGS_MODULE", "backend.settings")
        execute_from_command_line(sys.argv)


if __name__ == "__main__":
    main()
