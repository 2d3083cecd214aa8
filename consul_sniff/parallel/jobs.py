"""Processes on this machine (``--jobs``): forked before anything heavy runs, each given one task after another.

A worker that dies is replaced and its task done again, once. Signals are the parent's: it tells the workers to stop, and
joins what they have.
"""

from __future__ import annotations

import fcntl
import gc
import os
import pickle
import select
import signal
import struct
from contextlib import suppress
from typing import TYPE_CHECKING, NamedTuple, NoReturn, Protocol

from ..errors import ConsulSniffError, Interrupted

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .split import Result, Task

    Work = Callable[[Task, "Progress | None", "Stopping"], Result]

HEADER = struct.Struct("<Q")
NUMBER = struct.Struct("<I")
CHUNK = 1 << 20
ENDS = {signal.SIGINT, signal.SIGTERM}
TRIES = 2  # of a task
STEP = 16 << 20  # bytes from one word of progress to the next


class Stopping(Protocol):
    """Somebody who may want the run to end early (the pipeline's)."""

    waiting: bool

    @property
    def code(self) -> int: ...


class Worker(NamedTuple):
    """A process, where its tasks' numbers go in and its answers come out, and the answer so far."""

    pid: int
    tasks: int
    answers: int
    so_far: bytearray


class Told:
    """A worker's own `Stopping`: the parent sends TERM, or is gone."""

    def __init__(self, parent: int) -> None:
        self.waiting = False
        self._parent = parent
        self._stopped = False

    @property
    def code(self) -> int:
        return int(self._stopped or os.getppid() != self._parent)

    def stop(self, _number: int, _frame: object) -> None:
        self._stopped = True
        if self.waiting:
            raise Interrupted


class Progress:
    """Tells the parent how far a worker is, where that is some way on: the parent is to leave the processors to its workers."""

    def __init__(self, answers: int) -> None:
        self._answers = answers
        self._told: tuple[str, int] = "", 0

    def __call__(self, path: str, position: int) -> None:
        before, last = self._told
        if path != before or not 0 <= position - last < STEP:
            self._told = path, position
            _send(self._answers, ("progress", path, position))


def run(tasks: Sequence[Task], work: Work, jobs: int, *,
        progress: Callable[[str, int], None] | None = None, stopping: Stopping | None = None) -> list[Result | None]:
    """The tasks' results, in their order; None where ``stopping`` came before a task was begun.

    ``work`` runs in a worker and may raise any `ConsulSniffError`, which is raised here. Errors: `ConsulSniffError` for a
    task that ends its process twice.
    """
    pool = _Pool(tasks, work, progress, stopping)
    try:
        pool.grow(min(jobs, len(tasks)))
        while pool.busy:
            pool.wait()
    finally:
        pool.close()
    return pool.results


class _Pool:
    """The workers, what each is at, and what is still to be done."""

    def __init__(self, tasks: Sequence[Task], work: Work,
                 progress: Callable[[str, int], None] | None, stopping: Stopping | None) -> None:
        self.tasks = tasks
        self.work = work
        self.progress = progress
        self.stopping = stopping
        self.results: list[Result | None] = [None] * len(tasks)
        self.open = sorted(range(len(tasks)), key=lambda number: (tasks[number].size, -number))  # the largest last
        self.tries = [0] * len(tasks)
        self.workers: dict[int, Worker] = {}  # by the descriptor of their answers
        self.busy: dict[int, int] = {}  # its task
        self.told = False

    def grow(self, count: int) -> None:
        for _ in range(count):
            worker = self.fork()
            self.workers[worker.answers] = worker
            self.give(worker)

    def fork(self) -> Worker:
        numbers, tasks = os.pipe()
        answers, results = os.pipe()
        with suppress(OSError, AttributeError):  # more than the system lets have; only Linux has it
            fcntl.fcntl(results, fcntl.F_SETPIPE_SZ, CHUNK)  # or parent and worker take turns for each 64 KB
        parent = os.getpid()
        signal.pthread_sigmask(signal.SIG_BLOCK, ENDS)  # until the child has handlers of its own
        pid = os.fork()
        if pid:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)
            os.close(numbers)
            os.close(results)
            return Worker(pid, tasks, answers, bytearray())
        for other in self.workers.values():
            os.close(other.tasks)
            os.close(other.answers)
        os.close(tasks)
        os.close(answers)
        return _child(numbers, results, self.tasks, self.work, None if self.progress is None else Progress(results), Told(parent))

    def give(self, worker: Worker) -> None:
        """The next task, if there is one."""
        if self.open:
            number = self.open.pop()
            self.tries[number] += 1
            self.busy[worker.answers] = number
            with suppress(BrokenPipeError):  # it died; its answers will end
                os.write(worker.tasks, NUMBER.pack(number))

    def wait(self) -> None:
        """Until a worker says something, or somebody wants to stop."""
        stopping = self.stopping
        if stopping is not None and stopping.code and not self.told:
            self.told = True
            self.open.clear()
            for worker in self.workers.values():
                os.kill(worker.pid, signal.SIGTERM)
        try:
            if stopping is not None:
                stopping.waiting = not self.told
            ready, _, _ = select.select(list(self.busy), [], [])
        except Interrupted:
            return
        finally:
            if stopping is not None:
                stopping.waiting = False
        for answers in ready:
            self.read(self.workers[answers])

    def read(self, worker: Worker) -> None:
        data = os.read(worker.answers, CHUNK)
        if not data:
            self.lost(worker)
            return
        worker.so_far.extend(data)
        while len(worker.so_far) >= HEADER.size:
            end = HEADER.size + HEADER.unpack_from(worker.so_far)[0]
            if len(worker.so_far) < end:
                return
            kind, *said = pickle.loads(memoryview(worker.so_far)[HEADER.size:end].tobytes())  # noqa: S301 - our own child's
            del worker.so_far[:end]
            self.hear(worker, kind, said)

    def hear(self, worker: Worker, kind: str, said: list[object]) -> None:
        if kind == "progress":
            if self.progress is not None:
                self.progress(*said)  # type: ignore[arg-type]
        elif kind == "error":
            raise said[0]  # type: ignore[misc]
        else:
            self.results[self.busy.pop(worker.answers)] = said[0]  # type: ignore[call-overload]
            self.give(worker)

    def lost(self, worker: Worker) -> None:
        """It died: its task is done again, by a new one."""
        del self.workers[worker.answers]
        os.close(worker.tasks)
        os.close(worker.answers)
        _, status = os.waitpid(worker.pid, 0)
        number = self.busy.pop(worker.answers)
        if self.told:
            return
        if self.tries[number] >= TRIES:
            how = f"was ended by signal {os.WTERMSIG(status)}" if os.WIFSIGNALED(status) else "ended by itself"
            raise ConsulSniffError(f"a worker process {how}, and so was the one after it: try --jobs 1, and see the "
                                   f"system's log for what ends processes (often: too little memory)")
        self.open.append(number)
        self.grow(1)

    def close(self) -> None:
        """End all workers: those that have nothing to do, and, after an error, those that have."""
        for worker in self.workers.values():
            os.close(worker.tasks)
            if worker.answers in self.busy:
                os.kill(worker.pid, signal.SIGKILL)
            os.close(worker.answers)
            os.waitpid(worker.pid, 0)
        self.workers.clear()


def _child(numbers: int, results: int, tasks: Sequence[Task], work: Work, progress: Progress | None, told: Told) -> NoReturn:
    """A worker's life: never returns, and leaves nothing of the parent's behind (buffers, handlers at exit)."""
    status = 1
    try:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, told.stop)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, ENDS)
        while number := os.read(numbers, NUMBER.size):
            task = tasks[NUMBER.unpack(number)[0]]
            try:
                result = work(task, progress, told)
            except ConsulSniffError as error:
                _send(results, ("error", error))
            else:
                _send(results, ("result", result))
        status = 0
    except (Interrupted, BrokenPipeError):
        pass  # nobody wants the answer
    except BaseException:  # noqa: BLE001 - the child must end here, with its traceback
        import traceback

        os.write(2, traceback.format_exc().encode())
    finally:
        os._exit(status)


def _send(descriptor: int, said: object) -> None:
    gc.disable()  # it would go through all that was learnt, again and again
    data = pickle.dumps(said, protocol=pickle.HIGHEST_PROTOCOL)
    gc.enable()
    left = memoryview(HEADER.pack(len(data)) + data)
    while left:
        left = left[os.write(descriptor, left):]
