"""What the confinement is worth on this machine: a forked child confines itself and then tries to get out."""

from __future__ import annotations

import json
import os
import signal
from typing import TYPE_CHECKING, Final, NamedTuple

from ..errors import ConsulSniffError
from . import kernel
from .confinement import confine
from .status import Confinement, Mechanism

if TYPE_CHECKING:
    from collections.abc import Callable

SECONDS: Final = 20  # for the child; it takes milliseconds
_ANSWER: Final = 65_536


class Probed(NamedTuple):
    """``confinement``: None where the child could not say, then ``error`` tells why; ``tried``: attempt -> was it refused."""

    confinement: Confinement | None
    tried: dict[str, bool]
    error: str = ""


def probe(user: str | None = "nobody") -> Probed:
    """Fork, confine the child, try from inside; this process is left as it is."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        _child(user, writing)
    os.close(writing)
    with os.fdopen(reading, "rb") as pipe:
        answer = pipe.read(_ANSWER)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        return Probed(None, {}, f"the confined child ended by {signal.Signals(os.WTERMSIG(status)).name}")
    try:
        told = json.loads(answer)
    except ValueError:
        return Probed(None, {}, "the confined child ended without a word")
    if "error" in told:
        return Probed(None, {}, told["error"])
    return Probed(Confinement(told["user"], tuple(Mechanism(*one) for one in told["mechanisms"])), told["tried"])


def _child(user: str | None, writing: int) -> None:
    signal.alarm(SECONDS)
    try:
        try:
            confinement = confine(user)
            told: dict[str, object] = {"user": confinement.user, "mechanisms": confinement.mechanisms, "tried": attempts()}
        except ConsulSniffError as error:
            told = {"error": str(error)}
        except Exception as error:  # noqa: BLE001 - a bug of ours, told by the parent and not from two processes at once
            told = {"error": f"{type(error).__name__}: {error}"}
        os.write(writing, json.dumps(told).encode())
    finally:
        os._exit(0)


def attempts() -> dict[str, bool]:
    """Try what a parser that was taken over would try; True: refused. Harmless where it is not, except to this process."""
    return {name: _refused(attempt) for name, attempt in _ATTEMPTS.items()}


def _refused(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except PermissionError:
        return True
    except OSError:
        return False  # it got past the gate and failed for another reason
    return False


def _read() -> None:
    os.close(os.open("/etc/passwd", os.O_RDONLY))


def _write() -> None:
    name = f"/tmp/.consul-sniff-{os.urandom(6).hex()}"  # noqa: S108 - refused if all is well, else removed at once
    os.close(os.open(name, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    os.unlink(name)  # noqa: PTH108 - no Path is wanted


def _socket() -> None:
    import socket

    socket.socket(socket.AF_INET, socket.SOCK_DGRAM).close()


def _fork() -> None:
    child = os.fork()
    if not child:
        os._exit(0)
    os.waitpid(child, 0)


def _execute() -> None:
    os.execv("/nonexistent", ["/nonexistent"])  # noqa: S606 - refused before the path is looked at, or not there


def _trace() -> None:
    kernel.trace_me()


def _root() -> None:
    os.setuid(0)


_ATTEMPTS: Final[dict[str, Callable[[], object]]] = {
    "read another file": _read, "write another file": _write, "open a socket": _socket, "start a process": _fork,
    "run a program": _execute, "trace a process": _trace, "become root": _root,
}
