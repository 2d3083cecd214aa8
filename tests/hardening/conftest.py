"""Confinement cannot be undone, so every test of it is a process of its own."""

import json
import os
import pwd
import subprocess
import sys

import pytest

PRELUDE = """
import json, os, socket, sys
from pathlib import Path
from consul_sniff.hardening import OutputDir, confine, identity, process_status
said = {}
def attempt(name, what):
    try:
        said[name] = str(what())
    except Exception as error:
        said[name] = type(error).__name__
"""


@pytest.fixture
def inside(tmp_path):
    """``inside(code, *words)``: run it in a fresh interpreter; what it put in ``said`` comes back."""

    def run(code, *words, **options):
        script = tmp_path / "inside.py"
        script.write_text(PRELUDE + code + "\nsys.stdout.write('\\n' + json.dumps(said))\n")
        done = subprocess.run([sys.executable, str(script), *map(str, words)], capture_output=True, text=True, timeout=120, check=False, **options)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout.splitlines()[-1])

    return run


@pytest.fixture
def nobody(tmp_path):
    """A folder that belongs to nobody, to write to. Only root can make one."""
    if os.geteuid() != 0:
        pytest.skip("giving up root takes root: run as root")
    try:
        entry = pwd.getpwnam("nobody")
    except KeyError:
        pytest.skip("this system has no user nobody")
    folder = tmp_path / "out"
    folder.mkdir(mode=0o700)
    os.chown(folder, entry.pw_uid, entry.pw_gid)
    return folder
