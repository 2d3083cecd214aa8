import os
import subprocess
import sys

import pytest

from consul_sniff.cli import rights


def test_the_kernel_is_asked(monkeypatch):
    import socket

    def refuse(*_):
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(socket, "socket", refuse)
    assert rights.refusal() == "the right to capture (CAP_NET_RAW) is missing"


@pytest.mark.skipif(os.geteuid() != 0, reason="the right to capture: run as root")
def test_an_interface_that_is_not_there_is_told():
    assert rights.refusal("no-such-one") == "No such device"
    assert rights.refusal("lo") == ""


def test_the_commands_name_the_program_as_it_was_called(monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/opt/a b/consul-sniff", "doctor"])
    assert all("'/opt/a b/consul-sniff' live -i eth0" in command for command, _ in rights.remedies("eth0"))
    monkeypatch.setattr(sys, "argv", ["/opt/x/__main__.py"])
    assert all(f"{sys.executable} -m consul_sniff live -i IFACE" in command for command, _ in rights.remedies())


@pytest.mark.skipif(os.geteuid() != 0, reason="giving one right takes all: run as root")
def test_the_command_gives_the_right_and_nothing_else():
    """The part of it before the program, as another user; `sudo` is us."""
    command = rights.remedies()[0][0]
    words = command.replace(f"--reuid={os.getuid()}", "--reuid=65534").replace(f"--regid={os.getgid()}", "--regid=65534").split()
    words = words[1:words.index("--") + 1]
    try:
        done = subprocess.run([*words, "grep", "Cap", "/proc/self/status"], capture_output=True, text=True, check=True)
    except FileNotFoundError:
        pytest.skip("setpriv (util-linux) is not there")
    given = dict(line.split(":\t") for line in done.stdout.splitlines())
    assert given["CapEff"] == given["CapPrm"] == given["CapAmb"] == "0000000000002000"
