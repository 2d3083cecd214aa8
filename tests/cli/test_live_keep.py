"""``live --write`` and ``--write-evidence`` as a user runs them; Wireshark's programs read what is kept."""

import contextlib
import json
import os
import pwd
import re
import shutil
import signal
import subprocess
import time
from pathlib import Path

import pytest
from scapy.utils import RawPcapNgReader

from consul_sniff.cli.live_options import keeping
from consul_sniff.errors import UsageError
from consul_sniff.keeping.files import Ring

from ..capture import made
from ..live_lab import datagram, records

PLAIN = Path(__file__).parent.parent.parent / "pcaps" / "lab" / "plain-c1.pcap"
needs_tshark = pytest.mark.skipif(not shutil.which("tshark") or not shutil.which("capinfos"), reason="tshark and capinfos are not installed")
as_root = pytest.mark.skipif(os.geteuid() != 0, reason="giving up root takes root")


@pytest.fixture
def out(lab):
    """A folder that the program may write to when it is nobody."""
    folder = lab.folder / "kept"
    folder.mkdir(mode=0o700)
    lab.folder.chmod(0o755)
    os.chown(folder, pwd.getpwnam("nobody").pw_uid, -1)
    return folder


def tshark(path, *names, options=()):
    words = [word for name in names for word in ("-e", name)]
    done = subprocess.run(["tshark", "-r", path, *options, "-T", "fields", "-E", "aggregator=|", *words], capture_output=True, text=True, check=True)
    assert "damaged" not in done.stderr
    assert "cut short" not in done.stderr
    return [tuple(line.split("\t")) for line in done.stdout.splitlines()]


def capinfos(path):
    return subprocess.run(["capinfos", path], capture_output=True, text=True, check=True).stdout


def proving(report):
    """Packet number -> ids of the findings that it proves."""
    found = {}
    for finding in report["findings"]:
        for evidence in finding["evidence"]:
            found.setdefault(evidence["frame"], set()).add(finding["id"])
    return found


def said(comments):
    """The finding ids in the comments of a packet."""
    return {comment.split(" ")[0] for comment in comments.split("|")} - {"packet", ""}


def burst(lab, count, size=500):
    with contextlib.closing(lab.wire()) as wire:
        for number in range(count):
            wire.send(datagram(number, size))


@needs_tshark
def test_live_all_packets_with_comments_names_and_counts(lab, out):
    run = lab.live("--format", "json", "--write", out / "all.pcapng", "--write-evidence", out / "proof.pcapng")
    lab.replay(PLAIN)
    assert run.end()[0] == 130
    report = json.loads(run.out.read_bytes())
    rows = tshark(out / "all.pcapng", "frame.number", "frame.interface_name", "frame.comment")
    assert [row[0] for row in rows] == [str(number) for number in range(1, report["counters"]["packets"] + 1)]
    assert {row[1] for row in rows} == {"cs1"}
    written = {int(number): said(comments) for number, _, comments in rows if comments}
    kept = report["kept"]["traffic"]
    assert kept["late"] == sum(len(ids - written.get(frame, set())) for frame, ids in proving(report).items())
    assert {frame: ids & proving(report).get(frame, set()) for frame, ids in written.items()} == written
    assert (kept["packets"], kept["lost"], kept["commented"]) == (len(rows), 0, len(written))
    hosts = tshark(out / "all.pcapng", "ip.src", "ip.src_host", options=["-N", "n"])
    assert {("10.77.0.11", "s1"), ("10.77.0.21", "c1")} <= set(hosts)
    about = capinfos(out / "all.pcapng")
    assert "Filter string = ether proto 0x0800" in about
    assert "Number of stat entries = 1" in about
    assert run.err.read_bytes().count(b"all.pcapng: 512 packets, ") == 1
    check_proof(out / "proof.pcapng", report, out / "all.pcapng")


def check_proof(path, report, whole):
    proof = proving(report)
    rows = tshark(path, "frame.comment", "frame.time_epoch", "frame.len")
    assert report["kept"]["evidence"] == {"file": str(path), "packets": len(proof), "missing": 0, "missing_first": []}
    numbers = [int(row[0].split("|")[0].split(" ")[1]) for row in rows]
    assert numbers == sorted(proof)
    assert [said(row[0]) for row in rows] == [proof[number] for number in numbers]
    every = tshark(whole, "frame.time_epoch", "frame.len")
    assert [row[1:] for row in rows] == [every[number - 1] for number in numbers]


@as_root
def test_files_are_the_users_and_its_alone_and_links_are_not_followed(lab, out):
    (lab.folder / "victim").write_bytes(b"victim")
    for name in ("all.pcapng", "proof.pcapng"):
        (out / name).symlink_to(lab.folder / "victim")
    run = lab.live("--format", "json", "--write", out / "all.pcapng", "--write-evidence", out / "proof.pcapng", "--duration", "1")
    run.end(None)
    assert sorted(path.name for path in out.iterdir()) == ["all.pcapng", "proof.pcapng"]
    for path in out.iterdir():
        assert (path.lstat().st_mode, path.lstat().st_uid) == (0o100600, pwd.getpwnam("nobody").pw_uid)
    assert (lab.folder / "victim").read_bytes() == b"victim"


@needs_tshark
def test_of_a_stream_every_packet_has_its_number_time_and_bytes(lab, out):
    with PLAIN.open("rb") as stream:
        run = lab.live("-r", "-", "--format", "json", "--write", out / "all.pcapng", "--write-evidence", out / "proof.pcapng", "--filter", "udp", stdin=stream)
        run.end(None)
    report = json.loads(run.out.read_bytes())
    got = tshark(out / "all.pcapng", "frame.number", "frame.time_epoch", "frame.len")
    assert got == tshark(PLAIN, "frame.number", "frame.time_epoch", "frame.len")
    check_proof(out / "proof.pcapng", report, out / "all.pcapng")
    with RawPcapNgReader(str(out / "all.pcapng")) as kept:
        assert [packet for packet, _ in kept] == [packet for _, packet in records(PLAIN)]


@needs_tshark
def test_a_ring_is_made_and_removed_after_root_was_given_up(lab, out):
    run = lab.live("--format", "json", "--write", out / "all.pcapng", "--ring", "3x1MB")
    for _ in range(4):
        burst(lab, 2_500)
        time.sleep(1.2)
    assert run.end()[0] == 130
    report = json.loads(run.out.read_bytes())
    names = sorted(path.name for path in out.iterdir())
    assert names == report["kept"]["traffic"]["files"]
    assert len(names) == 3
    assert report["kept"]["traffic"]["removed_files"] > 0
    total = 0
    for name in names:
        assert (out / name).stat().st_size <= 1 << 20
        rows = tshark(out / name, "frame.number")
        assert "Number of stat entries = 1" in capinfos(out / name)
        total += len(rows)
    assert f"Begins with packet {10_001 - total} of the run." in capinfos(out / names[0])


@as_root
@needs_tshark
def test_a_full_disk_ends_the_file_not_the_capture(lab, out):
    disk = lab.folder / "disk"
    disk.mkdir()
    options = f"size=200k,mode=700,uid={pwd.getpwnam('nobody').pw_uid}"
    if subprocess.run(["mount", "-t", "tmpfs", "-o", options, "none", disk], check=False, capture_output=True).returncode:
        pytest.skip("no disk to fill")
    try:
        run = lab.live("--format", "ndjson", "--write", disk / "all.pcapng", "--write-evidence", out / "proof.pcapng", "--duration", "6")
        lab.replay(PLAIN, 20)
        time.sleep(1.5)
        burst(lab, 300)
        time.sleep(1.5)
        burst(lab, 100)
        code, _ = run.end(None)
        report = run.lines()[-1]["report"]
        assert (code, report["exit"]["code"], report["complete"]) == (3, 3, False)
        assert report["capture"]["decoded"] == 912
        told = re.search(rf"([0-9]+) packets were not written: {disk}/all.pcapng: No space left on device", "\n".join(report["reasons"]))
        assert told is not None
        unwritten = int(told[1])
        assert 100 <= unwritten <= 400  # what of the burst still fitted is the kernel's to say, in how many blocks it came
        assert run.kinds().count("output-failed") == 1
        assert run.err.read_bytes().count(b"No space left on device; what is in it can be read") == 1
        assert len(tshark(disk / "all.pcapng", "frame.number")) == 912 - unwritten
        check_proof(out / "proof.pcapng", report, disk / "all.pcapng")  # on the full disk it may fail, too: when it is written again is the clock's
    finally:
        subprocess.run(["umount", disk], check=False)


@needs_tshark
def test_hup_goes_on_in_a_new_file_where_the_old_one_was_moved_away(lab, out):
    run = lab.live("--format", "json", "--write", out / "all.pcapng", "--write-evidence", out / "proof.pcapng")
    burst(lab, 100)
    time.sleep(1.3)
    (out / "all.pcapng").rename(out / "all.pcapng.1")
    os.kill(run.pid, signal.SIGHUP)
    assert run.until((out / "all.pcapng").exists)
    burst(lab, 50)
    run.end()
    assert len(tshark(out / "all.pcapng.1", "frame.number")) == 100
    assert len(tshark(out / "all.pcapng", "frame.number")) == 50
    assert (out / "proof.pcapng").exists()


@needs_tshark
def test_a_killed_run_leaves_files_that_can_be_read(lab, out):
    run = lab.live("--format", "json", "--write", out / "all.pcapng", "--write-evidence", out / "proof.pcapng")
    lab.replay(PLAIN, 20)
    assert run.until(lambda: (out / "proof.pcapng").exists() and (out / "all.pcapng").stat().st_size > 100_000)
    run.kill()
    assert len(tshark(out / "all.pcapng", "frame.number")) > 500
    assert len(tshark(out / "proof.pcapng", "frame.number")) > 10


@as_root
def test_a_folder_that_nobody_may_write_to_is_told_before_anything_runs(lab):
    lab.folder.chmod(0o755)
    run = lab.live("--write", lab.folder / "all.pcapng")
    assert run.end(None)[0] == 3
    assert b"nobody may not write there; give a folder of its own: install -d -o nobody" in run.err.read_bytes()
    assert not (lab.folder / "all.pcapng").exists()


def test_which_packets_go_where(tmp_path):
    a, b = tmp_path / "a", tmp_path / "b"
    assert keeping(a, b, "10x100MB", None) == (a, b, Ring(10, 100 << 20))
    assert keeping(None, b, None, a) == (None, b, None)


@pytest.mark.parametrize(("words", "what"), [
    ((None, "a", "3x1M", None), "--ring needs --write FILE.pcapng"),
    (("a", "a", None, None), "--write and --write-evidence name the same file"),
    (("a", None, None, "a"), "--write and --output name the same file"),
    (("-", None, None, None), "--write -: is no file"),
    ((None, "/tmp", None, None), "--write-evidence /tmp: is no file"),
    (("a", None, "3", None), "--ring '': write a size"),
    (("a", None, "1x1M", None), "write a number of files, 2 to 10000, and the size of each: 10x100MB"),
    (("a", None, "x1M", None), "write a number of files"),
    (("a", None, "9999999999x1M", None), "write a number of files"),
    (("a", None, "3x64K", None), "a file of a ring has at least 1MB"),
    (("a", None, "3x9G", None), "--ring '9G': write a size from 64K to 2047M"),
])
def test_what_cannot_be_meant(words, what):
    write, evidence, ring, output = (word if place == 2 or word is None else Path(word) for place, word in enumerate(words))
    with pytest.raises(UsageError) as error:
        keeping(write, evidence, ring, output)
    assert what in str(error.value)


def test_wrong_words_end_with_exit_code_2(run):
    done = run("live", "--ring", "3x1M")
    assert (done.returncode, done.stdout) == (2, b"")
    assert b"--ring needs --write" in done.stderr


def test_a_stream_that_names_interfaces_without_end_is_kept_as_far_as_it_goes(lab, out):
    made_up = b"".join(made.interface(options=made.option(2, b"%d" % number)) + made.enhanced(made.FRAME, 1, number) for number in range(4_200))
    (lab.folder / "hostile.pcapng").write_bytes(made.section() + made_up)
    with (lab.folder / "hostile.pcapng").open("rb") as stream:
        run = lab.live("-r", "-", "--format", "json", "--write", out / "all.pcapng", stdin=stream)
        assert run.end(None)[0] == 3
    report = json.loads(run.out.read_bytes())
    kept = report["kept"]["traffic"]
    assert 0 < kept["packets"] <= 4_096
    assert kept["packets"] + kept["lost"] == report["counters"]["packets"] == 4_200
    assert report["reasons"] == [f"{kept['lost']} packets were not written: more than 4096 interfaces are not kept apart"]
