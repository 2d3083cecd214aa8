from __future__ import annotations

import struct

import pytest

from consul_sniff.capture import bpf, sources
from consul_sniff.errors import UsageError
from consul_sniff.model import Interface

from .made import FRAME, NANO, enhanced, interface, pcap, pcap_header, record, section
from .walker import read

pytest.importorskip("cypcap")

IP = bytes.fromhex("45000021000100004011000 00a000001 0a000002".replace(" ", "")) + struct.pack(">HHHH", 8301, 8301, 13, 0)
IP += b"hello"
ETHERNET = bytes(12) + b"\x08\x00" + IP
SLL = bytes(14) + b"\x08\x00" + IP
SLL2 = b"\x08\x00" + bytes(18) + IP
LITTLE = struct.pack("<I", 2) + IP
BIG = struct.pack(">I", 2) + IP


@pytest.mark.parametrize(("link_type", "packet"), [
    (1, ETHERNET), (113, SLL), (276, SLL2), (101, IP), (12, IP), (228, IP), (0, LITTLE), (0, BIG), (108, BIG),
])
def test_every_link_type(link_type, packet):
    assert bpf.compile("udp port 8301", link_type)(packet, len(packet), 0) is True
    assert bpf.compile("udp port 8302", link_type)(packet, len(packet), 0) is False
    assert bpf.compile("udp port 8301", link_type)(packet[:8], len(packet), 0) is False


def test_length_is_the_wires():
    accept = bpf.compile("greater 1000", 1)
    assert accept(ETHERNET, 1500, 0) is True
    assert accept(ETHERNET, len(ETHERNET), 0) is False


@pytest.mark.parametrize(("expression", "words"), [
    ("udp prot 8301", "--filter 'udp prot 8301': libpcap says: can't parse filter expression: syntax error"),
    ("port nosuch\x1b", "--filter 'port nosuch\\u{1b}': libpcap says"),
    ("ip\0 and", "a filter cannot hold a NUL character"),
    ("port \udcff", "--filter 'port \\u{ff}'"),
])
def test_wrong_expressions_are_told_before_anything_is_read(expression, words):
    with pytest.raises(UsageError) as caught:
        sources(["no-such-file"], bpf=expression)
    assert words in str(caught.value)


def test_missing_module_is_told(monkeypatch):
    monkeypatch.setitem(__import__("sys").modules, "cypcap", None)
    with pytest.raises(UsageError, match="--filter needs the module cypcap"):
        bpf.compile("ip", 1)


def test_filter_knows_each_interface(tmp_path):
    path = tmp_path / "two.pcapng"
    path.write_bytes(section() + interface(link=1) + interface(link=101) + enhanced(ETHERNET) + enhanced(FRAME)
                     + enhanced(IP, number=1) + enhanced(IP[:10], number=1) + section() + interface(link=276)
                     + enhanced(SLL2))
    (source,) = sources([str(path)], bpf="udp port 8301")
    assert [p.data for p in read(source)] == [ETHERNET, IP, SLL2]
    assert source.facts.error is None


def test_link_type_without_filters_is_told_once(tmp_path):
    path = tmp_path / "nflog.pcapng"
    path.write_bytes(section() + interface(link=239) + interface() + enhanced(IP) * 3 + enhanced(ETHERNET, number=1))
    (source,) = sources([str(path)], bpf="ip")
    assert [p.data for p in read(source)] == [ETHERNET]
    assert source.facts.error is not None
    assert source.facts.error.count("NFLOG link-layer type filtering not implemented") == 1
    assert source.facts.error.endswith("its packets of this link type were left out")


def test_interface_that_is_not_there_is_no_filters_business():
    accept = bpf.Filter("udp port 1").over([Interface(1, 1, 0, 0)], lambda _: None)
    assert accept(ETHERNET, 60, 1) is True
    assert accept(ETHERNET, 60, 0) is False


@pytest.mark.parametrize("expression", [None, "", "  "])
def test_no_filter(tmp_path, expression):
    path = tmp_path / "all.pcap"
    path.write_bytes(pcap(3, magic=NANO))
    (source,) = sources([str(path)], bpf=expression)
    assert [block.accept for block in source] == [None]


def test_filter_over_a_big_endian_file(tmp_path):
    path = tmp_path / "big.pcap"
    path.write_bytes(pcap_header(">") + record(ETHERNET, ">") + record(FRAME, ">"))
    (source,) = sources([str(path)], bpf="not arp")
    assert [p.data for p in read(source)] == [ETHERNET]
