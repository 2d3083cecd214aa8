"""A progress bar on standard error for inputs that take long; nothing for those that do not."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from rich.progress import Progress as Bar
    from rich.progress import TaskID

QUICK = 1.0  # seconds of work before a bar is worth showing


class Progress:
    """Told how far each input is; draws from the second second on. Sizes are those of the files on disk."""

    def __init__(self, paths: list[str], *, wanted: bool) -> None:
        self.wanted = wanted
        self._started = time.monotonic()
        self._paths = paths
        self._bar: Bar | None = None
        self._task: TaskID | None = None
        self._read: dict[str, int] = {}  # by path: several may be read at once
        self._sum = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._bar is not None:
            self._bar.stop()

    def update(self, path: str, position: int) -> None:
        """``position`` bytes of the input ``path`` are read."""
        self._sum += position - self._read.get(path, 0)
        self._read[path] = position
        if self._bar is None and time.monotonic() - self._started < QUICK:
            return
        if self._bar is None:
            self._open()
        assert self._bar is not None
        assert self._task is not None
        self._bar.update(self._task, completed=self._sum, description=Path(path).name[:40])

    def _open(self) -> None:
        from rich.console import Console
        from rich.progress import (
            BarColumn,
            DownloadColumn,
            Progress,
            TextColumn,
            TimeRemainingColumn,
            TransferSpeedColumn,
        )

        total = 0
        for path in self._paths:
            total += sum(f.stat().st_size for f in Path(path).rglob("*") if f.is_file()) if Path(path).is_dir() else (
                Path(path).stat().st_size if Path(path).is_file() else 0)
        self._bar = Progress(TextColumn("{task.description}", markup=False), BarColumn(), DownloadColumn(), TransferSpeedColumn(),
                             TimeRemainingColumn(), console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task("", total=total or None)
        self._bar.start()
