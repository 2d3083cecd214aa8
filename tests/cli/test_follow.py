"""``analyze --follow`` and ``live -r -`` as a user runs them: real files that grow, real rotation, real kills."""

import contextlib
import json
import os
import pty
import random
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ..live_lab import Running, datagram, records

PLAIN = Path(__file__).parent.parent.parent / "pcaps" / "lab" / "plain-c1.pcap"
SECURE = PLAIN.with_name("secure-c1.pcap")
ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="giving up root takes root")
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
        def counted():
            said = self.err.read_bytes()
            if (b": reading " in said or b": going on " in said) and self.process.poll() is None:  # it listens to signals by then
                self.process.send_signal(signal.SIGUSR1)
            time.sleep(0.1)
            return f"packets {count}, ".encode() in self.err.read_bytes()

        return self.until(counted)

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


def test_a_growing_file_is_judged_as_it_grows_and_the_last_word_is_that_of_analyze(folder, follow):
    path = folder / "a.pcap"
    data = PLAIN.read_bytes()
    run = follow(path, "--format", "ndjson")
    grow(path, data[:60_000])
    assert run.until(lambda: "finding" in run.kinds())
    assert "report" not in run.kinds()
    grow(path, data[60_000:])
    assert run.packets(530)
    assert run.end()[0] == 130
    report, whole = run.report(), analyzed(PLAIN)
    assert statuses(report) == statuses(whole)
    assert report["counters"] == whole["counters"]
    assert [one["packets"] for one in report["input"]] == [530]
    assert report["complete"]


@ROOT
def test_it_gives_up_root_and_may_read_what_it_follows_alone(folder, follow):
    shutil.copy(PLAIN, folder / "a.pcap")
    run = follow(folder, "--format", "json")
    assert run.packets(530)
    status = Path(f"/proc/{run.process.pid}/status").read_text()
    assert "Uid:\t65534\t65534\t65534" in status
    assert "CapEff:\t0000000000000000" in status
    assert "NoNewPrivs:\t1" in status
    assert "Seccomp:\t2" in status
    shutil.copy(SECURE, folder / "b.pcap")  # opened under Landlock
    assert run.packets(530 + 361)
    assert run.end()[0] == 130
    report = json.loads(run.out.read_bytes())
    assert report["sandbox"]["user"] == "nobody"
    assert report["complete"]


@ROOT
def test_what_nobody_may_read_is_told_before_root_is_given_up(folder, follow):
    shutil.copy(PLAIN, folder / "a.pcap")
    (folder / "a.pcap").chmod(0o600)
    run = follow(folder)
    assert run.end(None)[0] == 3
    assert b"a.pcap: nobody may not read it. Name a user that may (--user)" in run.err.read_bytes()
    run = follow(folder, "--keep-root", "--duration", "1", "--format", "json", "-q")
    assert run.end(None)[0] == 1
    assert json.loads(run.out.read_bytes())["counters"]["packets"] == 530


def test_the_report_file_again_and_again_and_it_ends_by_itself(folder, follow):
    shutil.copy(PLAIN, folder / "a.pcap")
    path = folder.parent / "state" / "report.json"
    run = follow(folder, "--output", path, "--report-every", "100ms", "--duration", "3", "--format", "json")
    assert run.until(path.exists)
    assert json.loads(path.read_bytes())["counters"]["packets"] == 530
    first = path.stat().st_ino
    assert run.until(lambda: path.stat().st_ino != first)
    assert run.end(None)[0] == 1
    assert run.out.read_bytes() == b""


def test_until_fail_and_count(folder, follow):
    shutil.copy(PLAIN, folder / "a.pcap")
    run = follow(folder, "--until", "fail", "--format", "json")
    assert run.end(None)[0] == 1
    run = follow(folder, "--count", "40", "--format", "json")
    run.end(None)
    assert json.loads(run.out.read_bytes())["counters"]["packets"] == 40


def test_on_a_terminal_a_page_and_the_report_after_it(folder):
    shutil.copy(PLAIN, folder / "a.pcap")
    leader, follower = pty.openpty()
    words = [sys.executable, "-m", "consul_sniff", "analyze", "--follow", str(folder), "--duration", "3"]
    with subprocess.Popen(words, stdout=follower, stderr=subprocess.DEVNULL, cwd=folder, env=os.environ | {"TERM": "xterm", "COLUMNS": "100"}) as process:
        os.close(follower)
        shown = b""
        while True:
            try:
                shown += os.read(leader, 65_536)
            except OSError:
                break
        assert process.wait(20) == 1
    os.close(leader)
    page, _clear, report = shown.rpartition(b"Ctrl-C ends and prints the report")
    assert b"530 packets, " in page
    assert b"Exit code 1: " in report


@pytest.mark.parametrize(("words", "said"), [
    (["a.pcap", "--state", "s"], "--state is for captures that are still written: add --follow"),
    (["a.pcap", "--duration", "1s"], "--duration is for captures"),
    (["-F", "-"], "--follow -: only files and folders can be followed; a stream ends by itself (consul-sniff live -r -)"),
    (["-F", "https://x/a.pcap"], "only files and folders can be followed"),
    (["-F", "a.pcap", "--jobs", "2"], "--follow reads in one process"),
    (["-F", "a.pcap", "--report-every", "1s"], "--report-every needs --output FILE"),
    (["-F", "a.pcap", "--format", "yaml"], "--format 'yaml' is unknown; take one of ndjson, text, json"),
    (["a.pcap", "--format", "ndjson"], "--format 'ndjson' is unknown; take one of text, json"),
    (["a.pcap", "--until", "fail"], "--until 'fail' is no time"),
])
def test_wrong_words(run, words, said):
    done = run("analyze", *words)
    assert (done.returncode, done.stdout) == (2, b"")
    assert said in done.stderr.decode()


def test_what_is_no_capture(run, tmp_path):
    (tmp_path / "a.txt").write_text("this is text, and no capture at all")
    for path in (tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o755)
    done = run("analyze", "-F", "a.txt")
    assert done.returncode == 3
    assert b'a.txt: not a capture: begins with "this is text, an"' in done.stderr
    assert b"none/a.pcap: no such file" in run("analyze", "-F", "none/a.pcap").stderr


# --- surviving a restart --------------------------------------------------------------------------------------------


def test_after_a_restart_the_report_is_of_all(folder, follow):
    path, state = folder / "a.pcap", folder.parent / "state" / "s"
    data = PLAIN.read_bytes()
    path.write_bytes(data[:50_000])
    run = follow(path, "--state", state, "--format", "ndjson")
    assert run.until(lambda: "finding" in run.kinds())
    assert run.end()[0] == 130
    first = run.report()
    assert state.stat().st_mode & 0o777 == 0o600
    grow(path, data[50_000:])
    run = follow(path, "--state", state, "--format", "ndjson")
    assert run.packets(530)
    assert run.end()[0] == 130
    report, whole = run.report(), analyzed(PLAIN)
    assert 0 < first["counters"]["packets"] < 530
    assert report["counters"] == whole["counters"]
    assert report["capture"]["decoded"] == 530
    assert statuses(report) == statuses(whole)
    for field in ("address", "name", "gossip", "gossip_plaintext", "gossip_encrypted", "rpc"):
        assert [one[field] for one in report["nodes"]] == [one[field] for one in whole["nodes"]]
    assert run.lines()[0]["event"] == "resumed"
    again = follow(path, "--state", state, "--format", "json", "--duration", "1")
    assert again.end(None)[0] == 1
    assert json.loads(again.out.read_bytes())["counters"] == whole["counters"]


@pytest.mark.slow
def test_killed_again_and_again_no_packet_is_counted_twice_and_none_is_lost(folder, follow):
    """A ring of files that are written as fast as it goes, and SIGKILL at any moment: while it starts, reads, saves."""
    chance = random.Random(20261125)
    state, sent = folder.parent / "state" / "s", 0
    run = follow(folder, "--state", state, "--format", "ndjson", hasty=True)
    killed = saved = 0
    for number in range(16):
        path = folder / f"cap{number}.pcap"
        with path.open("ab", buffering=0) as file:
            file.write(PLAIN.read_bytes()[:24])
            for _ in range(300):
                sent += 1
                packet = datagram(sent, chance.randrange(20, 400))
                record = int(1_700_000_000 + sent).to_bytes(4, "little") + bytes(4) + len(packet).to_bytes(4, "little") * 2 + packet
                cut = chance.randrange(len(record))
                file.write(record[:cut])
                file.write(record[cut:])
                if sent % 50 == 0:
                    time.sleep(0.02)
        if chance.random() < 0.6:
            if chance.random() < 0.8:
                assert run.until(lambda: b"following" in run.err.read_bytes())  # noqa: B023
            time.sleep(chance.random() * 0.6)
            run.kill()
            killed += 1
            saved += state.exists()
            if state.exists():
                assert json.loads(state.read_bytes())["format"] == "consul-sniff/state/v1"
            run = follow(folder, "--state", state, "--format", "ndjson", hasty=True)
    assert run.packets(sent)
    assert run.end()[0] == 130
    report = run.report()
    assert report["counters"]["packets"] == sum(report["counters"]["terminal"].values()) == sent
    assert [one["packets"] for one in report["input"]] == [300] * 16
    assert sum(one["packets"] for one in report["conversations"]) == sent
    assert report["complete"]
    assert killed > 3
    assert saved > 0
    assert [path.name for path in state.parent.iterdir()] == ["s"]  # what a killed write left is swept


def changed(path, change):
    path.write_text(change(path.read_text()))


@pytest.mark.parametrize(("change", "words", "code", "said"), [
    (lambda path: path.chmod(0o666), [], 3, "others may have written it"),
    (lambda path: os.truncate(path, 1000), [], 3, "is no state of this version of consul-sniff, or damaged; remove it to begin anew"),
    (lambda path: changed(path, lambda text: text.replace("state/v1", "state/v9")), [], 3, "is no state of this version"),
    (lambda path: changed(path, lambda text: text.replace('"position":', '"position":-')), [], 3, "is no state of this version"),
    (lambda path: None, ["--filter", "udp"], 2, "is the state of another run (--filter was not given there, and is udp here)"),
    (lambda path: None, ["--since", "5"], 2, "is the state of another run (--since was not given there"),
    (lambda path: (path.rename(path.with_name("t")), path.symlink_to("t")), [], 3, "cannot be read by user"),
])
def test_a_state_that_is_not_trusted_or_not_this_runs(folder, follow, change, words, code, said):
    state = folder.parent / "state" / "s"
    shutil.copy(PLAIN, folder / "a.pcap")
    assert follow(folder, "--state", state, "--duration", "1", "-q").end(None)[0] == 1
    change(state)
    run = follow(folder, "--state", state, "--duration", "1", *words)
    assert run.end(None)[0] == code
    assert said in run.err.read_text()
    assert b"report" not in run.out.read_bytes()


# --- real tools -----------------------------------------------------------------------------------------------------


def tool(name):
    return pytest.mark.skipif(not shutil.which(name), reason=f"{name} is not installed")


@pytest.fixture
def capturing(lab):
    """A capturing tool in the lab's namespace, on cs1."""
    running = []

    def start(*words, **how):
        running.append(subprocess.Popen(["ip", "netns", "exec", lab.name, *map(str, words)], stderr=subprocess.PIPE, **how))
        time.sleep(1)
        return running[-1]

    yield start
    for one in running:
        one.kill()
        one.wait()
        one.stderr.close()


def flood(lab, count):
    with contextlib.closing(lab.wire()) as wire:
        for number in range(count):
            wire.send(datagram(number, 1_400))
            if number % 20 == 0:
                time.sleep(0.01)


@tool("tcpdump")
@pytest.mark.slow
@pytest.mark.parametrize("rotation", [["-C", "1"], ["-C", "1", "-W", "4"], ["-G", "1"]], ids=["C", "C-W", "G"])
def test_tcpdump_rotates_and_a_kill_comes_between(lab, folder, follow, capturing, rotation):
    state = folder.parent / "state" / "s"
    run = follow(folder, "--state", state, "--format", "ndjson", hasty=True)
    name = "cap-%s.pcap" if "-G" in rotation else "cap.pcap"
    dump = capturing("tcpdump", "-i", "cs1", "-n", "-B", "20000", "-w", folder / name, *rotation)
    flood(lab, 2_500)
    run.kill()
    run = follow(folder, "--state", state, "--format", "ndjson", hasty=True)
    assert run.until(lambda: b"reading" in run.err.read_bytes())  # a ring that goes round meanwhile is lost
    flood(lab, 2_500)
    time.sleep(1.5)  # libpcap hands packets on once a second
    dump.send_signal(signal.SIGINT)
    captured = int(dump.communicate()[1].rpartition(b" packets captured")[0].split()[-1])
    assert run.packets(captured)
    assert run.end()[0] == 130
    report = run.report()
    assert report["counters"]["packets"] == sum(report["counters"]["terminal"].values()) == captured
    assert captured > 4_900
    assert report["reasons"] == []


@tool("dumpcap")
@pytest.mark.slow
def test_dumpcap_rotates_pcapng_and_removes_the_oldest(lab, folder, follow, capturing):
    run = follow(folder, "--format", "ndjson", "--keep-root")  # dumpcap's files are for their owner alone
    dump = capturing("dumpcap", "-q", "-i", "cs1", "-b", "filesize:1000", "-b", "files:3", "-w", folder / "cap.pcapng")
    flood(lab, 5_000)
    time.sleep(1.5)
    dump.send_signal(signal.SIGINT)
    words = dump.communicate()[1].decode()
    captured = int(words.partition("Packets captured: ")[2].split()[0]) if "Packets captured" in words else 5_000
    assert run.packets(captured)
    assert run.end()[0] == 130
    report = run.report()
    assert report["counters"]["packets"] == captured
    assert report["reasons"] == []
    assert "file-gone" in run.kinds()


@pytest.mark.parametrize("command", [pytest.param("tcpdump --immediate-mode -n -U -w -", marks=tool("tcpdump")), pytest.param("dumpcap -q -w -", marks=tool("dumpcap"))])
def test_a_slow_pipe_is_judged_while_it_goes_on_and_its_end_gives_the_whole_report(lab, command):
    """As ``ssh host tcpdump -U -w - | consul-sniff live -r -`` does: a packet every so often."""
    reading, writing = os.pipe()
    run = lab.live("-r", "-", "--format", "ndjson", stdin=reading)
    os.close(reading)
    words = command.split()
    dump = subprocess.Popen(["ip", "netns", "exec", lab.name, words[0], "-i", "cs1", *words[1:]], stdout=writing, stderr=subprocess.DEVNULL)
    os.close(writing)
    time.sleep(1.5)
    with contextlib.closing(lab.wire()) as wire:
        for _seconds, packet in list(records(PLAIN))[:90]:
            wire.send(packet)
            time.sleep(0.01)
    assert run.until(lambda: "finding" in run.kinds())
    assert "report" not in run.kinds()
    time.sleep(1)  # dumpcap drops what it has not written
    dump.send_signal(signal.SIGINT)
    dump.wait(10)
    assert run.end(None)[0] == 1
    report = run.lines()[-1]["report"]
    assert report["counters"]["packets"] == 90
    assert report["complete"]


def test_a_count_ends_a_stream_too(run):
    done = run("live", "-r", "-", "--count", "7", "--format", "json", stdin=PLAIN.read_bytes())
    assert json.loads(done.stdout)["counters"]["packets"] == 7
