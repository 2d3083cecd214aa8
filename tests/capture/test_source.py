from __future__ import annotations

import bz2
import gzip
import lzma
import os
import shutil
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from consul_sniff.capture import Source, sources
from consul_sniff.capture.source import BUFFER_BYTES, ROOM

from .made import FRAME, enhanced, interface, pcap, pcap_header, record, section
from .walker import read, walk


def one(path, data=None, **options):
    if data is not None:
        Path(path).write_bytes(data)
    (source,) = sources([str(path)], **options)
    return source, read(source)


def trouble(path, data=None):
    source, packets = one(path, data)
    assert packets == []
    return source.facts.error


def test_blocks_use_one_buffer_and_leave_room(tmp_path):
    data = pcap_header() + b"".join(record(bytes(1400), seconds=n) for n in range(2000))
    for name in "ab":
        (tmp_path / name).write_bytes(data)
    buffers = set()
    for source in sources([tmp_path / "a", tmp_path / "b"]):
        count = 0
        for block in source:
            buffers.add(id(block.buffer))
            assert len(block.buffer) == BUFFER_BYTES + ROOM
            while block.stop - block.consumed >= 1416:
                block.consumed += 1416
                count += 1
        assert count == 2000
        assert source.facts.error is None
        assert source.position == len(data)
    assert len(buffers) == 1


def test_consumer_that_takes_one_record_at_a_time(tmp_path):
    (tmp_path / "a").write_bytes(pcap(50))
    (source,) = sources([tmp_path / "a"])
    count = 0
    for block in source:
        block.consumed = block.start + 16 + len(FRAME)
        count += 1
    assert count == 50
    assert source.facts.error is None


@pytest.mark.parametrize("step", [0, -1, 10**9])
def test_consumer_that_does_not_move_ends_the_file(tmp_path, step):
    (tmp_path / "a").write_bytes(pcap(3))
    (source,) = sources([tmp_path / "a"])
    seen = 0
    for block in source:
        block.consumed += step
        seen += 1
    assert seen == 1
    assert "packet record that cannot be read" in str(source.facts.error)


def test_error_without_a_count_of_packets(tmp_path):
    (tmp_path / "a").write_bytes(pcap(3)[:-1])
    (source,) = sources([tmp_path / "a"])
    for block in source:
        block.consumed = block.start + 16 + len(FRAME)
    assert source.facts.error == f"{tmp_path}/a: ends inside a packet record at byte 176; what stands before it was read"


@pytest.mark.parametrize(("suffix", "pack"), [
    ("gz", gzip.compress), ("bz2", bz2.compress), ("xz", lzma.compress),
    ("lz4", lambda data: pytest.importorskip("lz4.frame").compress(data)),
    ("zst", lambda data: pytest.importorskip("backports.zstd").compress(data)),
])
@pytest.mark.parametrize("make", [pcap, lambda: section() + interface() + enhanced(FRAME) * 3])
def test_packed_captures(tmp_path, suffix, pack, make):
    source, packets = one(tmp_path / "whatever", pack(make()))
    assert (len(packets), source.facts.error) == (3, None)
    cut, packets = one(tmp_path / "cut", pack(make() * 1)[:-4])
    assert len(packets) == 3 or suffix in {"bz2", "xz", "zst", "lz4"}
    assert cut.facts.error is not None


def test_packed_and_cut_capture_says_both(tmp_path):
    packed = gzip.compress(pcap(2)[:-1])
    source, packets = one(tmp_path / "a.gz", packed)
    assert len(packets) == 1
    assert source.facts.error == (f"{tmp_path}/a.gz: ends inside a packet record at byte 100 of the unpacked gz; "
                                  "the packet before it was read")


def test_gz_with_a_wrong_checksum_keeps_all_packets(tmp_path):
    packed = bytearray(gzip.compress(pcap(5)))
    packed[-8] ^= 1
    source, packets = one(tmp_path / "a.gz", bytes(packed))
    assert len(packets) == 5
    assert "its gz packing is damaged" in str(source.facts.error)
    assert str(source.facts.error).endswith("the 5 packets before it were read")


@pytest.mark.parametrize("cut", range(1, 60, 4))
def test_gz_cut_anywhere(tmp_path, cut):
    data = gzip.compress(pcap(5), 0)  # stored: what is cut is what is lost
    source, packets = one(tmp_path / "a.gz", data[:len(data) - 8 - cut])
    assert len(packets) == (5 * 76 - cut) // 76
    assert "its gz packing ends too early" in str(source.facts.error)


def test_inputs_that_cannot_be_read_each_say_why_and_the_others_go_on(tmp_path):
    made = {"empty.pcap": b"", "paper.pdf": b"%PDF-1.4\n...", "twice.gz": gzip.compress(gzip.compress(pcap())),
            "nothing.gz": gzip.compress(b""), "text.gz": gzip.compress(b"hello\n"), "good.pcap": pcap()}
    for name, data in made.items():
        (tmp_path / name).write_bytes(data)
    (tmp_path / "loop").symlink_to("loop")
    (tmp_path / "folder").mkdir()
    told = {}
    for source in sources([tmp_path / name for name in ("missing", "loop", "folder", *made)]):
        packets = read(source)
        assert bool(packets) == source.path.endswith("good.pcap")
        told[Path(source.path).name] = source.facts.error and source.facts.error.removeprefix(f"{source.path}: ")
    wanted = "expected pcap or pcapng (also packed: .gz .zst .lz4 .bz2 .xz)"
    assert told == {
        "missing": "no such file",
        "loop": "a loop of symbolic links: name the file itself",
        "folder": f"no capture in this directory or below it: {wanted}",
        "empty.pcap": "is empty: nothing was captured, or the capture is still to be written",
        "paper.pdf": f'not a capture: begins with "%PDF-1.4", {wanted}',
        "twice.gz": "packed twice: unpack it once first",
        "nothing.gz": "is empty: nothing was captured, or the capture is still to be written",
        "text.gz": f'not a capture: begins with "hello", {wanted}',
        "good.pcap": None,
    }


def test_devices_do_not_hang():
    assert "begins with 00 00 00 00" in trouble("/dev/zero")
    assert "is empty" in trouble("/dev/null")


def test_file_that_vanishes_after_it_was_listed(tmp_path):
    (tmp_path / "a.pcap").write_bytes(pcap())
    (source,) = sources([tmp_path])
    (tmp_path / "a.pcap").unlink()
    assert read(source) == []
    assert source.facts.error == f"{tmp_path}/a.pcap: no such file"


def test_a_source_is_read_once(tmp_path):
    source, packets = one(tmp_path / "a", pcap())
    assert isinstance(source, Source)
    assert len(packets) == 3
    assert list(source) == []


def test_named_pipe_gives_packets_as_they_come(tmp_path):
    path = tmp_path / "fifo"
    os.mkfifo(path)
    seen = threading.Event()

    def write():
        with path.open("wb", buffering=0) as pipe:
            pipe.write(pcap(1)[:30])
            pipe.write(pcap(1)[30:])
            assert seen.wait(20)  # the first packet is out before the second is written
            pipe.write(record(FRAME) + record(FRAME)[:50])

    writer = threading.Thread(target=write)
    writer.start()
    (source,) = sources([path])
    count = 0
    for block in source:
        block.consumed = block.start + 16 + len(FRAME)
        count += 1
        seen.set()
    writer.join()
    assert count == 2
    assert "ends inside a packet record at byte 176" in str(source.facts.error)


SCRIPT = """
import sys
sys.path[:0] = sys.argv[1:]
from walker import read
from consul_sniff.capture import sources
for source in sources(["-"]):
    print(len(read(source)), source.facts.error)
"""


@pytest.mark.parametrize(("data", "told"), [
    (pcap(4), "4 None"),
    (gzip.compress(section() + interface() + enhanced(FRAME) * 4, mtime=0), "4 None"),
    (b"", "0 standard input: is empty: nothing was captured, or the capture is still to be written"),
    (None, "0 standard input: is closed: pipe a capture into it (tcpdump -U -w - | ...)"),
])
def test_standard_input(data, told):
    here = Path(__file__).parent
    command = [sys.executable, "-c", SCRIPT, str(here), str(here.parent.parent)]
    if data is None:
        command = ["sh", "-c", '"$@" <&-', "sh", *command]
    done = subprocess.run(command, input=data, capture_output=True, check=True, timeout=60)
    assert done.stdout.decode().strip() == told


@pytest.mark.skipif(not (shutil.which("editcap") and shutil.which("tshark")), reason="editcap and tshark are not here")
@pytest.mark.parametrize("kind", ["pcap", "nsecpcap", "pcapng", "modpcap"])
def test_agrees_with_wireshark(tmp_path, kind):
    mine = tmp_path / "mine.pcap"
    mine.write_bytes(pcap_header() + b"".join(
        record(bytes(range(14, 14 + size)), seconds=1_700_000_000 + size, fraction=size * 7, length=size + 9)
        for size in range(60, 200)))
    other = tmp_path / "other"
    done = subprocess.run(["editcap", "-F", kind, mine, other], capture_output=True, check=False, timeout=60)
    if done.returncode:
        pytest.skip(f"this editcap does not write {kind}")
    fields = ["-T", "fields", "-e", "frame.time_epoch", "-e", "frame.len", "-e", "frame.cap_len"]
    shown = subprocess.run(["tshark", "-r", other, *fields], capture_output=True, check=True, timeout=60).stdout.decode()
    source, packets = one(other)
    assert source.facts.error is None
    assert [f"{p.time // 10**9}.{p.time % 10**9:09}\t{p.length}\t{len(p.data)}" for p in packets] == shown.splitlines()


@pytest.mark.parametrize("limit", [1, 2, 3, 49, 50, 51])
def test_a_limit_ends_it_at_that_packet(tmp_path, limit):
    for name, data in (("a", pcap(50)), ("b", section() + interface() + b"".join(enhanced(FRAME) + (interface() if n % 7 == 0 else b"") for n in range(50)))):
        (tmp_path / name).write_bytes(data)
        (source,) = sources([tmp_path / name])
        source.limit = limit
        count = 0
        for block in source:
            count += len(list(walk(block)))
            source.facts.packets = count
        assert count == min(limit, 50)
        assert source.facts.error is None


def test_it_says_where_the_first_record_begins_that_was_not_read(tmp_path):
    (tmp_path / "a").write_bytes(pcap(3) + b"half")
    (source,) = sources([tmp_path / "a"])
    reached = []
    for block in source:
        reached += [source.reached for _packet in walk(block)]
    assert reached == [24 + 76 * count for count in range(1, 4)]
    assert source.reached == 24 + 76 * 3
