"""``live`` as a user runs it, in network namespaces of the tests' own."""

import contextlib
import functools
import json
import os
import pwd
import random
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from ..live_lab import datagram, linktype_and_cut, records

ROOT = Path(__file__).parent.parent.parent
LAB = ROOT / "pcaps" / "lab"
SHARED = ROOT.parent / "shared" / "captures"
PLAIN = LAB / "plain-c1.pcap"


def whole_ethernet(folder, but=()):
    names = {path.name for path in but}
    return [path for path in sorted(folder.glob("*.pcap")) if path.name not in names and linktype_and_cut(path) == (1, False)]


OWN = whole_ethernet(LAB)
THEIRS = whole_ethernet(SHARED, OWN)


@functools.cache
def analyzed(path):
    done = subprocess.run([sys.executable, "-m", "consul_sniff", "analyze", str(path), "--format", "json", "-q"], capture_output=True, check=False,
                          timeout=120)
    return json.loads(done.stdout)


def statuses(report):
    return {one["id"]: one["status"] for one in report["controls"]}


def replayed(lab, path, speed=10.0):
    run = lab.live("--format", "json")
    sent = lab.replay(path, speed)
    assert run.end()[0] == 130
    report = json.loads(run.out.read_bytes())
    capture, filtered = report["capture"], analyzed_not_ip(path)
    assert sent - filtered == capture["decoded"] + capture["dropped"] + capture["unread"]
    return report


def analyzed_not_ip(path):
    """Packets that the kernel's filter leaves out: as the report on the file counts them."""
    return analyzed(path)["counters"]["terminal"].get("not-ip", 0)


@pytest.mark.slow
@pytest.mark.parametrize("path", OWN, ids=lambda path: path.stem)
def test_ten_times_as_fast_the_controls_are_the_files(lab, path):
    report = replayed(lab, path)
    assert statuses(report) == statuses(analyzed(path))
    capture = report["capture"]  # where the machine is busy some are lost; then the report must say so
    lost = capture["dropped"] + capture["interface_dropped"] + capture["unread"]
    assert report["complete"] == (analyzed(path)["complete"] and not lost), (report["reasons"], capture)


@pytest.mark.slow
@pytest.mark.skipif(not THEIRS, reason=f"no labelled captures at {SHARED}")
@pytest.mark.parametrize("path", THEIRS, ids=lambda path: path.stem)
def test_and_of_the_labelled_captures(lab, path):
    assert statuses(replayed(lab, path)) == statuses(analyzed(path))


@pytest.mark.slow
def test_at_its_own_pace(lab):
    path = LAB / "acl_deny_plain-s1.pcap"
    assert statuses(replayed(lab, path, 1.0)) == statuses(analyzed(path))


def test_events_in_their_order(lab):
    run = lab.live("--format", "ndjson")
    lab.replay(PLAIN)
    run.end()
    kinds, lines = run.kinds(), run.lines()
    assert kinds[-1] == "report"
    assert kinds.index("node-seen") < kinds.index("finding") < kinds.index("control-changed")
    assert kinds[-2] == "stats" or "stats" in kinds
    report = lines[-1]["report"]
    assert {line["id"] for line in lines if line["event"] == "finding"} >= {one["id"] for one in report["findings"]}
    assert {line["address"] for line in lines if line["event"] == "node-seen"} == {one["address"] for one in report["nodes"]}
    last = {line["id"]: line["status"] for line in lines if line["event"] == "control-changed"}
    assert last == {one: status for one, status in statuses(report).items() if status != "not_observed" or one in last}
    assert all(line["time"].endswith("Z") for line in lines)


def test_findings_come_while_it_runs_and_until_fail_ends_it(lab):
    run = lab.live("--format", "ndjson", "--until", "fail")
    lab.replay(PLAIN)
    assert run.end(None)[0] == 1
    assert run.kinds()[-1] == "report"


@pytest.mark.skipif(os.geteuid() != 0, reason="giving up root takes root")
def test_the_running_parser_has_no_rights_left(lab):
    run = lab.live("--format", "json")
    assert run.confined()
    said = dict(line.split(":\t", 1) for line in Path(f"/proc/{run.pid}/status").read_text().splitlines() if ":\t" in line)
    nobody = pwd.getpwnam("nobody").pw_uid
    assert said["Uid"].split() == [str(nobody)] * 4
    assert int(said["CapEff"], 16) == int(said["CapPrm"], 16) == 0
    assert (said["NoNewPrivs"], said["Seccomp"]) == ("1", "2")
    lab.replay(LAB / "acl_allow-apiclient.pcap")  # and goes on receiving
    run.end()
    report = json.loads(run.out.read_bytes())
    assert report["capture"]["decoded"] == 220
    assert report["sandbox"]["user"] == "nobody"
    assert {one["name"] for one in report["sandbox"]["mechanisms"]} >= {"user", "capabilities", "seccomp", "landlock"}


def test_keep_root_keeps_it_and_says_so(lab):
    run = lab.live("--format", "json", "--keep-root", "--duration", "1")
    assert run.confined()
    assert f"Uid:\t{os.geteuid()}\t" in Path(f"/proc/{run.pid}/status").read_text()
    run.end(None)
    assert b"kept as asked: user" in run.err.read_bytes()


@pytest.mark.slow
def test_a_small_buffer_loses_and_says_how_much(lab):
    run = lab.live("--format", "json", "--buffer-size", "1M")
    assert run.confined()
    os.kill(run.pid, signal.SIGSTOP)
    with contextlib.closing(lab.wire()) as wire:
        for number in range(20_000):
            wire.send(datagram(number, 400))
    os.kill(run.pid, signal.SIGCONT)
    sent = 20_000 + 530 - 18
    time.sleep(0.5)
    lab.replay(PLAIN)
    assert run.end()[0] == 130
    report = json.loads(run.out.read_bytes())
    capture = report["capture"]
    assert capture["dropped"] > 0
    assert sent == capture["decoded"] + capture["dropped"] + capture["interface_dropped"] + capture["unread"]
    assert not report["complete"]
    assert any(f"{capture['dropped']} packets were dropped by the capture" in reason for reason in report["reasons"])
    assert "pass" not in statuses(report).values()
    assert statuses(report)["gossip-encryption"] == "fail"


def test_too_much_loss_is_exit_code_4(lab):
    run = lab.live("--format", "json", "--buffer-size", "64K", "--duration", "4", "--require", "gossip-lan")
    assert run.confined()
    os.kill(run.pid, signal.SIGSTOP)
    with contextlib.closing(lab.wire()) as wire:
        for number in range(20_000):
            wire.send(datagram(number, 400))
    os.kill(run.pid, signal.SIGCONT)
    assert run.end(None)[0] == 4


@pytest.mark.slow
def test_a_signal_at_any_moment_gives_a_whole_report_in_two_seconds(lab):
    """SIGNALS=50 pytest -k any_moment: so many instead of eight; three minutes."""
    packets = [packet for _, packet in records(PLAIN)]
    for turn in range(int(os.environ.get("SIGNALS", "8"))):
        chance = random.Random(turn)
        number, format_ = chance.choice([signal.SIGINT, signal.SIGTERM]), chance.choice(["json", "ndjson"])
        run = lab.live("--format", format_, "-q", *chance.choice([(), ("--metrics", ":0"), ("--immediate",)]))
        with contextlib.closing(lab.wire()) as wire:
            until = time.monotonic() + 2 * chance.random()
            while time.monotonic() < until:
                wire.send(chance.choice(packets))
        code, seconds = run.end(number)
        assert code == 128 + number
        assert seconds < 2, (turn, number, format_)
        report = json.loads(run.out.read_bytes().splitlines()[-1] if format_ == "ndjson" else run.out.read_bytes())
        assert report.get("report", report)["exit"]["code"] == code


def test_the_second_signal_ends_it_at_once(lab):
    run = lab.live("--format", "json")
    assert run.confined()
    time.sleep(0.3)
    os.kill(run.pid, signal.SIGSTOP)  # so that both are there before it goes on
    os.kill(run.pid, signal.SIGINT)
    os.kill(run.pid, signal.SIGTERM)
    os.kill(run.pid, signal.SIGCONT)
    code, seconds = run.end(None)
    assert code in (130, 143)
    assert seconds < 1
    assert run.out.read_bytes() == b""


def test_usr1_prints_counters_and_it_goes_on(lab):
    run = lab.live("--format", "json")
    assert run.confined()
    time.sleep(0.3)
    lab.replay(LAB / "acl_allow-apiclient.pcap")

    def printed():
        os.kill(run.pid, signal.SIGUSR1)
        time.sleep(0.2)
        return b"packets 220, " in run.err.read_bytes()

    assert run.until(printed)
    assert run.end()[0] == 130


def test_a_closed_pipe_ends_quietly(lab):
    command = f"{sys.executable} -m consul_sniff live -i cs1 --format ndjson --duration 20 -q | head -1"
    with subprocess.Popen(["ip", "netns", "exec", lab.name, "bash", "-c", f"set -o pipefail; {command}"], stdout=subprocess.PIPE,
                          stderr=subprocess.PIPE, cwd=lab.folder) as pipe:
        time.sleep(1.5)
        lab.replay(PLAIN)
        out, err = pipe.communicate(timeout=30)
    assert out.count(b"\n") == 1
    assert err == b""
    assert pipe.returncode == 141


def test_the_interface_goes_away(lab):
    lab.cable("cs2", "cs3")
    run = lab.live("-i", "cs1", "-i", "cs3", "--format", "ndjson")
    lab.replay(LAB / "acl_allow-apiclient.pcap")
    lab.ip("link", "del", "cs1")
    assert run.until(lambda: "interface-gone" in run.kinds())
    lab.replay(LAB / "acl_allow-apiclient.pcap", interface="cs2", speed=100)
    run.end()
    report = run.lines()[-1]["report"]
    assert report["input"][0]["error"] == "cs1: the interface went away; its capture ended there"
    assert not report["complete"]
    assert report["capture"]["decoded"] == 440
    assert b"cs1: the interface went away" in run.err.read_bytes()


def test_the_only_interface_goes_away_and_so_the_run_ends(lab):
    run = lab.live("--format", "json")
    lab.ip("link", "del", "cs1")
    assert run.end(None)[0] == 3


def test_a_stream_on_standard_input_is_judged_as_it_comes(lab):
    reading, writing = os.pipe()
    run = lab.live("-r", "-", "--format", "ndjson", stdin=reading)
    os.close(reading)
    data = PLAIN.read_bytes()
    for at in range(0, len(data), 4096):
        os.write(writing, data[at:at + 4096])
        time.sleep(0.01)
    assert run.until(lambda: "finding" in run.kinds())  # and the pipe is still open
    assert "report" not in run.kinds()
    os.close(writing)
    assert run.end(None)[0] == 1
    assert statuses(run.lines()[-1]["report"]) == statuses(analyzed(PLAIN))


def test_a_silent_stream_can_be_interrupted(lab):
    reading, writing = os.pipe()
    run = lab.live("-r", "-", "--format", "json", stdin=reading)
    os.write(writing, PLAIN.read_bytes()[:5000])
    assert run.confined()
    time.sleep(0.5)
    code, seconds = run.end(signal.SIGTERM)
    assert (code, seconds < 2) == (143, True)
    assert json.loads(run.out.read_bytes())["capture"]["decoded"] > 10
    os.close(reading)
    os.close(writing)


@pytest.mark.skipif(os.geteuid() != 0, reason="giving up root takes root")
def test_the_report_file_again_and_again_whole(lab):
    folder = lab.folder / "reports"
    folder.mkdir(mode=0o700)
    os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
    lab.folder.chmod(0o755)
    run = lab.live("--format", "ndjson", "--output", folder / "report.json", "--report-every", "200ms")
    lab.replay(PLAIN)
    assert run.until((folder / "report.json").exists)
    first = (folder / "report.json").stat().st_ino
    assert json.loads((folder / "report.json").read_bytes())["schema"] == "consul-sniff/report/v1"
    assert run.until(lambda: (folder / "report.json").stat().st_ino != first)
    assert run.end()[0] == 130
    assert json.loads((folder / "report.json").read_bytes())["exit"]["code"] == 130
    assert [path.name for path in folder.iterdir()] == ["report.json"]
    assert (folder / "report.json").stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.geteuid() != 0, reason="giving up root takes root")
def test_a_folder_that_nobody_may_write_to_is_told_before_anything_runs(lab):
    lab.folder.chmod(0o755)
    run = lab.live("--output", lab.folder / "report.json")
    assert run.end(None)[0] == 3
    assert b"nobody may not write there" in run.err.read_bytes()


def test_a_count_of_packets(lab):
    run = lab.live("--format", "json", "--count", "10")
    lab.replay(PLAIN)
    run.end(None)
    report = json.loads(run.out.read_bytes())
    assert report["capture"]["decoded"] == report["counters"]["packets"] == 10
    assert report["complete"]


def test_no_right_to_capture_is_told_with_the_command_that_gives_it(lab):
    done = lab.do("setpriv", "--reuid=65534", "--clear-groups", "--bounding-set=-all", sys.executable, "-m", "consul_sniff", "live", "-i", "cs1")
    if "No module named" in done.stderr or "Permission denied" in done.stderr:
        pytest.skip("this checkout is closed to other users")
    assert done.returncode == 3
    assert "cs1: the right to capture (CAP_NET_RAW) is missing; one of these gives it:\n" in done.stderr
    assert "  sudo setpriv" in done.stderr


def test_print_filter(run):
    assert run("live", "--print-filter").stdout.startswith(b"ether proto 0x0800 or ether proto 0x86dd or ")
    assert run("live", "--print-filter", "--filter", "port 8300").stdout.endswith(b") and (port 8300)\n")
    wrong = run("live", "--print-filter", "--filter", "port of call")
    assert (wrong.returncode, b"libpcap says" in wrong.stderr) == (2, True)


@pytest.mark.parametrize(("words", "said"), [
    (["--until", "pass"], "--until 'pass' is unknown; there is: fail"),
    (["-r", "x.pcap"], "live reads a stream from standard input (-r -)"),
    (["-r", "-", "-i", "lo"], "a run has one source"),
    (["--report-every", "1s"], "--report-every needs --output FILE"),
    (["--duration", "soon"], "--duration 'soon' is no time span; write 90, 30s, 10m or 1h"),
    (["--buffer-size", "1"], "--buffer-size '1': write a size from 64K to 2047M"),
    (["--format", "yaml"], "--format 'yaml' is unknown"),
])
def test_wrong_words(run, words, said):
    done = run("live", *words)
    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert done.stdout == b""


def test_no_such_interface(run):
    done = run("live", "-i", "nosuch0")
    assert (done.returncode, done.stderr) == (3, b"consul-sniff: nosuch0: no such interface; `consul-sniff interfaces` lists them\n")
