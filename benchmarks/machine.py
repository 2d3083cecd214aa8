"""What it was measured on."""

from __future__ import annotations

import os
import platform
from pathlib import Path


def about() -> dict[str, str]:
    """The machine, as far as it tells."""
    load = " ".join(f"{one:.1f}" for one in os.getloadavg())
    return {"processor": _processor(), "cores": str(len(os.sched_getaffinity(0))), "memory": _memory(),
            "system": f"{platform.system()} {platform.release()}", "python": platform.python_version(),
            "load before": load}


def _processor() -> str:
    for line in _lines("/proc/cpuinfo"):
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory() -> str:
    for line in _lines("/proc/meminfo"):
        if line.startswith("MemTotal"):
            return f"{int(line.split()[1]) / 1024 / 1024:.0f} GiB"
    return "?"


def _lines(path: str) -> list[str]:
    try:
        return Path(path).read_text().splitlines()
    except OSError:
        return []
