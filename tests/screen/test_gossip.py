from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consul_sniff.screen import Screen

from .drive import Run, dialect, packets, record
from .frames import alive, compound, compressed, crc, old, ping, udp

ACK = b"\x02" + old({"SeqNo": 1, "Payload": b""})
LEAVE = b"\x08\x00" + old({"LTime": 3, "Node": "node-one"})
RELAY = b"\x08\x09" + old({"DestAddr": {"IP": b"\1\2\3\4"}, "DestName": "n1"}) + b"\x05" + old({"LTime": 1})
PLAIN = {
    "ping": ping(), "a 1.6 ping": b"\x00" + old({"SeqNo": 1, "Node": "a"}),
    "indirect ping": b"\x01" + old({"SeqNo": 9, "Target": b"\1\2\3\4", "Port": 1, "Node": "a", "Nack": True}),
    "ack": ACK, "nack": b"\x0b" + old({"SeqNo": 70_000}), "error": b"\x0d" + old({"Error": "no"}),
    "suspect": b"\x03" + old({"Incarnation": 1, "Node": "a", "From": "b"}), "alive": alive(),
    "dead": b"\x05" + old({"Incarnation": 1, "Node": "a", "From": "a"}), "leave": LEAVE, "relay": RELAY,
    "compound": compound(ping(), alive()), "nested": compound(compound(ping()), compressed(alive())),
    "compressed": compressed(compound(ping(), alive())), "crc": crc(alive()), "crc of anything": crc(b"\x08\xff\x01"),
    "map16": b"\x00\xde\x00\x01\xa5SeqNo\x01", "str8": b"\x00\x81\xd9\x05SeqNo\x01",
    "labelled": b"\xf4\x02dc" + ping(), "strange user data among known": compound(ping(), b"\x08\x99\x01"),
}


def way(payload: bytes, **more: object):
    return packets([udp(payload, **more)]).flow("udp").ways[0]


@pytest.mark.parametrize("payload", PLAIN.values(), ids=PLAIN)
def test_plaintext(payload):
    it = way(payload)
    assert (it.plain, it.sealed1, it.sealed0, it.other, it.cut) == (1, 0, 0, 0, 0)
    assert it.plain_frames == (1,)


@pytest.mark.parametrize("payload", PLAIN.values(), ids=PLAIN)
def test_every_beginning_of_it_is_something(payload):
    for end in range(len(payload)):
        it = way(payload[:end])
        assert it.plain + it.sealed1 + it.sealed0 + it.other == it.payloads == (end > 0)


NEITHER = {
    "pushPull is TCP": b"\x06" + old({"Nodes": 1, "UserStateLen": 1, "Join": True}), "encrypt is TCP": b"\x0a" + bytes(50),
    "another type's key": b"\x03" + old({"SeqNo": 1}), "no such key": b"\x02" + old({"SeqNoX": 1}),
    "an empty map": b"\x02\x80\x00\x00", "compound too short": compound(ping())[:-1], "compound too long": compound(ping()) + b"x",
    "compound of none": b"\x07\x00", "compound of user data alone": compound(b"\x08\x99\x01"), "user data": b"\x08\x99\x01\x02",
    "no label": b"\xf4\x00" + ping(), "label too long": b"\xf4\xff" + ping(), "label twice": b"\xf4\x01a\xf4\x01b" + ping(),
    "compressed noise": compressed(b"noise of some length"), "compressed nothing": b"\x09" + old({"Algo": 0, "Buf": b""}),
    "no buffer": b"\x09" + old({"Algo": 0}), "a type that is not": b"\x0e" + old({"SeqNo": 1}),
}


@pytest.mark.parametrize("payload", NEITHER.values(), ids=NEITHER)
def test_neither(payload):
    it = way(payload)
    assert (it.plain, it.sealed1, it.sealed0, it.other) == (0, 0, 0, 1)


@pytest.mark.parametrize(("payload", "kinds"), [
    (b"\x01" + bytes(29), (1, 0)), (b"\x01" + bytes(28), (0, 0)), (b"\x00" + bytes(44), (0, 1)), (b"\x00" + bytes(45), (0, 0)),
    (b"\x00" + bytes(28), (0, 0)), (b"\x00" + bytes(60), (0, 1)), (b"\xf4\x01x\x01" + bytes(29), (1, 0)), (b"\xf4\x01x\x01" + bytes(28), (0, 0)),
])
def test_sealed_by_version_and_length(payload, kinds):
    it = way(payload)
    assert (it.sealed1, it.sealed0) == kinds
    assert it.other == 1 - sum(kinds)
    assert it.sealed_frame == sum(kinds)


def test_crc_good_and_bad():
    good = crc(compound(ping(), alive()))
    assert (way(good).crc_good, way(good).crc_bad) == (1, 0)
    bad = good[:1] + bytes([good[1] ^ 1]) + good[2:]
    assert (way(bad).plain, way(bad).crc_good, way(bad).crc_bad) == (1, 0, 1)
    noise = b"\x0c" + bytes(40)
    assert (way(noise).other, way(noise).crc_bad) == (1, 0)


def cut(payload: bytes, keep: int):
    run = Run(Screen())
    run.screen.open(0)
    frame = udp(payload)
    run.feed(record(frame[:42 + keep], wire=len(frame)), dialect())
    return run.close()


@pytest.mark.parametrize(("payload", "kinds"), [
    (crc(compound(ping(), alive())), (1, 0, 0)), (compressed(ping()), (1, 0, 0)), (alive(), (1, 0, 0)), (LEAVE, (1, 0, 0)),
    (b"\x01" + bytes(100), (0, 1, 0)), (b"\x00" + bytes(44 + 160), (0, 0, 1)), (b"\x00" + bytes(100), (0, 0, 0)),
    (compound(ping(), alive())[:-1], (0, 0, 0)),  # the lengths do not fit
])
def test_cut_by_the_snap_length(payload, kinds):
    run = cut(payload, 22)
    it = run.flow("udp").ways[0]
    assert (it.plain, it.sealed1, it.sealed0) == kinds
    assert it.cut == sum(kinds)
    assert (it.crc_good, it.crc_bad) == (0, 0)
    assert [p.lost for p in run.payloads] == [len(payload) - 22] * sum(kinds)


def test_cut_inside_the_nonce_is_nothing():
    assert cut(b"\x01" + bytes(100), 12).flow("udp").ways[0].other == 1


def handed(*payloads: bytes, **options: object) -> list[int]:
    """Frames of the payloads that were handed on."""
    return [p.frame for p in packets([udp(payload) for payload in payloads], **options).payloads]


def test_the_first_two_and_then_news_alone():
    seen = [ping(1), ping(2), ping(3), alive("a"), ping(4), alive("a"), alive("b"), compound(ping(5), alive("b")),
            compound(ping(6), alive("a"), alive("c")), crc(alive("c")), compressed(alive("c")), compressed(alive("d")), LEAVE, LEAVE]
    assert handed(*seen) == [1, 2, 4, 7, 9, 12, 13]
    assert handed(*seen, everything=True) == list(range(1, 15))


def test_a_broken_compound_hides_no_news():
    broken = compound(alive("a"), b"\x0e\x0e")
    assert handed(ping(1), ping(2), broken, alive("a")) == [1, 2, 4]
    assert handed(ping(1), ping(2), compressed(broken), alive("a")) == [1, 2, 4]


def test_noise_in_a_compressed_message_is_noise_each_time():
    run = packets([udp(compressed(b"noise of some length")) for _ in range(3)])
    assert run.flow("udp").ways[0].other == 3


def test_more_news_than_is_noted_is_news_each_time():
    many = compound(*(alive(f"n{i}") for i in range(70)))
    assert handed(ping(1), ping(2), many, many) == [1, 2, 3, 4]


def test_plaintext_met_byte_for_byte_is_counted_each_time_with_its_crc_and_its_pings_are_read():
    it = packets([udp(payload) for payload in (crc(alive()), crc(alive("n2"))[:-1] + b"9", alive("n3"), ping(7)) for _ in range(5)])
    flow = it.flow("udp").ways[0]
    assert (flow.plain, flow.crc_good, flow.crc_bad) == (20, 5, 5)
    assert [p.frame for p in it.payloads] == [1, 2, *range(6, 11), 11]


def test_sealed_datagrams():
    sealed = [b"\x01" + bytes([i]) * 40 for i in range(4)]
    assert handed(*sealed) == [1]
    assert handed(*sealed, sealed=True) == [1, 2, 3, 4]


def test_an_lzw_bomb_is_bounded():
    bits, count = 256 | 65 << 9, 18
    width, high = 9, 258
    for _ in range(40_000):  # each code names the one that it makes: lengths 2, 3, 4, ...
        bits |= high << count
        count += width
        high += 1
        if high >= 1 << width:
            if width == 12:
                break
            width += 1
    bomb = b"\x09\x82\xa4Algo\x00\xa3Buf\xda" + struct.pack(">H", (count + 7) // 8) + bits.to_bytes((count + 7) // 8, "little")
    assert way(bomb).other == 1


QUERY = b"\x12\x34\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00\x03web\x07service\x06consul\x00\x00\x01\x00\x01"


def test_dns_is_handed_on_until_it_is_enough():
    assert handed(QUERY, b"\x13" + QUERY[1:], b"not dns at all", QUERY[:14] + b"\x01" + QUERY[15:]) == [1, 2]
    run = Run(Screen())
    run.screen.open(0)
    run.feed(record(udp(QUERY)), dialect())
    run.screen.enough(run.payloads[0].flow, 0)
    run.feed(record(udp(QUERY)), dialect())
    assert len(run.payloads) == 1
    run.screen.resume(run.payloads[0].flow, 0)
    run.feed(record(udp(QUERY)), dialect())
    assert len(run.payloads) == 2
    assert run.close().flow("udp").ways[0].other == 3


@given(st.binary(max_size=200), st.sampled_from([b"", b"\x07", b"\x09\x82\xa4Algo\x00\xa3Buf", b"\x0c", b"\xf4\x01a", b"\x00\x85\xa4Node", b"\x08\x03"]))
def test_any_bytes_are_something(noise, begin):
    payload = (begin + noise)[:200]
    it = way(payload)
    assert it.plain + it.sealed1 + it.sealed0 + it.other == (len(payload) > 0)
