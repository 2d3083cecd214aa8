"""What is written is read by our own reader, by scapy and by Wireshark's programs."""

import shutil
import struct
import subprocess

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.capture import pcapng_writer as pcapng
from consul_sniff.capture import sources
from consul_sniff.capture.pcap import PcapLayout

from . import made
from .walker import read

TIME = 1_764_108_000_123_456_789
needs_tshark = pytest.mark.skipif(not shutil.which("tshark") or not shutil.which("capinfos"), reason="tshark and capinfos are not installed")


def whole(*blocks):
    return pcapng.section("consul-sniff 1", "Linux", ["of a test"]) + pcapng.interface(1, 65_535, "eth0", "tcp port 8300") + b"".join(blocks)


def written(tmp_path, *blocks):
    path = tmp_path / "made.pcapng"
    path.write_bytes(whole(*blocks))
    return path


def fields(path, *names, options=()):
    words = [word for name in names for word in ("-e", name)]
    done = subprocess.run(["tshark", "-r", path, *options, "-T", "fields", "-E", "aggregator=|", *words], capture_output=True, text=True, check=True)
    return [tuple(line.split("\t")) for line in done.stdout.splitlines()]


def datagram(source, destination):
    ip = struct.pack(">BBHHHBBH4s4s", 0x45, 0, 28, 1, 0, 64, 17, 0, bytes(source), bytes(destination))
    return bytes(12) + b"\x08\x00" + ip + struct.pack(">HHHH", 1, 2, 8, 0)


def test_our_own_reader_reads_it(tmp_path):
    path = written(tmp_path, pcapng.packet(0, TIME, 99, b"abcde", ["proof"]), pcapng.statistics(0, pcapng.Counted(1, 2, 3, 4, "lost")))
    (source,) = sources([str(path)])
    (packet,) = read(source)
    assert (packet.data, packet.length, packet.time) == (b"abcde", 99, TIME)
    assert source.facts.error is None


def test_scapy_reads_its_comments_and_nanoseconds(tmp_path):
    from scapy.utils import RawPcapNgReader

    path = written(tmp_path, pcapng.packet(0, TIME, 60, made.FRAME, ["one", "two"]), pcapng.packet(0, TIME + 1, 60, made.FRAME))
    with RawPcapNgReader(str(path)) as reader:
        (first, about), (_, next_about) = list(reader)
    assert first == made.FRAME
    assert about.comments == [b"one", b"two"]
    assert not next_about.comments
    assert about.ifname == b"eth0"
    assert (about.tshigh << 32 | about.tslow, about.tsresol) == (TIME, 10**9)


@needs_tshark
def test_wireshark_shows_comments_names_and_times(tmp_path):
    path = written(tmp_path, pcapng.names([(bytes([10, 0, 0, 1]), "server-1"), (bytes(15) + b"\1", "six")]),
                   pcapng.packet(0, TIME, 42, datagram([10, 0, 0, 1], [10, 0, 0, 2]), ["finding-1: what", "finding-2: é"]),
                   pcapng.packet(0, TIME + 1, 42, datagram([10, 0, 0, 2], [10, 0, 0, 1])))
    got = fields(path, "frame.number", "frame.time_epoch", "ip.src_host", "frame.interface_name", "frame.comment", options=["-N", "n"])
    assert got == [("1", "1764108000.123456789", "server-1", "eth0", "finding-1: what|finding-2: é"), ("2", "1764108000.123456790", "10.0.0.2", "eth0", "")]


@needs_tshark
def test_wireshark_shows_who_wrote_it_the_filter_and_what_came_too_late(tmp_path):
    path = written(tmp_path, pcapng.packet(0, TIME, 60, made.FRAME), pcapng.statistics(0, pcapng.Counted(TIME, TIME, 10, 2, "lost")),
                   pcapng.section("consul-sniff 1", "Linux", ["packet 1 proves it"]))
    said = subprocess.run(["capinfos", path], capture_output=True, text=True, check=True).stdout
    for words in ("Capture comment:     of a test", "Capture comment:     packet 1 proves it", "Capture application: consul-sniff 1",
                  "Filter string = tcp port 8300", "Number of stat entries = 1", "nanoseconds (9)", "Number of packets:   1\n"):
        assert words in said


@pytest.mark.parametrize("order", "<>")
@pytest.mark.parametrize(("magic", "scale"), [(made.MICRO, 1000), (made.NANO, 1)])
@given(sizes=st.lists(st.integers(0, 70) | st.sampled_from([2_047, 2_048, 9_000, 262_144]), min_size=1, max_size=9))
def test_many_at_once_are_the_same_as_one_by_one(order, magic, scale, sizes):
    layout = PcapLayout(made.pcap_header(order, magic))
    packets = [(bytes([number]) * size, number + 7, 1000 + number) for number, size in enumerate(sizes)]
    records = b"".join(made.record(data, order, seconds, fraction, len(data) + 5) for data, seconds, fraction in packets)
    pieces = list(pcapng.packets(bytearray(records), layout.dialect, 3))
    assert sum(count for count, _ in pieces) == len(packets)
    assert b"".join(blocks for _, blocks in pieces) == b"".join(
        pcapng.packet(3, seconds * 10**9 + fraction * scale, len(data) + 5, data) for data, seconds, fraction in packets)


def test_pieces_are_small(tmp_path):
    layout = PcapLayout(made.pcap_header(magic=made.NANO))
    pieces = list(pcapng.packets(b"".join(made.record(bytes(1_000)) for _ in range(1_000)), layout.dialect, 0))
    assert sum(count for count, _ in pieces) == 1_000
    assert max(len(blocks) for _, blocks in pieces) < 200_000


def test_a_packet_that_says_it_was_shorter_than_what_is_here(tmp_path):
    layout = PcapLayout(made.pcap_header(magic=made.NANO))
    ((_, blocks),) = pcapng.packets(made.record(b"abcd", length=2), layout.dialect, 0)
    assert blocks == pcapng.packet(0, 10**9, 2, b"abcd")
    assert struct.unpack_from(">II", blocks, 20) == (4, 4)


@pytest.mark.parametrize(("time", "kept"), [(-1, 0), (1 << 70, (1 << 64) - 1)])
def test_times_that_do_not_fit(time, kept):
    assert struct.unpack_from(">Q", pcapng.packet(0, time, 0, b""), 12) == (kept,)


def test_what_the_wire_says_is_made_printable():
    words = "\x1b[2Jalive \u202eevil\0\n" + "x" * 10_000
    for block in (pcapng.packet(0, 0, 0, b"", [words]), pcapng.names([(bytes(4), words)]), pcapng.interface(1, 0, words, words)):
        assert b"\x1b" not in block
        assert "\u202e".encode() not in block
        assert len(block) < 9_000


def test_many_names_are_several_blocks():
    blocks = pcapng.names([(number.to_bytes(4, "big"), f"node-{number}") for number in range(2_500)])
    at = seen = 0
    while at < len(blocks):
        kind, length = struct.unpack_from(">II", blocks, at)
        assert (kind, struct.unpack_from(">I", blocks, at + length - 4)) == (4, (length,))
        at, seen = at + length, seen + 1
    assert seen == 3
    assert pcapng.names([]) == b""
