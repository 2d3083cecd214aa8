from __future__ import annotations

import pytest
from scapy.layers.inet import IP
from scapy.layers.l2 import Dot1Q, Ether

from .drive import packets
from .frames import A6, B6, A, alive, compound, ping, tcp, udp

PING = ping(1)


def again(frame: bytes, **fields: object) -> bytes:
    """The same packet at another capture point: another hop count, tag and checksum."""
    packet = Ether(frame)
    packet[IP].ttl -= 1
    packet[IP].chksum = None
    for name, value in fields.items():
        setattr(packet.lastlayer() if name == "load" else packet[IP].payload, name, value)
    return bytes(Ether(src="02:00:00:00:00:09") / Dot1Q(vlan=3) / packet[IP])


def test_a_second_sight_is_a_duplicate():
    first, second = udp(PING), tcp(b"data", 7)
    run = packets([first, second, again(first), again(second, chksum=0x1234), again(first, chksum=0)])
    assert run.screen.counters == {"udp": 1, "tcp": 1, "duplicate": 3}
    assert run.flow("udp").ways[0].packets == 1
    assert len(run.payloads) == 2


def test_a_pure_acknowledgement_too():
    frame = tcp(seq=7, flags="A", ident=9)
    assert packets([frame, again(frame)]).screen.counters == {"tcp": 1, "duplicate": 1}


@pytest.mark.parametrize(("gap", "duplicate"), [(0.0, 1), (0.9, 1), (-0.9, 1), (1.1, 0)])
def test_within_a_second(gap, duplicate):
    frame = udp(PING)
    assert packets([(5.0, frame), (5.0 + gap, frame)]).screen.counters.get("duplicate", 0) == duplicate


@pytest.mark.parametrize(("gap", "duplicate"), [(0.04, 1), (0.06, 0)])
@pytest.mark.parametrize("version", [4, 6])
def test_within_50_ms_without_an_id(version, gap, duplicate):
    frame = udp(PING, sender=A6, receiver=B6) if version == 6 else udp(PING, ident=0)
    assert packets([(5.0, frame), (5.0 + gap, frame)]).screen.counters.get("duplicate", 0) == duplicate


def test_without_an_id_only_what_carries_something():
    frame = tcp(seq=7, flags="R", ident=0)
    assert packets([frame, frame]).screen.counters == {"tcp": 2}


@pytest.mark.parametrize("second", [
    udp(PING, ident=78), udp(ping(2), ident=77), udp(PING, ident=77, dport=8302), udp(PING, ident=77, sender="10.0.0.3"),
    udp(PING + b"\0", ident=77),
])
def test_another_packet_is_none(second):
    assert packets([udp(PING, ident=77), second]).screen.counters == {"udp": 2}


LONG = compound(*[alive(f"node-{i}") for i in range(20)])


@pytest.mark.parametrize("at", range(100, len(LONG), 97))
def test_of_gossip_every_byte_counts(at):
    other = bytearray(LONG)
    other[at] ^= 1
    assert packets([udp(LONG, ident=77), udp(bytes(other), ident=77)]).screen.counters == {"udp": 2}


@pytest.mark.parametrize("at", [0, 31, 1368, 1399])
def test_of_what_is_sealed_both_ends_count(at):
    sealed = b"\x01" + bytes(1399)
    other = bytearray(sealed)
    other[at] ^= 2
    assert packets([udp(sealed, ident=77), udp(bytes(other), ident=77)]).screen.counters == {"udp": 2}



def test_a_tcp_retransmission_is_none():
    assert packets([tcp(b"x", 7), tcp(b"x", 7)]).screen.counters == {"tcp": 2}


def sealed(nonce: int, body: int) -> bytes:
    return b"\x01" + bytes([nonce]) * 12 + bytes([body]) * 40


def test_a_nonce_again_a_minute_later_is_a_replay():
    run = packets([(0.0, udp(sealed(1, 1))), (10.0, udp(sealed(1, 1))), (61.0, udp(sealed(1, 1), sender="10.9.9.9")), (62.0, udp(sealed(2, 1)))])
    assert [(w.replays, w.replay_frame, w.nonce_reuse) for flow in run.flows for w in flow.ways if w.packets] == [(0, 0, 0), (1, 3, 0)]


def test_a_nonce_with_another_ciphertext_is_used_twice():
    run = packets([(0.0, udp(sealed(1, 1))), (1.0, udp(sealed(1, 2))), (2.0, udp(sealed(1, 2)))])
    way = run.flow("udp").ways[0]
    assert (way.replays, way.nonce_reuse, way.nonce_frame) == (0, 2, 2)


def pinged(*numbers: tuple[float, int]) -> tuple[int, int]:
    run = packets([(at, udp(ping(number))) for at, number in numbers])
    way = run.flow("udp").ways[0]
    return way.replays, way.replay_frame


RUN = [(float(i), 100 + i) for i in range(100)]


def test_pings_count_up():
    assert pinged(*RUN) == (0, 0)
    assert pinged(*RUN, (99.5, 190), (100.0, 200)) == (0, 0)  # seen ten seconds ago: late, not replayed


def test_an_old_ping_is_a_replay_when_its_sender_goes_on():
    assert pinged(*RUN, (99.1, 105), (99.2, 106), (100.0, 200)) == (2, 101)


def test_it_is_none_when_the_sender_began_anew():
    young = [(float(i), i) for i in range(1, 100)]
    assert pinged(*young, *((105.0 + i, i) for i in range(1, 90))) == (0, 0)
    assert pinged(*young, *((105.0 + i, i) for i in range(1, 10))) == (0, 0)
    assert pinged(*young, *((105.0 + i, i) for i in range(1, 150))) == (0, 0)


def test_it_began_anew_once_it_went_on_from_a_low_number_for_half_a_minute():
    young = [(float(i), i) for i in range(1, 63)]
    assert pinged(*young, *((63.5 + i / 2, i) for i in range(1, 90))) == (0, 0)


def test_a_number_never_seen_is_no_replay():
    assert pinged(*RUN, (99.5, 50), (100.0, 200)) == (0, 0)


def test_lan_and_wan_count_apart():
    frames = [(at, udp(ping(number), sport=port, dport=port)) for at, number in RUN for port in (8301, 8302)]
    run = packets([*frames, (99.5, udp(ping(101), sport=8303, dport=8303)), (99.6, udp(ping(300), sport=8303, dport=8303))])
    assert sum(way.replays for flow in run.flows for way in flow.ways) == 0


def test_a_replay_whose_flow_is_over_is_noted():
    frames = [(at, udp(ping(number))) for at, number in RUN]
    frames.append((99.1, udp(ping(105), sport=8301, dport=9999)))
    frames += [(99.2 + i / 1000, udp(b"x", sport=i + 1, dport=1, sender="10.7.7.7")) for i in range(40)]
    run = packets([*frames, (100.0, udp(ping(200)))], flows=16)
    assert run.screen.notes["replays-of-ended-flows"] + sum(w.replays for f in run.flows for w in f.ways) == 1


def test_other_inputs_are_not_remembered():
    from consul_sniff.screen import Screen

    from .drive import Run, dialect, record

    run = Run(Screen())
    for index in (0, 1):
        run.screen.open(index)
        run.feed(record(udp(alive(), ident=5), 3.0) + record(udp(sealed(1, 1), ident=6), 100.0 * index), dialect())
        run.close()
    assert run.screen.counters == {"udp": 4}
    assert len(run.payloads) == 4
    assert [flow.input for flow in run.flows] == [0, 1]
    assert sum(way.replays for flow in run.flows for way in flow.ways) == 0
    assert A in run.flows[1].addresses


@pytest.mark.parametrize("count", [1, 5, 50])
@pytest.mark.parametrize("version", [4, 6])
def test_the_same_said_by_neighbours_meanwhile_is_not_in_the_way(version, count):
    """Hosts of one network that ping each other differ in their addresses' last bytes alone."""
    def neighbour(i: int) -> bytes:
        return udp(PING, sender=f"fd00::{i:x}" if version == 6 else f"10.0.0.{i}", receiver="fd00::f00" if version == 6 else "10.0.0.254",
                   ident=0 if version == 4 else 1)

    times = [5.0 + i / 10_000 for i in range(count + 2)]
    frames = [neighbour(1), *(neighbour(i + 2) for i in range(count)), neighbour(1)]
    assert packets(list(zip(times, frames, strict=True))).screen.counters == {"udp": count + 1, "duplicate": 1}
