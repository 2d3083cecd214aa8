"""What the tests of keeping share: blocks of classic pcap, reports with findings, a watch over pieces of a capture."""

import struct
from pathlib import Path

from consul_sniff.capture.pcap import PcapLayout
from consul_sniff.facts import InputFacts
from consul_sniff.model import Block, Confidence, Evidence, Grade, Severity
from consul_sniff.report import Finding, Node, Report

from ..capture import made

LAYOUT = PcapLayout(made.pcap_header(magic=made.NANO))


class Clocks:
    """Always the same time."""

    def wall(self):
        return 1_764_108_000 * 10**9

    def monotonic(self):
        return 0.0

    def boot(self):
        return 0.0


def block(*packets, dialect=LAYOUT.dialect):
    """Classic pcap records, as a source gives them and the screen has read them."""
    data = b"".join(made.record(packet) for packet in packets)
    one = Block(bytearray(data) + bytearray(64), 0, len(data), dialect)
    one.consumed = len(data)
    return one


def finding(name, *frames, title="Plaintext", says="ping"):
    evidence = tuple(Evidence(0, frame, says) for frame in frames)
    return Finding(name, "s", "c", Severity.HIGH, Confidence.HIGH, Grade.TWO_WAY, title, "10.0.0.1", "10.0.0.2", 8301, "udp", "memberlist", 1, 0, 0,
                   evidence, "", "")


def node(address, name):
    return Node(address, name, "server", "dc1", None, "plaintext", "unknown", 1, 0, (), "alive", decrypted=False)


def report(*findings, nodes=()):
    return Report([], {}, {}, True, [], [], list(findings), list(nodes), [], [], frozenset(), 1, "found")


class Pieces:
    """A classic pcap as a stream whose blocks hold *most* packets."""

    def __init__(self, path, most):
        self.path, self.facts, self.wait, self.most = str(path), InputFacts(str(path)), None, most

    def __iter__(self):
        data = Path(self.path).read_bytes()
        layout = PcapLayout(data[:24])
        size = struct.Struct((">" if layout.dialect.big_endian else "<") + "8xI")
        at, begun, count = 24, 24, 0
        while at + 16 <= len(data):
            at, count = at + 16 + size.unpack_from(data, at)[0], count + 1
            if count % self.most == 0 or at >= len(data):
                records = data[begun:at]
                yield Block(bytearray(records) + bytearray(64), 0, len(records), layout.dialect)
                begun = at
