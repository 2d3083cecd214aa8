"""The kernel's filter, held against packets by libpcap's own offline matcher."""

import struct

import pytest

from consul_sniff.capture.bpf import compile as compile_bpf
from consul_sniff.capture.kernel_filter import checked, expression
from consul_sniff.errors import UsageError

MACS = bytes(12)
IP = bytes.fromhex("4500001c000020b90011000a0a000001c0a80007")  # a later fragment: no ports in it


def passes(packet, bpf=None, link_type=1):
    return compile_bpf(expression(bpf, link_type), link_type)(packet, len(packet), 0)


@pytest.mark.parametrize(("name", "layer"), [
    ("IPv4", b"\x08\x00" + IP), ("IPv6", b"\x86\xdd" + b"\x60" + bytes(39)), ("VLAN", b"\x81\x00\x00\x0c\x08\x00" + IP),
    ("provider VLAN", b"\x88\xa8\x00\x0c\x81\x00\x00\x0d\x08\x00" + IP), ("MPLS", b"\x88\x47\x00\x01\x01\x40" + IP),
    ("PPPoE", b"\x88\x64\x11\x00\x00\x01\x00\x1e\x00\x21" + IP), ("SNAP", struct.pack(">H", 28) + b"\xaa\xaa\x03\0\0\0\x08\x00" + IP)])
def test_all_that_can_hold_consul_passes(name, layer):
    assert passes(MACS + layer), name


@pytest.mark.parametrize("layer", [b"\x08\x06" + bytes(28), b"\x88\xcc" + bytes(40), b"\x00\x26\x42\x42\x03" + bytes(35)],
                         ids=["ARP", "LLDP", "spanning tree"])
def test_what_cannot_does_not(layer):
    assert not passes(MACS + layer)


def test_a_users_filter_is_added_and_sees_the_same_offsets():
    tagged = MACS + b"\x81\x00\x00\x0c\x08\x00" + IP
    assert passes(MACS + b"\x08\x00" + IP, "host 10.0.0.1")
    assert not passes(MACS + b"\x08\x00" + IP, "host 10.0.0.9")
    assert passes(tagged, "vlan 12 and host 10.0.0.1")
    assert not passes(tagged, "vlan 13")


def test_alternatives_of_a_user_do_not_open_ours():
    assert not passes(MACS + b"\x08\x06" + bytes(28), "arp or host 10.0.0.1")


def test_raw_ip_and_cooked_packets_pass():
    assert passes(IP, link_type=101)
    assert passes(bytes(14) + b"\x08\x00" + IP, link_type=113)
    assert not passes(bytes(14) + b"\x08\x06" + bytes(28), link_type=113)


def test_a_wrong_filter_is_told_in_libpcaps_words():
    with pytest.raises(UsageError, match=r"--filter 'host of mine'.*libpcap says: .*pcap-filter"):
        checked("host of mine")
    assert checked(None) is None
