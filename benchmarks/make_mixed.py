"""What a busy link carries: TLS, QUIC, HTTP, DNS, SSH, calls and noise, and a small share of Consul."""

from __future__ import annotations

from typing import TYPE_CHECKING

from . import speech
from .checksums import field, total
from .frames import ACK, FIN, MSS, PSH, RST, SYN, TCP, UDP, Talk, ethernet, ip, mac
from .make_consul import Made, Merge

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from random import Random

    from .pcapfile import Writer
    from .templates import Capture

LIVE = 3_000  # conversations at once
CONSUL = 0.03  # of the packets
IPV6 = 0.1  # of the conversations

#: weight among new conversations, protocol, port, who speaks
KINDS: tuple[tuple[float, int, int, Callable[[Random], Iterator[tuple[int, bytes]]]], ...] = (
    (0.25, UDP, 53, speech.dns),
    (0.3, TCP, 443, speech.tls),
    (0.15, TCP, 80, speech.http),
    (0.1, UDP, 443, speech.quic),
    (0.02, TCP, 22, speech.ssh),
    (0.015, UDP, 0, speech.rtp),
    (0.07, UDP, 123, speech.small),
)


def make(writer: Writer, found: Sequence[Capture], packets: int, rng: Random) -> Made:
    """A capture of *packets* packets."""
    consul = Merge(found, int(packets * CONSUL), rng)
    theirs = iter(consul)
    live = [_conversation(rng) for _ in range(LIVE)]
    flows = LIVE
    while writer.packets < packets:
        if rng.random() < CONSUL and (data := next(theirs, None)) is not None:
            writer.add(data)
            continue
        at = int(rng.random() * LIVE)
        data = next(live[at], None)
        if data is None:
            live[at] = _conversation(rng)
            flows += 1
        else:
            writer.add(data)
    return Made(writer.packets, flows + consul.made.flows, LIVE + consul.live, consul.made.copies)


def _conversation(rng: Random) -> Iterator[bytes]:
    draw = rng.random()
    for weight, transport, port, speak in KINDS:
        if draw < weight:
            ends = _ends(rng)
            talk = Talk(rng, transport, ends, (1_024 + rng.getrandbits(15), port or 10_000 + rng.getrandbits(14)))
            said = speak(rng)
            return _stream(talk, said) if transport == TCP else (talk.say(side, data) for side, data in said)
        draw -= weight
    return _noise(rng)


def _ends(rng: Random) -> tuple[bytes, bytes]:
    if rng.random() < IPV6:
        return b"\x20\x01\x0d\xb8" + bytes(8) + rng.randbytes(4), b"\x20\x01\x0d\xb8\x00\x01" + bytes(8) + rng.randbytes(2)
    return bytes((172, 16 + rng.getrandbits(4))) + rng.randbytes(2), bytes((198, 18)) + rng.randbytes(2)


def _stream(talk: Talk, said: Iterator[tuple[int, bytes]]) -> Iterator[bytes]:
    yield talk.segment(0, flags=SYN)
    yield talk.segment(1, flags=SYN | ACK)
    yield talk.segment(0)
    for side, data in said:
        for count, at in enumerate(range(0, len(data), MSS)):
            last = at + MSS >= len(data)
            yield talk.segment(side, data[at:at + MSS], ACK | PSH if last else ACK)
            if last or count & 1:
                yield talk.segment(1 - side)
    yield talk.segment(0, flags=FIN | ACK)
    yield talk.segment(1, flags=FIN | ACK)
    yield talk.segment(0)


def _noise(rng: Random) -> Iterator[bytes]:
    """Scans, pings, ARP, and what switches say."""
    ends, draw = _ends(rng), rng.random()
    if draw < 0.4:
        talk = Talk(rng, TCP, ends, (40_000 + rng.getrandbits(14), rng.getrandbits(16)))
        yield talk.segment(0, flags=SYN)
        yield talk.segment(1, flags=RST | ACK)
    elif draw < 0.7 and len(ends[0]) == 4:
        for number in range(4):
            for side, kind in ((0, 0x0800), (1, 0)):
                rest = b"\x12\x34" + number.to_bytes(2, "big") + bytes(56)
                echo = kind.to_bytes(2, "big") + field(kind + total(rest)).to_bytes(2, "big") + rest
                yield ethernet(ip(1, ends[side], ends[1 - side], echo), side + 1, 2 - side)
    elif draw < 0.9:
        yield (b"\xff" * 6 + mac(7) + bytes.fromhex("08060001080006040001") + mac(7) + ends[0][:4] + bytes(6)
               + ends[1][:4]).ljust(60, b"\0")
    else:
        yield (bytes.fromhex("0180c200000e") + mac(9) + b"\x88\xcc\x02\x07\x04" + mac(9) + b"\x04\x03\x05eth"
               + b"\x06\x02\0\x78\0\0").ljust(60, b"\0")
