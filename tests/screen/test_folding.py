from __future__ import annotations

import ipaddress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.model import Way
from consul_sniff.screen.folding import COUNTERS, GOSSIP, address, flow
from consul_sniff.screen.table import Table


@given(st.integers(0, 2**32 - 1))
def test_ipv4_as_ipaddress_writes_it(number):
    assert address(4, number, 0) == str(ipaddress.IPv4Address(number))


@given(st.lists(st.sampled_from([0, 0, 1, 0x1234, 0xFFFF]), min_size=8, max_size=8))
def test_ipv6_as_ipaddress_reads_it(groups):
    raw = b"".join(group.to_bytes(2, "big") for group in groups)
    text = address(6, int.from_bytes(raw[:8], "little"), int.from_bytes(raw[8:], "little"))
    assert ipaddress.IPv6Address(text).packed == raw
    assert "." not in text
    if groups[:5] != [0] * 5:
        assert text == str(ipaddress.IPv6Address(raw))


@pytest.mark.parametrize(("raw", "text"), [("::ffff:1.2.3.4", "::ffff:102:304"), ("::1.2.3.4", "::102:304"), ("::1", "::1")])
def test_ipv4_in_ipv6_stays_ipv6(raw, text):
    packed = ipaddress.IPv6Address(raw).packed
    assert address(6, int.from_bytes(packed[:8], "little"), int.from_bytes(packed[8:], "little")) == text


def test_every_counter_of_a_way_is_folded():
    assert {*COUNTERS, *GOSSIP, "plain_frames"} == set(Way.__slots__)
    table = Table(16, seed=1)
    row = table.insert(1 << 32 | 2, 4 << 40 | 17 << 32 | 5 << 16 | 6, 0, 0, 0)
    table.rows_array[row].flip = 1
    for i, name in enumerate(COUNTERS):
        setattr(table.sides_array[2 * row], name, 100 + i)
    for i, name in enumerate(GOSSIP):
        setattr(table.extra_array[2 * row], name, 200 + i)
    table.extra_array[2 * row].plain1 = 7
    it = flow(table, row, 3, "vlan 1", counted=True)
    assert (it.addresses, it.ports, it.transport) == (("0.0.0.2", "0.0.0.1"), (6, 5), "udp")
    assert (it.input, it.tunnel, it.opener, it.number) == (3, "vlan 1", None, table.rows_array[row].number)
    assert [getattr(it.ways[0], name) for name in COUNTERS] == [100 + i for i in range(len(COUNTERS))]
    assert [getattr(it.ways[0], name) for name in GOSSIP] == [200 + i for i in range(len(GOSSIP))]
    assert it.ways[0].plain_frames == (7,)
    assert it.ways[1].packets == 0
