"""Processes on other machines (``--cluster``): the same tasks, done by the workers of a dask scheduler.

The workers need this package in the same version, and must be able to open the inputs: by a path that is the same
everywhere, or by URL. Gossip keys go to them with the tasks: use a scheduler over TLS (tls://) or on a trusted network.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any, Self

from ..errors import ConsulSniffError, Interrupted, UsageError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from .jobs import Stopping
    from .split import Result, Task

CONNECT = 10  # seconds to wait for the scheduler, and for its first worker
RETRIES = 3  # of a task that raises; one whose worker is lost is given to another by the scheduler
POLL = 0.5  # seconds between looks at whether somebody wants to stop


class Cluster:
    """A connection to a scheduler. Errors: `UsageError` where it cannot be reached, or nobody works for it."""

    def __init__(self, url: str) -> None:
        try:
            self._dask: Any = import_module("distributed")
        except ImportError as error:
            message = f"--cluster needs the module {error.name}, which is not installed: pip install 'consul-sniff[cluster]'"
            raise UsageError(message) from None
        try:
            self._client: Any = self._dask.Client(url, timeout=CONNECT, set_as_default=False)
        except (OSError, ValueError) as error:
            message = f"--cluster {url}: no scheduler answers there ({error or type(error).__name__})"
            raise UsageError(message) from None
        try:
            self._client.wait_for_workers(1, timeout=CONNECT)
        except TimeoutError:
            self._client.close()
            message = f"--cluster {url}: its scheduler has no workers; start some (dask worker {url})"
            raise UsageError(message) from None
        self.workers = len(self._client.scheduler_info(n_workers=-1)["workers"])

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._client.close()

    def run(self, tasks: Sequence[Task], work: Callable[[Task], Callable[[Task], Result]], *,
            progress: Callable[[str, int], None] | None = None, stopping: Stopping | None = None) -> list[Result | None]:
        """The tasks' results, in their order; None where ``stopping`` came first. ``work``: what goes out for a task.

        Errors: what a task raised; `ConsulSniffError` for one whose workers were lost again and again.
        """
        # scattered, it would be lost with the workers that hold it
        futures = {self._client.submit(_do, work(task), task, retries=RETRIES, pure=False): number
                   for number, task in enumerate(tasks)}
        results: list[Result | None] = [None] * len(tasks)
        open_ = set(futures)
        while open_ and not (stopping is not None and stopping.code):
            for future in self._ended(open_, stopping):
                open_.discard(future)
                number = futures[future]
                results[number] = self._result(future)
                if progress is not None:
                    progress(f"task {number + 1} of {len(tasks)}", tasks[number].told)
        if open_:
            self._client.cancel(list(open_))
        return results

    def _ended(self, futures: set[Any], stopping: Stopping | None) -> set[Any]:
        try:
            if stopping is not None:
                stopping.waiting = True
            with self._client.as_current():
                done: set[Any] = self._dask.wait(futures, timeout=POLL, return_when="FIRST_COMPLETED").done
        except (TimeoutError, Interrupted):
            return set()
        finally:
            if stopping is not None:
                stopping.waiting = False
        return done

    def _result(self, future: Any) -> Result:
        try:
            result: Result = future.result()
        except self._dask.KilledWorker as error:
            message = f"--cluster: {error}".split(". ", maxsplit=1)[0] + "; see the workers' logs (often: too little memory)"
            raise ConsulSniffError(message) from None
        return result


def _do(work: Callable[[Task], Result], task: Task) -> Result:
    """What a worker runs."""
    return work(task)
