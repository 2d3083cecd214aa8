import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

UNIT = Path(__file__).parent.parent.parent / "deploy" / "consul-sniff.service"
EXPOSURE = 20  # of 100, as systemd-analyze counts; systemd's own services stand between 20 and 96


@pytest.fixture
def unit(tmp_path):
    """The unit with a program that is there: verify looks for it."""
    if not shutil.which("systemd-analyze"):
        pytest.skip("systemd-analyze is not there: install systemd")
    here = tmp_path / UNIT.name
    here.write_text(UNIT.read_text().replace("/usr/local/bin/consul-sniff", shutil.which("true")))
    return here


def analyze(*words):
    return subprocess.run(["systemd-analyze", *map(str, words)], capture_output=True, text=True, check=False)


def test_the_unit_is_one(unit):
    done = analyze("verify", "--man=no", unit)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_mistake_in_it_would_be_found(unit):
    unit.write_text(unit.read_text().replace("ProtectSystem=strict", "ProtectSystem=sometimes"))
    assert "ignoring: sometimes" in analyze("verify", "--man=no", unit).stderr


def test_it_exposes_little(unit):
    done = analyze("security", "--no-pager", "--offline=true", f"--threshold={EXPOSURE}", unit)
    if "unrecognized option" in done.stderr:
        pytest.skip("this systemd-analyze has no --offline (systemd 250 has)")
    assert done.returncode == 0, done.stdout


def test_its_rights_are_one():
    given = dict(line.split("=", 1) for line in UNIT.read_text().splitlines() if re.match(r"(Ambient|CapabilityBounding)", line))
    assert given == {"AmbientCapabilities": "CAP_NET_RAW", "CapabilityBoundingSet": "CAP_NET_RAW"}


def test_the_program_runs_without_memory_that_can_be_written_and_run(pcaps):
    """MemoryDenyWriteExecute=, as the kernel has it itself (PR_SET_MDWE, Linux 6.3)."""
    code = f"""
import ctypes, os, sys
if ctypes.CDLL(None).prctl(65, 1, 0, 0, 0):
    sys.exit(77)
os.execv(sys.executable, [sys.executable, "-m", "consul_sniff", "analyze", {str(pcaps / "lab/plain-c1.pcap")!r}, "--format", "json", "--quiet"])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    if done.returncode == 77:
        pytest.skip("this kernel has no PR_SET_MDWE (Linux 6.3 has)")
    assert done.returncode == 1, done.stderr
    assert '"gossip' in done.stdout


def groups():
    """systemd's groups of system calls, each with all that its own groups hold."""
    told, here = {}, None
    for line in analyze("syscall-filter").stdout.splitlines():
        if line.startswith("@"):
            here = told.setdefault(line.strip(), [])
        elif line.startswith("    ") and not line.strip().startswith("#") and here is not None:
            here.append(line.strip())

    def calls(name):
        return {call for one in told.get(name, ()) for call in (calls(one) if one.startswith("@") else {one})}

    return {name: calls(name) for name in told}


def test_the_calls_that_the_program_needs_are_left_to_it(unit):
    """The filter of the unit against that of the program itself, and what it calls before it sets that."""
    from consul_sniff.hardening import seccomp

    known = groups()
    if "@known" not in known:
        pytest.skip("this systemd-analyze does not tell its groups")
    left = set(known["@default"])
    for line in unit.read_text().splitlines():
        if line.startswith("SystemCallFilter="):
            words = line.split("=", 1)[1]
            some = {call for word in words.lstrip("~").split() for call in known.get(word, {word})}
            left = left - some if words.startswith("~") else left | some
    before = {"execve", "socket", "bind", "listen", "accept4", "setsockopt", "capset", "landlock_restrict_self", "seccomp"}
    needless = {"mincore", "mseal", "futex_wait", "futex_wake"}  # let through for C libraries to come; they fall back
    assert ({*seccomp.ALLOWED, *seccomp.CONDITIONAL} - needless | before) & known["@known"] - left == set()
