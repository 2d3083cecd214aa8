"""A run of ``analyze --follow`` as a user has it, and the folder that it reads."""

import json
import re
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ..live_lab import Running

PLAIN = Path(__file__).parent.parent.parent / "pcaps" / "lab" / "plain-c1.pcap"
SECURE = PLAIN.with_name("secure-c1.pcap")
#: the program, but a state is saved twenty times a second
HASTY = "import sys; from consul_sniff.cli import follow_state as s; s.EVERY = 0.05; s.BUSY_SHARE = 1; from consul_sniff.__main__ import main; main()"


class Followed:
    """A run of ``analyze --follow``."""

    number = 0

    def __init__(self, folder, *words, hasty=False):
        Followed.number += 1
        self.out, self.err = folder.parent / f"out{self.number}", folder.parent / f"err{self.number}"
        program = ["-c", HASTY] if hasty else ["-m", "consul_sniff"]
        with self.out.open("wb") as out, self.err.open("wb") as err:
            self.process = subprocess.Popen([sys.executable, *program, "analyze", "--follow", *map(str, words)], stdout=out, stderr=err, cwd=folder.parent)

    until, lines, kinds, end = Running.until, Running.lines, Running.kinds, Running.end

    def packets(self, count):
        """Wait until so many were read, as its counters (USR1) say."""
        return self.counted(lambda read: read == count)

    def counted(self, enough):
        """Wait until its counters (USR1) say enough packets."""
        def asked():
            said = self.err.read_bytes()
            if (b": reading " in said or b": going on " in said) and self.process.poll() is None:  # it listens to signals by then
                self.process.send_signal(signal.SIGUSR1)
            time.sleep(0.1)
            read = re.findall(rb"packets (\d+), ", self.err.read_bytes())
            return bool(read) and enough(int(read[-1]))

        return self.until(asked)

    def kill(self):
        self.process.kill()
        self.process.wait()

    def report(self):
        return self.lines()[-1]["report"]


@pytest.fixture
def folder(tmp_path):
    """A folder that whoever root becomes may read and write in; below it are the captures."""
    for path in (tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o755)
    (tmp_path / "state").mkdir()
    (tmp_path / "state").chmod(0o777)
    made = tmp_path / "caps"
    made.mkdir()
    made.chmod(0o777)
    return made


@pytest.fixture
def follow(folder):
    runs = []

    def start(*words, **how):
        runs.append(Followed(folder, *words, **how))
        return runs[-1]

    yield start
    for run in runs:
        run.kill()


def analyzed(path):
    done = subprocess.run([sys.executable, "-m", "consul_sniff", "analyze", str(path), "--format", "json", "-q"], capture_output=True, check=False, timeout=120)
    return json.loads(done.stdout)


def statuses(report):
    return {one["id"]: one["status"] for one in report["controls"]}


def grow(path, data, pieces=30):
    size = len(data) // pieces + 1
    for at in range(0, len(data), size):
        with path.open("ab") as file:
            file.write(data[at:at + size])
        time.sleep(0.01)
