"""A network namespace with one cable in it, a sender, and live runs of the program: what the tests of live capture share."""

from __future__ import annotations

import contextlib
import ctypes
import functools
import itertools
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import time
from pathlib import Path

import pytest

CLONE_NEWNET = 0x40000000
NUMBERS = itertools.count()
QUIET = ("net.ipv6.conf.all.disable_ipv6=1", "net.ipv6.conf.default.disable_ipv6=1")  # no packets of the kernel's own


def shell(*words):
    return subprocess.run(words, capture_output=True, text=True, check=False)


@functools.cache
def refusal():
    """Why there can be no lab here; empty: there can."""
    if os.geteuid() != 0 or not shutil.which("ip"):
        return "network namespaces take root and iproute2"
    made = shell("ip", "netns", "add", f"csprobe{os.getpid()}")
    shell("ip", "netns", "del", f"csprobe{os.getpid()}")
    return "" if made.returncode == 0 else f"no network namespaces here: {made.stderr.strip()}"


@contextlib.contextmanager
def inside(name):
    """This thread is in that network namespace."""
    libc = ctypes.CDLL(None, use_errno=True)
    with Path("/proc/thread-self/ns/net").open() as home, Path(f"/run/netns/{name}").open() as there:
        assert libc.setns(there.fileno(), CLONE_NEWNET) == 0
        try:
            yield
        finally:
            assert libc.setns(home.fileno(), CLONE_NEWNET) == 0


@pytest.fixture
def lab(tmp_path):
    """A `Lab` of this test's own."""
    if refusal():
        pytest.skip(refusal())
    made = Lab(tmp_path)
    yield made
    made.close()


class Lab:
    """Packets sent on ``cs0`` arrive at ``cs1``."""

    def __init__(self, folder):
        self.name = f"cs{os.getpid()}x{next(NUMBERS)}"
        self.folder = folder
        self.runs = []
        assert shell("ip", "netns", "add", self.name).returncode == 0
        for setting in QUIET:
            self.do("sysctl", "-qw", setting)
        self.cable("cs0", "cs1")

    def do(self, *words):
        """A command inside."""
        return shell("ip", "netns", "exec", self.name, *words)

    def ip(self, *words):
        return shell("ip", "-n", self.name, *words)

    def cable(self, one, other):
        assert self.ip("link", "add", one, "type", "veth", "peer", "name", other).returncode == 0
        for end in (one, other):
            assert self.ip("link", "set", end, "mtu", "65535", "up").returncode == 0  # captured before segmentation
        self.carries(other)

    def carries(self, interface):
        """Wait until it does: what is sent before is dropped."""
        deadline = time.monotonic() + 5
        while "LOWER_UP" not in self.ip("link", "show", interface).stdout and time.monotonic() < deadline:
            time.sleep(0.02)

    def inside(self):
        """This thread is in the namespace."""
        return inside(self.name)

    def wire(self, interface="cs0"):
        """A socket that sends frames there."""
        with self.inside():
            sender = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            sender.bind((interface, 0))
        sender.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 << 20)
        return sender

    def replay(self, path, speed=10.0, interface="cs0"):
        """A capture's packets at their own pace, so many times as fast; gives their number."""
        count, begun, start = 0, None, time.monotonic()
        with contextlib.closing(self.wire(interface)) as wire:
            for seconds, packet in records(path):
                begun = seconds if begun is None else begun
                time.sleep(max((seconds - begun) / speed - (time.monotonic() - start), 0))
                count += wire.send(packet) > 0
        return count

    def live(self, *words, stdin=None, env=None):
        """The program's ``live`` on cs1 (unless *words* say where), once its sockets are open."""
        where = () if stdin is not None or "-i" in words else ("-i", "cs1")
        run = Running(self, ["live", *where, *map(str, words)], stdin, env or {})
        self.runs.append(run)
        return run

    def close(self):
        for run in self.runs:
            run.kill()
        shell("ip", "netns", "del", self.name)


class Running:
    """A live run."""

    def __init__(self, lab, words, stdin, env):
        number = len(lab.runs)
        self.out, self.err = lab.folder / f"out{number}", lab.folder / f"err{number}"
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen(["ip", "netns", "exec", lab.name, sys.executable, "-m", "consul_sniff", *words], stdin=stdin, stdout=out,
                                            stderr=err, cwd=lab.folder, env=os.environ | env)
        if stdin is None:
            self.until(lambda: b"capturing on" in self.err.read_bytes() or self._shut_in() or self.process.poll() is not None)

    @property
    def pid(self):
        """`ip netns exec` becomes the program."""
        return self.process.pid

    def until(self, done, seconds=20):
        """Wait for something; whether it came."""
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                return False
            time.sleep(0.02)
        return True

    def confined(self):
        """Wait until root was given up."""
        return self.until(self._shut_in)

    def _shut_in(self):
        return b"Seccomp:\t2" in Path(f"/proc/{self.pid}/status").read_bytes()

    def end(self, number=signal.SIGINT):
        """Signal it (None: only wait): the exit code, and the seconds until it was gone."""
        begun = time.monotonic()
        if number is not None:
            self.process.send_signal(number)
        return self.process.wait(30), time.monotonic() - begun

    def lines(self):
        """The whole lines so far, parsed."""
        import json

        return [json.loads(line) for line in self.out.read_bytes().splitlines(keepends=True) if line.endswith(b"\n")]

    def kinds(self):
        return [line["event"] for line in self.lines()]

    def kill(self):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def records(path):
    """(seconds, packet) of a classic pcap."""
    data = Path(path).read_bytes()
    order = "<" if data[0] in (0xD4, 0x4D) else ">"
    units = 1e9 if data[:4] in (b"\x4d\x3c\xb2\xa1", b"\xa1\xb2\x3c\x4d") else 1e6
    at = 24
    while at + 16 <= len(data):
        seconds, fraction, size, _wire = struct.unpack_from(order + "IIII", data, at)
        yield seconds + fraction / units, data[at + 16:at + 16 + size]
        at += 16 + size


def linktype_and_cut(path):
    """A classic pcap's link type, and whether a packet in it was cut."""
    data = Path(path).read_bytes()
    order = "<" if data[0] in (0xD4, 0x4D) else ">"
    link, at, cut = struct.unpack_from(order + "I", data, 20)[0], 24, False
    while at + 16 <= len(data):
        size, wire = struct.unpack_from(order + "II", data, at + 8)
        cut |= size < wire
        at += 16 + size
    return link & 0xFFFF, cut


def datagram(number, size=20, ports=(40_000, 40_001)):
    """A UDP datagram that nobody knows."""
    udp = struct.pack(">HHHH", *ports, 8 + size, 0) + number.to_bytes(4, "big").ljust(size, b"z")
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 20 + len(udp), number & 0xFFFF, 0, 64, 17, 0, bytes([10, 9, 0, 1]), bytes([10, 9, 0, 2]))
    return b"\x02\0\0\0\0\x01\x02\0\0\0\0\x02\x08\x00" + ip + udp
