"""The program as a user runs it: a process of its own."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from .following import folder as folder  # noqa: PLC0414 - fixtures, for whoever asks
from .following import follow as follow  # noqa: PLC0414

PCAPS = Path(__file__).parent.parent.parent / "pcaps"


@pytest.fixture
def run(tmp_path):
    """``run("analyze", "x.pcap")`` in an empty folder; a relative ``pcaps/...`` argument is that of the project."""

    def call(*words, stdin=None, env=None):
        words = [str(PCAPS.parent / word) if str(word).startswith("pcaps/") else str(word) for word in words]
        environment = {k: v for k, v in os.environ.items() if k not in ("NO_COLOR", "FORCE_COLOR")} | (env or {})
        return subprocess.run([sys.executable, "-m", "consul_sniff", *words], cwd=tmp_path, input=stdin, capture_output=True,
                              env=environment, timeout=120, check=False)

    return call
