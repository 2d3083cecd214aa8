from __future__ import annotations

import random

import pytest

from consul_sniff.model import Block
from consul_sniff.screen import compiled
from consul_sniff.screen.ahead import Ahead
from consul_sniff.screen.handover import HandOver
from consul_sniff.screen.layers import Layers
from consul_sniff.screen.records import Records
from consul_sniff.screen.repeats import Repeats
from consul_sniff.screen.table import SHARES, Table
from consul_sniff.screen.units import Units
from consul_sniff.screen.words import Window

from .drive import dialect, packets, record
from .frames import A6, B6, tcp, udp

needs_pointers = pytest.mark.skipif(not compiled, reason="uncompiled nothing is fetched")


def ahead(records: bytes, own: int = -1) -> tuple[Ahead, Table]:
    window = Window(5)
    buffer = bytearray(records + bytes(128))
    window.look(buffer)
    rec, table = Records(window), Table(64, 7)
    rec.begin(Block(buffer, 0, len(buffer), dialect()))
    it = Ahead(window, rec, table, Repeats(window, Layers(window), table), Units(window, table, HandOver(table)), own)
    it.begin()
    return it, table


@needs_pointers
@pytest.mark.parametrize("frame", [
    udp(b"hello"), udp(b"hello", 5000, 6000, sender="10.0.0.2", receiver="10.0.0.1"), tcp(b"data", 7), udp(b"hello", sender=A6, receiver=B6),
    udp(b"hello", sender=B6, receiver=A6),
])
def test_the_flow_of_the_record_after_the_next_is_guessed(frame):
    it, table = ahead(record(udp(b"first", 1, 2)) + record(frame))
    [flow] = packets([frame]).flows
    assert it.h == table.hash(*flow.key[:5])


@needs_pointers
@pytest.mark.parametrize("frame", [udp(b"hello"), udp(b"\x05gossip"), tcp(b"data", 7)])
def test_nothing_is_fetched_of_flows_that_another_process_keeps(frame):
    shares = [ahead(record(udp(b"first", 1, 2)) + record(frame), 1 << share)[0].h for share in range(SHARES)]
    assert len([h for h in shares if h]) == 1


@needs_pointers
def test_nothing_is_guessed_of_what_is_no_packet_and_nothing_breaks():
    rng = random.Random(3)
    for size in range(400):
        ahead(rng.randbytes(size))
    assert ahead(b"")[0].h == 0
