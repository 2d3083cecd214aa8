"""``analyze --follow`` and ``live -r -`` as a user runs them: real files that grow, real rotation."""

import contextlib
import json
import os
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest

from ..live_lab import datagram, records
from .following import PLAIN, SECURE, analyzed, grow, statuses
from .terminal import on_a_terminal

ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="giving up root takes root")


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
    code, page, report = on_a_terminal("analyze", "--follow", folder, "--duration", "3", folder=folder)
    assert code == 1
    assert b"530 packets, " in page
    assert b"Exit code 1: " in report


def test_what_is_no_capture(run, tmp_path):
    (tmp_path / "a.txt").write_text("this is text, and no capture at all")
    for path in (tmp_path, *tmp_path.parents[:2]):
        path.chmod(0o755)
    done = run("analyze", "-F", "a.txt")
    assert done.returncode == 3
    assert b'a.txt: not a capture: begins with "this is text, an"' in done.stderr
    assert b"none/a.pcap: no such file" in run("analyze", "-F", "none/a.pcap").stderr


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
@pytest.mark.parametrize("rotation", [["-C", "1"], ["-C", "1", "-W", "6"], ["-G", "1"]], ids=["C", "C-W", "G"])
def test_tcpdump_rotates_and_a_kill_comes_between(lab, folder, follow, capturing, rotation):
    state = folder.parent / "state" / "s"
    run = follow(folder, "--state", state, "--format", "ndjson", hasty=True)
    name = "cap-%s.pcap" if "-G" in rotation else "cap.pcap"
    dump = capturing("tcpdump", "-Z", "root", "-i", "cs1", "-n", "-B", "20000", "-w", folder / name, *rotation)
    flood(lab, 2_500)
    run.kill()
    run = follow(folder, "--state", state, "--format", "ndjson", hasty=True)
    for sent in range(2_500, 5_001, 500):
        flood(lab, 500 if sent > 2_500 else 0)
        assert run.counted(lambda read, sent=sent: read >= sent - 200)  # a ring that goes round meanwhile is lost; it holds 4,000
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
