"""The servers, the database as the plain role that production uses, and the cast."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

import servers

servers.start()
os.environ |= {
    "DJANGO_SETTINGS_MODULE": "backend.settings",
    "SECRET_KEY": "a key for tests only, of more than thirty-two characters",
    "DATABASE_POOL": "0",
    "LOG_LEVEL": "WARNING",
}

import django  # noqa: E402 - reads the environment above
import hypothesis  # noqa: E402 - stands with the others
from django.conf import settings  # noqa: E402

# Each test client would list every static file anew, and each account take a strong hash's time.
settings.WHITENOISE_AUTOREFRESH = True
settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
django.setup()
# A machine that does other things meanwhile is no defect of what is tested.
hypothesis.settings.register_profile("pollux", deadline=None)
hypothesis.settings.load_profile("pollux")


def pytest_unconfigure() -> None:
    """Stops the servers with the run."""
    servers.stop()


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker, worker_id="master") -> Iterator[None]:
    """A fresh database: migrated by its owner, used as the plain role that row-level security binds."""
    import psycopg
    from django.core.management import call_command
    from django.db import connection

    name = f"pollux_test_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    owner = os.environ["DATABASE_OWNER_URL"]
    plain = connection.settings_dict["USER"]
    with psycopg.connect(owner, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {name}")
    with django_db_blocker.unblock():
        connection.close()
        connection.settings_dict |= {"NAME": name, "USER": "pollux_owner"}
        call_command("migrate", verbosity=0)
        with connection.cursor() as cursor:
            # Between transactional tests the tables are emptied, which production's role cannot do.
            cursor.execute(f"GRANT TRUNCATE ON ALL TABLES IN SCHEMA public TO {plain}")
        connection.close()
        connection.settings_dict["USER"] = plain
    os.environ["DATABASE_URL"] = os.environ["DATABASE_URL"].replace("/pollux?", f"/{name}?")
    yield
    with django_db_blocker.unblock():
        connection.close()


@pytest.fixture
def cast(db):
    """The named people; make.make_cast says who may see whom."""
    import make

    return make.make_cast()


@pytest.fixture
def client_of(cast):
    """A function: a browser client in which the named member of the cast is logged in."""
    from django.test import Client

    def log_in(name: str) -> Client:
        client = Client()
        if name != "anon":
            client.force_login(
                getattr(cast, name), backend="allauth.account.auth_backends.AuthenticationBackend"
            )
        return client

    return log_in
