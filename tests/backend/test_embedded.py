"""The servers out of pip packages: whose they are, what survives, and what they leave alone."""

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from redis import Redis

from backend import embedded

CHECKOUT = Path(embedded.__file__).parent.parent


@pytest.fixture(scope="module")
def running() -> Iterator[embedded.Servers]:
    with (
        tempfile.TemporaryDirectory() as data_dir,
        embedded.servers(Path(data_dir), durable=False) as servers,
    ):
        yield servers


@pytest.fixture
def home() -> Iterator[Path]:
    """A folder that only its owner can enter, as root's home is."""
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder)


def processes_in(folder: Path) -> list[str]:
    """Every process that works anywhere below `folder`."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "cwd").readlink().is_relative_to(folder):
                found.append((entry / "cmdline").read_text())
        except OSError:
            continue
    return found


def wait_until_empty(folder: Path, seconds: float = 30) -> list[str]:
    deadline = time.monotonic() + seconds
    while (left := processes_in(folder)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return left


def modes_and_owners(*folders: Path) -> dict[Path, tuple[int, int, int]]:
    kept = {}
    for folder in {parent for each in folders for parent in (each, *each.parents)}:
        status = folder.stat()
        kept[folder] = (stat.S_IMODE(status.st_mode), status.st_uid, status.st_gid)
    return kept


@pytest.mark.parametrize(
    ("role", "expected"),
    [("pollux_owner", (False, False, True, True)), ("pollux_app", (False, False, False, True))],
)
def test_role_has_no_more_power_than_it_needs(running, role, expected):
    with psycopg.connect(running.environment["DATABASE_URL"]) as connection:
        row = connection.execute(
            "SELECT rolsuper, rolbypassrls, rolcreatedb, rolcanlogin FROM pg_roles WHERE rolname = %s", [role]
        ).fetchone()
    assert row == expected


def test_database_belongs_to_the_owner_role_and_keeps_every_letter(running):
    with psycopg.connect(running.environment["DATABASE_OWNER_URL"]) as connection:
        row = connection.execute(
            "SELECT pg_get_userbyid(datdba), pg_encoding_to_char(encoding), upper('é') FROM pg_database "
            "WHERE datname = current_database()"
        ).fetchone()
    assert row == ("pollux_owner", "UTF8", "É")


@pytest.mark.parametrize("database", ["pollux", "another"])
def test_app_role_uses_what_the_owner_makes_but_makes_nothing(running, database):
    with psycopg.connect(running.environment["DATABASE_OWNER_URL"], autocommit=True) as owner:
        if database == "another":
            owner.execute("CREATE DATABASE another")
    with psycopg.connect(
        running.environment["DATABASE_OWNER_URL"], dbname=database, autocommit=True
    ) as owner:
        owner.execute("CREATE TABLE weights (id serial, kg float)")
    with psycopg.connect(running.environment["DATABASE_URL"], dbname=database, autocommit=True) as app:
        app.execute("INSERT INTO weights (kg) VALUES (81.35), (82)")
        app.execute("UPDATE weights SET kg = 83 WHERE id = 2")
        app.execute("DELETE FROM weights WHERE id = 1")
        app.execute("CREATE TEMPORARY TABLE batch (kg float)")
        assert app.execute("SELECT id, kg FROM weights").fetchall() == [(2, 83.0)]
        for forbidden in (
            "CREATE TABLE mine ()",
            "ALTER TABLE weights ADD COLUMN lb float",
            "TRUNCATE weights",
        ):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(forbidden)


def test_servers_listen_on_private_sockets_only(running):
    with psycopg.connect(running.environment["DATABASE_URL"]) as connection:
        assert connection.execute("SHOW listen_addresses").fetchone() == ("",)
    with Redis.from_url(running.environment["REDIS_URL"]) as client:
        assert client.config_get("port") == {"port": "0"}
        socket = Path(client.connection_pool.connection_kwargs["path"])
    assert stat.S_IMODE(socket.parent.stat().st_mode) == 0o700


def test_servers_never_run_as_root(running):
    uids = {Path(f"/proc/{process.pid}").stat().st_uid for process in running.processes.values()}
    assert len(uids) == 1
    assert 0 not in uids


def test_log_of_a_failed_statement_holds_none_of_its_values(running):
    with psycopg.connect(running.environment["DATABASE_OWNER_URL"], autocommit=True) as connection:
        connection.execute("CREATE TABLE secrets (value text PRIMARY KEY)")
        connection.execute("INSERT INTO secrets VALUES ('hba1c 9.1')")
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute("INSERT INTO secrets VALUES ('hba1c 9.1')")
        postgres = Path(f"/proc/{running.processes['postgres'].pid}/cwd").readlink()
    log = (postgres.parent / "logs" / "postgres.log").read_text()
    assert "duplicate key" in log
    assert "hba1c" not in log


def test_data_survives_an_orderly_end(home):
    with embedded.servers(home) as servers:
        with psycopg.connect(servers.environment["DATABASE_OWNER_URL"], autocommit=True) as connection:
            connection.execute("CREATE TABLE kept AS SELECT 42 AS value")
        with Redis.from_url(servers.environment["REDIS_URL"]) as client:
            client.lpush("celery", "task")
    assert processes_in(home) == []
    with embedded.servers(home) as servers:
        with psycopg.connect(servers.environment["DATABASE_URL"]) as connection:
            assert connection.execute("SELECT value FROM kept").fetchone() == (42,)
        with Redis.from_url(servers.environment["REDIS_URL"]) as client:
            assert client.lrange("celery", 0, -1) == [b"task"]


def test_kill_minus_nine_leaves_nothing_running_and_keeps_the_data(home):
    program = (
        "import pathlib, sys, time, psycopg, redis\n"
        "from backend import embedded\n"
        "with embedded.servers(pathlib.Path(sys.argv[1])) as servers:\n"
        "    with psycopg.connect(servers.environment['DATABASE_OWNER_URL'], autocommit=True) as owner:\n"
        "        owner.execute('CREATE TABLE kept AS SELECT 42 AS value')\n"
        "    redis.Redis.from_url(servers.environment['REDIS_URL']).lpush('celery', 'task')\n"
        "    time.sleep(1.1)\n"  # Redis flushes its log once a second
        "    print('ready', flush=True)\n"
        "    time.sleep(60)\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program, str(home)], cwd=CHECKOUT, stdout=subprocess.PIPE
    )
    with parent:
        assert parent.stdout.readline() == b"ready\n"
        assert len(processes_in(home)) > 2
        parent.send_signal(signal.SIGKILL)
    assert wait_until_empty(home) == []
    abandoned = (home / "sockets").readlink()
    with embedded.servers(home) as servers:
        assert not abandoned.exists()
        with psycopg.connect(servers.environment["DATABASE_URL"]) as connection:
            assert connection.execute("SELECT value FROM kept").fetchone() == (42,)
        with Redis.from_url(servers.environment["REDIS_URL"]) as client:
            assert client.lrange("celery", 0, -1) == [b"task"]


def test_pid_file_of_a_living_stranger_does_not_matter(home):
    with embedded.servers(home, redis=False, durable=False) as servers:
        lines = (home / "postgres" / "postmaster.pid").read_text().splitlines()
        uid = Path(f"/proc/{servers.processes['postgres'].pid}").stat().st_uid
    # Same user, so that PostgreSQL on its own would take it for a running server.
    stranger = subprocess.Popen(["/bin/sleep", "60"], user=uid if os.geteuid() == 0 else None)
    try:
        (home / "postgres" / "postmaster.pid").write_text("\n".join([str(stranger.pid), *lines[1:]]) + "\n")
        with embedded.servers(home, redis=False, durable=False) as servers:
            assert list(servers.processes) == ["postgres"]
    finally:
        stranger.kill()
        stranger.wait()


def test_interrupted_creation_begins_again(home):
    (home / "postgres.new" / "base").mkdir(parents=True)
    with (
        embedded.servers(home, redis=False, durable=False) as servers,
        psycopg.connect(servers.environment["DATABASE_URL"]),
    ):
        assert not (home / "postgres.new").exists()


def test_unfinished_roles_are_finished_at_the_next_start(home):
    with (
        embedded.servers(home, redis=False, durable=False),
        psycopg.connect(
            host=str(home / "sockets"), user="postgres", dbname="template1", autocommit=True
        ) as connection,
    ):
        connection.execute("DROP DATABASE pollux")
        connection.execute("DROP OWNED BY pollux_app, pollux_owner")
        connection.execute("DROP ROLE pollux_app")
    with (
        embedded.servers(home, redis=False, durable=False) as servers,
        psycopg.connect(servers.environment["DATABASE_URL"]),
    ):
        pass


def test_deep_data_folder_works_without_a_runtime_folder(home, monkeypatch):
    monkeypatch.delenv("XDG_RUNTIME_DIR", raising=False)
    deep = home / ("d" * 100) / ("e" * 100)
    with (
        embedded.servers(deep, durable=False) as servers,
        psycopg.connect(servers.environment["DATABASE_URL"]),
    ):
        assert len(servers.environment["REDIS_URL"]) < 107


def test_no_existing_folder_changes_its_mode_or_owner(home):
    before = modes_and_owners(home, CHECKOUT, Path(sys.prefix), embedded.SOCKETS_PARENT, Path("/var/cache"))
    assert before[home][0] == 0o700
    with embedded.servers(home / "data", durable=False):
        during = modes_and_owners(*before)
    assert during == before
    assert modes_and_owners(*before) == before


def test_stray_variables_of_other_servers_do_not_reach_ours(home, monkeypatch):
    for name, value in {"PGPORT": "1", "PGDATA": "/nonexistent", "LC_ALL": "xx_XX"}.items():
        monkeypatch.setenv(name, value)
    servers = embedded.servers(home, redis=False, durable=False)
    with servers as running, psycopg.connect(running.environment["DATABASE_URL"]) as connection:
        assert connection.execute("SHOW lc_messages").fetchone() == ("C",)


def test_data_in_use_is_refused_in_one_line(home):
    with embedded.servers(home, postgres=False) as servers:
        assert list(servers.environment) == ["REDIS_URL"]
        refused = pytest.raises(embedded.CannotStart, match="is in use by another run; set DATA_DIR")
        with refused as refusal, embedded.servers(home):
            pass
    assert "\n" not in str(refusal.value)


def test_data_folder_that_cannot_be_made_is_refused_in_one_line(home):
    (home / "file").touch()
    refused = pytest.raises(embedded.CannotStart, match="cannot be made, set DATA_DIR: Not a directory")
    with refused, embedded.servers(home / "file" / "data"):
        pass


def test_server_that_cannot_start_shows_its_last_words(home):
    with embedded.servers(home, redis=False, durable=False):
        pass
    with (home / "postgres" / "postgresql.conf").open("a") as configuration:
        configuration.write("work_mem = much\n")
    with (
        pytest.raises(embedded.CannotStart, match="work_mem"),
        embedded.servers(home, redis=False, durable=False),
    ):
        pass
    assert processes_in(home) == []


def test_copy_of_the_programs_can_be_run_by_anyone(home):
    """Root's copy must not inherit a strict umask, nor modes that only root could read."""
    site, _, redis_program = embedded._packages()
    copies = home / "cache"
    before = os.umask(0o077)
    try:
        embedded._copy_programs(site, redis_program, copies / "programs")
    finally:
        os.umask(before)
    copied = [copies, *copies.rglob("*")]
    assert {stat.S_IMODE(path.stat().st_mode) for path in copied} <= {0o755, 0o644}
    assert stat.S_IMODE((copies / "programs" / redis_program).stat().st_mode) == 0o755
    assert [path.name for path in copies.iterdir()] == ["programs"]
    initdb = next((copies / "programs").rglob("initdb"))
    assert "18" in subprocess.run([initdb, "--version"], capture_output=True, text=True, check=True).stdout
    shutil.rmtree(copies)
