from __future__ import annotations

import random

import pytest
from scapy.layers.l2 import Dot1Q, Ether

from consul_sniff import limits
from consul_sniff.decoders.session import Session
from consul_sniff.facts import OTHERS, Conversation, Facts
from consul_sniff.model import Block
from consul_sniff.rows import unrolled
from consul_sniff.screen import Screen

from .drive import dialect, record
from .frames import ping, tcp, udp

HINTS = frozenset({8300, 8301, 8600})


def shown(facts: Facts) -> dict[tuple[object, ...], list[object]]:
    return {key: [getattr(one, name) for name in Conversation.__slots__] for key, one in sorted(facts.conversations.items())}


def through(screen: Screen, session: Session, inputs: list[list[bytes]]) -> Facts:
    for index, frames in enumerate(inputs):
        screen.open(index)
        data = b"".join(record(frame, 1 + n / 10) for n, frame in enumerate(frames))
        block = Block(bytearray(data + bytes(64)), 0, len(data), dialect())
        while True:
            screen.feed(block)
            drained(screen, session)
            if screen.idle:
                break
        screen.close()
        drained(screen, session)
    session.facts.add_up(screen.rows(), screen.crowd)
    return unrolled(session.facts)


def drained(screen: Screen, session: Session) -> None:
    for payload in screen.payloads():
        session.take(payload, screen)
    for flow in screen.ended():
        session.end(flow)


def traffic(seed: int, count: int = 400) -> list[bytes]:
    """Scans, refusals, floods, handshakes, lost segments, datagrams of nobody and gossip; few hosts, so that they meet again."""
    rng = random.Random(seed)
    families = (["10.0.0.1", "10.0.0.2", "10.0.0.3"], ["fd00::1", "fd00::2", "::ffff:1.2.3.4"])
    frames = []
    for _ in range(count):
        sender, receiver = rng.sample(rng.choice(families), 2)
        ports = {"sport": rng.choice([8300, 8600, 5000, 40_000, 40_001]), "dport": rng.choice([8300, 8600, 5000, 40_001])}
        ends = {"sender": sender, "receiver": receiver}
        back = {"sender": receiver, "receiver": sender, "sport": ports["dport"], "dport": ports["sport"]}
        frames += rng.choice([
            [tcp(seq=9, flags="S", **ports, **ends)],
            [tcp(seq=9, flags="S", **ports, **ends), tcp(seq=5, ack=10, flags="SA", **back)],
            [tcp(seq=9, flags="S", **ports, **ends), tcp(seq=0, ack=10, flags="RA", **back)],
            [tcp(seq=rng.randrange(1000), flags="A", **ports, **ends)],
            [tcp(b"x" * rng.randrange(9), seq=rng.randrange(40), flags="A", **ports, **ends)],
            [udp(bytes([200]) * 30, **ports, **ends)],
            [udp(b"", **ports, **ends)],
        ])
    return frames


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("flows", [16, 65_536])
def test_what_the_screen_adds_up_is_what_flows_fold_to(seed, flows):
    inputs = [traffic(seed), traffic(seed + 100)]
    given = through(Screen(hints=HINTS, flows=flows), Session(hints=HINTS), inputs)
    screen = Screen(hints=HINTS, flows=flows, quiet=True)
    added = through(screen, Session(hints=HINTS, screen=screen), inputs)
    assert shown(added) == shown(given)
    assert added.sightings.keys() == given.sightings.keys()


def test_the_least_tunnel_is_kept_and_none_where_a_flow_was_in_none():
    def within(vlan: int, port: int) -> bytes:
        plain = tcp(seq=1, flags="S", sport=port)
        return bytes(Ether(plain[:12] + b"\x81\x00" + bytes(Dot1Q(vlan=vlan, type=0x0800)) + plain[14:]))

    inputs = [[within(7, 1), within(5, 2), within(6, 3)], [within(9, 4)]]
    for frames in (inputs, [[*inputs[0], tcp(seq=1, flags="S", sport=5)]]):
        screen = Screen(hints=HINTS, quiet=True)
        added = through(screen, Session(hints=HINTS, screen=screen), frames)
        assert shown(added) == shown(through(Screen(hints=HINTS), Session(hints=HINTS), frames))


def test_attempts_beyond_the_bound_are_folded_counted_and_said(monkeypatch):
    monkeypatch.setattr(limits, "ATTEMPTS", 2)
    frames = [tcp(seq=1, flags="S", sport=1, sender=f"10.1.0.{n}", receiver="10.2.0.1") for n in range(1, 8)]
    screen = Screen(hints=HINTS, flows=16, quiet=True)
    facts = through(screen, Session(hints=HINTS, screen=screen), [frames])
    assert [(key.source, sum(one.packets)) for key, one in facts.conversations.items()] == [("10.1.0.1", 1), ("10.1.0.2", 1), (OTHERS, 5)]
    assert facts.notes["attempts folded"] == 5
    assert "conversations folded" not in facts.notes
    assert any("more attempts" in reason for reason in facts.reasons)


def test_a_flood_to_everywhere_ends_in_one_row(monkeypatch):
    monkeypatch.setattr(limits, "ATTEMPTS", 2)
    frames = [tcp(seq=1, flags="S", dport=n, sender=f"10.1.0.{n}", receiver=f"10.2.0.{n}") for n in range(1, 9)]
    screen = Screen(hints=HINTS, flows=16, quiet=True)
    facts = through(screen, Session(hints=HINTS, screen=screen), [frames])
    assert [(*key[:3], sum(one.packets)) for key, one in facts.conversations.items()] == [
        ("10.1.0.1", "10.2.0.1", 1, 1), ("10.1.0.2", "10.2.0.2", 2, 1), (OTHERS, "10.2.0.3", 3, 1), (OTHERS, "10.2.0.4", 4, 1),
        (OTHERS, OTHERS, 0, 4)]


def test_a_conversation_that_was_answered_is_no_attempt(monkeypatch):
    monkeypatch.setattr(limits, "ATTEMPTS", 1)
    frames = []
    for n in range(1, 5):
        frames += [udp(bytes([200]) * 30, 40_000, 5000, f"10.1.0.{n}", "10.2.0.1"), udp(bytes([200]) * 30, 5000, 40_000, "10.2.0.1", f"10.1.0.{n}")]
    screen = Screen(hints=HINTS, flows=16, quiet=True)
    facts = through(screen, Session(hints=HINTS, screen=screen), [frames])
    assert len(facts.conversations) == 4
    assert not facts.notes


def answered(n: int, port: int) -> list[bytes]:
    """A question to a port and its answer, that nobody can read."""
    return [udp(bytes([200]) * 30, 40_000, port, f"10.1.0.{n}", "10.2.0.1"), udp(bytes([200]) * 30, port, 40_000, "10.2.0.1", f"10.1.0.{n}")]


def connection(n: int, sport: int, dport: int) -> list[bytes]:
    """One that is opened, and in which a byte is sent."""
    to = {"sender": f"10.1.0.{n}", "receiver": "10.2.0.1", "sport": sport, "dport": dport}
    back = {"sender": "10.2.0.1", "receiver": f"10.1.0.{n}", "sport": dport, "dport": sport}
    return [tcp(seq=9, flags="S", **to), tcp(seq=5, ack=10, flags="SA", **back), tcp(b"x", 10, flags="A", **to)]


@pytest.mark.parametrize("quiet", [True, False])
def test_strangers_take_no_room_from_those_who_may_be_consuls(monkeypatch, quiet):
    monkeypatch.setattr(limits, "CONVERSATIONS", 6)
    monkeypatch.setattr(limits, "STRANGERS", 2)
    frames = [frame for n in range(1, 6) for frame in answered(n, 5000)]
    frames += [frame for n in range(6, 10) for frame in answered(n, 8600)]
    screen = Screen(hints=HINTS, flows=16, quiet=quiet)
    facts = through(screen, Session(hints=HINTS, screen=screen if quiet else None, telling=lambda *_: False), [frames])
    assert [(key.source, key.port) for key in facts.conversations] == [
        ("10.1.0.1", 5000), ("10.1.0.2", 5000), (OTHERS, 5000), *[(f"10.1.0.{n}", 8600) for n in range(6, 10)]]
    assert facts.notes == {"conversations without Consul folded": 3}
    assert facts.reasons == {"more conversations without Consul than are kept apart: the rest is folded under the source 'others'"}


@pytest.mark.parametrize("quiet", [True, False])
def test_the_port_that_an_originator_happens_to_have_makes_it_no_less_a_stranger(monkeypatch, quiet):
    monkeypatch.setattr(limits, "STRANGERS", 0)
    frames = [*connection(1, 8600, 5000), *connection(2, 5000, 8600)]
    screen = Screen(hints=HINTS, flows=16, quiet=quiet)
    facts = through(screen, Session(hints=HINTS, screen=screen if quiet else None, telling=lambda *_: False), [frames])
    assert {(key.source, key.port) for key in facts.conversations} == {("10.1.0.2", 8600), (OTHERS, 5000)}


@pytest.mark.parametrize("quiet", [True, False])
def test_gossip_makes_nobody_a_stranger_whatever_the_port(monkeypatch, quiet):
    monkeypatch.setattr(limits, "STRANGERS", 0)
    screen = Screen(hints=HINTS, flows=16, quiet=quiet)
    facts = through(screen, Session(hints=HINTS, screen=screen if quiet else None, telling=lambda *_: False), [[udp(ping(1), 7001, 7002), *answered(3, 5000)]])
    assert [(key.source, key.port) for key in facts.conversations] == [("10.0.0.2", 7001), (OTHERS, 5000)]


def test_shares_fold_alike_whoever_keeps_them(monkeypatch):
    monkeypatch.setattr(limits, "ATTEMPTS", 80)
    frames = [tcp(seq=1, flags="S", sport=n % 7, sender=f"10.1.{n >> 8}.{n & 255}", receiver="10.2.0.1") for n in range(1, 600)]
    whole = Facts()
    for shares in (0b01010101, 0b10101010):
        screen = Screen(hints=HINTS, shares=shares, quiet=True)
        whole.merge(through(screen, Session(hints=HINTS, screen=screen), [frames]))
    screen = Screen(hints=HINTS, quiet=True)
    assert shown(through(screen, Session(hints=HINTS, screen=screen), [frames])) == shown(whole)
    assert whole.notes["attempts folded"] > 0
