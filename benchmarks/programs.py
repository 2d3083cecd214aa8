"""Who runs: this program, its peers where they are installed, and the base line."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

HERE = Path(__file__).resolve().parent
FILTER = "port 8301"
DISPLAY = "tcp.port == 8300 || tcp.port == 8301 || udp.port == 8301"
READ, OURS = "read", "consul-sniff"


class Program(NamedTuple):
    """A program, and how many packets it is given: ``most`` and then its time is scaled up."""

    name: str
    command: tuple[str, ...]  # {} is the capture
    version: str
    most: int | None = None
    good: tuple[int, ...] = (0,)

    def on(self, path: Path) -> tuple[str, ...]:
        return tuple(part.replace("{}", str(path)) for part in self.command)


def environment(tree: Path) -> dict[str, str]:
    """The surroundings of all of them; this program comes from *tree*."""
    return {**os.environ, "PYTHONPATH": str(tree), "LC_ALL": "C", "PYTHONDONTWRITEBYTECODE": ""}


def ours(tree: Path, jobs: int | None) -> Program:
    """This program: whole process, JSON report."""
    options = ("--jobs", str(jobs)) if jobs is not None else ()
    name = OURS if jobs in {None, 1} else f"{OURS} --jobs {jobs}"
    command = (sys.executable, "-m", "consul_sniff", "analyze", "--quiet", *options, "--format", "json", "{}")
    return Program(name, command, ours_version(tree), good=(0, 1, 4))


def ours_version(tree: Path) -> str:
    """The version, and which screen runs."""
    code = "import consul_sniff as c; from consul_sniff.screen import compiled; print(c.__version__, compiled)"
    words = _said([sys.executable, "-c", code], tree).split()
    return f"{words[0]}, {'compiled' if words[1:] == ['True'] else 'UNCOMPILED'} screen" if words else "does not run"


def takes_jobs(tree: Path) -> bool:
    """Whether this tree's program has --jobs."""
    return "--jobs" in _said([sys.executable, "-m", "consul_sniff", "analyze", "--help"], tree)


def peers(tree: Path) -> list[Program]:
    """The base line and every peer that is installed, fastest first."""
    found = [Program(READ, ("cat", "{}"), "")]
    if shutil.which("tcpdump"):
        version = _version(["tcpdump", "--version"], r"tcpdump version (\S+)", tree)
        libpcap = _version(["tcpdump", "--version"], r"libpcap version (\S+)", tree)
        found.append(Program("tcpdump", ("tcpdump", "-n", "-r", "{}", "-w", os.devnull, FILTER), f"{version}, libpcap {libpcap}"))
    if shutil.which("ndpiReader"):
        version = _version(["ndpiReader", "-h"], r"nDPI (\S+)", tree)
        found.append(Program("ndpiReader", ("ndpiReader", "-q", "-i", "{}"), version))
    if importlib.util.find_spec("dpkt"):
        found.append(Program("dpkt", (sys.executable, str(HERE / "peers_dpkt.py"), "{}"),
                             importlib.metadata.version("dpkt"), most=200_000))
    if shutil.which("tshark"):
        version = _version(["tshark", "--version"], r"TShark \(Wireshark\) (\S+?)\.?\s", tree)
        found.append(Program("tshark", ("tshark", "-n", "-r", "{}", "-Y", DISPLAY), version, most=200_000))
    if importlib.util.find_spec("scapy"):
        version = importlib.metadata.version("scapy")
        command = (sys.executable, str(HERE / "peers_scapy.py"), "{}")
        found.append(Program("Scapy RawPcapReader", (*command, "raw"), version, most=100_000))
        found.append(Program("Scapy PcapReader", command, version, most=10_000))
    return found


def _version(command: list[str], pattern: str, tree: Path) -> str:
    found = re.search(pattern, _said(command, tree))
    return found.group(1) if found else "?"


def _said(command: list[str], tree: Path) -> str:
    done = subprocess.run(command, capture_output=True, text=True, check=False, env=environment(tree), cwd=tree)  # noqa: S603 - no shell
    return done.stdout + done.stderr
