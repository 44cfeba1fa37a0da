"""The servers, the database as the plain role that production uses, and the cast."""

import os
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    import psycopg

sys.path.insert(0, str(Path(__file__).parent))

import servers

# Tests, workers and the many processes that tests start need not all compile the same sources anew.
sys.dont_write_bytecode = False
servers.start()
os.environ |= {
    "PYTHONDONTWRITEBYTECODE": "",
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


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_setupnodes() -> None:
    """Workers read the settings only once they have a Redis database of their own, not as they start."""
    del os.environ["DJANGO_SETTINGS_MODULE"]


def pytest_unconfigure() -> None:
    """Stops the servers with the run."""
    servers.stop()


TEMPLATE = "pollux_test"


@pytest.fixture(scope="session")
def django_db_setup(django_db_blocker) -> Iterator[None]:
    """A fresh database: migrated by its owner, used as the plain role that row-level security binds.

    Whichever worker comes first migrates; each takes a copy.
    """
    import psycopg
    from django.db import connection
    from django.test import TransactionTestCase

    name = f"{TEMPLATE}_{os.environ.get('PYTEST_XDIST_WORKER', 'main')}"
    with psycopg.connect(os.environ["DATABASE_OWNER_URL"], autocommit=True) as server:
        server.execute("SELECT pg_advisory_lock(1)")  # ends with the connection
        if not server.execute("SELECT 1 FROM pg_database WHERE datname = %s", [TEMPLATE]).fetchone():
            server.execute(f"DROP DATABASE IF EXISTS {TEMPLATE}_unfinished")
            server.execute(f"CREATE DATABASE {TEMPLATE}_unfinished")
            with django_db_blocker.unblock():
                migrate(f"{TEMPLATE}_unfinished")
            server.execute(f"ALTER DATABASE {TEMPLATE}_unfinished RENAME TO {TEMPLATE}")
        server.execute(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    connection.settings_dict["NAME"] = name
    os.environ["DATABASE_URL"] = os.environ["DATABASE_URL"].replace("/pollux?", f"/{name}?")
    TransactionTestCase._fixture_teardown = empty
    yield
    if _emptier.cache_info().currsize:
        _emptier().close()
    with django_db_blocker.unblock():
        connection.close()


def migrate(name: str) -> None:
    from django.core.management import call_command
    from django.db import connection

    plain = connection.settings_dict.copy()
    connection.close()
    connection.settings_dict |= {"NAME": name, "USER": "pollux_owner"}
    call_command("migrate", verbosity=0)
    connection.close()
    connection.settings_dict |= plain


def empty(_after: object) -> None:
    """What a transactional test wrote is gone, once whoever still writes has ended.

    Django truncates dozens of tables, which takes far longer than to delete a few rows.
    """
    from django.db import connection

    connection.close()
    _emptier().execute("SELECT pg_temp.empty()")


@cache
def _emptier() -> "psycopg.Connection":
    """A superuser, whom neither walls nor keys nor triggers hold; it stays, for it has learnt the tables."""
    import psycopg
    from django.db import connection

    written = set(connection.introspection.django_table_names(only_existing=True, include_views=False))
    connection.close()
    names = sorted(f'"{name}"' for name in written - {"django_content_type", "auth_permission"})
    deleting = "; ".join(f"DELETE FROM {name}" for name in names)
    server = psycopg.connect(
        os.environ["DATABASE_URL"].replace("//pollux_app@", "//postgres@"), autocommit=True
    )
    server.execute("SET session_replication_role = replica")
    server.execute(
        "CREATE FUNCTION pg_temp.empty() RETURNS void LANGUAGE plpgsql AS $$ BEGIN"
        f" LOCK TABLE {', '.join(names)} IN EXCLUSIVE MODE; {deleting}; END $$"
    )
    return server


@pytest.fixture
def cast(db):
    """The named people; make.make_cast says who may see whom."""
    import make

    return make.make_cast()


@pytest.fixture
def client_of(cast):
    """A function: a browser client in which the named member of the cast is logged in.

    The session is as a login leaves it, in a third of the statements.
    """
    from django.contrib import auth
    from django.test import Client

    from backend.sessions import SessionStore

    def log_in(name: str) -> Client:
        client = Client()
        if name != "anon":
            user, session = getattr(cast, name), SessionStore()
            session[auth.SESSION_KEY] = str(user.pk)
            session[auth.BACKEND_SESSION_KEY] = "allauth.account.auth_backends.AuthenticationBackend"
            session[auth.HASH_SESSION_KEY] = user.get_session_auth_hash()
            session.save(must_create=True)
            client.cookies[settings.SESSION_COOKIE_NAME] = session.session_key
        return client

    return log_in
