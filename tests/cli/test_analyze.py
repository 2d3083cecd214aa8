import gzip
import json
import signal
import subprocess
import sys
import time

import pytest

from .conftest import PCAPS

PLAIN, SECURE, SERF = "pcaps/lab/plain-c1.pcap", "pcaps/lab/secure-c1.pcap", "pcaps/lab/serf_plain-n1.pcap"


def document(done):
    return json.loads(done.stdout)


@pytest.mark.parametrize(("capture", "code"), [
    pytest.param(PLAIN, 1, id="a failing control"),
    pytest.param(SECURE, 0, id="nothing fails"),
    pytest.param(SERF, 4, id="no Consul traffic is not clean"),
])
def test_exit_codes(run, capture, code):
    done = run("analyze", capture, "--format", "json")
    assert done.returncode == code
    assert document(done)["exit"]["code"] == code
    assert done.stderr.decode().splitlines()[-1].startswith(f"consul-sniff: exit code {code}: ")


def test_a_missing_file_is_one_line_and_the_others_are_analyzed(run):
    done = run("analyze", "gone.pcap", PLAIN, "--format", "json")
    assert done.returncode == 3
    assert [bool(one["error"]) for one in document(done)["input"]] == [True, False]
    assert {c["status"] for c in document(done)["controls"] if c["id"] == "gossip-encryption"} == {"fail"}
    assert any("gone.pcap" in line and "no such file" in line for line in done.stderr.decode().splitlines())


@pytest.mark.parametrize(("name", "content", "said"), [
    ("empty.pcap", b"", "empty"),
    ("notes.txt", b"hello, this is not a capture at all", "not a capture"),
    ("odd.pcap", b"\xd4\xc3\xb2\xa1\x02\x00\x04\x00" + bytes(8) + b"\xff\xff\x00\x00\x93\x00\x00\x00" + bytes(40), "link type"),
])
def test_a_foreign_file_is_one_line(run, tmp_path, name, content, said):
    (tmp_path / name).write_bytes(content)
    done = run("analyze", name)
    lines = [line for line in done.stderr.decode().splitlines() if name in line]
    assert done.returncode in (3, 4)
    assert "Traceback" not in done.stderr.decode()
    assert (lines and said in lines[0]) or said in done.stdout.decode()


def test_a_folder_without_a_capture(run, tmp_path):
    (tmp_path / "none").mkdir()
    done = run("analyze", "none")
    assert done.returncode == 3
    assert "none" in done.stderr.decode()


@pytest.mark.parametrize(("words", "said"), [
    (["--port", "rcp=1"], "no role"),
    (["--port", "rpc=99999"], "ROLE=N"),
    (["--fail-on", "bad"], "no severity"),
    (["--format", "pdf"], "unknown"),
    (["--since", "yesterday"], "no time"),
    (["--filter", "host ("], "--filter"),
    (["--keyring", "gone.keys"], "gone.keys"),
    (["--signatures", "gone-dir"], "gone-dir"),
    (["--require", "nonsense"], "nonsense"),
    (["--nonsense"], "nonsense"),
])
def test_wrong_usage_is_exit_2_and_names_the_option(run, words, said):
    done = run("analyze", PLAIN, *words)
    assert done.returncode == 2
    assert said in done.stderr.decode()
    assert b"Traceback" not in done.stderr
    assert done.stdout == b""


def test_standard_input_compressed_or_not(run, tmp_path):
    raw = (PCAPS.parent / PLAIN).read_bytes()
    plain = run("analyze", "-", "--format", "json", stdin=raw)
    packed = run("analyze", "-", "--format", "json", stdin=gzip.compress(raw))
    assert plain.returncode == packed.returncode == 1
    assert document(plain)["controls"] == document(packed)["controls"]


def test_a_damaged_file_gives_what_stands_before_the_damage(run, tmp_path):
    raw = (PCAPS.parent / PLAIN).read_bytes()
    (tmp_path / "cut.pcap").write_bytes(raw[: len(raw) // 2])
    done = run("analyze", "cut.pcap", "--format", "json")
    assert done.returncode == 3
    assert document(done)["input"][0]["packets"] > 100
    assert "cut.pcap" in document(done)["input"][0]["error"]
    assert document(done)["complete"] is False


def test_filter_since_and_until_leave_packets_out_and_count_them(run):
    whole = document(run("analyze", PLAIN, "--format", "json"))
    udp = document(run("analyze", PLAIN, "--format", "json", "--filter", "udp"))
    assert udp["counters"]["packets"] == whole["counters"]["packets"]
    assert udp["counters"]["terminal"]["filtered-out"] == whole["counters"]["packets"] - whole["counters"]["terminal"]["udp"]
    middle = whole["input"][0]["first_seen"]
    until = document(run("analyze", PLAIN, "--format", "json", "--until", middle))
    assert until["counters"]["terminal"]["outside-time"] >= whole["counters"]["packets"] - 3


def test_the_report_goes_to_a_file_whole_and_private(run, tmp_path):
    done = run("analyze", PLAIN, "--format", "json", "--output", "report.json")
    assert done.stdout == b""
    assert json.loads((tmp_path / "report.json").read_text())["exit"]["code"] == 1
    assert (tmp_path / "report.json").stat().st_mode & 0o777 == 0o600
    assert [p.name for p in tmp_path.iterdir()] == ["report.json"]


def test_output_replaces_a_link_and_never_follows_it(run, tmp_path):
    (tmp_path / "victim").write_text("untouched")
    (tmp_path / "report.json").symlink_to(tmp_path / "victim")
    run("analyze", PLAIN, "--format", "json", "--output", "report.json")
    assert (tmp_path / "victim").read_text() == "untouched"
    assert not (tmp_path / "report.json").is_symlink()


def test_several_captures_are_one_report_that_says_the_same_each_time(run):
    first, again = (run("analyze", "pcaps/memberlist", "pcaps/http", "--format", "json").stdout for _ in range(2))
    assert first == again
    assert len(json.loads(first)["input"]) > 5


def test_a_reader_that_goes_away_is_no_error(tmp_path):
    command = f"{sys.executable} -m consul_sniff decode {PCAPS.parent / PLAIN} | head -n 1"
    done = subprocess.run(command, shell=True, capture_output=True, timeout=60, check=False)
    assert done.stderr == b""


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_gives_the_report_so_far(tmp_path, number, code):
    raw = (PCAPS.parent / PLAIN).read_bytes()
    process = subprocess.Popen([sys.executable, "-m", "consul_sniff", "analyze", "-", "--format", "json"], cwd=tmp_path,
                               stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdin.write(raw)
    process.stdin.flush()
    time.sleep(1.5)  # the pipe stays open: the program waits for more
    process.send_signal(number)
    out, _ = process.communicate(timeout=20)
    assert process.returncode == code
    report = json.loads(out)
    assert report["exit"]["code"] == code
    assert report["input"][0]["packets"] > 400
