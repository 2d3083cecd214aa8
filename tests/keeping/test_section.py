import struct

import pytest

from consul_sniff.capture import pcapng_writer as pcapng
from consul_sniff.capture.handle import Counts
from consul_sniff.capture.live import Face
from consul_sniff.errors import OutputError
from consul_sniff.keeping.section import INTERFACES, Section
from consul_sniff.model import Interface

from .kept import Clocks, node

ETH0, ETH1 = Interface(1, 10**9, 0, 262_144, "eth0"), Interface(276, 10**9, 0, 262_144, "eth1")


class Live:
    def interfaces(self):
        return [Face(ETH0, "ip", Counts(100, 7, 2)), Face(ETH1, "ip", Counts(0, 0, 0))]


def kinds(blocks):
    at, found = 0, []
    while at < len(blocks):
        kind, length = struct.unpack_from(">II", blocks, at)
        found.append(kind)
        at += length
    return found


def test_a_live_sources_interfaces_are_all_known_and_say_what_they_counted():
    section = Section(Clocks())
    assert section.know(Live()) == pcapng.interface(1, 262_144, "eth0", "ip") + pcapng.interface(276, 262_144, "eth1", "ip")
    assert section.number(ETH1) == (1, b"")
    end = section.end(Live())
    assert kinds(end) == [5, 5]
    assert struct.pack(">HHQ", 4, 8, 100) + struct.pack(">HHQ", 5, 8, 9) in end
    assert b"of 100 packets the kernel dropped 7; the interface dropped 2 before" in end


def test_a_streams_interfaces_are_known_when_they_are_met():
    section = Section(Clocks())
    assert section.know(object()) == b""
    assert section.number(ETH0) == (0, pcapng.interface(1, 262_144, "eth0", ""))
    assert section.end(object()) == b""
    section.count(0, 5)
    assert b"counted in the stream" in section.end(object())


def test_every_file_begins_with_all_that_is_known():
    section = Section(Clocks())
    section.number(ETH0)
    section.names([node("10.0.0.1", "s1")])
    assert kinds(section.begin()) == [0x0A0D0D0A, 1, 4]


def test_names_are_told_when_they_are_new():
    section = Section(Clocks())
    nodes = [node("10.0.0.1", "s1"), node("fd00::1", "s2"), node("10.0.0.3", None), node("no address", "x")]
    assert section.names(nodes) == pcapng.names([(bytes([10, 0, 0, 1]), "s1"), (bytes.fromhex("fd00") + bytes(13) + b"\1", "s2")])
    assert section.names(nodes) == b""
    assert section.names([node("10.0.0.1", "renamed")]) == pcapng.names([(bytes([10, 0, 0, 1]), "renamed")])


def test_a_stream_may_not_name_interfaces_without_end():
    section = Section(Clocks())
    for number in range(INTERFACES):
        section.number(ETH0._replace(name=str(number)))
    with pytest.raises(OutputError, match="more than 4096 interfaces are not kept apart"):
        section.number(ETH0)
