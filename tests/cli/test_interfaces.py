import json
import os
import subprocess

import pytest

from consul_sniff.cli import interfaces


def test_loopback_is_listed_with_what_it_has(run):
    done = run("interfaces", "--json")
    assert done.returncode == 0, done.stderr
    rows = {row["name"]: row for row in json.loads(done.stdout)["interfaces"]}
    assert rows["lo"]["link_type"] == "Ethernet"
    assert "127.0.0.1/8" in rows["lo"]["addresses"] or rows["lo"]["state"] == "down"
    assert rows["any"]["link_type"] == "Linux cooked"
    assert {row["may_capture"] for row in rows.values()} == {os.geteuid() == 0} or os.geteuid() != 0
    assert all(bool(row["refusal"]) != row["may_capture"] for row in rows.values())


def test_the_page_has_the_same_rows(run):
    page = run("interfaces").stdout.decode()
    assert page.splitlines()[0].split() == ["interface", "state", "link", "type", "capture", "addresses"]
    assert [line.split()[0] for line in page.splitlines()[1:] if line.startswith(("lo ", "any "))] == ["lo", "any"]


def test_who_may_not_capture_is_told_how_to(monkeypatch, capsys):
    monkeypatch.setattr(interfaces.rights, "refusal", lambda *_: "the right to capture (CAP_NET_RAW) is missing")
    interfaces.interfaces(json=False)
    page = capsys.readouterr().out
    assert "no: the right to capture (CAP_NET_RAW) is missing" in page
    assert "sudo setpriv" in page


@pytest.mark.parametrize(("flags", "expected"), [(0x1043, "up"), (0x1003, "no-carrier"), (0x1002, "down"), (0x40, "down"), (0, "down")])
def test_states(flags, expected):
    assert interfaces._state(flags) == expected


@pytest.mark.skipif(os.geteuid() != 0, reason="interfaces are made by root: run as root")
def test_interfaces_of_several_kinds_as_libpcap_captures_there():
    """In a network namespace of its own: each link type is the one that libpcap gives a handle."""
    import sys

    code = """
import cypcap, sys
from consul_sniff.cli.interfaces import listed
known = {1: "Ethernet", 12: "raw IP", 113: "Linux cooked", 276: "Linux cooked"}  # LINKTYPE_*
for one in listed():
    handle = cypcap.create(one.name)
    try:
        handle.activate()
    except Exception as error:
        print("?", one.name, one.link_type, one.state)
        continue
    got = known[int(handle.datalink())]
    print("same" if got == one.link_type else f"not {got}", one.name, one.link_type, one.state)
"""
    setup = "set -e; ip link set lo up; ip link add v0 type veth peer name v1; ip link set v0 up; ip tuntap add t0 mode tun 2>/dev/null || true; "
    made = subprocess.run(["unshare", "-n", "sh", "-c", setup], capture_output=True, text=True, check=False)
    if made.returncode:
        pytest.skip(f"no network namespace or no veth to be had: {made.stderr.strip()}")
    done = subprocess.run(["unshare", "-n", "sh", "-c", setup + 'exec "$0" -c "$1"', sys.executable, code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    lines = [line.split(maxsplit=2) for line in done.stdout.splitlines()]
    assert [line for line in lines if line[0] == "not"] == []
    told = {name: rest for _, name, rest in lines}
    assert told["v0"] == "Ethernet no-carrier"
    assert told["v1"] == "Ethernet down"
    assert told.get("t0", "raw IP down") == "raw IP down"
