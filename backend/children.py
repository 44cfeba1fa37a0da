"""Child processes that never outlive the process that started them, however it ends. Standard library only.

Run as a script, this file is the first moment of every child's life: it takes the child's user, asks the
kernel (Linux) for a signal at the parent's death, and becomes the program. A script rather than Popen's
`preexec_fn`, which may deadlock when the parent has threads.
"""

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

PR_SET_PDEATHSIG = 1  # linux/prctl.h
KEPT_LOG_BYTES = 10_000_000


@dataclass(frozen=True, slots=True)
class Account:
    """The user and group that a child runs as."""

    uid: int
    gid: int


def start(
    argv: Sequence[str | Path],
    *,
    log: Path,
    env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    account: Account | None = None,
    inherit: int | None = None,
    at_parents_death: signal.Signals = signal.SIGKILL,
) -> subprocess.Popen[bytes]:
    """Start `argv` in a session of its own, its output appended to `log`.

    The kernel sends it `at_parents_death` when the calling thread ends: call from the main thread. `cwd` is
    entered before the user changes to `account`, so the account need not be able to reach it. `inherit` is a
    file descriptor that the child keeps.
    """
    user = f"{account.uid}:{account.gid}" if account else ""
    tied = [
        sys.executable,
        "-I",
        "-S",
        __file__,
        str(os.getpid()),
        str(int(at_parents_death)),
        user,
        *map(str, argv),
    ]
    with _log_file(log) as output:
        return subprocess.Popen(
            tied,
            env=None if env is None else dict(env),
            cwd=cwd,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=() if inherit is None else (inherit,),
            start_new_session=True,
        )


def stop(process: subprocess.Popen[bytes], signals: Iterable[signal.Signals], *, grace: float) -> None:
    """End the process and its group: each signal in turn, each given `grace` seconds, then SIGKILL."""
    for number in signals:
        if process.poll() is None:
            process.send_signal(number)
            with suppress(subprocess.TimeoutExpired):
                process.wait(grace)
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def last_lines(log: Path, count: int = 15) -> str:
    """The end of a child's log, for a person to read; empty when there is none."""
    try:
        with log.open("rb") as file:
            file.seek(max(0, log.stat().st_size - 16_384))
            return b"\n".join(file.read().splitlines()[-count:]).decode(errors="replace")
    except FileNotFoundError:
        return ""


def die_with(parent: int, number: signal.Signals = signal.SIGKILL) -> None:
    """Have the kernel send this process `number` when `parent` ends; exit at once if it already has.

    A change of user clears the request, so make it afterwards. It survives exec, but not fork.
    """
    if ctypes.CDLL(None, use_errno=True).prctl(PR_SET_PDEATHSIG, int(number), 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG)")
    if os.getppid() != parent:
        os._exit(1)


def _log_file(log: Path) -> BinaryIO:
    log.parent.mkdir(parents=True, exist_ok=True)
    if log.exists() and log.stat().st_size > KEPT_LOG_BYTES:
        log.replace(log.with_suffix(".log.1"))
    return log.open("ab")


def _become(parent: int, number: signal.Signals, user: str, argv: list[str]) -> None:
    for ignored_by_a_shell in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(ignored_by_a_shell, signal.SIG_DFL)
    if user:
        uid, gid = map(int, user.split(":"))
        os.setgroups([])
        os.setgid(gid)
        os.setuid(uid)
    die_with(parent, number)
    os.execvp(argv[0], argv)  # noqa: S606 no shell is wanted


if __name__ == "__main__":
    _become(int(sys.argv[1]), signal.Signals(int(sys.argv[2])), sys.argv[3], sys.argv[4:])
