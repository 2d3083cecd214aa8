from __future__ import annotations

import pytest
from scapy.contrib.geneve import GENEVE
from scapy.contrib.mpls import MPLS
from scapy.layers.inet import IP, UDP
from scapy.layers.inet6 import (
    ICMPv6EchoRequest,
    IPv6,
    IPv6ExtHdrDestOpt,
    IPv6ExtHdrFragment,
    IPv6ExtHdrHopByHop,
    IPv6ExtHdrRouting,
)
from scapy.layers.ipsec import AH
from scapy.layers.l2 import ARP, GRE, LLC, SNAP, CookedLinux, CookedLinuxV2, Dot1Q, Dot3, Ether
from scapy.layers.ppp import PPP, PPPoE
from scapy.layers.vxlan import VXLAN
from scapy.packet import Raw

from consul_sniff.limits import LAYERS

from . import frames
from .drive import packets
from .frames import A6, B6, A, B

ALL = {"everything": True}


def inner(version: int = 4):
    return frames.ip(A if version == 4 else A6, B if version == 4 else B6) / UDP(sport=8301, dport=8302) / Raw(b"payload")


def outer(**more: object):
    return frames.ip("192.0.2.1", "192.0.2.2") / UDP(sport=50_000, **more)


def eth(packet: object = None):
    return Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02") / (inner() if packet is None else packet)


def loop(family: int, order: str, packet: object) -> bytes:
    return family.to_bytes(4, order) + bytes(packet)


LINKS = [
    ("ethernet", 1, eth()),
    ("802.3 with SNAP", 1, Dot3(dst="02:00:00:00:00:02") / LLC(dsap=0xAA, ssap=0xAA, ctrl=3) / SNAP(code=0x0800) / inner()),
    ("cooked v1", 113, CookedLinux(proto=0x0800) / inner()),
    ("cooked v2", 276, CookedLinuxV2(proto=0x0800) / inner()),
    ("cooked v2 with vlan", 276, CookedLinuxV2(proto=0x8100) / Dot1Q(vlan=5) / inner()),
    ("raw", 101, inner()),
    ("raw BSD", 12, inner()),
    ("raw OpenBSD", 14, inner(6)),
    ("raw IPv4", 228, inner()),
    ("raw IPv6", 229, inner(6)),
    ("null little", 0, loop(2, "little", inner())),
    ("null big", 0, loop(30, "big", inner(6))),
    ("null freebsd", 0, loop(28, "little", inner(6))),
    ("loop", 108, loop(24, "big", inner(6))),
    ("ppp", 9, PPP(proto=0x21) / inner()),
    ("ppp compressed", 9, b"\x21" + bytes(inner())),
    ("ppp with address", 9, b"\xff\x03\x00\x57" + bytes(inner(6))),
    ("ppp hdlc", 50, b"\xff\x03\x00\x21" + bytes(inner())),
    ("cisco hdlc", 50, b"\x0f\x00\x08\x00" + bytes(inner())),
    ("pppoe", 51, PPPoE(sessionid=3) / PPP(proto=0x21) / inner()),
]


@pytest.mark.parametrize(("link", "frame"), [it[1:] for it in LINKS], ids=[it[0] for it in LINKS])
def test_link_types(link, frame):
    run = packets([bytes(frame)], link, **ALL)
    assert run.screen.counters == {"udp": 1}
    flow = run.flow("udp")
    assert flow.addresses in {(A, B), (A6, B6)}
    assert flow.ports == (8301, 8302)
    assert [payload.data for payload in run.payloads] == [b"payload"]


TUNNELS = [
    ("vlan 12", eth(Dot1Q(vlan=12) / inner())),
    ("vlan 7, vlan 12", Ether(type=0x88A8) / Dot1Q(vlan=7, type=0x8100) / Dot1Q(vlan=12) / inner(6)),
    ("vlan 9", Ether(type=0x9100) / Dot1Q(vlan=9) / inner()),
    ("mpls 77", Ether(type=0x8847) / MPLS(label=77, s=0) / MPLS(label=78, s=1) / inner()),
    ("mpls 5", Ether(type=0x8847) / MPLS(label=5, s=1) / Raw(bytes(4) + bytes(eth()))),
    ("vxlan 42", eth(outer(dport=4789) / VXLAN(vni=42, flags=8) / eth())),
    ("vxlan 42", eth(outer(dport=8472) / VXLAN(vni=42, flags=8) / eth(inner(6)))),
    ("geneve 9", eth(outer(dport=6081) / GENEVE(vni=9) / eth())),
    ("geneve 9", eth(outer(dport=6081) / GENEVE(vni=9, proto=0x0800) / inner())),
    ("gre", eth(frames.ip("192.0.2.1", "192.0.2.2") / GRE() / inner())),
    ("gre 99", eth(frames.ip("192.0.2.1", "192.0.2.2") / GRE(key_present=1, key=99, seqnum_present=1) / inner(6))),
    ("gre", eth(IPv6(src="2001:db8::a", dst="2001:db8::b") / GRE(proto=0x6558, chksum_present=1) / eth())),
    ("erspan", eth(frames.ip("192.0.2.1", "192.0.2.2") / GRE(proto=0x88BE, seqnum_present=1) / Raw(bytes(8) + bytes(eth())))),
    ("erspan", eth(frames.ip("192.0.2.1", "192.0.2.2") / GRE(proto=0x22EB, seqnum_present=1) / Raw(bytes(12) + bytes(eth())))),
    ("ip-in-ip", eth(frames.ip("192.0.2.1", "192.0.2.2") / inner())),
    ("ip-in-ip", eth(frames.ip("192.0.2.1", "192.0.2.2") / inner(6))),
    ("pppoe 3", Ether(type=0x8864) / PPPoE(sessionid=3) / PPP(proto=0x21) / inner()),
    ("vlan 4, vxlan 8, vlan 6", eth(Dot1Q(vlan=4) / outer(dport=4789) / VXLAN(vni=8, flags=8) / eth(Dot1Q(vlan=6) / inner()))),
]


@pytest.mark.parametrize(("text", "frame"), TUNNELS, ids=[f"{i} {it[0]}" for i, it in enumerate(TUNNELS)])
def test_tunnels(text, frame):
    run = packets([bytes(frame)], **ALL)
    assert run.screen.counters == {"udp": 1}
    flow = run.flow("udp")
    assert flow.addresses in {(A, B), (A6, B6)}
    assert flow.tunnel == text
    assert [payload.data for payload in run.payloads] == [b"payload"]


def test_the_same_conversation_in_and_out_of_a_tunnel_is_one_flow():
    run = packets([bytes(eth()), bytes(eth(Dot1Q(vlan=12) / inner())), bytes(eth(outer(dport=4789) / VXLAN(vni=1, flags=8) / eth()))])
    assert run.flow("udp").ways[0].packets == 3
    assert run.flow("udp").tunnel == ""


@pytest.mark.parametrize("payload", [b"", b"\x08", bytes(40), b"\x08" + bytes(30), frames.crc(frames.ping()), b"\x00\x00\x65\x58" + bytes(30)])
@pytest.mark.parametrize("port", [4789, 8472, 6081])
def test_a_tunnels_port_alone_is_ordinary_udp(port, payload):
    run = packets([frames.udp(payload, port, port)])
    assert run.screen.counters == {"udp": 1}
    assert run.flow("udp").ports == (port, port)


def test_too_many_tunnels():
    packet = inner()
    for _ in range(LAYERS):
        packet = frames.ip("192.0.2.1", "192.0.2.2") / packet
    assert packets([bytes(eth(packet))]).screen.counters == {"udp": 1}
    assert packets([bytes(eth(frames.ip("192.0.2.1", "192.0.2.2") / packet))]).screen.counters == {"tunnel-depth": 1}


EXTENSIONS = [
    IPv6ExtHdrHopByHop(),
    IPv6ExtHdrDestOpt() / IPv6ExtHdrRouting(addresses=["2001:db8::9"]),
    AH(nh=17, payloadlen=4, spi=1, icv=bytes(12)),
    IPv6ExtHdrFragment(offset=0, m=0, id=5),  # RFC 6946: an atomic fragment
]


@pytest.mark.parametrize("extension", EXTENSIONS, ids=["hop", "options+routing", "ah", "atomic"])
def test_ipv6_extension_headers(extension):
    run = packets([bytes(Ether() / IPv6(src=A6, dst=B6) / extension / UDP(sport=1, dport=2) / Raw(b"payload"))], **ALL)
    assert run.screen.counters == {"udp": 1}
    assert [payload.data for payload in run.payloads] == [b"payload"]


def test_ipv4_authentication_header():
    packet = IP(src=A, dst=B, proto=51) / AH(nh=17, payloadlen=4, spi=1, icv=bytes(12)) / UDP(sport=1, dport=2) / Raw(b"abc")
    run = packets([bytes(Ether() / packet)], **ALL)
    assert [payload.data for payload in run.payloads] == [b"abc"]


def test_endless_ipv6_extension_headers():
    raw = bytes(Ether() / IPv6(src=A6, dst=B6, nh=60)) + b"\x3c\x00\x01\x04\x00\x00\x00\x00" * 60
    raw = raw[:18] + (480).to_bytes(2, "big") + raw[20:]
    assert packets([raw]).screen.counters == {"malformed": 1}


def test_ipv4_options_and_ethernet_padding():
    packet = IP(src=A, dst=B, id=9, options=[("NOP")] * 8) / UDP(sport=1, dport=2) / Raw(b"abc")
    run = packets([bytes(Ether() / packet) + b"padding" * 3], **ALL)
    assert [payload.data for payload in run.payloads] == [b"abc"]


def test_padding_is_no_tcp_payload():
    run = packets([frames.tcp(b"abc", 100) + b"padding", frames.tcp(seq=103) + b"padding", frames.tcp(b"def", 103) + b"padding"])
    assert [payload.data for payload in run.payloads] == [b"abc", b"def"]
    assert run.flow().ways[0].payloads == 2


def test_total_length_0_is_segmentation_offload():
    raw = bytearray(frames.tcp(b"x" * 3000, 100))
    raw[16:18] = b"\0\0"
    run = packets([bytes(raw)])
    assert [payload.data for payload in run.payloads] == [b"x" * 3000]


OTHERS = [
    ("not-ip", bytes(Ether() / ARP())),
    ("not-ip", bytes(Dot3() / Raw(bytes(40)))),
    ("other-transport", bytes(Ether() / IP(src=A, dst=B, proto=1) / Raw(b"ping"))),
    ("other-transport", bytes(Ether() / IPv6(src=A6, dst=B6) / ICMPv6EchoRequest())),
    ("other-transport", bytes(Ether() / IPv6(src=A6, dst=B6, nh=59))),
    ("other-transport", bytes(Ether() / IP(src=A, dst=B) / GRE(proto=0x1234) / Raw(bytes(9)))),
    ("malformed", b"too short"),
    ("malformed", bytes(Ether() / IP(src=A, dst=B, ihl=3, proto=17) / Raw(bytes(40)))),
    ("malformed", bytes(Ether() / IP(src=A, dst=B, len=10, proto=17) / Raw(bytes(40)))),
    ("malformed", bytes(Ether(type=0x0800) / IPv6(src=A6, dst=B6))),
    ("malformed", bytes(Ether() / IP(src=A, dst=B, proto=17) / Raw(b"\0\1\0"))),
    ("malformed", bytes(Ether() / IP(src=A, dst=B, proto=6) / Raw(b"\0\1\0\2" + bytes(8) + b"\x10" + bytes(9)))),
    ("malformed", bytes(Ether() / IP(src=A, dst=B) / UDP(sport=1, dport=2, len=7))),
]


@pytest.mark.parametrize(("counter", "frame"), OTHERS, ids=[f"{i} {it[0]}" for i, it in enumerate(OTHERS)])
def test_the_rest_is_counted(counter, frame):
    assert packets([frame]).screen.counters == {counter: 1}


def test_a_link_type_that_is_not_read():
    run = packets([frames.udp(b"x")], 147)
    assert run.screen.counters == {"unsupported-link": 1}
    assert run.screen.unsupported == {147}
    assert run.screen.link_types == {147}
